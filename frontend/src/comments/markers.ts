import type Player from "video.js/dist/types/player";
import { inWords, type Moment, onTimeline } from "./moments";

export interface Marked extends Moment {
  /** The first words, shown beside the pointer. */
  words: string;
}

/**
 * Show moments on a player's timeline: a dot, or a bar for a span. For the pointer alone: the list beside says the same
 * to everybody, and a slider may hold no buttons.
 */
export function drawMarkers(player: Player, marked: readonly Marked[], jump: (to: Marked) => void): void {
  const line = player.el().querySelector<HTMLElement>(".vjs-progress-holder");
  if (!line) return;
  let layer = line.querySelector<HTMLElement>(".markers");
  if (!layer) {
    layer = document.createElement("div");
    layer.className = "markers";
    layer.setAttribute("aria-hidden", "true");
    line.append(layer);
  }
  player.toggleClass("has-markers", marked.length > 0);
  const duration = player.duration() ?? 0;
  layer.replaceChildren(
    ...marked.map((one) => marker(one, duration, jump)).filter((one) => one !== undefined),
  );
}

function marker(one: Marked, duration: number, jump: (to: Marked) => void): HTMLElement | undefined {
  const place = onTimeline(one, duration);
  if (!place) return undefined;
  const element = document.createElement("div");
  element.className = one.until === undefined ? "marker" : "marker span";
  if (place.left > 66) element.classList.add("late");
  else if (place.left > 33) element.classList.add("middle");
  element.style.left = `${place.left}%`;
  if (place.width) element.style.width = `${place.width}%`;
  element.dataset.words = `${inWords(one)} ${one.words}`;
  // Before the slider takes it for a press on its own line.
  for (const kind of ["mousedown", "touchstart"] as const) {
    element.addEventListener(
      kind,
      (event) => {
        if ("button" in event && event.button !== 0) return;
        event.stopPropagation();
        jump(one);
      },
      { passive: true },
    );
  }
  return element;
}
