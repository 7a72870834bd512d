import { bytes, timeLeft } from "../format";

const SHORTEST_MS = 500; // what is measured in less says nothing

interface Mark {
  at: number;
  sent: number;
}

/** Speed over the last ten seconds: an average over the whole upload would not notice a change of network. */
export class Speed {
  private marks: Mark[] = [];

  constructor(private readonly windowMs = 10_000) {}

  /** Note that `sent` bytes in all had gone at `at` (milliseconds). Sent bytes going back (a retry) start anew. */
  note(sent: number, at: number): void {
    const last = this.marks.at(-1);
    if (last && sent < last.sent) this.marks = [];
    this.marks.push({ at, sent });
    while (this.marks.length > 2 && at - (this.marks[1] as Mark).at > this.windowMs) this.marks.shift();
  }

  /** Bytes a second; 0 while there is nothing to measure by. */
  get perSecond(): number {
    const first = this.marks[0];
    const last = this.marks.at(-1);
    if (!first || !last || last.at < first.at + SHORTEST_MS) return 0;
    return ((last.sent - first.sent) * 1000) / (last.at - first.at);
  }

  /** Seconds until `total` at this speed; Infinity while it stands still. */
  secondsLeft(total: number): number {
    const sent = this.marks.at(-1)?.sent ?? 0;
    return this.perSecond > 0 ? (total - sent) / this.perSecond : Number.POSITIVE_INFINITY;
  }

  /** " at 2.1 MB/s, about 3 min left"; empty while there is nothing to measure by. */
  inWords(sent: number, total: number): string {
    const rate = this.perSecond;
    if (!rate) return "";
    const left = sent < total ? `, ${timeLeft(this.secondsLeft(total))} left` : "";
    return ` at ${bytes(rate)}/s${left}`;
  }
}
