import { fetchJson, postForm, Refusal } from "../http";
import { drawCriterion, drawLevel, readCriterion, showCriterion } from "./criterion-rows";
import {
  adopt,
  asJson,
  type Criterion,
  criteriaOf,
  freshCriterion,
  freshLevel,
  MOST_CRITERIA,
  MOST_LEVELS,
  parseRubric,
  sumInWords,
} from "./rubric-model";

/**
 * The rubric of a set-up form. What is on the page is the rubric: each change is written into the form's hidden field,
 * which a page without scripts sends as it came.
 */
export class RubricEditor {
  private readonly field: HTMLInputElement;
  private readonly list: HTMLElement;
  /** What was there before the last big change. */
  private before: Criterion[] = [];
  /** New criteria nobody has typed into yet, as they were: they are not part of the rubric. */
  private readonly untouched = new WeakMap<Element, string>();

  constructor(private readonly place: HTMLElement) {
    this.field = this.one<HTMLInputElement>("input[name$=rubric]");
    this.list = this.one("[data-criteria]");
    this.one("[data-editor]").hidden = false;
    this.draw(parseRubric(this.field.value));
    if (place.classList.contains("faulty")) for (const row of this.rows) showCriterion(row, row);
    place.addEventListener("input", (event) => this.typed(event.target as HTMLElement));
    place.addEventListener("change", (event) => {
      const file = event.target as HTMLInputElement;
      if (file.matches("[data-import]")) void this.import(file);
    });
    place.addEventListener("focusout", (event) => this.left(event.target as HTMLElement));
    place.addEventListener("click", (event) => this.clicked(event.target as Element));
    place.addEventListener("keydown", (event) => this.entered(event));
    this.field.form?.addEventListener("input", (event) => {
      if ((event.target as HTMLInputElement).name === "points") this.write();
    });
  }

  private get rows(): HTMLElement[] {
    return [...this.list.children] as HTMLElement[];
  }

  /** With what is still untouched. */
  private get all(): Criterion[] {
    return this.rows.map(readCriterion);
  }

  private get criteria(): Criterion[] {
    return this.rows.filter((row) => !this.isUntouched(row)).map(readCriterion);
  }

  private isUntouched(row: HTMLElement): boolean {
    return this.untouched.get(row) === JSON.stringify(readCriterion(row));
  }

  private draw(criteria: readonly Criterion[]): void {
    this.list.replaceChildren(...criteria.map((one) => drawCriterion(this.place, one)));
    this.write();
  }

  /** Put what is there into the field, and show what follows from it. */
  private write(): void {
    const criteria = this.criteria;
    this.field.value = asJson(criteria);
    const maximum = this.field.form?.querySelector<HTMLInputElement>("input[name=points]");
    this.one("[data-sum]").textContent = sumInWords(criteria, maximum?.value ?? "");
    this.one("[data-empty]").hidden = this.rows.length > 0;
    this.rows.forEach((row, at) => {
      const title = readCriterion(row).title || `criterion ${at + 1}`;
      row.querySelector("legend")?.replaceChildren(`${at + 1}`);
      this.name(row, "[data-up]", `Move up ${title}`, at === 0);
      this.name(row, "[data-down]", `Move down ${title}`, at === this.rows.length - 1);
      this.name(row, "[data-remove]", `Remove ${title}`, false);
      const levels = [...row.querySelectorAll<HTMLElement>("[data-levels] > li")];
      levels.forEach((level, step) => {
        const called = level.querySelector<HTMLInputElement>("[data-field=title]")?.value || `${step + 1}`;
        this.name(level, "[data-remove-level]", `Remove level ${called} of ${title}`, levels.length === 1);
      });
      this.name(row, "[data-add-level]", undefined, levels.length >= MOST_LEVELS);
      showCriterion(row);
    });
    this.name(this.place, "[data-add-criterion]", undefined, this.rows.length >= MOST_CRITERIA);
  }

  private typed(target: HTMLElement): void {
    if (!target.closest("[data-criteria]")) return;
    this.one("[data-undo]").hidden = true; // it would undo what is typed now as well
    this.write();
  }

  private left(target: HTMLElement): void {
    const row = target.closest<HTMLElement>("[data-criteria] > li");
    if (row && target.matches("input") && !this.isUntouched(row)) showCriterion(row, target);
  }

