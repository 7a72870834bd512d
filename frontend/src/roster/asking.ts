import { showLocalTimes, useLocalZone } from "../times";

/** What the server asks before it does something for many: its own page, shown in a dialog. */
export class Asking {
  constructor(
    root: HTMLElement,
    private readonly dialog: HTMLDialogElement,
  ) {
    root.addEventListener("submit", (event) => {
      const form = event.target as HTMLFormElement;
      const pressed = (event as SubmitEvent).submitter as HTMLButtonElement | null;
      if (form.dataset.bulk === undefined || pressed?.name === "only") return;
      event.preventDefault();
      const body = new URLSearchParams(new FormData(form, pressed) as unknown as Record<string, string>);
      // Not `form.action`: that is the button of that name.
      void this.open(form.getAttribute("action") ?? "", { method: "POST", body });
    });
    root.addEventListener("click", (event) => {
      const pressed = event.target as Element;
      const link = pressed.closest<HTMLAnchorElement>("a[data-shows]");
      const separator = pressed.closest<HTMLElement>("[data-separator]");
      const closes = pressed.closest("[data-closes-ask]");
      if (!link && !((separator || closes) && dialog.contains(pressed))) return;
      event.preventDefault();
      if (link) void this.open(link.href, {});
      else if (separator) this.separate(separator);
      else dialog.close();
    });
  }

  private async open(url: string, init: RequestInit): Promise<void> {
    let asked: HTMLElement | null = null;
    let status = 0;
    try {
      const response = await fetch(url, {
        ...init,
        credentials: "same-origin",
        headers: { Accept: "text/html" },
      });
      status = response.status;
      // It had nothing to ask: a notice on the page says why.
      if (response.redirected) {
        location.assign(response.url);
        return;
      }
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      asked = page.querySelector<HTMLElement>("[data-asked]");
      if (!asked)
        return this.sayFailed(
          status >= 500
            ? "Something went wrong on the server. Try again in a minute; nothing was changed."
            : "Your session in this tab has ended. Open the assignment from Moodle again.",
        );
    } catch {
      return this.sayFailed(
        "The server did not answer. Check your connection and try again; nothing was changed.",
      );
    }
    asked.classList.remove("card");
    this.dialog.setAttribute("aria-labelledby", "asked");
    this.dialog.replaceChildren(asked);
    for (const form of this.dialog.querySelectorAll("form")) {
      form.setAttribute("action", url);
      useLocalZone(form);
    }
    showLocalTimes(this.dialog);
    this.show();
  }

  private sayFailed(words: string): void {
    this.dialog.removeAttribute("aria-labelledby");
    const text = document.createElement("p");
    text.textContent = words;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "button quiet";
    close.textContent = "Close";
    close.dataset.closesAsk = "";
    this.dialog.replaceChildren(text, close);
    this.show();
  }

  /** Pressed twice, it was asked for twice. */
  private show(): void {
    if (!this.dialog.open) this.dialog.showModal();
  }

  private separate(chosen: HTMLElement): void {
    const area = this.dialog.querySelector("textarea");
    if (area) area.value = area.value.split(/[,;]\s*/).join(chosen.dataset.separator);
    for (const one of this.dialog.querySelectorAll("[data-separator]")) one.removeAttribute("aria-current");
    chosen.setAttribute("aria-current", "true");
  }
}
