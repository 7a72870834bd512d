import { bytes, timeLeft } from "../format";
import { clock } from "./stopwatch";

export const VIDEO_BITS = 2_500_000; // a second; 720p of a person, or a screen that seldom changes
export const AUDIO_BITS = 128_000;
const BYTES_A_SECOND = (VIDEO_BITS + AUDIO_BITS) / 8;

/** How long one may record, by whichever limit comes first. */
export interface Limit {
  seconds: number;
  /** True where the assignment sets no length and the largest file ends it: then the time is only about right. */
  bySize: boolean;
}

export function limitOf({ maxSeconds, maxBytes }: { maxSeconds: number | null; maxBytes: number }): Limit {
  const fits = Math.floor(mostBytes(maxBytes) / BYTES_A_SECOND);
  return maxSeconds !== null && maxSeconds <= fits
    ? { seconds: maxSeconds, bySize: false }
    : { seconds: fits, bySize: true };
}

/** Where a recording has to end so that its last seconds fit as well. */
export function mostBytes(maxBytes: number): number {
  return maxBytes - Math.min(2 * 1024 ** 2, maxBytes / 10);
}

/** "You can record up to 5 minutes, about 94 MB." */
export function limitWords({ seconds, bySize }: Limit): string {
  if (bySize) return `You can record ${timeLeft(seconds)}, then the largest file is reached.`;
  return `You can record up to ${lengthWords(seconds)}, about ${bytes(seconds * BYTES_A_SECOND)}.`;
}

function lengthWords(seconds: number): string {
  if (seconds % 60) return seconds < 60 ? `${seconds} seconds` : `${clock(seconds)} minutes`;
  return seconds === 60 ? "1 minute" : `${seconds / 60} minutes`;
}

/** What is said of the room on this device; empty where the browser does not tell. */
export function roomWords(free: number | undefined, limit: Limit): string {
  if (free === undefined) return "";
  const seconds = free / BYTES_A_SECOND;
  if (seconds >= limit.seconds * 1.2) return `This device has room for it (${bytes(free)}).`;
  return `This device has room for ${timeLeft(seconds)} only. Free some space first if you need longer.`;
}

/** Bytes that the browser may still keep here, about. */
export async function freeRoom(): Promise<number | undefined> {
  try {
    const { quota, usage } = await navigator.storage.estimate();
    return quota === undefined ? undefined : quota - (usage ?? 0);
  } catch {
    return undefined; // a frame of another site may be refused even this
  }
}
