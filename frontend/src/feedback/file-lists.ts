import { fetchJson, Refusal } from "../http";
import { renewAfter } from "../playback/renewal";

interface Address {
  src: string;
  expires_at: string;
}

/** The lists of files (templates/video/feedback/files.html) wherever they are, also those drawn later. */
export function startFileLists(): void {
  document.documentElement.classList.add("scripted");
  document.addEventListener("click", (event) => {
    const pressed = event.target as Element;
    const file = pressed.closest<HTMLElement>("[data-file]");
    if (!file) return;
    if (pressed.closest("[data-file-play]")) void play(file);
    if (pressed.closest("[data-file-save]")) {
      event.preventDefault();
      void save(file);
    }
  });
}

/**
 * Beside the page, so that it stays whatever storage answers. The address is asked for here: where cookies of frames
 * are kept apart, a window of its own would have none.
 */
async function save(file: HTMLElement): Promise<void> {
  const address = await addressOf(file);
  if (!address) return;
  const link = document.createElement("a");
  link.href = address.src;
  link.rel = "noopener";
  if (navigator.userActivation?.isActive !== false) link.target = "_blank"; // later, it would be a pop-up
  link.click();
}

/** The browser's own player in the button's place. */
async function play(file: HTMLElement): Promise<void> {
  const button = file.querySelector<HTMLButtonElement>("[data-file-play]");
  button?.setAttribute("aria-busy", "true");
  const address = await addressOf(file);
  button?.removeAttribute("aria-busy");
  if (!address || file.querySelector("audio")) return;
  const audio = document.createElement("audio");
  audio.controls = true;
  audio.preload = "metadata";
  audio.setAttribute("aria-label", nameOf(file));
  let until = 0;
  let renewed = false;
  const put = (fresh: Address) => {
    until = Date.now() + renewAfter(Date.parse(fresh.expires_at) - Date.now());
    audio.src = fresh.src;
  };
  /** A new address in the old one's place: it goes on where it was. */
  const renew = async (goOn: boolean) => {
    const at = audio.currentTime;
    const fresh = await addressOf(file);
    if (!fresh || !audio.isConnected) return;
    put(fresh);
    audio.currentTime = at;
    if (goOn) void audio.play().catch(() => undefined);
  };
  audio.addEventListener("playing", () => {
    renewed = false;
    say(file, "");
  });
  audio.addEventListener("play", () => {
    if (Date.now() > until) void renew(true);
  });
  audio.addEventListener("error", () => {
    // An address that ended in a sleeping laptop shows as an error: ask once for a new one.
    if (!renewed) {
      renewed = true;
      void renew(true);
      return;
    }
    say(file, "This browser cannot play it, or the connection broke. Try again, or download it.");
  });
  put(address);
  file.append(audio);
  if (button) {
    button.hidden = true;
    if (document.activeElement === button || document.activeElement === document.body) audio.focus();
  }
  await audio.play().catch(() => undefined); // else it is for the person to press
}

async function addressOf(file: HTMLElement): Promise<Address | undefined> {
  try {
    const address = await fetchJson<Address>(file.dataset.address ?? "");
    say(file, "");
    return address;
  } catch (error) {
    const gone = error instanceof Refusal && error.code === "session_ended";
    say(
      file,
      gone
        ? "This file is no longer there, or your session has ended. Reload the page."
        : error instanceof Refusal
          ? error.inWords
          : "That did not work. Try again.",
    );
    return undefined;
  }
}

export function nameOf(file: HTMLElement): string {
  return file.querySelector("[data-file-name]")?.textContent ?? "";
}

function say(file: HTMLElement, words: string): void {
  const place = file.querySelector<HTMLElement>("[data-file-problem]");
  if (!place) return;
  place.hidden = !words;
  place.textContent = words;
}
