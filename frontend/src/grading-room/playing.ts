import type Player from "video.js/dist/types/player";
import { onKey } from "./keys";

const FRAME = 1 / 25; // seconds: no browser tells a video's own rate
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

/** The player by keys, wherever the focus is. (Where it is on the player, Video.js has its own for Space and K.) */
export function startPlaying(player: Player): void {
  const by = (seconds: number) => {
    const ends = player.duration() || Number.POSITIVE_INFINITY;
    player.currentTime(Math.min(Math.max(0, (player.currentTime() ?? 0) + seconds), ends));
  };
  const step = (frames: number) => {
    player.pause();
    by(frames * FRAME);
  };
  const faster = (steps: number) => {
    // Of the element: Video.js tells the old one until the browser has said that it changed.
    const at = SPEEDS.indexOf(player.el().querySelector("video")?.playbackRate ?? player.playbackRate() ?? 1);
    player.playbackRate(SPEEDS[Math.min(Math.max(0, at + steps), SPEEDS.length - 1)] ?? 1);
  };
  onKey([" ", "k", "K"], "Play or pause", () => {
    if (player.paused()) void player.play()?.catch(() => undefined);
    else player.pause();
  });
  onKey(["j", "J"], "Back 10 seconds", () => by(-10));
  onKey(["l", "L"], "Forward 10 seconds", () => by(10));
  onKey([","], "Back one frame", () => step(-1));
  onKey(["."], "Forward one frame", () => step(1));
  onKey(["<"], "Slower", () => faster(-1));
  onKey([">"], "Faster", () => faster(1));
}
