/** Seconds from the beginning of a film; `until` undefined: a moment, not a span. */
export interface Moment {
  at: number;
  until: number | undefined;
}

/** "1:02:03", "75" or "1:15.5" (or with a comma) in seconds; undefined for what is no time. */
export function parseTime(typed: string): number | undefined {
  const parts = typed.trim().replace(",", ".").split(":");
  if (parts.length > 3) return undefined;
  let seconds = 0;
  for (const [i, part] of parts.entries()) {
    const last = i === parts.length - 1;
    if (!(last ? /^\d{1,6}(\.\d{1,3})?$/ : /^\d{1,4}$/).test(part)) return undefined;
    if (i > 0 && Number(part) >= 60) return undefined; // 1:75 is more likely a slip than 2:15
    seconds = seconds * 60 + Number(part);
  }
  return Math.round(seconds * 1000) / 1000;
}

/** "0:20" or "1:02:03": the second that has begun, as the player shows it. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** As `clock`, to the tenth: what a time field shows. "1:15.5". */
export function exactClock(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  return clock(Math.floor(tenths / 10)) + (tenths % 10 ? `.${tenths % 10}` : "");
}

/** "0:20", or "0:20 to 0:35". */
export function inWords({ at, until }: Moment): string {
  return until === undefined ? clock(at) : `${clock(at)} to ${clock(until)}`;
}

/** Where a moment is on a timeline, in percent of its width; a moment is 0 wide. Undefined where no length is known. */
export function onTimeline(
  { at, until }: Moment,
  duration: number,
): { left: number; width: number } | undefined {
  if (!Number.isFinite(duration) || duration <= 0) return undefined;
  const percent = (seconds: number) => (100 * Math.min(Math.max(seconds, 0), duration)) / duration;
  const left = percent(at);
  return { left, width: until === undefined ? 0 : Math.max(0, percent(until) - left) };
}

const LASTS = 4; // seconds that a moment is talked about
const EARLY = 0.25; // a player lands a little before where it was sent

/** Which of these is on at a time: the last that began, a span until it ends. -1: none. */
export function currentAt(moments: readonly Moment[], time: number): number {
  let found = -1;
  for (const [i, { at, until }] of moments.entries()) {
    if (at > time + EARLY || time > (until ?? at + LASTS)) continue;
    if (found < 0 || at >= (moments[found] as Moment).at) found = i;
  }
  return found;
}
