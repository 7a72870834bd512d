/**
 * What to record in, best first. H.264 with AAC plays everywhere as it is; the WebM kinds are mended on the server.
 * HEVC is never asked for: many a teacher's computer plays it as a black picture with sound.
 */
export const TYPES = [
  'video/mp4;codecs="avc1.42E028,mp4a.40.2"', // level 4.0: a screen of 1080 lines, which 3.0 would not cover
  'video/mp4;codecs="avc1.42E01E,mp4a.40.2"',
  'video/webm;codecs="vp9,opus"',
  'video/webm;codecs="vp8,opus"',
  "video/mp4",
  "video/webm",
];

/** The same for sound alone: AAC plays everywhere as it is. */
export const SOUND_TYPES = [
  'audio/mp4;codecs="mp4a.40.2"',
  'audio/webm;codecs="opus"',
  "audio/mp4",
  "audio/webm",
];

/** The first that this browser records; undefined where it records none. */
export function recordingType(
  isSupported: (type: string) => boolean,
  types: readonly string[] = TYPES,
): string | undefined {
  return types.find(isSupported);
}

/** Without the codecs: "video/webm". */
export function plainType(type: string): string {
  return type.split(";")[0]?.trim().toLowerCase() ?? "";
}

/** "Recording 2026-11-21 10.05.webm", by the clock of the person: colons are not allowed in Windows' file names. */
export function recordingName(at: Date, type: string): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const ending = { "video/mp4": "mp4", "audio/mp4": "m4a" }[plainType(type)] ?? "webm";
  return `Recording ${day} ${two(at.getHours())}.${two(at.getMinutes())}.${ending}`;
}
