import { storageOf } from "../browser-storage";

interface Shortcut {
  keys: string[];
  words: string;
  act: (event: KeyboardEvent) => void;
}

const SWITCH = "reelmark-shortcuts";
const shortcuts: Shortcut[] = [];
let on = storageOf("localStorage")?.getItem(SWITCH) !== "off";

/**
 * Do something when one of `keys` (`KeyboardEvent.key`) is pressed outside of a field, without Ctrl, Alt or Meta.
 * @param words what it does, for the list of shortcuts.
 */
export function onKey(keys: string[], words: string, act: (event: KeyboardEvent) => void): void {
  shortcuts.push({ keys, words, act });
}

/** What can be pressed, in the order in which it was said. */
export function allShortcuts(): readonly Shortcut[] {
  return shortcuts;
}

/** Whether single keys do anything (WCAG 2.1.4). */
export function shortcutsAreOn(): boolean {
  return on;
}

/** @returns whether this browser remembers it. */
export function switchShortcuts(to: boolean): boolean {
  on = to;
  const store = storageOf("localStorage");
  store?.setItem(SWITCH, to ? "on" : "off");
  return store !== undefined;
}

// On the way down: Video.js lets no key that was pressed on one of its buttons come up again.
document.addEventListener("keydown", pressed, true);

function pressed(event: KeyboardEvent): void {
  if (!on || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing)
    return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const key = latin(event);
  if ((key === " " || key === "Enter") && isPressed(event.target)) return;
  const found = shortcuts.find(({ keys }) => keys.includes(key));
  if (!found) return;
  event.preventDefault();
  event.stopPropagation();
  found.act(event);
}

function isTyping(target: EventTarget | null): boolean {
  const element = target instanceof Element ? target : null;
  if (element?.closest("textarea, select, [contenteditable='true'], dialog")) return true;
  const input = element?.closest("input");
  return (
    input !== undefined && input !== null && !["checkbox", "radio", "button", "submit"].includes(input.type)
  );
}

/** Space and Enter are a control's own. */
function isPressed(target: EventTarget | null): boolean {
  return (
    target instanceof Element && target.closest("button, a, input, summary, video, [role=button]") !== null
  );
}

/** The key as it is on a keyboard with Latin letters: "т" is where N is. */
function latin({ key, code }: KeyboardEvent): string {
  const letter = /^Key([A-Z])$/.exec(code ?? "")?.[1];
  return key.length === 1 && key > "\u02af" && letter ? letter.toLowerCase() : key;
}
