import { fetchJson, Refusal } from "../http";
import { PartCutter } from "./part-cutter";
import { put } from "./put";
import { delayBefore, online, pause } from "./retry";

export interface VideoUrls {
  renew: string;
  sign: string;
  status: string;
  complete: string;
  failed: string;
  remove: string;
}

interface Begun {
  video: string;
  parts: { size: number };
  urls: VideoUrls;
}

export interface Arrived {
  id: string;
  urls: VideoUrls;
}

/** `kept`: nothing is being sent, a person must act; what was recorded is on this device. */
export type SendingState = "sending" | "waiting" | "offline" | "checking" | "kept";

export interface RecordingListener {
  state(state: SendingState): void;
  /** Bytes that storage has, or is getting just now. */
  sent(bytes: number): void;
}

/** The outside world, so that tests can be it. */
export interface Wire {
  ask<T>(url: string, body?: unknown): Promise<T>;
  put: typeof put;
  /** Resolves when it is worth trying again, at the earliest after so many seconds. */
  wait(tries: number, signal: AbortSignal, atLeast: number): Promise<void>;
}

const WIRE: Wire = {
  ask: (url, body) => Promise.race([fetchJson<never>(url, body), noAnswer()]),
  put,
  async wait(tries, signal, atLeast) {
    // Back online, there is no reason to go on waiting as long as before.
    const offline = navigator.onLine === false;
    await online(signal);
    await pause(Math.max(delayBefore(offline ? 0 : tries), 1000 * atLeast), signal);
  },
};
const PATIENCE = 60_000; // ms for an answer of our own server: a connection can die without saying so
const LANES = 2;
const FORBIDDEN_TRIES = 3;
const MOST_MISSING = 5; // times that storage may have lost parts

interface Part {
  number: number;
  blob: Blob;
}

/**
 * Sends a recording while it is being made.
 *
 * Faults that pass are retried for ever: the recording goes on meanwhile, and its pieces wait in memory. Where a person must
 * act, nothing more is sent until `finish` is called (again), which goes on where it stopped.
 */
export class RecordingUpload {
  total = 0;
  state: SendingState = "sending";
  private begun: Begun | undefined;
  private cutter: PartCutter | undefined;
  private early: Blob[] = [];
  private waiting: Part[] = [];
  private readonly parts: Part[] = [];
  private sentParts = new Map<number, number>();
  private underWay = new Map<number, number>();
  private over = false;
  private running: Promise<void> | undefined;
  private problem: unknown;
  private readonly stop = new AbortController();

  constructor(
    private readonly about: { beginUrl: string; name: string; type: string },
    private readonly listener: RecordingListener,
    private readonly wire: Wire = WIRE,
  ) {}

  /** What was last recorded. */
  add(piece: Blob): void {
    if (this.over) throw new Error("the recording had ended");
    this.total += piece.size;
    if (this.cutter) this.queue(this.cutter.add(piece));
    else this.early.push(piece);
    if (this.problem === undefined) this.run();
  }

  /**
   * There will be no more pieces: resolves when the server has taken all of them; to be called again after a refusal.
   * @throws Refusal when a person must act; the signal's reason when abandoned.
   */
  async finish(): Promise<Arrived> {
    this.over = true;
    if (!this.total) throw new Refusal(0, "empty", "Nothing was recorded.", "Record again.");
    await this.running; // one that has just met a problem must end before its problem is forgotten
    this.problem = undefined;
    for (let tries = 0; ; tries += 1) {
      await this.sendAll();
      try {
        return await this.complete();
      } catch (error) {
        if (!(error instanceof Refusal && error.code === "not_arrived") || tries >= MOST_MISSING) throw error;
        await this.findMissing();
        await this.wait(tries);
      }
    }
  }

  /** Gives the recording up: what has arrived of it is deleted. */
  abandon(): void {
    this.stop.abort(new DOMException("abandoned", "AbortError"));
    if (this.begun) void this.wire.ask(this.begun.urls.remove, {}).catch(() => undefined);
  }

  /** Bytes that storage has, or is getting just now. */
  get sent(): number {
    let sum = 0;
    for (const bytes of this.sentParts.values()) sum += bytes;
    for (const bytes of this.underWay.values()) sum += bytes;
    return sum;
  }

  private async sendAll(): Promise<void> {
    do {
      this.run();
      await this.running;
      this.stop.signal.throwIfAborted();
      if (this.problem !== undefined) throw this.problem;
    } while (!this.begun || this.waiting.length);
  }

  /** Parts that storage took and does not have: they are sent again. */
  private async findMissing(): Promise<void> {
    const { urls } = this.begun as Begun;
    const { parts } = await this.patiently(
      () => this.wire.ask<{ parts?: { number: number; size: number }[] }>(urls.status),
      () => true,
    );
    const there = new Map(parts?.map(({ number, size }) => [number, size]));
    for (const part of this.parts) {
      if (there.get(part.number) === part.blob.size) continue;
      this.sentParts.delete(part.number);
      this.waiting.push(part);
    }
  }

