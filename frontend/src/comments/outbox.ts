import { forget, keep, kept } from "../browser-storage";
import { Refusal } from "../http";
import type { Comment, Unsent } from "./data";

export interface Failure {
  words: string;
  /** False: sending the same again does not help. */
  passes: boolean;
}

const FIRST_WAIT = 5000; // ms until it is tried again by itself
const LONGEST_WAIT = 60_000;

/**
 * What was said and is on its way. It is kept in the browser before it is sent, and until the server has it: over a lost
 * connection, a reload, and an ended session.
 */
export class Outbox {
  private readonly unsent = new Map<string, Unsent>();
  private readonly failures = new Map<string, Failure>();
  private readonly sending = new Map<string, Promise<void>>();
  private readonly mine = new Set<string>();
  private timer = 0;
  private wait = FIRST_WAIT;

  /**
   * @param send resolves when the server has it, with what it shows of it: null where it is deleted by now.
   * @param told called for one that was sent (an answer) or was not (a failure).
   */
  constructor(
    private readonly key: string,
    private readonly send: (one: Unsent) => Promise<Comment | null>,
    private readonly told: (one: Unsent, answer: Comment | null | undefined) => void,
  ) {
    for (const one of kept<Unsent[]>(key) ?? []) this.unsent.set(one.id, one);
    for (const id of this.unsent.keys()) this.mine.add(id);
    window.addEventListener("online", () => this.sendAll());
    window.addEventListener("beforeunload", (event) => {
      if (this.unsent.size) event.preventDefault();
    });
  }

  get waiting(): Unsent[] {
    return [...this.unsent.values()];
  }

  failure(id: string): Failure | undefined {
    return this.failures.get(id);
  }

  /** Keep it and send it; another of the same id is replaced. */
  put(one: Unsent): void {
    const before = this.unsent.get(one.id);
    // What the server never had is still new, whatever was typed on.
    this.mine.add(one.id);
    this.unsent.set(
      one.id,
      before && one.kind === "edit" ? { ...one, kind: before.kind, to: before.to } : one,
    );
    this.store();
    void this.try(one.id);
  }

  has(id: string): boolean {
    return this.unsent.has(id);
  }

  /** Resolves when it is not on its way any more. */
  settled(id: string): Promise<void> {
    return this.sending.get(id) ?? Promise.resolve();
  }

  drop(id: string): void {
    this.unsent.delete(id);
    this.failures.delete(id);
    this.store();
  }

  sendAll(): void {
    window.clearTimeout(this.timer);
    for (const id of this.unsent.keys()) {
      if (this.failures.get(id)?.passes !== false) void this.try(id);
    }
  }

  /** Send all that waits, once. @returns why some of it still does; empty where none does. */
  async settle(): Promise<string> {
    await Promise.all([...this.unsent.keys()].map((id) => this.try(id)));
    const [left] = this.unsent.keys();
    return left === undefined ? "" : (this.failures.get(left)?.words ?? "It is still on its way.");
  }

  try(id: string): Promise<void> {
    const one = this.unsent.get(id);
    const running = this.sending.get(id);
    if (!one || running) return running ?? Promise.resolve();
    const run = this.run(one).finally(() => this.sending.delete(id));
    this.sending.set(id, run);
    // It may have been typed on in the meantime.
    return run.then(() => (this.unsent.has(id) && this.unsent.get(id) !== one ? this.try(id) : undefined));
  }

  private async run(one: Unsent): Promise<void> {
    let answer: Comment | null | undefined;
    let failure: Failure | undefined;
    try {
      answer = await this.send(one);
    } catch (error) {
      failure = inWords(error);
    }
    if (this.unsent.get(one.id) !== one) return;
    if (failure) {
      this.failures.set(one.id, failure);
      if (failure.passes) this.later();
    } else {
      this.drop(one.id);
      this.wait = FIRST_WAIT;
    }
    this.told(one, answer);
  }

  private later(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.sendAll(), this.wait);
    this.wait = Math.min(2 * this.wait, LONGEST_WAIT);
  }

  private store(): void {
    // Another tab at the same work keeps its own there too.
    const others = (kept<Unsent[]>(this.key) ?? []).filter(({ id }) => !this.mine.has(id));
    if (others.length || this.unsent.size) keep(this.key, [...others, ...this.waiting]);
    else forget(this.key);
  }
}

function inWords(error: unknown): Failure {
  if (!(error instanceof Refusal)) return { words: "It could not be sent.", passes: true };
  if (error.code === "session_ended")
    return {
      words:
        "Your session in this tab may have ended. It is kept here: open the assignment from Moodle again.",
      passes: false,
    };
  if (error.status === 0)
    return { words: "The server did not answer. It is tried again by itself.", passes: true };
  return { words: error.inWords, passes: error.status !== 409 && (error.willPass || error.status >= 500) };
}
