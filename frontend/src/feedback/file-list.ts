const FIRST_WAIT = 1500; // ms
const LONGEST_WAIT = 15_000;

/** The list as the server draws it; what plays in it goes on. */
export class FileList {
  private timer = 0;
  private wait = FIRST_WAIT;

  constructor(
    private readonly place: HTMLElement,
    private readonly url: string,
  ) {}

  get count(): number {
    return this.place.querySelectorAll("[data-file]").length;
  }

  /** Ask again while a recording is being prepared. */
  follow(): void {
    window.clearTimeout(this.timer);
    if (!this.place.querySelector("[data-file][data-state=checking]")) {
      this.wait = FIRST_WAIT;
      return;
    }
    this.timer = window.setTimeout(() => void this.refresh(), this.wait);
    this.wait = Math.min(LONGEST_WAIT, this.wait * 1.5);
  }

  end(): void {
    window.clearTimeout(this.timer);
  }

  async refresh(): Promise<void> {
    try {
      const answer = await fetch(this.url, { headers: { Accept: "text/html" } });
      if (answer.ok) this.draw(await answer.text());
    } catch {
      // Offline: the next press of a button says so in words.
    }
    this.follow();
  }

  private draw(html: string): void {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const next = fresh.querySelector("ul");
    const list = this.place.querySelector("ul");
    if (!next || !list) {
      this.place.replaceChildren(...fresh.body.childNodes);
      return;
    }
    const rows = new Map([...next.children].map((row) => [idOf(row), row]));
    for (const row of [...list.children]) {
      const now = rows.get(idOf(row));
      rows.delete(idOf(row));
      if (!now) row.remove();
      else if (stateOf(now) !== stateOf(row)) row.replaceWith(now);
    }
    list.append(...rows.values());
  }
}

const idOf = (row: Element) => (row as HTMLElement).dataset.file ?? "";
const stateOf = (row: Element) => {
  const { state, waits } = (row as HTMLElement).dataset;
  return `${state} ${waits ?? ""}`;
};
