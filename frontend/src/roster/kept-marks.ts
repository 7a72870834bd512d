/** What was typed and not saved, by attempt; nothing is kept where the browser forbids it. */
export interface KeptMark {
  value: string;
  /** Of the mark that was shown when it was typed. */
  version: number;
  /** By what marks were counted then. */
  terms?: string;
}

const name = (attempt: string) => `reelmark-points-${attempt}`;

export function keep(attempt: string, mark: KeptMark): void {
  try {
    localStorage.setItem(name(attempt), JSON.stringify(mark));
  } catch {
    // In a frame without storage the question before leaving the page is all there is.
  }
}

export function forget(attempt: string): void {
  try {
    localStorage.removeItem(name(attempt));
  } catch {
    // As above: then there is nothing to forget.
  }
}

export function kept(attempt: string): KeptMark | undefined {
  try {
    const found = JSON.parse(localStorage.getItem(name(attempt)) ?? "null");
    if (typeof found?.value === "string" && Number.isInteger(found?.version)) return found;
  } catch {
    // No storage, or not ours.
  }
  return undefined;
}
