import { fetchJson, Refusal } from "../http";
import { fingerprint } from "./fingerprint";
import { delayBefore, online, pause } from "./retry";
import { type Outcome, SENDER, type Status, type Ticket } from "./ticket";
import { fresh, SLOTS, sendForm, sendParts } from "./ways";

export type Stage = "preparing" | "sending" | "waiting" | "offline" | "checking";

/** Where an upload begins, and what is said of it beside the file itself. */
export interface Beginning {
  beginUrl: string;
  described?: Record<string, string>;
}

export interface Listener {
  stage(stage: Stage): void;
  /** The upload has begun, or goes on with `received` bytes in storage. */
  begun(ticket: Ticket, received: number): void;
  /** Bytes of the file that are in storage or on the way. */
  progress(sent: number): void;
}

const MOST_TRIES = 12; // in a row, with nothing gained

/**
 * Send one file straight to storage, then have the server look at what arrived.
 * Faults of the network are retried with growing pauses; a ticket that ran out is replaced; parts that have arrived are
 * not sent again.
 * @throws Refusal when a person must act, or the retries are used up; the signal's reason when aborted.
 */
export async function transfer(
  file: File,
  config: Beginning,
  listener: Listener,
  signal: AbortSignal,
): Promise<void> {
  listener.stage("preparing");
  const { name, size, type } = file;
  const described = { name, size, type, fingerprint: await ends(file), sender: SENDER, ...config.described };
  const ticket = fresh(
    await patiently(() => fetchJson<Ticket>(config.beginUrl, described), listener, signal),
  );
  const { urls } = ticket;
  listener.begun(ticket, sum(ticket));
  try {
    await sendAll(file, ticket, listener, signal);
    listener.stage("checking");
    // All of it has gone: a server or storage that is busy for long must not cost the person a second sending.
    await patiently(() => fetchJson(urls.complete, {}), listener, signal, busy);
  } catch (error) {
    const reason = signal.aborted
      ? "cancelled"
      : error instanceof Refusal && error.status > 0
        ? "refused"
        : "network";
    // A pause is no failure, and after the session's end nobody would hear it.
    if (signal.reason !== PAUSED && !(error instanceof Refusal && error.code === "session_ended")) {
      void fetchJson(urls.failed, { reason }).catch(() => undefined);
    }
    throw error;
  }
}

/** Why a transfer is aborted that is to go on later. */
export const PAUSED = new DOMException("paused", "AbortError");

async function sendAll(file: File, first: Ticket, listener: Listener, signal: AbortSignal): Promise<void> {
  let ticket = first;
  let issuedAt = Date.now();
  let gained = sum(ticket);
  let slots = SLOTS;
  for (let tries = 0; ; tries += 1) {
    if (ticket.form && Date.now() - issuedAt > (ticket.form.expires_in - 30) * 1000) {
      ticket = await patiently(() => fetchJson<Ticket>(first.urls.renew, {}), listener, signal);
      issuedAt = Date.now();
    }
    listener.stage("sending");
    let sent = gained;
    const progress = (bytes: number) => {
      sent = Math.max(sent, bytes);
      listener.progress(bytes);
    };
    const send = ticket.way === "parts" ? sendParts : sendForm;
    const outcome = await send({ file, slots, ticket, progress, signal });
    if (outcome.sent || (await isOver(ticket, outcome))) return;
    await stillThere(file);
    // On a line that breaks again and again, many parts at once would each be too slow to arrive whole.
    slots = Math.max(1, Math.floor(slots / 2));
    if (ticket.way === "parts" && sent > gained) {
      gained = sent;
      tries = 0;
    }
    refuseIfHopeless(outcome, tries);
    // 403 is a ticket that ran out on the way, or one that storage will never take: a new one tells.
    if (outcome.status === 403) issuedAt = Number.NEGATIVE_INFINITY;
    await waitForBetter(tries, listener, signal, outcome.error);
  }
}

function refuseIfHopeless({ status, error }: Outcome & { sent: false }, tries: number): void {
  if (error instanceof Refusal && !error.willPass) throw error;
  const refused = status >= 400 && status < 500 && status !== 403 && status !== 408 && status !== 429;
  if (refused || tries >= MOST_TRIES || (status === 403 && tries >= 2)) throw storageSaidNo(status);
}

/** Another device was faster: storage knows the upload no more, since it is whole. */
async function isOver(ticket: Ticket, { status, error }: Outcome & { sent: false }): Promise<boolean> {
  const told = status === 404 || (error instanceof Refusal && error.code === "upload_over");
  if (ticket.way !== "parts" || !told) return false;
  const { state } = await fetchJson<Status>(ticket.urls.status);
  return state === "checking" || state === "ready";
}

/** A file that was moved, changed or unplugged cannot be read any more, however often one tries. */
async function stillThere(file: File): Promise<void> {
  try {
    await file.slice(0, 1).arrayBuffer();
    await file.slice(file.size - 1).arrayBuffer();
  } catch {
    throw unreadable();
  }
}

async function ends(file: File): Promise<string> {
  try {
    return await fingerprint(file);
  } catch {
    throw unreadable();
  }
}

function unreadable(): Refusal {
  return new Refusal(
    400,
    "file_gone",
    "Your browser can no longer read this file: it was moved, changed or unplugged.",
    "Choose it again; what has arrived is kept.",
  );
}

/** Nothing answered, or storage is slow: not the kind of trouble that says something of this upload. */
function busy({ status }: Refusal): boolean {
  return status === 0 || status >= 503;
}

/**
 * Ask our own server, again and again while the trouble is of the kind that passes.
 * @param forEver what is waited for however often it comes.
 */
async function patiently<T>(
  ask: () => Promise<T>,
  listener: Listener,
  signal: AbortSignal,
  forEver: (refusal: Refusal) => boolean = () => false,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Refusal && error.willPass)) throw error;
      if (tries >= MOST_TRIES && !forEver(error)) throw error;
      await waitForBetter(tries, listener, signal, error);
    }
  }
}

async function waitForBetter(
  tries: number,
  listener: Listener,
  signal: AbortSignal,
  error?: Error,
): Promise<void> {
  listener.stage(navigator.onLine === false ? "offline" : "waiting");
  await online(signal);
  const asked = error instanceof Refusal ? error.retryAfter * 1000 : 0;
  await pause(Math.max(asked, delayBefore(tries)), signal);
}

function sum(ticket: Ticket): number {
  return ticket.parts?.received.reduce((bytes, part) => bytes + part.size, 0) ?? 0;
}

function storageSaidNo(status: number): Refusal {
  return status === 0
    ? new Refusal(
        0,
        "network",
        "The connection to the video storage failed.",
        "Check your connection and press Try again: what has arrived is kept.",
      )
    : new Refusal(
        status,
        "storage_refused",
        "The video storage did not take the file.",
        "Press Try again, or choose another file.",
      );
}
