import { storageOf } from "../browser-storage";

/** What is folded stays as it was left, from student to student. */
export function startFolding(): void {
  const store = storageOf("localStorage");
  for (const folded of document.querySelectorAll<HTMLDetailsElement>("details[data-folds]")) {
    const name = `reelmark-fold:${folded.dataset.folds}`;
    const phone = !window.matchMedia("(min-width: 48rem)").matches;
    const wide = window.matchMedia("(min-width: 75rem)").matches;
    const left = store?.getItem(name) ?? (wide ? "open" : "closed");
    folded.open = !phone && left === "open";
    folded.addEventListener("toggle", () => {
      showCurrent(folded);
      if (!phone) store?.setItem(name, folded.open ? "open" : "closed"); // there it covers what one came for
    });
    showCurrent(folded);
  }
}

function showCurrent(folded: HTMLDetailsElement): void {
  const current = folded.querySelector<HTMLElement>("[aria-current]");
  const list = current?.closest<HTMLElement>("nav");
  if (folded.open && current && list) list.scrollTop = current.offsetTop - list.clientHeight / 2;
}
