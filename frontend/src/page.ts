import "./styles/index.css";
import { openFullWindow } from "./full-window";
import { buildCommand, closeRegistration } from "./registration";
import { showLocalTimes, useLocalZone } from "./times";

showLocalTimes();
for (const form of document.querySelectorAll<HTMLFormElement>("form[data-zone]")) useLocalZone(form);

// By delegation: parts of a page are drawn anew (live.ts).
document.addEventListener("click", (event) => {
  const pressed = (event.target as Element).closest<HTMLElement>("button");
  if (!pressed) return;
  const { fullWindow, opens, closes, print, copies } = pressed.dataset;
  if (fullWindow !== undefined) void openFullWindow(fullWindow);
  if (opens !== undefined) document.querySelector<HTMLDialogElement>(`#${opens}`)?.showModal();
  if (closes !== undefined) pressed.closest("dialog")?.close();
  if (print !== undefined) window.print();
  if (copies !== undefined) void copy(pressed);
});
for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sends-itself]"))
  form.requestSubmit();
for (const button of document.querySelectorAll("[data-closes-registration]")) {
  button.addEventListener("click", closeRegistration);
}
if (document.querySelector("[data-reads-on]")) lookAgain();
for (const form of document.querySelectorAll<HTMLFormElement>("form[data-builds]")) buildCommand(form);
// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.mayRepeat !== undefined) return; // its sending may be called off, as by "Leave site?"
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sent]")) delete form.dataset.sent;
});

/** Moodle's frame does not allow the clipboard API, so the old way stands in. */
async function copy(button: HTMLElement): Promise<void> {
  const source = document.querySelector<HTMLElement>(`#${button.dataset.copies}`);
  // biome-ignore lint/performance/useDomNodeTextContent: the lines of the receipt are wanted as they look
  const text = source instanceof HTMLTextAreaElement ? source.value : (source?.innerText ?? "");
  let copied = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    (button.closest("dialog") ?? document.body).append(area); // beside an open dialog nothing can be selected
    area.select();
    copied = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const before = [...button.childNodes];
  button.replaceChildren(copied ? "Copied" : "Select the text and copy it");
  setTimeout(() => button.replaceChildren(...before), 2000);
}

/** Shows what the server is still fetching as soon as it is there; after ten times the person's own Refresh is left. */
function lookAgain(): void {
  const here = new URL(location.href);
  const times = Number(here.searchParams.get("looked") ?? 0);
  if (times >= 10) return;
  here.searchParams.set("looked", String(times + 1));
  setTimeout(() => location.replace(here), 1500);
}
