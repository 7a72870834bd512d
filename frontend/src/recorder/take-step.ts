import { bytes } from "../format";
import type { RecordingUpload, SendingState } from "../uploads/recording-upload";
import { allowedByPolicy } from "./ability";
import { type Limit, mostBytes } from "./estimate";
import { type Places, show } from "./places";
import type { SoundLine } from "./sound-line";
import { clock, lastMoments } from "./stopwatch";
import type { Studio } from "./studio";
import type { Take } from "./take";

const COUNT_FROM = 3;
const LOOK_EVERY = 250; // ms
const EARLY = 0.4; // s: the file is a little longer than the clock said, and the server's limit is not
const SENDING: Record<SendingState, string> = {
  sending: "sent already",
  waiting: "sent; connection trouble: trying again by itself",
  offline: "sent; connection lost: the rest is saved on this device and sent when you are online again",
  checking: "sent",
  kept: "sent; the rest is saved on this device",
};

/** 3, 2, 1; resolves false when it was cancelled. */
export function countDown({ countdown, counting, skip, cancel, live, title }: Places): Promise<boolean> {
  return new Promise((resolve) => {
    const events = new AbortController();
    let left = COUNT_FROM;
    const end = (go: boolean) => {
      events.abort();
      window.clearInterval(timer);
      show([countdown, counting], false);
      resolve(go);
    };
    const timer = window.setInterval(() => {
      left -= 1;
      countdown.textContent = String(left);
      if (left <= 0) end(true);
    }, 1000);
    title.textContent = "Get ready";
    countdown.textContent = String(left);
    live.textContent = `Recording starts in ${left} seconds.`;
    show([countdown, counting], true);
    skip.addEventListener("click", () => end(true), events);
    cancel.addEventListener("click", () => end(false), events);
    skip.focus();
  });
}

/** The recording itself: clock, pause, stop, and where it ends by itself. */
export class TakeStep {
  private take: Take | undefined;
  private upload: RecordingUpload | undefined;
  private sending: SendingState = "sending";
  private secondsLeft = Number.POSITIVE_INFINITY;
  private whyEnded = "";

  constructor(
    private readonly places: Places,
    private readonly sound: SoundLine,
    private readonly limit: Limit,
    private readonly maxBytes: number,
  ) {
    places.pause.addEventListener("click", () => this.pause(true));
    places.resume.addEventListener("click", () => this.pause(false));
    places.stop.addEventListener("click", () => this.take?.stop());
  }

  /** Record until it is stopped or something stops it; why, where it was not the person. */
  async run(take: Take, upload: RecordingUpload, studio: Studio): Promise<string> {
    const { places } = this;
    this.take = take;
    this.upload = upload;
    this.sending = "sending";
    this.secondsLeft = this.limit.seconds;
    this.whyEnded = "";
    show([places.bar, places.running], true);
    show([places.left], false);
    places.title.classList.add("visually-hidden"); // the bar says the same to the eye
    places.limit.textContent = this.limit.bySize ? "" : `of ${clock(this.limit.seconds)}`;
    this.sound.follow(studio.sound, true);
    const timer = window.setInterval(() => this.look(), LOOK_EVERY);
    const sleepAgain = keepAwake();
    try {
      take.start();
      this.pause(false);
      places.pause.focus();
      await take.ended;
    } finally {
      window.clearInterval(timer);
      sleepAgain();
      this.sound.end();
      show([places.bar, places.running], false);
      places.title.classList.remove("visually-hidden");
      this.take = undefined;
    }
    return this.whyEnded;
  }

  /** End it because of something that is not the person's pressing of Stop. */
  end(why: string): void {
    if (!this.take) return;
    this.whyEnded ||= why;
    this.take.stop();
  }

  /** Also when a piece comes in: timers of a page in the background may be late. */
  look(): void {
    const { take, places, limit } = this;
    if (!take) return;
    const seconds = take.watch.seconds;
    places.time.textContent = clock(seconds);
    const sent = Math.min(this.upload?.sent ?? 0, take.bytes);
    // The first part takes a while to fill: "0 bytes sent" would sound like trouble.
    places.sent.textContent =
      sent || this.sending !== "sending"
        ? `${bytes(take.bytes)} recorded, ${bytes(sent)} ${SENDING[this.sending]}.`
        : `${bytes(take.bytes)} recorded. It is sent while you record.`;
    const left = limit.bySize
      ? ((mostBytes(this.maxBytes) - take.bytes) * seconds) / (take.bytes || 1)
      : limit.seconds - seconds;
    this.sayTimeLeft(seconds > 2 || !limit.bySize ? left : limit.seconds);
    if (!limit.bySize && left <= EARLY) this.end(`The longest time, ${clock(limit.seconds)}, was reached.`);
    if (take.bytes >= mostBytes(this.maxBytes))
      this.end(`The largest size, ${bytes(this.maxBytes)}, was reached.`);
  }

  sends(state: SendingState): void {
    this.sending = state;
    this.look();
  }

  private sayTimeLeft(left: number): void {
    const { places } = this;
    const words = lastMoments(this.secondsLeft, left);
    this.secondsLeft = Math.min(this.secondsLeft, left);
    if (words) places.live.textContent = words;
    places.left.hidden = left > 30;
    if (left <= 30) places.left.textContent = `${Math.max(0, Math.ceil(left))} s left`;
  }

  private pause(paused: boolean): void {
    const { take, places } = this;
    if (!take) return;
    if (paused) take.pause();
    else take.resume();
    const held = take.paused;
    const had = document.activeElement === places.pause || document.activeElement === places.resume;
    places.pause.hidden = held;
    places.resume.hidden = !held;
    if (had) (held ? places.resume : places.pause).focus();
    places.bar.dataset.state = held ? "paused" : "recording";
    places.title.textContent = held ? "Paused" : "Recording";
    places.stateText.textContent = held ? "Paused" : "Recording";
    places.live.textContent = held ? "Paused" : "Recording";
    this.look();
  }
}

/** A phone that goes to sleep stops its camera. */
function keepAwake(): () => void {
  let over = false;
  let lock: WakeLockSentinel | undefined;
  const ask = () => {
    // Moodle's frame does not pass this on; then nothing can be done.
    if (allowedByPolicy("screen-wake-lock") === false) return;
    navigator.wakeLock?.request("screen").then(
      (given) => {
        lock = given;
        if (over) void given.release();
      },
      () => undefined,
    );
  };
  const back = () => document.visibilityState === "visible" && ask();
  ask();
  document.addEventListener("visibilitychange", back);
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", back);
    void lock?.release();
  };
}
