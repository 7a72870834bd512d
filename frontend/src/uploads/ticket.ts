/** The server's answer to "I have this file". `docs/architecture.md` has the whole exchange. */
export interface Ticket {
  /** Its id; a file that goes with a mark has none. */
  video?: string;
  way: "form" | "parts";
  form?: { url: string; fields: Record<string, string>; expires_in: number };
  parts?: { size: number; received: Part[] };
  urls: Record<"renew" | "sign" | "status" | "complete" | "failed" | "remove", string>;
}

export interface Part {
  number: number;
  size: number;
}

export interface Status {
  video: string;
  state: "pending" | "checking" | "ready" | "error" | "deleted";
  received: number;
  parts: Part[];
  error: string;
}

/** How one try at sending ended: "sent", or the HTTP status or refusal it failed with (0: no answer). */
export type Outcome = { sent: true } | { sent: false; status: number; error?: Error };

export const SENT: Outcome = { sent: true };

/** This tab, among those that may be at the same upload: the last to ask for it sends, the others stop. */
export const SENDER = crypto.randomUUID?.() ?? String(Math.random()); // the first needs https all the way up
