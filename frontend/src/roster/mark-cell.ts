import { fetchJson, Refusal } from "../http";
import { type StatusLabel, statusLabel } from "../status-label";
import { forget, keep, kept } from "./kept-marks";

/** A mark as `roster/mark_views.py` tells it; `points` empty: none. */
export interface Mark {
  version: number;
  points: string;
  in_words: string;
  overridden: boolean;
  rubric_points: string | null;
  grader: string;
  status: StatusLabel;
  delivery: StatusLabel | null;
}

type State = "" | "typing" | "saving" | "saved" | "wrong" | "kept" | "conflict";

const FIRST_WAIT = 5; // seconds
const LONGEST_WAIT = 60;

/**
 * The mark of a row: saved when the field is left or by Enter, which goes down to the next. What could not be saved
 * stays in the field and in this browser, and is tried again; where somebody else was faster, both marks are shown.
 */
export class MarkCell {
  private readonly field: HTMLInputElement | HTMLSelectElement;
  private readonly line: HTMLElement;
  private state: State = "";
  private version: number;
  /** What the field holds where nothing is unsaved. */
  private savedValue: string;
  private timer = 0;
  private wait = FIRST_WAIT;

  constructor(
    private readonly root: HTMLElement,
    private readonly told: { say: (text: string) => void; saved: () => void },
  ) {
    this.field = root.querySelector("[data-field] input, [data-field] select") as
      | HTMLInputElement
      | HTMLSelectElement;
    this.line = root.querySelector("[data-state]") as HTMLElement;
    this.version = Number(root.dataset.version);
    this.savedValue = this.field.value;
    (root.querySelector("[data-plain]") as HTMLElement).hidden = true;
    (root.querySelector("[data-field]") as HTMLElement).hidden = false;
    this.bringBack();
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("blur", () => void this.save());
    this.field.addEventListener("keydown", (event) => this.key(event as KeyboardEvent));
    if (this.field instanceof HTMLSelectElement)
      this.field.addEventListener("change", () => void this.save());
  }

  /** By what the mark is counted, as the page was drawn. */
  private get terms(): { terms?: string } {
    const { terms } = this.root.dataset;
    return terms ? { terms } : {};
  }

  /** Whether something in the field is not on the server. */
  get unsaved(): boolean {
    return this.field.value.trim() !== this.savedValue;
  }

  /** The connection is back: what waits goes at once. */
  online(): void {
    if (this.state === "kept" && this.timer) void this.save();
  }

  /** Save what is typed, unless nothing is, or it is on its way, or somebody has to choose first. */
  async save(): Promise<void> {
    const value = this.field.value.trim();
    if (!this.unsaved || this.state === "saving" || this.state === "conflict") return;
    window.clearTimeout(this.timer);
    this.timer = 0;
    this.show("saving", "Saving…");
    const body = { [this.field.name]: value, version: this.version, ...this.terms };
    try {
      const mark = await fetchJson<Mark>(this.root.dataset.points ?? "", body);
      this.saved(mark, value);
    } catch (error) {
      this.refused(
        error instanceof Refusal ? error : new Refusal(0, "unknown", "It could not be saved.", ""),
      );
    }
  }

  private typed(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    if (this.state !== "saving" && this.state !== "conflict") this.show(this.unsaved ? "typing" : "", "");
    this.store();
  }