  private queue(parts: Blob[]): void {
    for (const blob of parts) {
      const part = { number: this.parts.length + 1, blob };
      this.parts.push(part);
      this.waiting.push(part);
    }
  }

  /** See that somebody is sending, where there is something to send. */
  private run(): void {
    if (this.over && this.cutter) this.cutLast();
    if (this.running || this.stop.signal.aborted) return;
    if (this.begun && !this.waiting.length) return;
    this.running = this.send()
      .catch((error: unknown) => {
        if (this.stop.signal.aborted) return;
        this.problem = error;
        this.say("kept");
      })
      .finally(() => {
        this.running = undefined;
        // Pieces that came between the last look and the end.
        if (this.problem === undefined && this.waiting.length) this.run();
      });
  }

  private cutLast(): void {
    const rest = this.cutter?.rest();
    this.cutter = undefined;
    if (rest) this.queue([rest]);
  }

  private async send(): Promise<void> {
    if (!this.begun) await this.begin();
    const lane = async () => {
      for (;;) {
        // A lane that starts anew must not go on beside one that has met a problem.
        const part = this.problem === undefined ? this.waiting.shift() : undefined;
        if (!part) return;
        try {
          await this.sendPart(part);
        } catch (error) {
          this.waiting.unshift(part);
          this.problem ??= error;
          return;
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    this.waiting.sort((one, other) => one.number - other.number);
    if (this.problem !== undefined) throw this.problem;
  }

  private async begin(): Promise<void> {
    const { beginUrl, name, type } = this.about;
    // 409 here is no matter of time: there is something in the way, and only a person can move it.
    this.begun = await this.patiently(
      () => this.wire.ask<Begun>(beginUrl, { name, type, size: null, recorded: true }),
      (refusal) => refusal.status !== 409,
    );
    this.cutter = new PartCutter(this.begun.parts.size);
    for (const piece of this.early) this.queue(this.cutter.add(piece));
    this.early = [];
    if (this.over) this.cutLast();
  }

  private async sendPart({ number, blob }: Part): Promise<void> {
    const { urls } = this.begun as Begun;
    const { signal } = this.stop;
    let forbidden = 0;
    for (let tries = 0; ; tries += 1) {
      // An address is asked for just before it is used: those asked for ahead run out while a laptop sleeps.
      const signed = await this.patiently(
        () =>
          this.wire.ask<{ urls: Record<string, string> }>(urls.sign, {
            parts: [{ number, size: blob.size }],
          }),
        () => true,
      );
      this.say("sending");
      const status = await this.wire.put(
        signed.urls[number] ?? "",
        blob,
        (bytes) => {
          this.underWay.set(number, Math.min(bytes, blob.size));
          this.listener.sent(this.sent);
        },
        signal,
      );
      this.underWay.delete(number);
      if (status >= 200 && status < 300) {
        this.sentParts.set(number, blob.size);
        this.listener.sent(this.sent);
        return;
      }
      this.listener.sent(this.sent);
      const passes = status === 0 || status === 408 || status === 429 || status >= 500;
      if (!passes) forbidden += 1;
      if (forbidden >= FORBIDDEN_TRIES) throw storageRefused(status);
      await this.wait(tries);
    }
  }

  private async complete(): Promise<Arrived> {
    const { urls } = this.begun as Begun;
    this.say("checking");
    const answer = await this.patiently(
      () => this.wire.ask<{ video: { id: string } }>(urls.complete, { parts: this.parts.length }),
      (refusal) => refusal.code !== "not_arrived",
      "checking",
    );
    return { id: answer.video.id, urls };
  }

  /** Ask our own server again and again, while the trouble is of the kind that passes. */
  private async patiently<T>(
    ask: () => Promise<T>,
    passes: (refusal: Refusal) => boolean,
    then: SendingState = "sending",
  ): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await ask();
        this.stop.signal.throwIfAborted();
        if (tries) this.say(then);
        return answer;
      } catch (error) {
        this.stop.signal.throwIfAborted();
        if (!(error instanceof Refusal && error.willPass && passes(error))) throw error;
        await this.wait(tries, error.retryAfter);
      }
    }
  }

  private say(state: SendingState): void {
    this.state = state;
    this.listener.state(state);
  }

  private async wait(tries: number, atLeast = 0): Promise<void> {
    this.say(navigator.onLine === false ? "offline" : "waiting");
    await this.wire.wait(tries, this.stop.signal, atLeast);
  }
}

function noAnswer(): Promise<never> {
  const refusal = new Refusal(0, "no_answer", "The server did not answer.", "Check your connection.");
  return new Promise((_, reject) => setTimeout(() => reject(refusal), PATIENCE));
}

function storageRefused(status: number): Refusal {
  return new Refusal(
    status,
    "storage_refused",
    "The video storage did not take the recording.",
    "Try again in a few minutes.",
  );
}
