/** Milliseconds before the next try: 1 s, 2 s, 4 s … up to 30 s, spread by half so that a class does not retry in step. */
export function delayBefore(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(30_000, 1000 * 2 ** attempt);
  return full / 2 + (random() * full) / 2;
}

export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** Resolves when the browser believes it is online. */
export function online(signal: AbortSignal): Promise<void> {
  if (navigator.onLine !== false) return Promise.resolve();
  return new Promise((resolve, reject) => {
    window.addEventListener("online", () => resolve(), { once: true });
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
