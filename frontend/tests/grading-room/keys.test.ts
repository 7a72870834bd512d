import { beforeEach, expect, it, vi } from "vitest";
import { onKey, switchShortcuts } from "../../src/grading-room/keys";

const next = vi.fn();
const play = vi.fn();
onKey(["n", "N"], "Next", next);
onKey([" "], "Play", play);

beforeEach(() => {
  vi.clearAllMocks();
  switchShortcuts(true);
  document.body.innerHTML = `<button></button><input><input type="radio"><textarea></textarea><div contenteditable="true"></div>`;
});

function press(key: string, selector = "body", more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  document.querySelector(selector)?.dispatchEvent(event);
  return event;
}

it("does what a key is for, outside of fields", () => {
  expect(press("n").defaultPrevented).toBe(true);
  press("n", "input[type=radio]");
  press("n", "button");
  expect(next).toHaveBeenCalledTimes(3);
});

it("leaves typing, other keys and those with Ctrl alone", () => {
  for (const place of ["input:not([type])", "textarea", "[contenteditable]"]) press("n", place);
  press("n", "body", { ctrlKey: true });
  press("x");
  expect(next).not.toHaveBeenCalled();
});

it("leaves Space to the button or choice that has the focus", () => {
  expect(press(" ", "button").defaultPrevented).toBe(false);
  press(" ", "input[type=radio]");
  expect(play).not.toHaveBeenCalled();
  press(" ");
  expect(play).toHaveBeenCalledOnce();
});

it("goes by the place of a key where the letters are others", () => {
  press("т", "body", { code: "KeyN" });
  expect(next).toHaveBeenCalledOnce();
});

it("does nothing in a dialog, or once it is switched off", () => {
  document.body.insertAdjacentHTML("beforeend", "<dialog open></dialog>");
  press("n");
  document.querySelector("dialog")?.remove();
  switchShortcuts(false);
  press("n");
  expect(next).not.toHaveBeenCalled();
  expect(localStorage.getItem("reelmark-shortcuts")).toBe("off");
});
