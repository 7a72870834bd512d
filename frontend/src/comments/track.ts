import type Player from "video.js/dist/types/player";
import { drawMarkers, type Marked } from "./markers";
import { currentAt } from "./moments";

const TIMES = ["timeupdate", "seeked"];
const LENGTHS = ["loadedmetadata", "durationchange"];
const FIRST_WORDS = 60; // characters

/**
 * A list of comments beside the player of their video: markers on the timeline, the current one marked in the list, and
 * `[data-jump]` leading there. The items are the `[data-comment]` of the list, with `data-at`, `data-until` and a
 * `[data-words]`; call `refresh` after they changed.
 */
export class CommentTrack {
  private items: HTMLElement[] = [];
  private marked: Marked[] = [];
  private current: HTMLElement | undefined;
  private readonly ends = new AbortController();

  constructor(
    private readonly list: HTMLElement,
    readonly player: Player,
  ) {
    player.on(TIMES, this.follow);
    player.on(LENGTHS, this.draw);
    player.on("dispose", () => this.end());
    list.addEventListener(
      "click",
      (event) => {
        const item = (event.target as Element).closest("[data-jump]")?.closest<HTMLElement>("[data-comment]");
        if (item) this.jump(Number(item.dataset.at));
      },
      { signal: this.ends.signal },
    );
    this.refresh();
  }

  refresh(): void {
    this.items = [...this.list.querySelectorAll<HTMLElement>("[data-comment]")];
    this.marked = this.items.map((item) => ({
      at: Number(item.dataset.at),
      until: item.dataset.until ? Number(item.dataset.until) : undefined,
      words: shortened(item.querySelector("[data-words]")?.textContent ?? ""),
    }));
    this.draw();
    this.follow();
  }

  /** Let go of the list, where another takes its place. */
  end(): void {
    this.ends.abort();
    if (this.player.isDisposed()) return;
    this.player.off(TIMES, this.follow);
    this.player.off(LENGTHS, this.draw);
  }

  private jump(to: number): void {
    this.player.currentTime(to);
    this.player.el().closest("[data-player]")?.scrollIntoView({ block: "nearest" });
  }

  private readonly draw = (): void => {
    drawMarkers(this.player, this.marked, ({ at }) => this.jump(at));
  };

  private readonly follow = (): void => {
    const found = this.items[currentAt(this.marked, this.player.currentTime() ?? 0)];
    if (found === this.current && (!found || found.hasAttribute("aria-current"))) return;
    this.current?.removeAttribute("aria-current");
    this.current = found;
    if (!found) return;
    found.setAttribute("aria-current", "true");
    // Not under the hands of somebody who types or presses in it; and the page stays where it is.
    if (!this.list.contains(document.activeElement)) showWithin(this.list, found);
  };
}

/** Scroll a box, and nothing around it, so that one of its items shows. */
export function showWithin(box: HTMLElement, item: HTMLElement): void {
  const inside = item.getBoundingClientRect();
  const around = box.getBoundingClientRect();
  if (inside.top < around.top) box.scrollTop -= around.top - inside.top;
  else if (inside.bottom > around.bottom)
    box.scrollTop += Math.min(inside.bottom - around.bottom, inside.top - around.top);
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > FIRST_WORDS ? `${line.slice(0, FIRST_WORDS - 1).trimEnd()}…` : line;
}
