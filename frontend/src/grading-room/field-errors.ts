/** Numbers that are none: the browser gives them as empty, which would take a mark away. */
export function notNumbers(form: HTMLFormElement): Record<string, string[]> {
  const wrong: Record<string, string[]> = {};
  for (const input of form.querySelectorAll<HTMLInputElement>("input[type=number]")) {
    if (input.validity.badInput) wrong[input.name] = ["This is not a number."];
  }
  return wrong;
}

/** Mark the fields that cannot be saved, each with its words; none: take the marks away. */
export function showWrong(form: HTMLFormElement, fields: Record<string, string[]>): HTMLElement | undefined {
  for (const words of form.querySelectorAll("[data-error]")) words.remove();
  for (const field of form.querySelectorAll("[data-was-wrong]")) {
    field.removeAttribute("data-was-wrong");
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
    field.closest(".wrong")?.classList.remove("wrong");
  }
  let first: HTMLElement | undefined;
  for (const [name, words] of Object.entries(fields)) {
    const field = fieldOf(form, name);
    const place = field?.closest<HTMLElement>(".field, fieldset, details, label") ?? form;
    const said = Object.assign(document.createElement("p"), {
      className: "error-text",
      id: `error-of-${name}`,
      textContent: words.join(" "),
    });
    said.dataset.error = name;
    place.classList.add("wrong");
    place.append(said);
    if (!field) continue;
    field.setAttribute("data-was-wrong", "");
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", said.id);
    first ??= field;
  }
  const alert = form.querySelector<HTMLElement>("[data-wrong]");
  if (alert) alert.hidden = !Object.keys(fields).length;
  return first;
}

/** `scores` are of the whole rubric: its first field stands for it. */
function fieldOf(form: HTMLFormElement, name: string): HTMLElement | null {
  const selector =
    name === "scores" ? "[data-rubric] input:not([type=hidden])" : `[name="${CSS.escape(name)}"]`;
  return form.querySelector<HTMLElement>(selector);
}
