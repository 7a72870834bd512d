import { onKey } from "../grading-room/keys";
import { fromRubric, hundredths, short, sum } from "../points";

let started = false;

/**
 * Rubrics in forms: what is chosen is counted as it is chosen. The server counts again.
 *
 * By delegation, so that a form may be drawn anew; call `showScores` for it then.
 */
export function startRubric(): void {
  for (const rubric of document.querySelectorAll<HTMLElement>("[data-rubric]")) {
    const form = rubric.closest("form");
    if (form) showScores(form);
  }
  if (started || !document.querySelector("[data-rubric]")) return;
  started = true;
  // Before anybody else hears of it: who saves the form must find the points that follow.
  document.addEventListener("input", (event) => changed(event.target), true);
  document.addEventListener("change", (event) => settle(event.target), true);
  document.addEventListener("focusout", (event) => left(event.target));
  document.addEventListener("click", (event) => clicked(event.target as Element));
  document.addEventListener("keydown", keyOnLevel, true);
  onKey(["r", "R"], "Rubric: the first criterion, and again the next", focusCriterion);
}

/**
 * Show what the fields of a form say: sum, points, and whether these were typed over the rubric's. Call it after putting
 * values into `level-…`, `points-…`, `note-…`, `points` and `overridden`. It sends no events.
 */
export function showScores(form: HTMLFormElement): void {
  const rubric = form.querySelector<HTMLElement>("[data-rubric]");
  if (!rubric) return;
  const criteria = criteriaOf(rubric);
  const scores = criteria.map(showCriterion);
  const most = sum(criteria.map((one) => hundredths(one.dataset.most ?? "")));
  showPoints(form, scores, most, fromRubric(scores, most, hundredths(rubric.dataset.maximum ?? "") ?? 0));
}

function criteriaOf(rubric: ParentNode): HTMLElement[] {
  return [...rubric.querySelectorAll<HTMLElement>("[data-criterion]")];
}

/** As the server reads it: typed points count, and keep the level only where it is worth the same. */
function showCriterion(criterion: HTMLElement): number | undefined {
  const points = pointsField(criterion);
  const typed = points?.value.trim() ?? "";
  let level = chosen(criterion);
  if (level && typed && hundredths(typed) === worth(level) && points) points.value = "";
  else if (level && typed) {
    level.checked = false;
    level = undefined;
  }
  const found = level ? worth(level) : hundredths(typed);
  const most = hundredths(criterion.dataset.most ?? "") ?? 0;
  const score = found !== undefined && found <= most ? found : undefined;
  const unfit = (typed !== "" && score === undefined && !level) || (points?.validity.badInput ?? false);
  points?.setAttribute("aria-invalid", String(unfit));
  const shown = criterion.querySelector("[data-criterion-score]");
  if (shown)
    shown.textContent = score === undefined ? `up to ${short(most)}` : `${short(score)} of ${short(most)}`;
  const clear = criterion.querySelector<HTMLElement>("[data-clear]");
  if (clear) clear.hidden = !level && !typed;
  const note = criterion.querySelector("textarea");
  const fold = note?.closest("details");
  if (fold && note?.value) fold.open = true;
  return score;
}

function showPoints(
  form: HTMLFormElement,
  scores: (number | undefined)[],
  most: number,
  total: number | undefined,
): void {
  const place = form.querySelector<HTMLElement>("[data-rubric-points]");
  const points = place?.querySelector<HTMLInputElement>("[name=points]");
  const box = place?.querySelector<HTMLInputElement>("[name=overridden]");
  if (!place || !points || !box) return;
  const typed = points.value.trim();
  const free = document.activeElement === points && !typed; // it was emptied, to type something else
  const said = typed !== "" && (total === undefined || hundredths(typed) !== total);
  const over = box.checked && (said || points.validity.badInput);
  box.checked = over;
  if (!over && !free) points.value = total === undefined ? "" : short(total);
  const done = scores.filter((score) => score !== undefined).length;
  const says =
    total === undefined
      ? `${done} of ${scores.length} criteria scored`
      : `${short(sum(scores))} of ${short(most)}`;
  place.dataset.from = over ? "marker" : "rubric";
  show(place, "[data-override]", false);
  show(place, "[data-overridden]", over);
  show(place, "[data-use-rubric]", over);
  say(
    place,
    "[data-source]",
    over
      ? total === undefined
        ? `The rubric is not complete: ${says}.`
        : `The rubric says ${short(total)}.`
      : total === undefined
        ? `From the rubric: ${says}.`
        : `From the rubric: ${says}. Type other points to override it.`,
  );
  say(
    place,
    "[data-use-rubric-words]",
    total === undefined ? "Wait for the rubric" : `Use the rubric's ${short(total)}`,
  );
}

