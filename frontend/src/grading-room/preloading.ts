import type Player from "video.js/dist/types/player";
import { fetchJson } from "../http";
import { type Grant, keepGrant } from "../playback/grants";

const AT_LATEST = 5000; // ms

/**
 * Make the next student's video ready: its address, the connection, and its first seconds in the browser's cache. It
 * waits for the one that is watched, for whoever saves data it does nothing.
 */
export function startAhead(player: Player | undefined): void {
  const place = document.querySelector<HTMLElement>("[data-peek]");
  const url = place?.dataset.peek;
  const line = (navigator as { connection?: { saveData?: boolean } }).connection;
  if (!url || line?.saveData) return;
  let asked = false;
  const look = async () => {
    if (asked) return;
    asked = true;
    const next = await fetchJson<(Grant & { for: string }) | undefined>(url).catch(() => undefined);
    if (!next || !keepGrant(next.for, next)) return; // the next page could not use it
    const video = document.createElement("video");
    video.muted = true;
    video.preload = "auto";
    video.addEventListener("canplay", () => place.setAttribute("data-next-is-ready", ""));
    video.src = next.src;
  };
  player?.one("canplaythrough", () => void look());
  window.setTimeout(() => void look(), player ? AT_LATEST : 0);
}
