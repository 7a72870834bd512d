import { statusLabel } from "../status-label";
import type { Saved, SaveState } from "./saver";

/** Whose mark it is, and by which rules it goes to its student. */
export interface Rules {
  name: string;
  holds: boolean;
  mayRelease: boolean;
  newest: boolean;
}

/**
 * How far the saving is, in words. What saves by itself is said aloud once, and then only shown: nobody who listens is
 * told every second.
 */
export class SaveLine {
  private saidAloud = false;
  private marked: boolean;

  constructor(
    private readonly rules: Rules,
    private readonly keeps: boolean,
  ) {
    this.marked = document.querySelector(".room-list [aria-current] .entry-state.marked") !== null;
    this.show("Saved by itself as you go.");
  }

  tell(state: SaveState): void {
    if (state.is === "typing") this.show("Not saved yet…");
    else if (state.is === "saving") this.show("Saving…");
    else if (state.is === "saved") this.saved(state.answer, state.asked.finish);
    else this.say(this.why(state));
  }

  private why(state: Exclude<SaveState, { is: "typing" | "saving" | "saved" }>): string {
    const kept = this.keeps
      ? "What you typed is kept on this device"
      : "This browser keeps nothing on this device, so leave this page open";
    if (state.is === "invalid") return "Not saved: look at the marked field.";
    if (state.is === "changed") return "Not saved: somebody else has changed this mark.";
    const { refusal } = state;
    if (state.is === "unreachable") {
      const cause = refusal.status === 0 ? "no connection." : refusal.message;
      return `Not saved: ${cause} ${kept}; it tries again by itself.`;
    }
    if (refusal.code !== "session_ended") return `Not saved: ${refusal.message} ${kept}.`;
    const back = this.keeps ? ", and comes back" : "";
    return `Not saved: your session has ended. Open the assignment from Moodle again. ${kept}${back}.`;
  }

  /** Said aloud. */
  say(text: string): void {
    put("[data-save-quiet]", "");
    put("[data-save-said]", text);
  }

  /** Show how the mark is, without a word: nothing was saved here. */
  look(answer: Saved): void {
    if (answer.version) this.draw(answer, new Date(answer.saved_at ?? Date.now()));
  }

  private show(text: string): void {
    put("[data-save-said]", "");
    put("[data-save-quiet]", text);
  }

  private saved(answer: Saved, finished: boolean): void {
    const at = new Date(answer.saved_at ?? Date.now());
    if (answer.version) this.draw(answer, at);
    const text = `Saved ${clock(at)}`;
    if (finished) this.say(this.finished(answer));
    else if (this.saidAloud) this.show(text);
    else this.say(text);
    this.saidAloud = true;
  }

  private finished(answer: Saved): string {
    const { name, holds, mayRelease } = this.rules;
    if (answer.points == null) return `Saved what you wrote of ${name}: there is no mark yet.`;
    const saved = `Saved the mark of ${name}`;
    if (!answer.unreleased) return `${saved} and released it.`;
    if (!mayRelease) return `${saved}. A teacher releases it.`;
    return holds ? `${saved}. It is held until it is released.` : `${saved}.`;
  }

  /** The page's other places that tell of the mark. */
  private draw(answer: Saved, at: Date): void {
    if (answer.status) document.querySelector("[data-status]")?.replaceChildren(statusLabel(answer.status));
    const by = document.querySelector<HTMLElement>("[data-marked-by]");
    if (by) by.hidden = false;
    put("[data-grader]", answer.grader || "someone who has left");
    put("[data-marked-at]", clock(at));
    const delivery = document.querySelector<HTMLElement>("[data-delivery]");
    if (delivery && answer.delivery) {
      delivery.replaceChildren(statusLabel(answer.delivery));
      delivery.hidden = false;
    }
    const waits = !!answer.unreleased && answer.points != null;
    for (const button of document.querySelectorAll<HTMLElement>("[data-release-button]"))
      button.hidden = !(waits && (answer.returned || button.dataset.releaseButton !== "again"));
    this.count(answer.points != null);
  }

  private count(marked: boolean): void {
    if (!this.rules.newest || marked === this.marked) return;
    this.marked = marked;
    const count = document.querySelector("[data-marked]");
    if (count) count.textContent = String(Number(count.textContent) + (marked ? 1 : -1));
    const entry = document.querySelector(".room-list [aria-current] .entry-state");
    entry?.classList.toggle("marked", marked);
    if (entry) entry.textContent = marked ? "Marked" : "To mark";
  }
}

export function clock(at: Date): string {
  return at.toLocaleTimeString(document.documentElement.lang || undefined, {
    hour: "2-digit",
    minute: "2-digit",
  });
}

function put(selector: string, text: string): void {
  const place = document.querySelector(selector);
  if (place && place.textContent !== text) place.textContent = text;
}
