import type Player from "video.js/dist/types/player";
import { fetchJson, Refusal } from "../http";
import { renewAfter } from "./renewal";

interface Grant {
  src: string;
  type: string;
  expires_at: string;
}

declare global {
  interface Window {
    VIDEOJS_NO_DYNAMIC_STYLE?: boolean;
  }
}

/** Fill every `[data-player]` below `root`. */
export async function startPlayers(root: ParentNode = document): Promise<Player[]> {
  const places = [...root.querySelectorAll<HTMLElement>("[data-player]")];
  if (!places.length) return [];
  window.VIDEOJS_NO_DYNAMIC_STYLE = true; // it would write <style> elements, which our CSP forbids
  const { default: videojs } = await import("video.js");
  const players = places.map((place) => start(place, videojs));
  for (const [i, place] of places.entries()) running.set(place, players[i] as Player);
  return players;
}

const running = new WeakMap<HTMLElement, Player>();

/** The one that fills this `[data-player]`, where it was started. */
export function playerAt(place: HTMLElement): Player | undefined {
  return running.get(place);
}

/** End those below `root`, which is about to go. */
export function stopPlayers(root: ParentNode): void {
  for (const place of root.querySelectorAll<HTMLElement>("[data-player]")) running.get(place)?.dispose();
}

function start(place: HTMLElement, videojs: typeof import("video.js").default): Player {
  const url = place.dataset.playbackUrl ?? "";
  const element = document.createElement("video-js");
  element.classList.add("vjs-big-play-centered");
  place.querySelector("[data-player-screen]")?.replaceChildren(element);
  const player: Player = videojs(element, {
    controls: true,
    preload: "metadata",
    playbackRates: [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2],
    playsinline: true,
    fill: true,
    errorDisplay: false,
    userActions: { hotkeys: true },
    controlBar: {
      skipButtons: { forward: 10, backward: 10 },
      remainingTimeDisplay: false,
      currentTimeDisplay: true,
      timeDivider: true,
      durationDisplay: true,
    },
  });
  if (place.dataset.label) player.el().setAttribute("aria-label", place.dataset.label); // a page may have several
  const problem = place.querySelector<HTMLElement>("[data-player-problem]");
  const say = (text: string) => {
    if (!problem) return;
    problem.hidden = !text;
    const words = problem.querySelector("[data-player-problem-text]");
    if (words) words.textContent = text;
  };
  let expiresAt = 0;
  let timer = 0;
  let renewedForError = false;

  player.on("dispose", () => window.clearTimeout(timer));

  async function load(): Promise<void> {
    window.clearTimeout(timer);
    place.dataset.state = "loading";
    try {
      const grant = await fetchJson<Grant>(url);
      if (player.isDisposed()) return;
      expiresAt = Date.parse(grant.expires_at);
      put(grant);
      say("");
      timer = window.setTimeout(load, renewAfter(expiresAt - Date.now()));
    } catch (error) {
      place.dataset.state = "error";
      say(error instanceof Refusal ? error.inWords : "The video could not be loaded.");
      player.trigger("reelmark-unavailable");
    }
  }

  /** A new address in the old one's place: position, speed and playing go on. */
  function put(grant: Grant): void {
    const at = player.currentTime() ?? 0;
    const rate = player.playbackRate() ?? 1;
    const playing = !player.paused();
    player.src({ src: grant.src, type: grant.type });
    player.one("loadedmetadata", () => {
      place.dataset.state = "ready";
      if (at > 0) player.currentTime(at);
      player.playbackRate(rate);
      if (playing) void player.play()?.catch(() => undefined);
    });
  }

  player.on("playing", () => {
    renewedForError = false;
  });
  player.on("error", () => {
    // An address that ended in a sleeping laptop shows as a network or a source error: ask once for a new one.
    if (!renewedForError) {
      renewedForError = true;
      void load();
      return;
    }
    place.dataset.state = "error";
    say(
      player.error()?.code === 2
        ? "The connection broke while the video was loading. Check it, then press Try again."
        : "This browser cannot play this video. Try another browser, or download the video.",
    );
  });
  problem?.querySelector("button")?.addEventListener("click", () => {
    renewedForError = true;
    void load();
  });
  void load();
  return player;
}
