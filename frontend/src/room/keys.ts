interface Shortcut {
  keys: string[];
  words: string;
  act: (event: KeyboardEvent) => void;
}

const shortcuts: Shortcut[] = [];

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

// On the way down: Video.js lets no key that was pressed on one of its buttons come up again.
document.addEventListener("keydown", pressed, true);

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target))
    return;
  const found = shortcuts.find(({ keys }) => keys.includes(event.key));
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
