import { bytes } from "../format";

export interface UploadConfig {
  beginUrl: string;
  submitUrl: string;
  /** Takes back the wish that a video be handed in by itself. */
  cancelUrl: string;
  maxBytes: number;
  /** MIME types, in the order to name them. */
  types: string[];
  /** As for `<input accept>`: types and endings. */
  accept: string;
}

/** Why a file cannot be taken, before anything is sent; empty when it can. The server checks again. */
export function whyNot(file: { name: string; size: number; type: string }, config: UploadConfig): string {
  if (file.size === 0) return "This file is empty. Choose another file.";
  if (!looksAllowed(file, config))
    return "This file is not a video we can take. Choose an MP4, MOV, WebM, MKV, AVI or WMV file.";
  if (file.size > config.maxBytes) {
    return `This file is ${bytes(file.size)}; the limit is ${bytes(config.maxBytes)}. Choose a shorter or more compressed video.`;
  }
  return "";
}

/** By type or by ending: phones give many videos an empty or a general type. */
function looksAllowed(file: { name: string; type: string }, config: UploadConfig): boolean {
  const type = file.type.split(";")[0]?.trim().toLowerCase() ?? "";
  const allowed = config.accept.split(",");
  const ending = /\.[^.]+$/.exec(file.name.toLowerCase())?.[0] ?? "";
  if (allowed.includes(type)) return true;
  return (
    (type === "" || type === "application/octet-stream" || type.startsWith("video/")) &&
    allowed.includes(ending)
  );
}
