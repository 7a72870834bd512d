import type { Format, RichEditor } from "./editor";
import { askForLink } from "./link-dialog";
import { cleanHtml } from "./paste";
import { roveIn } from "./toolbar";

let present: Feedback | undefined;

/**
 * The rich text field over `<textarea name="feedback">`, which stays the form's field: it holds the HTML from now on,
 * always in step, and says `input` (which bubbles) whenever the person changes it. Can be called again for a new page.
 */
export function startFeedback(): void {
  const place = document.querySelector<HTMLElement>("[data-feedback]");
  if (present?.place === place) return;
  present?.end();
  present = place ? new Feedback(place) : undefined;
}

/** Put other feedback into the field, such as somebody else's that was chosen. Says no `input`. */
export function showFeedback(html: string): void {
  present?.show(html);
}

class Feedback {
  private readonly field: HTMLTextAreaElement;
  private readonly mount: HTMLElement;
  private readonly toolbar: HTMLElement;
  private readonly dialog: HTMLDialogElement;
  private editor: RichEditor | undefined;
  private ended = false;

  constructor(readonly place: HTMLElement) {
    this.field = place.querySelector("textarea") as HTMLTextAreaElement;
    this.mount = place.querySelector("[data-feedback-editor]") as HTMLElement;
    this.toolbar = place.querySelector("[data-feedback-tools]") as HTMLElement;
    const template = place.querySelector("template") as HTMLTemplateElement;
    this.dialog = template.content.firstElementChild?.cloneNode(true) as HTMLDialogElement;
    document.body.append(this.dialog); // a form in a form is none
    const shown = this.field.value;
    const was = place.querySelector<HTMLInputElement>("input[name=feedback_was]");
    // Somebody may have typed before this script came; and what came back with a mistake holds what was typed.
    const typed = shown !== this.field.defaultValue;
    const html = typed ? shown : (this.field.dataset.html ?? shown);
    if (html !== shown) {
      // It is formatted: shown as it will look, until the editor is here.
      this.field.value = html;
      this.mount.innerHTML = cleanHtml(asHtml(html));
      this.swap(true);
    }
    was?.remove();
    this.field.addEventListener("input", () => this.follow());
    place.querySelector("label")?.addEventListener("click", () => this.editor?.focus());
    import("./editor").then(
      (module) => this.ended || this.begin(module.RichEditor),
      () => this.doWithout(shown, was),
    );
  }

  show(html: string): void {
    this.field.value = html;
    this.editor?.show(asHtml(html));
  }

  end(): void {
    this.ended = true;
    this.editor?.destroy();
    this.dialog.remove();
  }

  private begin(Made: typeof RichEditor): void {
    const focused = document.activeElement === this.field;
    this.mount.replaceChildren();
    this.swap(true);
    this.editor = new Made({
      mount: this.mount,
      html: asHtml(this.field.value),
      attributes: this.attributes(),
      changed: (html) => this.changed(html),
      moved: () => this.drawTools(),
      link: () => void this.link(),
    });
    this.place.dataset.ready = "";
    this.place.querySelector("label")?.removeAttribute("for"); // the hidden field has the name no more
    this.toolbar.hidden = false;
    roveIn(this.toolbar);
    const apple = /Mac|iPhone|iPad/.test(navigator.platform);
    for (const button of this.toolbar.querySelectorAll<HTMLButtonElement>("button")) {
      if (apple) useCommandKey(button);
      // With the mouse, the cursor stays where it is.
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", () => this.press(button));
    }
    this.drawTools();
    if (focused) this.editor.focus();
  }

  private swap(toEditor: boolean): void {
    this.field.hidden = toEditor;
    this.mount.hidden = !toEditor;
  }

  private attributes(): Record<string, string> {
    const found: Record<string, string> = { "aria-labelledby": "feedback-label", class: "feedback-words" };
    for (const name of ["aria-invalid", "aria-describedby"]) {
      const value = this.field.getAttribute(name);
      if (value) found[name] = value;
    }
    return found;
  }

  private press(button: HTMLButtonElement): void {
    const format = button.dataset.format;
    if (button.getAttribute("aria-disabled") === "true") return;
    if (format === "link") return void this.link();
    this.editor?.do(format as Format);
  }

  private async link(): Promise<void> {
    const { editor } = this;
    if (!editor) return;
    const asked = await askForLink(
      this.dialog,
      editor.linkAddress,
      !editor.hasSelection && !editor.linkAddress,
    );
    if (!asked) editor.focus();
    else if (asked.href) editor.setLink(asked.href, asked.words);
    else editor.removeLink();
  }

  private changed(html: string): void {
    if (html === this.field.value) return;
    this.field.value = html;
    this.field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }

  /** Somebody else wrote into the field, such as a draft that was kept on this device. */
  private follow(): void {
    if (this.editor && this.editor.html !== this.field.value) this.editor.show(asHtml(this.field.value));
  }

  private drawTools(): void {
    for (const button of this.toolbar.querySelectorAll<HTMLButtonElement>("button")) {
      const format = button.dataset.format ?? "";
      if (format === "undo" || format === "redo")
        // Not `disabled`: the focus would be lost with the last step.
        button.setAttribute("aria-disabled", String(!this.editor?.can(format)));
      else button.setAttribute("aria-pressed", String(this.editor?.isActive(format) ?? false));
    }
  }

  /** The editor did not come: the page is as it is without a script. */
  private doWithout(shown: string, was: HTMLInputElement | null): void {
    this.swap(false);
    if (this.field.value === this.field.dataset.html) this.field.value = shown;
    if (was) this.place.append(was);
  }
}

/** Text without a tag is what was typed without a script. */
function asHtml(text: string): string {
  if (!text || /^\s*</.test(text)) return text;
  const paragraph = document.createElement("p");
  return text
    .split(/\n{2,}/)
    .map((lines) => {
      paragraph.textContent = lines;
      return `<p>${paragraph.innerHTML.replaceAll("\n", "<br>")}</p>`;
    })
    .join("");
}

function useCommandKey(button: HTMLButtonElement): void {
  const keys = button.getAttribute("aria-keyshortcuts");
  if (keys) button.setAttribute("aria-keyshortcuts", keys.replaceAll("Control", "Meta"));
  button.title = button.title.replace("Ctrl+", "⌘");
}
