import type { Take } from "../recorder/take";

export const MOST_SECONDS = 600;
const LOOK_EVERY = 250; // ms
const EARLY = 0.5; // s: the file is a little longer than the clock said

export type DictationState = "ready" | "recording" | "paused" | "done";

type Recorded = Pick<
  Take,
  "start" | "pause" | "resume" | "stop" | "ended" | "file" | "name" | "type" | "watch"
>;

/** One recorded word, from a microphone that is open: recorded, paused, and stopped by itself at its limit. */
export class Dictation {
  state: DictationState = "ready";
  private timer = 0;
  private before = MOST_SECONDS;

  /**
   * @param changed called with each new state.
   * @param tick called again and again while it records: seconds so far, and what is left of them, before and now.
   */
  constructor(
    private readonly take: Recorded,
    private readonly changed: (state: DictationState) => unknown,
    private readonly tick: (seconds: number, leftBefore: number, left: number) => unknown,
  ) {
    void take.ended.then(() => {
      window.clearInterval(this.timer);
      this.look(); // the last moment counts
      this.to("done");
    });
  }

  get seconds(): number {
    return this.take.watch.seconds;
  }

  get file(): File {
    return new File([this.take.file], this.take.name, { type: this.take.type });
  }

  start(): void {
    if (this.state !== "ready") return;
    this.take.start();
    this.timer = window.setInterval(() => this.look(), LOOK_EVERY);
    this.to("recording");
  }

  pause(): void {
    if (this.state !== "recording") return;
    this.take.pause();
    this.to("paused");
  }

  resume(): void {
    if (this.state !== "paused") return;
    this.take.resume();
    this.to("recording");
  }

  /** `done` follows when the last piece is in. */
  stop(): void {
    if (this.state === "recording" || this.state === "paused") this.take.stop();
  }

  private look(): void {
    const left = MOST_SECONDS - this.seconds;
    this.tick(this.seconds, this.before, left);
    this.before = left;
    if (left <= EARLY) this.stop();
  }

  private to(state: DictationState): void {
    this.state = state;
    this.changed(state);
  }
}
