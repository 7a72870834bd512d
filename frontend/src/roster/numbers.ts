import { fetchJson } from "../http";

interface Now {
  counters: Record<string, number>;
  marked: number;
  handed_in: number;
  /** Marks that a worker is still to release. */
  releasing: number;
}

const SOON = 700; // ms: a column of marks is typed faster than it is worth counting
const EVERY = 2000; // ms, while marks are being released

/** The counters, the progress, and the line that says how many marks are still to be released. */
export class Numbers {
  private timer = 0;
  private releasing: number;

  /** @param released called once when everything that was asked for is released. */
  constructor(
    private readonly root: HTMLElement,
    private readonly say: (text: string) => void,
    private readonly released: () => void,
  ) {
    this.releasing = Number(root.dataset.releasing ?? 0);
    if (this.releasing) this.wait(EVERY);
  }

  /** A mark was saved: count again in a moment. */
  changed(): void {
    this.wait(SOON);
  }

  private wait(time: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.look(), time);
  }

  async look(): Promise<void> {
    try {
      this.show(await fetchJson<Now>(this.root.dataset.now ?? ""));
    } catch {
      // Offline, or the session has ended: what the person does next says so in words.
    }
    if (this.releasing) this.wait(EVERY);
  }

  private show(now: Now): void {
    for (const counter of this.root.querySelectorAll<HTMLElement>("[data-counter]")) {
      const count = now.counters[counter.dataset.counter ?? ""] ?? 0;
      counter.classList.toggle("zero", count === 0);
      text(counter, "strong", count);
    }
    const progress = this.root.querySelector<HTMLElement>("[data-progress]");
    if (progress) {
      const bar = progress.querySelector("progress");
      if (bar) [bar.max, bar.value] = [now.handed_in, now.marked];
      text(progress, "[data-marked]", now.marked);
      text(progress, "[data-handed-in]", now.handed_in);
    }
    const before = this.releasing;
    this.releasing = now.releasing;
    const line = this.root.querySelector<HTMLElement>("[data-releasing-line]");
    if (!line || !before) return;
    text(line, "[data-to-go]", now.releasing);
    if (now.releasing) return;
    line.textContent = "All marks that you asked for are released.";
    this.say(line.textContent);
    this.released();
  }
}

function text(place: HTMLElement, where: string, count: number): void {
  const found = place.querySelector(where);
  if (found) found.textContent = String(count);
}
