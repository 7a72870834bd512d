import { allShortcuts, onKey, shortcutsAreOn, switchShortcuts } from "./keys";

const NAMES: Record<string, string> = { " ": "Space", ArrowLeft: "←", ArrowRight: "→" };

/** The dialog that lists what can be pressed, and switches it off. */
export function startShortcuts(): void {
  const dialog = document.querySelector<HTMLDialogElement>("#shortcuts");
  const button = document.querySelector<HTMLElement>("[data-shows-shortcuts]");
  if (!dialog || !button) return;
  const box = dialog.querySelector<HTMLInputElement>("[data-shortcuts-on]");
  const show = () => {
    dialog.querySelector("[data-shortcuts-list]")?.replaceChildren(...listed());
    if (box) box.checked = shortcutsAreOn();
    dialog.showModal();
  };
  button.hidden = false;
  button.addEventListener("click", show);
  onKey(["?"], "This list", show);
  box?.addEventListener("change", () => {
    const kept = switchShortcuts(box.checked);
    const unkept = dialog.querySelector<HTMLElement>("[data-shortcuts-unkept]");
    if (unkept) unkept.hidden = kept;
  });
}

function listed(): Node[] {
  const rows = allShortcuts().map(({ keys, words }) => row(named(keys), words));
  return [...rows, row(["Ctrl+Enter"], "Save and next, also while typing")];
}

/** Each key once, whatever its case. */
function named(keys: string[]): string[] {
  const shown = keys.map((key) => NAMES[key] ?? (/^[a-z]$/.test(key) ? key.toUpperCase() : key));
  return [...new Set(shown)];
}

function row(keys: string[], words: string): HTMLElement {
  const place = document.createElement("div");
  const term = document.createElement("dt");
  for (const [at, key] of keys.entries()) {
    if (at) term.append(" or ");
    term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
  }
  place.append(term, Object.assign(document.createElement("dd"), { textContent: words }));
  return place;
}
