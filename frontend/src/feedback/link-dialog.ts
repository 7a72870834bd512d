import { isAllowedAddress } from "./paste";

/** "example.org" and "ana@example.org" as addresses of links; undefined for what is none. */
export function linkAddress(typed: string): string | undefined {
  const text = typed.trim();
  if (!text || /\s/.test(text)) return undefined;
  const address = isAllowedAddress(text)
    ? text
    : /^[^/:@]+@[^/:@]+\.[^/:@]+$/.test(text)
      ? `mailto:${text}`
      : /^[a-z][a-z0-9+.-]*:(?!\d)/i.test(text)
        ? ""
        : `https://${text}`;
  try {
    const url = new URL(address);
    return url.protocol === "mailto:" || url.hostname ? address : undefined;
  } catch {
    return undefined;
  }
}

export interface Asked {
  /** "" removes the link. */
  href: string;
  words: string;
}

/**
 * Ask for a link's address.
 * @param askWords nothing is selected: the words are asked for too.
 * @returns undefined where it was called off.
 */
export function askForLink(
  dialog: HTMLDialogElement,
  address: string,
  askWords: boolean,
): Promise<Asked | undefined> {
  const part = <T extends HTMLElement>(name: string) => dialog.querySelector<T>(`[data-link=${name}]`) as T;
  const to = part<HTMLInputElement>("to");
  const words = part<HTMLInputElement>("words");
  const problem = part("problem");
  const events = new AbortController();
  to.value = address;
  words.value = "";
  part("words-field").hidden = !askWords;
  part("remove").hidden = !address;
  const say = (wrong: boolean) => {
    problem.hidden = !wrong;
    to.setAttribute("aria-invalid", String(wrong));
  };
  say(false);
  return new Promise((resolve) => {
    let asked: Asked | undefined;
    part("form").addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        const href = linkAddress(to.value);
        if (!href) {
          say(true);
          return to.focus();
        }
        asked = { href, words: words.value.trim() };
        dialog.close();
      },
      events,
    );
    part("remove").addEventListener(
      "click",
      () => {
        asked = { href: "", words: "" };
        dialog.close();
      },
      events,
    );
    dialog.addEventListener(
      "close",
      () => {
        events.abort();
        resolve(asked);
      },
      events,
    );
    dialog.showModal();
    to.focus();
    to.select();
  });
}
