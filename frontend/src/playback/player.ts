import type Player from "video.js/dist/types/player";
import { fetchJson, Refusal } from "../http";
import { type Grant, takeGrant } from "./grants";
import { renewAfter } from "./renewal";

declare global {
  interface Window {
    VIDEOJS_NO_DYNAMIC_STYLE?: boolean;
  }
}

interface Options {
  /** How much of a video is loaded before it is played; `auto` for somebody who came to watch it. */
  preload?: "metadata" | "auto";
}

/** Fill every `[data-player]` below `root`. */
export async function startPlayers(root: ParentNode = document, options: Options = {}): Promise<Player[]> {
  const places = [...root.querySelectorAll<HTMLElement>("[data-player]")];
  if (!places.length) return [];
  window.VIDEOJS_NO_DYNAMIC_STYLE = true; // it would write <style> elements, which our CSP forbids
  const asked = places.map((place) => ask(place.dataset.playbackUrl ?? "")); // while the player is on its way
  const { default: videojs } = await import("video.js");
  const players = places.map((place, i) => start(place, videojs, asked[i] as Asked, options));
  for (const [i, place] of places.entries()) {
    const player = players[i] as Player;
    running.set(place, player);
    // For what is shown along with a film: places are drawn anew, and their players with them.
    place.dispatchEvent(new CustomEvent("reelmark-player", { bubbles: true, detail: player }));
  }
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

interface Asked {
  /** An address that the page before has begun to load the video by. */
  ready: Grant | undefined;
  /** The server's own answer: it checks who asks, and writes down that the video is watched. */
  granted: Promise<Grant>;
}

function ask(url: string): Asked {
  const granted = fetchJson<Grant>(url);
  granted.catch(() => undefined); // it is looked at when the player is there
  return { ready: takeGrant(url), granted };
}

function start(
  place: HTMLElement,
  videojs: typeof import("video.js").default,
  first: Asked,
  options: Options,
): Player {
  const url = place.dataset.playbackUrl ?? "";
  const element = document.createElement("video-js");
  element.classList.add("vjs-big-play-centered");
  place.querySelector("[data-player-screen]")?.replaceChildren(element);
  const player: Player = videojs(element, {
    controls: true,
    preload: options.preload ?? "metadata",
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
  let timer = 0;
  let renewedForError = false;

  player.on("dispose", () => window.clearTimeout(timer));

  async function load({ ready, granted }: Asked = { ready: undefined, granted: fetchJson<Grant>(url) }) {
    window.clearTimeout(timer);
    place.dataset.state = "loading";
    if (ready) put(ready);
    try {
      const grant = await granted;
      if (player.isDisposed()) return;
      if (!ready) put(grant);
      say("");
      timer = window.setTimeout(load, renewAfter(Date.parse((ready ?? grant).expires_at) - Date.now()));
    } catch (error) {
      if (ready && error instanceof Refusal && error.willPass) {
        timer = window.setTimeout(load, renewAfter(Date.parse(ready.expires_at) - Date.now()));
        return; // it plays all the same
      }
      if (ready) player.reset(); // what may be seen no more is not left on the screen
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
  void load(first);
  return player;
}
