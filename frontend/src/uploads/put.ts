const STALLED = 60_000; // ms without a byte: a connection can die without saying so

/** One PUT with a moving bar, which fetch does not give; the HTTP status, 0 where nothing answered. */
export function put(
  url: string,
  body: Blob,
  progress: (sent: number) => void,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    let patience = window.setTimeout(abort, STALLED);
    signal.addEventListener("abort", abort);
    request.open("PUT", url);
    request.upload.addEventListener("progress", (event) => {
      window.clearTimeout(patience);
      patience = window.setTimeout(abort, STALLED);
      progress(event.loaded);
    });
    request.addEventListener("loadend", () => {
      window.clearTimeout(patience);
      signal.removeEventListener("abort", abort);
      if (signal.aborted) reject(signal.reason);
      else resolve(request.status);
    });
    // Without its type: a header that was not signed is one more thing for storage to refuse.
    request.send(body.slice(0, body.size, ""));
  });
}
