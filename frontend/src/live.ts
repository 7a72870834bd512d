import { fetchJson } from "./http";
import { startPlayers, stopPlayers } from "./playback/player";
import { showLocalTimes } from "./times";

interface State {
  /** Changes whenever the page would. */
  version: string;
  /** Seconds until it is worth asking again. */
  every: number;
}

/**
 * Keep the `[data-live]` places of a page as the server would draw them now, without a reload: what somebody types,
 * plays or uploads beside them goes on.
 */
export class LivePage {
  private version: string;
  private timer = 0;

  /** @param updated called after places have been drawn anew. */
  constructor(
    private readonly root: HTMLElement,
    private readonly updated: () => void,
  ) {
    this.version = root.dataset.version ?? "";
    this.wait(Number(root.dataset.every) || 30);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.look();
    });
  }

  /** Ask now. */
  async look(): Promise<void> {
    window.clearTimeout(this.timer);
    let every = 30;
    try {
      const state = await fetchJson<State>(this.root.dataset.state ?? "");
      every = state.every;
      if (state.version !== this.version && this.mayDraw()) {
        await this.draw();
        this.version = state.version;
      }
    } catch {
      // Offline, or the session has ended: whatever the person does next says so in words.
    }
    this.wait(every);
  }

  private wait(seconds: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(
      () => (document.hidden ? this.wait(seconds) : void this.look()),
      1000 * seconds,
    );
  }

  /** Not under somebody's hands: an open question, a recording, a text, or a video that plays. */
  private mayDraw(): boolean {
    return (
      !this.root.querySelector(
        "[data-recorder][data-busy], [data-live] dialog[open], [data-live] textarea:focus",
      ) &&
      ![...this.root.querySelectorAll<HTMLMediaElement>("[data-live] video, [data-live] audio")].some(
        (media) => !media.paused,
      )
    );
  }

  private async draw(): Promise<void> {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(`the page answered ${answer.status}`); // so that it is asked for again
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    // What one sends with is never drawn anew; where it was not there yet, nothing is lost by coming again.
    const ways = "[data-upload-panel], [data-recorder]";
    if (fresh.querySelector(ways) && !this.root.querySelector(ways)) return location.reload();
    const focused = document.activeElement?.id;
    for (const place of this.root.querySelectorAll<HTMLElement>("[data-live]")) {
      const next = fresh.querySelector<HTMLElement>(`[data-live=${place.dataset.live}]`);
      if (!next) continue;
      const hadFocus = place.contains(document.activeElement);
      stopPlayers(place);
      const unfolded = [...place.querySelectorAll<HTMLElement>("details[id][open]")].map(({ id }) => id);
      place.replaceChildren(...next.childNodes);
      for (const folded of place.querySelectorAll<HTMLDetailsElement>("details[id]"))
        folded.open ||= unfolded.includes(folded.id);
      place.hidden = next.hidden;
      if (hadFocus) (document.getElementById(focused ?? "") ?? place).focus();
      showLocalTimes(place);
      void startPlayers(place);
    }
    for (const folded of this.root.querySelectorAll<HTMLDetailsElement>("details[data-live-open]")) {
      folded.open = fresh.querySelector<HTMLDetailsElement>(`#${folded.id}`)?.open ?? folded.open;
    }
    const news = fresh.querySelector<HTMLElement>("[data-news]")?.dataset.news ?? "";
    const place = this.root.querySelector("[data-news]");
    if (place && place.textContent !== news) place.textContent = news;
    this.updated();
  }
}
