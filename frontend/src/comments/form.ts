import type Player from "video.js/dist/types/player";
import { copyOf, find } from "./data";
import { exactClock, parseTime } from "./moments";

/** What stands in the fields, as typed. */
export interface Typed {
  at: string;
  until: string;
  text: string;
}

export interface Said {
  at: number | null;
  until: number | null;
  text: string;
}

interface Acts {
  saved: (said: Said) => void;
  closed: () => void;
  typed?: (typed: Typed) => void;
}

/** The fields of a comment (with times) or of a reply. Ctrl+Enter saves, Escape closes, and neither reaches the page. */
export class CommentForm {
  readonly element: HTMLFormElement;
  private readonly text: HTMLTextAreaElement;
  private readonly at: HTMLInputElement | null;
  private readonly until: HTMLInputElement | null;
  private readonly problem: HTMLElement;

  /** @param duration of the film in seconds; null where it is not known. */
  constructor(
    root: HTMLElement,
    kind: "comment" | "reply",
    name: string,
    private readonly player: Player | undefined,
    private readonly duration: number | null,
    private readonly acts: Acts,
  ) {
    const template = kind === "comment" ? "[data-form-template]" : "[data-reply-template]";
    this.element = copyOf<HTMLFormElement>(root, template);
    this.text = find<HTMLTextAreaElement>(this.element, "textarea");
    this.text.id = `text-${name}`;
    const label = find<HTMLLabelElement>(this.element, "[data-text-label]");
    label.htmlFor = this.text.id;
    this.problem = find(this.element, "[data-error]");
    this.problem.id = `error-${name}`;
    this.at = this.element.querySelector<HTMLInputElement>("[name=at]");
    this.until = this.element.querySelector<HTMLInputElement>("[name=until]");
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("input", () => this.acts.typed?.(this.typed));
    this.element.addEventListener("click", (event) => this.press(event.target as Element));
    for (const needsFilm of this.element.querySelectorAll<HTMLElement>("[data-now], [data-to-here]"))
      needsFilm.hidden = !player;
  }

  get typed(): Typed {
    return { at: this.at?.value ?? "", until: this.until?.value ?? "", text: this.text.value };
  }

  fill({ at, until, text }: Typed): void {
    if (this.at) this.at.value = at;
    if (this.until) this.until.value = until;
    this.text.value = text;
    this.clear();
  }

  focus(): void {
    this.text.focus();
    this.text.setSelectionRange(this.text.value.length, this.text.value.length);
  }

  /** Put words where the cursor is. */
  insert(words: string): void {
    const { selectionStart: from, selectionEnd: to, value } = this.text;
    const gap = from > 0 && !/\s$/.test(value.slice(0, from)) ? " " : "";
    this.text.setRangeText(gap + words, from, to, "end");
    this.acts.typed?.(this.typed);
    this.text.focus();
  }

  /** False where something typed cannot be saved as it is: then it says why. */
  save(): boolean {
    const said = this.read();
    if (said) this.acts.saved(said);
    return said !== undefined;
  }

  private read(): Said | undefined {
    this.clear();
    const text = this.text.value.trim();
    const at = this.at ? parseTime(this.at.value) : null;
    const until = this.until?.value.trim() ? parseTime(this.until.value) : null;
    const end = this.duration === null ? Number.POSITIVE_INFINITY : this.duration + 1;
    const late = `The video ends at ${exactClock(this.duration ?? 0)}: type an earlier time.`;
    if (at === undefined)
      return this.refuse(this.at, "Type the time that it is about, such as 1:15 or 1:02:03.");
    if (at !== null && at > end) return this.refuse(this.at, late);
    if (until === undefined) return this.refuse(this.until, "Type a time such as 1:25, or leave it empty.");
    if (until !== null && until > end) return this.refuse(this.until, late);
    if (until !== null && at !== null && until <= at)
      return this.refuse(this.until, "The end of a span comes after its beginning.");
    if (!text) return this.refuse(this.text, "Type what you want to say first.");
    return { at, until, text };
  }

  private refuse(field: HTMLElement | null, words: string): undefined {
    this.problem.textContent = words;
    this.problem.hidden = false;
    field?.setAttribute("aria-invalid", "true");
    field?.setAttribute("aria-describedby", this.problem.id);
    field?.focus();
  }

  private clear(): void {
    this.problem.hidden = true;
    for (const field of [this.at, this.until, this.text]) {
      field?.removeAttribute("aria-invalid");
      field?.removeAttribute("aria-describedby");
    }
  }

  private key(event: KeyboardEvent): void {
    const saves = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if (!saves && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation(); // or the page would save the mark and go on to the next student
    if (saves) this.save();
    else this.acts.closed();
  }

  private press(target: Element): void {
    const button = target.closest("button");
    if (!button) return;
    const now = exactClock(this.player?.currentTime() ?? 0);
    const field = button.matches("[data-now]")
      ? this.at
      : button.matches("[data-to-here]")
        ? this.until
        : null;
    if (field) {
      field.value = now;
      this.acts.typed?.(this.typed);
    }
    if (button.matches("[data-close]")) this.acts.closed();
  }
}

/** What the fields show of a comment. */
export function asTyped(said: Said): Typed {
  const shown = (seconds: number | null) => (seconds === null ? "" : exactClock(seconds));
  return { at: shown(said.at), until: shown(said.until), text: said.text };
}
