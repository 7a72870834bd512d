/** Time that was recorded: pauses do not count. */
export class Stopwatch {
  private before = 0;
  private since: number | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {}

  start(): void {
    this.since ??= this.now();
  }

  stop(): void {
    this.before = this.seconds * 1000;
    this.since = undefined;
  }

  get seconds(): number {
    return (this.before + (this.since === undefined ? 0 : this.now() - this.since)) / 1000;
  }
}

/** 65 -> "1:05", 3723 -> "1:02:03". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

const SAID_AT = [60, 30, 10]; // seconds left

/** What is said of the time that is left, when it is reached between two looks at the clock; else empty. */
export function lastMoments(leftBefore: number, left: number): string {
  const reached = SAID_AT.filter((at) => leftBefore > at && left <= at).at(-1);
  if (!reached) return "";
  return reached === 60 ? "1 minute left" : `${reached} seconds left`;
}
