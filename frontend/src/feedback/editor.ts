import { Editor, Extension } from "@tiptap/core";
import StarterKit from "@tiptap/starter-kit";
import rules from "../../../video/feedback/rich_text.json";
import { cleanHtml, isAllowedAddress } from "./paste";

/** What a button of the toolbar does. */
export type Format =
  | "bold"
  | "italic"
  | "underline"
  | "strike"
  | "bulletList"
  | "orderedList"
  | "blockquote"
  | "undo"
  | "redo";

export interface Options {
  mount: HTMLElement;
  html: string;
  /** Of the textbox: its name, and what is wrong with it. */
  attributes: Record<string, string>;
  /** The words are others now; "" where there are none. */
  changed(html: string): void;
  /** The cursor moved, or something about it changed. */
  moved(): void;
  /** Ctrl+K. */
  link(): void;
}

/** Exactly what `rich_text.json` allows. */
export const EXTENSIONS = [
  StarterKit.configure({
    heading: { levels: [3, 4] },
    codeBlock: false,
    horizontalRule: false,
    dropcursor: false,
    gapcursor: false,
    trailingNode: false, // would change what was only opened
    link: {
      autolink: true,
      openOnClick: false,
      defaultProtocol: "https",
      isAllowedUri: isAllowedAddress,
      HTMLAttributes: rules.link,
    },
  }),
];

/** The rich text field, over tiptap. Nothing else of the product knows tiptap. */
export class RichEditor {
  private readonly editor: Editor;

  constructor({ mount, html, attributes, changed, moved, link }: Options) {
    this.editor = new Editor({
      element: mount,
      extensions: [...EXTENSIONS, Extension.create({ addKeyboardShortcuts: () => ({ "Mod-k": openLink }) })],
      content: cleanHtml(html),
      injectCSS: false, // our CSP forbids a <style> made by a script; styles/editor.css has what is needed
      editorProps: {
        attributes: { ...attributes, role: "textbox", "aria-multiline": "true" },
        transformPastedHTML: cleanHtml,
        handleDOMEvents: { keydown: (_, event) => leavesToThePage(event) },
      },
      onUpdate: () => changed(this.html),
      onTransaction: moved,
    });
    function openLink(): boolean {
      link();
      return true;
    }
  }

  get html(): string {
    return this.editor.isEmpty ? "" : this.editor.getHTML();
  }

  /** Show other words, without saying that they changed. One can undo it. */
  show(html: string): void {
    this.editor.commands.setContent(cleanHtml(html), { emitUpdate: false });
  }

  focus(): void {
    this.editor.commands.focus("end");
  }

  do(format: Format): void {
    const chain = this.editor.chain().focus();
    const acts: Record<Format, () => typeof chain> = {
      bold: () => chain.toggleBold(),
      italic: () => chain.toggleItalic(),
      underline: () => chain.toggleUnderline(),
      strike: () => chain.toggleStrike(),
      bulletList: () => chain.toggleBulletList(),
      orderedList: () => chain.toggleOrderedList(),
      blockquote: () => chain.toggleBlockquote(),
      undo: () => chain.undo(),
      redo: () => chain.redo(),
    };
    acts[format]().run();
  }

  isActive(format: string): boolean {
    return this.editor.isActive(format);
  }

  can(format: "undo" | "redo"): boolean {
    return format === "undo" ? this.editor.can().undo() : this.editor.can().redo();
  }

  /** Where the link at the cursor leads; "" where there is none. */
  get linkAddress(): string {
    return String(this.editor.getAttributes("link").href ?? "");
  }

  get hasSelection(): boolean {
    return !this.editor.state.selection.empty;
  }

  /** Link what is selected, or the link at the cursor; else put `words` there as a link. */
  setLink(href: string, words: string): void {
    const chain = this.editor.chain().focus();
    if (this.hasSelection || this.linkAddress) chain.extendMarkRange("link").setLink({ href }).run();
    else
      chain
        .insertContent({ type: "text", text: words || href, marks: [{ type: "link", attrs: { href } }] })
        .run();
  }

  removeLink(): void {
    this.editor.chain().focus().extendMarkRange("link").unsetLink().run();
  }

  destroy(): void {
    this.editor.destroy();
  }
}

/** Tab leaves the field rather than indent a list, and Ctrl+Enter is the page's: saved, and on to the next. */
function leavesToThePage(event: KeyboardEvent): boolean {
  return event.key === "Tab" || (event.key === "Enter" && (event.ctrlKey || event.metaKey));
}
