/** What is typed into the form of the mark, by field name. */
export type Fields = Record<string, string>;

const NOT_OF_THE_MARK = ["csrfmiddlewaretoken", "attempt_id", "version", "terms"];

export function read(form: HTMLFormElement): Fields {
  const fields: Fields = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && !NOT_OF_THE_MARK.includes(name)) fields[name] = value;
  }
  return fields;
}

/** What the server put into the fields: somebody may have typed before the script was there. */
export function served(form: HTMLFormElement): Fields {
  const copy = form.cloneNode(true) as HTMLFormElement;
  copy.reset();
  for (const area of copy.querySelectorAll<HTMLTextAreaElement>("textarea[data-html]"))
    area.value = area.dataset.html ?? "";
  return read(copy);
}

/** Put them in; a field that they do not name is emptied. */
export function fill(form: HTMLFormElement, fields: Fields): void {
  for (const element of form.elements) {
    const field = element as HTMLInputElement;
    if (!field.name || NOT_OF_THE_MARK.includes(field.name) || field.tagName === "BUTTON") continue;
    const value = fields[field.name] ?? "";
    if (field.type === "radio" || field.type === "checkbox") field.checked = field.value === value;
    else field.value = value;
    if (value) field.closest("details")?.setAttribute("open", "");
  }
}

/** Whether both say the same: as numbers where both are, and whatever the markup around the same words. */
export function same(one: Fields, other: Fields, { exactly = false } = {}): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => {
    const [a, b] = [one[name] ?? "", other[name] ?? ""];
    if (a === b) return true;
    if (exactly) return false;
    if (name === "feedback") return words(a) === words(b);
    return a !== "" && b !== "" && Number(a.replace(",", ".")) === Number(b.replace(",", "."));
  });
}

/** The mark of an answer, as its form would have it. */
export function fieldsOf(mark: Record<string, unknown>): Fields {
  const points = mark.points == null ? "" : String(mark.points);
  const fields: Fields = {
    points,
    feedback: String(mark.feedback ?? ""),
    private_note: String(mark.private_note ?? ""),
  };
  if (points) fields.verdict = Number(points) > 0 ? "pass" : "fail";
  if (mark.overridden) fields.overridden = "1";
  for (const [id, score] of Object.entries((mark.scores ?? {}) as Record<string, Record<string, string>>)) {
    if (score.level) fields[`level-${id}`] = score.level;
    else if (score.points) fields[`points-${id}`] = score.points;
    if (score.note) fields[`note-${id}`] = score.note;
  }
  return fields;
}

function words(html: string): string {
  const text = new DOMParser().parseFromString(html.replace(/<\/(p|li|h\d)>|<br>/g, "$& "), "text/html");
  return (text.body.textContent ?? "").split(/\s+/).filter(Boolean).join(" ");
}
