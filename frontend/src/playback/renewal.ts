/** Milliseconds until an address that lasts `lifeMs` should be replaced: a tenth of its life before its end, at least a minute. */
export function renewAfter(lifeMs: number): number {
  const margin = Math.min(Math.max(60_000, lifeMs / 10), lifeMs / 2);
  // Timers longer than 2^31 ms fire at once in every browser.
  return Math.min(Math.max(1000, lifeMs - margin), 2 ** 31 - 1);
}
