import { type Criterion, freshLevel, type Level, wrongWith } from "./rubric-model";

let made = 0;

/** The row of a criterion, from the page's own templates. */
export function drawCriterion(place: ParentNode, criterion: Criterion): HTMLElement {
  const row = copyOf(place, "criterion");
  fill(row, criterion, "title", "description", "points");
  row.dataset.id = criterion.id;
  const levels = criterion.levels.length ? criterion.levels : [freshLevel(), freshLevel()];
  row.querySelector("[data-levels]")?.replaceChildren(...levels.map((level) => drawLevel(place, level)));
  made += 1;
  const kind = criterion.levels.length ? "levels" : "range";
  for (const radio of row.querySelectorAll<HTMLInputElement>("[data-kind]")) {
    radio.name = `criterion-kind-${made}`; // the form's: nobody reads it there
    radio.checked = radio.value === kind;
  }
  return row;
}

export function drawLevel(place: ParentNode, level: Level): HTMLElement {
  const row = copyOf(place, "level");
  fill(row, level, "title", "points", "description");
  row.dataset.id = level.id;
  return row;
}

/** As it is typed; of a range the levels that it had before are left out. */
export function readCriterion(row: HTMLElement): Criterion {
  return {
    id: row.dataset.id ?? "",
    title: text(row, "title"),
    description: text(row, "description"),
    points: row.querySelector<HTMLInputElement>("[data-range] [data-field=points]")?.value ?? "",
    levels: isRange(row) ? [] : levelRows(row).map(readLevel),
  };
}

/**
 * Show its fields for levels or for a range, and what is wrong with them: of what is not told of yet, where it is of
 * `told` (the row, or a field of it).
 */
export function showCriterion(row: HTMLElement, told?: Node): void {
  const range = isRange(row);
  for (const part of row.querySelectorAll<HTMLElement>("[data-range]")) part.hidden = !range;
  for (const part of row.querySelectorAll<HTMLElement>("[data-levelled]")) part.hidden = range;
  const wrong = wrongWith(readCriterion(row));
  tell(row, "title", wrong.title, told);
  for (const part of row.querySelectorAll("[data-range]")) tell(part, "points", wrong.points, told);
  tell(row, "levels", wrong.levels, told);
  for (const [at, level] of levelRows(row).entries()) tell(level, "points", wrong.level[at] ?? "", told);
}

function tell(place: Element, name: string, words: string, told?: Node): void {
  const message = place.querySelector<HTMLElement>(`[data-wrong=${name}]`);
  const input = place.querySelector(`[data-field=${name}]`);
  if (!message) return;
  const shown = words !== "" && (!message.hidden || (told?.contains(input ?? message) ?? false));
  message.hidden = !shown;
  message.textContent = words;
  message.id ||= `rubric-wrong-${++made}`;
  input?.setAttribute("aria-invalid", String(shown));
  if (shown) input?.setAttribute("aria-describedby", message.id);
  else input?.removeAttribute("aria-describedby");
}

function isRange(row: HTMLElement): boolean {
  return row.querySelector<HTMLInputElement>("[data-kind][value=range]")?.checked ?? false;
}

function levelRows(row: HTMLElement): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>("[data-levels] > li")];
}

function readLevel(row: HTMLElement): Level {
  return {
    id: row.dataset.id ?? "",
    title: text(row, "title"),
    points: text(row, "points"),
    description: text(row, "description"),
  };
}

function copyOf(place: ParentNode, name: string): HTMLElement {
  const template = place.querySelector<HTMLTemplateElement>(`template[data-${name}]`);
  return template?.content.firstElementChild?.cloneNode(true) as HTMLElement;
}

function fill<T extends object>(row: HTMLElement, values: T, ...names: (keyof T & string)[]): void {
  for (const name of names) {
    const field = input(row, name);
    if (field) field.value = String(values[name]);
  }
}

function text(row: HTMLElement, name: string): string {
  return input(row, name)?.value ?? "";
}

/** The first of that name: a criterion's own stand before those of its levels. */
function input(row: HTMLElement, name: string): HTMLInputElement | null {
  return row.querySelector<HTMLInputElement>(`[data-field=${name}]`);
}
