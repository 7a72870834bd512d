import { Refusal } from "../http";
import type { StatusLabel } from "../status-label";
import type { Drafts } from "./drafts";
import { type Fields, same } from "./fields";

/** The mark as the server has it now. With `version` 0 there is none, and nothing else is said. */
export interface Saved {
  version: number;
  points?: string | null;
  unreleased?: boolean;
  returned?: boolean;
  grader?: string;
  saved_at?: string;
  status?: StatusLabel;
  delivery?: StatusLabel | null;
}

/** `finish`: done with this mark. `moving`: to another student. */
export interface Asked {
  finish: boolean;
  moving: boolean;
}

export type SaveState =
  | { is: "typing" }
  | { is: "saving"; asked: Asked }
  | { is: "saved"; answer: Saved; asked: Asked }
  | { is: "unreachable"; refusal: Refusal }
  | { is: "invalid"; fields: Record<string, string[]> }
  | { is: "changed"; theirs: Record<string, unknown>; html: string }
  | { is: "stopped"; refusal: Refusal };

export interface Wiring {
  read(): Fields;
  /** What cannot even be sent, in words by field; such as a number that is none. */
  wrong(): Record<string, string[]>;
  send(fields: Fields, version: number, asked: Asked): Promise<Saved>;
  show(state: SaveState): void;
  drafts: Pick<Drafts, "keep" | "forget">;
}

const AFTER_TYPING = 1200;
const LONGEST_WAIT = 30_000;
const QUIETLY: Asked = { finish: false, moving: false };

/**
 * Saves the mark of one attempt by itself. One request at a time: what is typed meanwhile waits for its answer, whose
 * version it then goes on from.
 */
export class Saver {
  /** Whether this person has typed something since the page came. */
  touched = false;
  private known: Fields;
  private running: Promise<boolean> | undefined;
  /** Sent, and never answered: it may have arrived. It is sent again as it was before anything newer. */
  private unanswered: { fields: Fields; version: number } | undefined;
  private owesFinish = false;
  private stopped = false;
  private timer = 0;
  private tries = 0;
  private answer: Saved;

  constructor(
    private readonly with_: Wiring,
    private version: number,
    known = with_.read(),
  ) {
    this.known = known;
    this.answer = { version };
  }

  /** Whether something typed is not known to be on the server. */
  get dirty(): boolean {
    return this.unanswered !== undefined || !same(this.with_.read(), this.known, { exactly: true });
  }

  /** Something was typed. */
  typed(): void {
    if (same(this.with_.read(), this.known, { exactly: true }) && !this.running) {
      this.untyped();
      return;
    }
    this.touched = true;
    this.owesFinish = false;
    this.keep();
    if (this.stopped) return;
    if (!this.running) this.with_.show({ is: "typing" });
    this.later(AFTER_TYPING);
  }

  /**
   * Save what is typed, now.
   * @returns whether the server has all of it. Where it has not, `show` was told why.
   */
  async save(asked: Asked = QUIETLY): Promise<boolean> {
    this.owesFinish ||= asked.finish;
    while (this.running) await this.running;
    if (!this.dirty && !asked.finish) return !this.stopped;
    if (this.stopped && !asked.finish && !asked.moving) return false;
    this.running = this.run(asked).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** The last word of a page that goes away: nobody hears the answer. */
  leave(): void {
    if (!this.dirty || this.stopped) return;
    if (!this.running) void this.save();
    const fields = this.with_.read();
    if (this.unanswered && !same(fields, this.unanswered.fields, { exactly: true }))
      void this.with_.send(fields, this.version + 1, QUIETLY).catch(() => undefined); // if not, the draft is there
  }

  /** The mark is another one than was shown; what is typed here goes on top of `version`. */
  goOnFrom(version: number): void {
    this.version = version;
    this.stopped = false;
    this.unanswered = undefined;
  }

  /** What is typed is given up: the page comes again with what the server has. */
  drop(): void {
    this.stopped = true;
    this.unanswered = undefined;
    this.known = this.with_.read();
    window.clearTimeout(this.timer);
    this.with_.drafts.forget();
  }

  /** The connection may be back. */
  again(): void {
    if (this.tries) this.later(0);
  }

  private async run(asked: Asked): Promise<boolean> {
    window.clearTimeout(this.timer);
    const wrong = this.with_.wrong();
    if (Object.keys(wrong).length) {
      this.with_.show({ is: "invalid", fields: wrong });
      return false;
    }
    this.with_.show({ is: "saving", asked });
    try {
      if (this.unanswered) await this.sendAgain(this.unanswered);
      const fields = this.with_.read();
      const said = { ...asked, finish: this.owesFinish };
      if (!same(fields, this.known, { exactly: true }) || said.finish) await this.send(fields, said);
      this.tries = 0;
      this.stopped = false;
      this.owesFinish = false;
    } catch (error) {
      this.failed(
        error instanceof Refusal ? error : new Refusal(500, "fault", "Something went wrong.", "Try again."),
      );
      return false;
    }
    if (this.dirty) {
      this.keep();
      this.later(AFTER_TYPING);
    } else this.with_.drafts.forget();
    this.with_.show({ is: "saved", answer: this.answer, asked });
    return !this.dirty;
  }

  private async sendAgain({ fields, version }: { fields: Fields; version: number }): Promise<void> {
    this.version = version;
    try {
      await this.send(fields, QUIETLY);
    } catch (error) {
      // Somebody else was faster: what is typed by now is compared with theirs, not this.
      if (!(error instanceof Refusal) || error.status !== 409) throw error;
      this.unanswered = undefined;
    }
  }

  private async send(fields: Fields, asked: Asked): Promise<void> {
    this.unanswered = { fields, version: this.version };
    this.answer = await this.with_.send(fields, this.version, asked);
    this.unanswered = undefined;
    this.known = fields;
    this.version = this.answer.version;
  }

  private failed(refusal: Refusal): void {
    const { status, code, answer } = refusal;
    const passes = status === 0 || status === 429 || status >= 500;
    if (status !== 0 && status < 500) this.unanswered = undefined;
    this.tries = passes ? this.tries + 1 : 0;
    this.stopped = !passes && code !== "invalid";
    if (passes) {
      this.later(Math.max(1000 * refusal.retryAfter, Math.min(LONGEST_WAIT, 1000 * 2 ** this.tries)));
      this.with_.show({ is: "unreachable", refusal });
    } else if (code === "invalid") {
      this.owesFinish = false;
      this.with_.show({ is: "invalid", fields: (answer.fields ?? {}) as Record<string, string[]> });
    } else if (code === "changed") {
      const theirs = (answer.theirs ?? { version: 0 }) as Record<string, unknown>;
      this.with_.show({ is: "changed", theirs, html: String(answer.html ?? "") });
    } else this.with_.show({ is: "stopped", refusal });
  }

  private untyped(): void {
    if (this.unanswered) return;
    window.clearTimeout(this.timer);
    this.with_.drafts.forget();
  }

  private keep(): void {
    this.with_.drafts.keep({ fields: this.with_.read(), version: this.version });
  }

  private later(ms: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), ms);
  }
}