  private key(event: KeyboardEvent): void {
    const down = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && this.unsaved && this.state !== "saving") {
      event.preventDefault();
      this.field.value = this.savedValue;
      if (this.state !== "conflict") this.show("", "");
      this.store();
      this.told.say(`${this.root.dataset.name}: as it was.`);
    } else if (down && (event.key === "Enter" || this.field instanceof HTMLInputElement)) {
      event.preventDefault();
      void this.save();
      const next = this.neighbour(down);
      next?.focus();
      if (next instanceof HTMLInputElement) next.select();
    }
  }

  /** The field of a row further down or up that has one. */
  private neighbour(by: number): HTMLElement | undefined {
    const fields = [
      ...document.querySelectorAll<HTMLElement>("[data-points] [data-field] :is(input, select)"),
    ];
    return fields[fields.indexOf(this.field) + by];
  }

  private saved(mark: Mark, sent: string): void {
    const typedSince = this.field.value.trim() !== sent;
    this.take(mark, typedSince);
    this.wait = FIRST_WAIT;
    this.show("saved", "Saved");
    this.told.say(`${this.root.dataset.name}: ${mark.in_words}, saved. ${mark.status.label}.`);
    this.told.saved();
    this.store();
    if (typedSince && document.activeElement !== this.field) void this.save();
  }

  private refused(refusal: Refusal): void {
    this.store();
    const theirs = refusal.answer?.theirs as Mark | undefined;
    if (refusal.status === 409 && theirs) {
      this.ask(theirs);
      return;
    }
    if (refusal.status === 422) {
      this.show("wrong", refusal.message);
    } else if (refusal.status === 404) {
      const kept = "What you typed is kept in this browser; open the assignment from Moodle again.";
      this.show("kept", `Not saved: your session has ended. ${kept}`);
    } else if (refusal.willPass && refusal.status !== 409) {
      const why = refusal.status === 0 ? "no connection" : "the server is busy";
      this.show("kept", `Not saved yet: ${why}. It is tried again by itself.`);
      this.timer = window.setTimeout(() => void this.save(), 1000 * Math.max(this.wait, refusal.retryAfter));
      this.wait = Math.min(2 * this.wait, LONGEST_WAIT);
    } else {
      this.show("kept", `Not saved. ${refusal.inWords}`);
    }
    this.told.say(`${this.root.dataset.name}: ${this.line.textContent}`);
  }

  /** Two markers at once: neither mark is lost, and one of them is chosen. */
  private ask(theirs: Mark): void {
    const mine = this.field.value.trim();
    const who = theirs.grader || "Somebody else";
    this.show("conflict", `${who} has saved “${theirs.in_words}” since.`);
    this.line.append(
      this.button("Keep theirs", () => {
        this.state = "";
        this.take(theirs, false);
        this.show("", "");
        this.store();
        this.field.focus();
      }),
      this.button(`Save mine${mine ? ` (${this.inWords(mine)})` : ""}`, () => {
        this.state = "";
        this.take(theirs, true);
        this.field.focus();
        void this.save();
      }),
    );
    this.told.say(
      `${this.root.dataset.name}: ${who} has saved ${theirs.in_words} since. Choose which one counts.`,
    );
  }

  private inWords(value: string): string {
    return this.field instanceof HTMLSelectElement ? (this.field.selectedOptions[0]?.text ?? value) : value;
  }

  private button(text: string, press: () => void): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button quiet small";
    button.textContent = text;
    button.addEventListener("click", press);
    return button;
  }

  /** This is what the server has now. @param keepField what is typed stays in the field. */
  private take(mark: Mark, keepField: boolean): void {
    this.version = mark.version;
    this.savedValue = this.field instanceof HTMLSelectElement ? verdict(mark.points) : mark.points;
    if (!keepField) this.field.value = this.savedValue;
    const over = this.root.querySelector<HTMLElement>("[data-over]");
    if (over) {
      over.hidden = !mark.overridden;
      over.textContent =
        mark.rubric_points === null ? "Overrides the rubric" : `Overrides ${mark.rubric_points}`;
    }
    const row = this.root.closest("tr");
    row?.querySelector("[data-status]")?.replaceChildren(statusLabel(mark.status));
    row
      ?.querySelector("[data-delivery]")
      ?.replaceChildren(mark.delivery ? deliveryLabel(mark.delivery) : none());
    const late = row?.querySelector<HTMLElement>("[data-late]");
    if (late) late.hidden = mark.status.code === "late"; // then the status says so itself
    const open = row?.querySelector<HTMLElement>("[data-open]");
    open?.classList.toggle("primary", mark.points === "");
    open?.classList.toggle("quiet", mark.points !== "");
    const verb = open?.querySelector("span");
    if (verb) verb.textContent = mark.points === "" ? "Mark" : "Open";
  }

  private show(state: State, text: string): void {
    this.state = state;
    this.root.dataset.markState = state;
    this.line.replaceChildren(text);
    if (state === "wrong") this.field.setAttribute("aria-invalid", "true");
    else this.field.removeAttribute("aria-invalid");
  }

  private store(): void {
    const attempt = this.root.dataset.attempt ?? "";
    if (this.unsaved) keep(attempt, { value: this.field.value, version: this.version, ...this.terms });
    else forget(attempt);
  }

  /** What was typed before a reload, or in a session that has ended. */
  private bringBack(): void {
    const before = kept(this.root.dataset.attempt ?? "");
    if (!before) return;
    this.field.value = before.value;
    if (!this.unsaved) {
      forget(this.root.dataset.attempt ?? "");
      return;
    }
    this.version = before.version; // so that a mark that was saved by somebody since is not overwritten
    if (before.terms && before.terms !== this.terms.terms) {
      this.show(
        "kept",
        "Typed before the points were changed, and not saved. Enter saves it, Escape drops it.",
      );
      return;
    }
    this.show("kept", "Typed before and not saved. Enter saves it, Escape drops it.");
  }
}

function verdict(points: string): string {
  if (points === "") return "";
  return Number(points) > 0 ? "pass" : "fail";
}

function none(): Node {
  const place = document.createElement("span");
  place.className = "none";
  place.textContent = "–";
  return place;
}

/** As `delivery_label.html`. */
function deliveryLabel(told: StatusLabel): Node {
  if (!told.explanation) return statusLabel(told);
  const place = document.createElement("details");
  place.className = "delivery-label";
  const summary = document.createElement("summary");
  const more = document.createElement("span");
  more.className = "visually-hidden";
  more.textContent = " in words";
  const label = statusLabel(told);
  label.removeAttribute("title");
  summary.append(label, more);
  const words = document.createElement("p");
  words.className = "hint";
  words.textContent = told.explanation;
  place.append(summary, words);
  return place;
}
