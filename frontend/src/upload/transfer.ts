import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import { fetchJson, Refusal } from "../http";
import type { UploadConfig } from "./file-check";
import { delayBefore, online, pause } from "./retry";

interface Ticket {
  upload: { method: "POST"; url: string; fields: Record<string, string>; expires_in: number };
  urls: { renew: string; complete: string; failed: string };
}

export type Stage = "preparing" | "sending" | "waiting" | "offline" | "checking";

export interface Listener {
  stage(stage: Stage): void;
  /** Bytes of the file that have been sent in this try. */
  progress(sent: number): void;
}

const MOST_TRIES = 12;

/**
 * Send one file straight to storage, then have the server look at what arrived.
 * Faults of the network are retried with growing pauses; a ticket that ran out is replaced.
 * @throws Refusal when a person must act, or the retries are used up; the signal's reason when aborted.
 */
export async function transfer(
  file: File,
  config: UploadConfig,
  listener: Listener,
  signal: AbortSignal,
): Promise<void> {
  listener.stage("preparing");
  const described = { name: file.name, size: file.size, type: file.type };
  let ticket = await patiently(() => fetchJson<Ticket>(config.beginUrl, described), listener, signal);
  const { urls } = ticket;
  try {
    let issuedAt = performance.now();
    for (let tries = 0; ; tries += 1) {
      if (performance.now() - issuedAt > (ticket.upload.expires_in - 30) * 1000) {
        ticket = await patiently(() => fetchJson<Ticket>(urls.renew, {}), listener, signal);
        issuedAt = performance.now();
      }
      listener.stage("sending");
      const status = await send(file, ticket, listener, signal);
      if (status === "sent") break;
      // 403 is a ticket that ran out on the way, or one that storage will never take: a new one tells.
      const refused = status >= 400 && status < 500 && status !== 403 && status !== 408 && status !== 429;
      if (refused || tries >= MOST_TRIES || (status === 403 && tries >= 2)) throw storageSaidNo(status);
      if (status === 403) issuedAt = Number.NEGATIVE_INFINITY;
      await waitForBetter(tries, listener, signal);
    }
    listener.stage("checking");
    await patiently(() => fetchJson(urls.complete, {}), listener, signal);
  } catch (error) {
    const reason = signal.aborted
      ? "cancelled"
      : error instanceof Refusal && error.status > 0
        ? "refused"
        : "network";
    if (!(error instanceof Refusal && error.code === "session_ended")) {
      void fetchJson(urls.failed, { reason }).catch(() => undefined);
    }
    throw error;
  }
}

/** One try at the POST: "sent", or the HTTP status it failed with (0: no answer). */
async function send(
  file: File,
  ticket: Ticket,
  listener: Listener,
  signal: AbortSignal,
): Promise<"sent" | number> {
  const uppy = new Uppy({ autoProceed: false, allowMultipleUploadBatches: false });
  uppy.use(AwsS3, {
    shouldUseMultipart: false,
    getUploadParameters: () => ({
      method: "POST",
      url: ticket.upload.url,
      fields: ticket.upload.fields,
    }),
  });
  let status = 0;
  uppy.on("upload-progress", (_, progress) => listener.progress(progress.bytesUploaded || 0));
  uppy.on("upload-error", (_, error) => {
    status = (error as { source?: { status?: number } }).source?.status ?? 0;
  });
  const stop = () => uppy.cancelAll();
  signal.addEventListener("abort", stop);
  try {
    uppy.addFile({ name: file.name, type: file.type, data: file });
    const result = await uppy.upload();
    signal.throwIfAborted();
    return result?.successful?.length ? "sent" : status;
  } finally {
    signal.removeEventListener("abort", stop);
    uppy.destroy();
  }
}

/** Ask our own server, again and again while the trouble is of the kind that passes. */
async function patiently<T>(ask: () => Promise<T>, listener: Listener, signal: AbortSignal): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Refusal && error.willPass) || tries >= MOST_TRIES) throw error;
      await waitForBetter(tries, listener, signal);
    }
  }
}

async function waitForBetter(tries: number, listener: Listener, signal: AbortSignal): Promise<void> {
  listener.stage(navigator.onLine === false ? "offline" : "waiting");
  await online(signal);
  await pause(delayBefore(tries), signal);
}

function storageSaidNo(status: number): Refusal {
  return status === 0
    ? new Refusal(
        0,
        "network",
        "The connection to the video storage failed.",
        "Check your connection and press Try again.",
      )
    : new Refusal(
        status,
        "storage_refused",
        "The video storage did not take the file.",
        "Press Try again, or choose another file.",
      );
}
