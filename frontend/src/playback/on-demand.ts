import type Player from "video.js/dist/types/player";
import { showLocalTimes } from "../times";
import { playerAt, startPlayers } from "./player";

/** Show the video of whoever presses `[data-shows-player]`, now and in what is drawn later. */
export function startOnDemand(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-shows-player]");
    const place = button?.closest<HTMLElement>("[data-player-on-demand]");
    if (place) void show(place).then((player) => player?.focus());
  });
}

/** The player of an attempt (`[data-attempt]`), shown now if it was not yet; undefined where its video is gone. */
export async function playerIn(attempt: ParentNode): Promise<Player | undefined> {
  const running = attempt.querySelector<HTMLElement>("[data-player]");
  if (running) return playerAt(running);
  const place = attempt.querySelector<HTMLElement>("[data-player-on-demand]");
  return place ? show(place) : undefined;
}

async function show(place: HTMLElement): Promise<Player | undefined> {
  const kept = place.querySelector("template");
  if (!kept) return undefined;
  place.replaceChildren(kept.content.cloneNode(true));
  place.removeAttribute("data-player-on-demand");
  showLocalTimes(place);
  return (await startPlayers(place))[0];
}