function changed(target: EventTarget | null): void {
  const field = target instanceof Element ? target.closest<HTMLInputElement>("input, textarea") : null;
  const form = field?.form;
  if (!field || !form?.querySelector("[data-rubric]")) return;
  const criterion = field.closest<HTMLElement>("[data-criterion]");
  if (field.name === "points") {
    const box = form.querySelector<HTMLInputElement>("[name=overridden]");
    if (box) box.checked = true; // unless it is what the rubric says
  } else if (!criterion) {
    return;
  } else if (field.type === "radio") {
    const points = pointsField(criterion);
    if (points) points.value = "";
  } else if (field.name.startsWith("points-")) {
    for (const level of levels(criterion)) level.checked = false;
  }
  showScores(form);
}

/** Typed points that a level is worth are that level. */
function settle(target: EventTarget | null): void {
  if (!(target instanceof HTMLInputElement) || !target.name.startsWith("points-")) return;
  const criterion = target.closest<HTMLElement>("[data-rubric] [data-criterion]");
  const typed = hundredths(target.value);
  const same = criterion && levels(criterion).find((level) => worth(level) === typed);
  if (!same || typed === undefined) return;
  same.checked = true;
  tell(same);
}

/** Points that were emptied are the rubric's again. */
function left(target: EventTarget | null): void {
  if (target instanceof HTMLInputElement && target.name === "points" && target.form) showScores(target.form);
}

function clicked(target: Element): void {
  const criterion = target.closest<HTMLElement>("[data-criterion]");
  const form = target.closest("form");
  if (target.closest("[data-clear]") && criterion) clear(criterion);
  else if (target.closest("[data-use-rubric]") && form) useRubric(form);
}

function clear(criterion: HTMLElement): void {
  const points = pointsField(criterion);
  if (!points) return;
  for (const level of levels(criterion)) level.checked = false;
  points.value = "";
  tell(points);
  (levels(criterion)[0] ?? points).focus(); // the button has gone
}

function useRubric(form: HTMLFormElement): void {
  const points = form.querySelector<HTMLInputElement>("[data-rubric-points] [name=points]");
  const box = form.querySelector<HTMLInputElement>("[name=overridden]");
  if (!points || !box) return;
  box.checked = false;
  showScores(form);
  points.focus(); // the button has gone
  tell(points);
}

/** On a level, arrows and the space bar are the browser's own, and digits are points to type. */
function keyOnLevel(event: KeyboardEvent): void {
  const level = event.target;
  if (event.ctrlKey || event.altKey || event.metaKey || !(level instanceof HTMLElement)) return;
  const criterion = level.closest<HTMLElement>("[data-criterion]");
  if (!criterion) return;
  if (event.key === " " || event.key.startsWith("Arrow")) event.stopPropagation();
  const points = pointsField(criterion);
  if (/^[0-9]$/.test(event.key) && level instanceof HTMLInputElement && level.type === "radio" && points) {
    event.preventDefault();
    event.stopPropagation();
    points.focus();
    points.value = event.key;
    tell(points);
  }
}

/** To the first criterion, or from one to the next. */
function focusCriterion(): void {
  const rubric = document.querySelector("[data-rubric]");
  const criteria = rubric ? criteriaOf(rubric) : [];
  const at = criteria.findIndex((one) => one.contains(document.activeElement));
  const next = criteria[(at + 1) % criteria.length];
  if (!next) return;
  (chosen(next) ?? levels(next)[0] ?? pointsField(next))?.focus();
}

function levels(criterion: HTMLElement): HTMLInputElement[] {
  return [...criterion.querySelectorAll<HTMLInputElement>("input[type=radio]")];
}

function chosen(criterion: HTMLElement): HTMLInputElement | undefined {
  return levels(criterion).find((level) => level.checked);
}

function worth(level: HTMLInputElement): number | undefined {
  return hundredths(level.dataset.points ?? "");
}

function pointsField(criterion: HTMLElement): HTMLInputElement | null {
  return criterion.querySelector<HTMLInputElement>("input[name^='points-']");
}

/** Who listens for changes of the form, to save them, hears of this one. */
function tell(field: HTMLElement): void {
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function show(place: HTMLElement, selector: string, shown: boolean): void {
  const found = place.querySelector<HTMLElement>(selector);
  if (found) found.hidden = !shown;
}

function say(place: HTMLElement, selector: string, words: string): void {
  const found = place.querySelector(selector);
  if (found && found.textContent !== words) found.textContent = words;
}
