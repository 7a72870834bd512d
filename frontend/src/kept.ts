/**
 * Small things kept in this browser for when the page comes again. In somebody else's frame the browser may refuse: then
 * they last as long as the page.
 */
const here = new Map<string, string>();

/** @returns false where it will be gone with the page. */
export function keep(key: string, value: unknown): boolean {
  const text = JSON.stringify(value);
  here.set(key, text);
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
    text ??= here.get(key);
    return text ? (JSON.parse(text) as T) : undefined;
  } catch {
    return undefined;
  }
}

export function forget(key: string): void {
  here.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // nothing was kept there
  }
}
