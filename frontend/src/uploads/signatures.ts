const AT_ONCE = 10;

export interface Signed {
  urls: Record<string, string>;
  /** Seconds. */
  expires_in: number;
}

/** Addresses to send parts to: asked for a few at a time, when they are needed, for they do not live long. */
export class Signatures {
  private readonly urls = new Map<number, string>();
  private until = 0;
  private asking: Promise<void> | undefined;

  constructor(
    private readonly ask: (numbers: number[]) => Promise<Signed>,
    /** Numbers of the parts still to be sent, in order. */
    private readonly missing: () => number[],
  ) {}

  /** The address for a part; each time a new one is asked for that was taken already: storage did not like it. */
  async take(number: number): Promise<string> {
    for (;;) {
      const url = this.urls.get(number);
      // By the wall clock: others stand still while a laptop sleeps.
      if (url && Date.now() < this.until) {
        this.urls.delete(number);
        return url;
      }
      this.asking ??= this.fetch(number).finally(() => {
        this.asking = undefined;
      });
      await this.asking;
    }
  }

  private async fetch(number: number): Promise<void> {
    const next = this.missing().filter((other) => other > number && !this.urls.has(other));
    const asked = Date.now();
    const { urls, expires_in } = await this.ask([number, ...next.slice(0, AT_ONCE - 1)]);
    if (asked >= this.until) this.urls.clear();
    for (const [name, url] of Object.entries(urls)) this.urls.set(Number(name), url);
    // The shortest life holds for all; a tenth less, so that a part has time to begin.
    const until = Date.now() + expires_in * 900;
    this.until = this.until > asked ? Math.min(this.until, until) : until;
  }
}
