/** What the server says when it refuses: what happened, and what to do next. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly action: string,
    /** Seconds to wait before asking again, where the server says so. */
    readonly retryAfter = 0,
    /** All that was answered, beside the words. */
    readonly answer: Record<string, unknown> = {},
  ) {
    super(message);
  }

  /**
   * True where the same request may succeed later: no answer, not there yet, too many, server trouble. A proxy says 502
   * while the server behind it starts anew; our own 502 has another code.
   */
  get willPass(): boolean {
    if (this.code === "http_502") return true;
    return this.status === 0 || this.status === 409 || this.status === 429 || this.status >= 503;
  }

  get inWords(): string {
    return `${this.message} ${this.action}`;
  }
}

const SESSION_ENDED = new Refusal(
  404,
  "session_ended",
  "Your session in this tab has ended.",
  "Your file is safe on your device; open the assignment from Moodle again.",
);

function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content ?? "";
}

/**
 * Fetch JSON from our own server; a body makes it a POST.
 * @param more such as `keepalive`, or a `signal`.
 * @throws Refusal, with status 0 where nothing answered.
 */
export function fetchJson<T>(url: string, body?: unknown, more: RequestInit = {}): Promise<T> {
  if (body === undefined) return ask<T>(url, more);
  const headers = { "Content-Type": "application/json" };
  return ask<T>(url, { ...more, method: "POST", headers, body: JSON.stringify(body) });
}

/** What a form of the page would send, answered in JSON. @throws Refusal, as `fetchJson`. */
export function postForm<T>(url: string, fields: Record<string, string> | FormData): Promise<T> {
  const body = fields instanceof FormData ? fields : new URLSearchParams(fields);
  return ask<T>(url, { method: "POST", body });
}

async function ask<T>(url: string, init: RequestInit): Promise<T> {
  const headers = { ...init.headers, Accept: "application/json", "X-CSRFToken": csrfToken() };
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers, credentials: "same-origin" });
  } catch {
    throw new Refusal(
      0,
      "no_answer",
      "The server did not answer.",
      "Check your connection; this page tries again.",
    );
  }
  if (response.status === 204) return undefined as T;
  const answer = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) return answer as T;
  const error = answer?.error;
  if (response.status === 404 || (response.status === 403 && !error?.code?.match(/^(not_open|closed)$/)))
    throw error?.code === "holds_no_more"
      ? new Refusal(404, SESSION_ENDED.code, error.message, error.action)
      : SESSION_ENDED;
  throw new Refusal(
    response.status,
    error?.code ?? `http_${response.status}`,
    error?.message ?? "Something went wrong on the server.",
    error?.action ?? "Try again in a minute.",
    Number(response.headers.get("Retry-After")) || 0,
    answer ?? {},
  );
}
