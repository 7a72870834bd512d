/** What somebody types or sends in the room beside the form of the mark: comments, a mark of their own, files. */
export interface Beside {
  /** Whether there is something that the server does not have. */
  busy(): boolean;
  /**
   * Have the server get it, now.
   * @param say tells what is waited for.
   * @returns why it has not, as a sentence; empty where it has everything.
   */
  settle(say: (words: string) => void): Promise<string>;
}

const all = new Set<Beside>();

/** From now on, no mark is given back and no page left without asking it. */
export function saveAlong(one: Beside): void {
  all.add(one);
}

/** The page is another. */
export function forgetBeside(one?: Beside): void {
  if (one) all.delete(one);
  else all.clear();
}

export function besideIsBusy(): boolean {
  return [...all].some((one) => one.busy());
}

/** Everything at once. @returns why something is not saved, as sentences; empty where all is. */
export async function settleBeside(say: (words: string) => void = () => undefined): Promise<string> {
  const busy = [...all].filter((one) => one.busy());
  const why = await Promise.all(busy.map((one) => one.settle(say)));
  return why.filter(Boolean).join(" ");
}

/** Something that its student sees with the next release was added, changed or taken away. */
export function touched(): void {
  document.dispatchEvent(new CustomEvent("mark-touched"));
}

/** The mark was given back, and with it all that waited. */
export function released(): void {
  document.dispatchEvent(new CustomEvent("mark-released"));
}
