import { find } from "./data";

const STAYS = 12_000; // ms

/** One line that says what has happened, with Undo for a while. */
export class StatusLine {
  private timer = 0;
  private undo: (() => void) | undefined;

  constructor(private readonly root: HTMLElement) {
    this.button.addEventListener("click", () => {
      const undo = this.undo;
      this.clear();
      undo?.();
    });
  }

  /** @param undo what the button does; without it there is none. */
  say(words: string, undo?: () => void): void {
    window.clearTimeout(this.timer);
    this.undo = undo;
    this.root.hidden = false;
    find(this.root, "[data-comment-status]").textContent = words;
    this.button.hidden = !undo;
    this.later();
  }

  focusUndo(): void {
    this.button.focus({ preventScroll: true });
  }

  private get button(): HTMLElement {
    return find(this.root, "[data-undo]");
  }

  private later(): void {
    this.timer = window.setTimeout(() => {
      if (this.button.matches(":focus, :hover")) this.later();
      else this.clear();
    }, STAYS);
  }

  private clear(): void {
    window.clearTimeout(this.timer);
    this.undo = undefined;
    this.root.hidden = true;
    find(this.root, "[data-comment-status]").textContent = "";
  }
}
