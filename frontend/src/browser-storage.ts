/**
 * What is kept in this browser for when the page comes again. In somebody else's frame it may be blocked: then small
 * things last as long as the page.
 */
const untilThePageGoes = new Map<string, string>();

/** The browser's storage of that kind; undefined where it is blocked (a frame without third-party storage) or full. */
export function storageOf(kind: "localStorage" | "sessionStorage"): Storage | undefined {
  try {
    const storage = window[kind];
    storage.setItem("reelmark-try", "1");
    storage.removeItem("reelmark-try");
    return storage;
  } catch {
    return undefined;
  }
}

/** @returns false where it will be gone with the page. */
export function keep(key: string, value: unknown): boolean {
  const text = JSON.stringify(value);
  untilThePageGoes.set(key, text);
  try {
    localStorage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

/** What was kept; undefined for nothing, or for what cannot be read. */
export function kept<T>(key: string): T | undefined {
  let text: string | null | undefined;
  try {
    text = localStorage.getItem(key);
  } catch {
    text = undefined;
  }
  try {
    text ??= untilThePageGoes.get(key);
    return text ? (JSON.parse(text) as T) : undefined;
  } catch {
    return undefined;
  }
}

export function forget(key: string): void {
  untilThePageGoes.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // nothing was kept there
  }
}