  /** Enter saves the whole form elsewhere; in here it would, half-way through a rubric. */
  private entered(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.key === "Enter" && target.matches("[data-criteria] input")) event.preventDefault();
  }

  private clicked(target: Element): void {
    const button = target.closest<HTMLButtonElement>("button");
    if (!button || button.getAttribute("aria-disabled") === "true") return;
    const row = button.closest<HTMLElement>("[data-criteria] > li");
    const data = button.dataset;
    if (data.addCriterion !== undefined) this.addCriterion();
    else if (data.undo !== undefined) this.undo();
    else if (data.takeOver !== undefined) void this.takeOver(button);
    else if (data.readTable !== undefined) void this.readTable(button);
    else if (data.export !== undefined) void this.export(button, data.export);
    else if (!row) return;
    else if (data.up !== undefined) this.move(row, row.previousElementSibling, button);
    else if (data.down !== undefined) this.move(row, row.nextElementSibling, button);
    else if (data.remove !== undefined) this.remove(row);
    else if (data.addLevel !== undefined) this.addLevel(row);
    else if (data.removeLevel !== undefined) this.removeLevel(row, button);
  }

  private addCriterion(): void {
    const fresh = freshCriterion(this.all.at(-1));
    const row = drawCriterion(this.place, fresh);
    this.list.append(row);
    this.untouched.set(row, JSON.stringify(readCriterion(row)));
    this.write();
    this.say("");
    focusFirst(row);
  }

  private move(row: HTMLElement, other: Element | null, button: HTMLElement): void {
    if (!other) return;
    if (row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) other.after(row);
    else other.before(row);
    this.write();
    button.focus(); // moving a row takes the focus away
    row.scrollIntoView({ block: "nearest" });
    this.say(`“${this.title(row)}” is now number ${this.rows.indexOf(row) + 1} of ${this.rows.length}.`);
  }

  private remove(row: HTMLElement): void {
    const at = this.rows.indexOf(row);
    const title = this.title(row);
    this.change(() => row.remove(), `“${title}” was removed.`);
    const next = this.rows[Math.min(at, this.rows.length - 1)];
    if (next) focusFirst(next);
    else this.one("[data-add-criterion]").focus();
  }

  private addLevel(row: HTMLElement): void {
    const levels = row.querySelector("[data-levels]");
    if (!levels) return;
    const level = drawLevel(this.place, freshLevel());
    levels.append(level);
    this.write();
    this.say("");
    focusFirst(level);
  }

  private removeLevel(row: HTMLElement, button: HTMLElement): void {
    const level = button.closest("[data-levels] > li");
    const next = level?.nextElementSibling ?? level?.previousElementSibling;
    const title = level?.querySelector<HTMLInputElement>("[data-field=title]")?.value || "The level";
    this.change(() => level?.remove(), `${title} was removed from “${this.title(row)}”.`);
    if (next) focusFirst(next);
    else row.querySelector<HTMLElement>("[data-add-level]")?.focus();
  }

  private undo(): void {
    this.draw(this.before);
    this.say("It is as it was before.");
    this.one("[data-add-criterion]").focus();
  }

  /** Something that can be undone. */
  private change(how: () => void, words: string): void {
    this.before = this.criteria;
    how();
    this.write();
    this.say(words, true);
  }

  private async takeOver(button: HTMLButtonElement): Promise<void> {
    const chosen = this.one<HTMLSelectElement>("[data-lender]");
    const from = chosen.selectedOptions[0]?.textContent ?? "";
    await this.ask(button, async () => {
      const { rubric } = await fetchJson<{ rubric: unknown }>(chosen.value);
      this.replace(rubric, `This is the rubric of ${from} now. It stays as it is there.`);
    });
  }

  private async import(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    if (!file) return;
    const body = new FormData();
    body.append("file", file);
    await this.ask(input, () => this.take(body, `This is the rubric of ${file.name} now.`));
    input.value = ""; // so that the same file, corrected, may be chosen again
  }

  private async readTable(button: HTMLButtonElement): Promise<void> {
    const text = this.one<HTMLTextAreaElement>("[data-table]");
    const body = new FormData();
    body.append("table", text.value);
    await this.ask(button, async () => {
      await this.take(body, "This is the rubric of the table now.");
      text.value = "";
    });
  }

  private async take(body: FormData, words: string): Promise<void> {
    const url = this.one("[data-import]").dataset.import ?? "";
    const { rubric } = await postForm<{ rubric: unknown }>(url, body);
    this.replace(rubric, words);
  }

  private replace(rubric: unknown, words: string): void {
    const criteria = adopt(criteriaOf(rubric), this.criteria);
    this.change(() => this.draw(criteria), words);
  }

  private async export(button: HTMLButtonElement, url: string): Promise<void> {
    await this.ask(button, async () => {
      const { name, table } = await postForm<{ name: string; table: string }>(url, {
        rubric: this.field.value,
      });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([table], { type: "text/csv;charset=utf-8" }));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    });
  }

  /** While something is asked of the server; what it refuses is said in its words. */
  private async ask(button: HTMLButtonElement | HTMLInputElement, what: () => Promise<void>): Promise<void> {
    const problem = this.one("[data-problem]");
    problem.hidden = true;
    button.setAttribute("aria-disabled", "true");
    try {
      await what();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const told = (error.answer as { told?: string[] } | undefined)?.told ?? [];
      problem.replaceChildren(...[error.inWords, ...told].map(paragraph));
      problem.hidden = false;
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  private title(row: Element): string {
    return row.querySelector<HTMLInputElement>("[data-field=title]")?.value.trim() || "The criterion";
  }

  private name(place: ParentNode, selector: string, words: string | undefined, disabled: boolean): void {
    const button = place.querySelector<HTMLElement>(selector);
    button?.setAttribute("aria-disabled", String(disabled)); // `disabled` would lose the focus
    const named = button?.querySelector("[data-names]");
    if (named && words) named.textContent = words;
  }

  private say(words: string, undoable = false): void {
    this.one("[data-said]").textContent = words;
    this.one("[data-undo]").hidden = !undoable;
  }

  private one<E extends HTMLElement>(selector: string): E {
    return this.place.querySelector<E>(selector) as E;
  }
}

function focusFirst(row: Element): void {
  row.querySelector<HTMLElement>("input")?.focus();
}

function paragraph(words: string): HTMLElement {
  const made = document.createElement("p");
  made.textContent = words;
  return made;
}
