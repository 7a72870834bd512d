import { fetchJson } from "../http";
import { Signatures, type Signed } from "./signatures";
import { type Outcome, type Part, SENDER, type Status, type Ticket } from "./ticket";
import { run } from "./uppy-run";

/** Parts at a time, at first: more would share the same line. */
export const SLOTS = 5;

export interface Sending {
  file: File;
  /** Parts at a time. */
  slots: number;
  ticket: Ticket;
  progress: (sent: number) => void;
  signal: AbortSignal;
}

/** One POST of the whole file. */
export function sendForm({ file, ticket, progress, signal }: Sending): Promise<Outcome> {
  const form = ticket.form as NonNullable<Ticket["form"]>;
  return run({
    file,
    progress,
    signal,
    options: {
      shouldUseMultipart: false,
      getUploadParameters: () => ({ method: "POST", url: form.url, fields: form.fields }),
    },
  });
}

/** The parts that storage has not got yet, several at a time; each is tried again by itself. */
export async function sendParts({ file, slots, ticket, progress, signal }: Sending): Promise<Outcome> {
  const { size } = ticket.parts as NonNullable<Ticket["parts"]>;
  const done = new Set<number>();
  const bytesOf = (number: number) => Math.min(size, file.size - (number - 1) * size);
  const missing = () =>
    [...Array(Math.ceil(file.size / size)).keys()].map((at) => at + 1).filter((number) => !done.has(number));
  const signatures = new Signatures(
    (numbers) =>
      fetchJson<Signed>(ticket.urls.sign, {
        parts: numbers.map((number) => ({ number, size: bytesOf(number) })),
        sender: SENDER,
      }),
    missing,
  );
  return run({
    file,
    progress,
    signal,
    // Names of ours stand in: the addresses that the server signs hold storage's own.
    begun: { key: ticket.urls.status, uploadId: ticket.urls.status },
    options: {
      shouldUseMultipart: true,
      limit: slots,
      getChunkSize: () => size,
      retryDelays: [0, 1000, 3000, 5000, 10_000],
      createMultipartUpload: () => ({ key: ticket.urls.status, uploadId: ticket.urls.status }),
      listParts: async () => {
        const there = await partsThere(ticket);
        for (const { number } of there) done.add(number);
        return there.map((part) => ({ PartNumber: part.number, Size: part.size, ETag: "" }));
      },
      signPart: async (_, { partNumber }) => ({
        method: "PUT",
        url: await signatures.take(partNumber),
      }),
      // The server puts the parts together when it is told that all have gone; giving up is asked for by the person.
      completeMultipartUpload: () => ({}),
      abortMultipartUpload: () => undefined,
    },
  });
}

/** What has arrived, as storage says: of the ticket itself the first time, then asked anew. */
async function partsThere(ticket: Ticket): Promise<Part[]> {
  const parts = ticket.parts as NonNullable<Ticket["parts"]>;
  const fresh = freshTickets.has(ticket);
  freshTickets.delete(ticket);
  return fresh ? parts.received : (await fetchJson<Status>(ticket.urls.status)).parts;
}

const freshTickets = new WeakSet<Ticket>();

/** Say that a ticket has come just now: what it tells of storage is still true. */
export function fresh(ticket: Ticket): Ticket {
  freshTickets.add(ticket);
  return ticket;
}
