/** The browser's storage of that kind; undefined where it is blocked (a frame without third-party storage) or full. */
export function storeOf(kind: "localStorage" | "sessionStorage"): Storage | undefined {
  try {
    const store = window[kind];
    store.setItem("reelmark-try", "1");
    store.removeItem("reelmark-try");
    return store;
  } catch {
    return undefined;
  }
}
