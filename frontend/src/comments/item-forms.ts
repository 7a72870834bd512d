import type Player from "video.js/dist/types/player";
import { forget, keep, kept } from "../browser-storage";
import { type Comment, type Config, find, newId, type Unsent } from "./data";
import { asTyped, CommentForm, type Said, type Typed } from "./form";

/** Forms in the list: in place of the comment that they change, or below the one that they answer. */
export class ItemForms {
  private readonly open = new Map<string, CommentForm>();
  private readonly typed = new Set<CommentForm>();

  /** @param items the drawn items, by the id of their comment. */
  constructor(
    private readonly root: HTMLElement,
    private readonly items: ReadonlyMap<string, HTMLElement>,
    private readonly player: Player | undefined,
    private readonly config: Config,
    private readonly put: (one: Unsent) => void,
  ) {}

  edit(comment: Comment, focus = true): void {
    const kind = comment.at === null ? "reply" : "comment";
    this.show(`edit:${comment.id}`, kind, comment, asTyped(comment), focus, (said) =>
      this.put({ ...said, id: comment.id, kind: "edit", to: "" }),
    );
  }

  reply(comment: Comment, focus = true): void {
    this.show(`reply:${comment.id}`, "reply", comment, { at: "", until: "", text: "" }, focus, ({ text }) =>
      this.put({ id: newId(), kind: "reply", to: comment.id, at: null, until: null, text }),
    );
  }

  /** What was being typed before the page came again. */
  reopen(comments: readonly Comment[]): void {
    for (const comment of comments.flatMap((one) => [one, ...one.replies])) {
      if (comment.may_edit && kept(this.key(`edit:${comment.id}`))) this.edit(comment, false);
      if (comment.may_reply && kept(this.key(`reply:${comment.id}`))) this.reply(comment, false);
    }
  }

  /** Whether something is typed in one of them. */
  get waits(): boolean {
    return this.typed.size > 0;
  }

  /** Save what is typed in any; false where something cannot be as it is. */
  saveAll(): boolean {
    return [...this.typed].map((form) => form.save()).every(Boolean);
  }

  private key(name: string): string {
    return `reelmark:${name}:${this.config.person}`;
  }

  private show(
    name: string,
    kind: "comment" | "reply",
    comment: Comment,
    typed: Typed,
    focus: boolean,
    saved: (said: Said) => void,
  ): void {
    const item = this.items.get(comment.id);
    this.open.get(name)?.focus();
    if (this.open.has(name) || !item) return;
    const body = find(item, "[data-body]");
    const edits = name.startsWith("edit");
    const close = () => {
      this.open.delete(name);
      this.typed.delete(form);
      form.element.remove();
      body.hidden = false;
      body.querySelector<HTMLElement>(edits ? "[data-edit]" : "[data-reply]")?.focus();
    };
    const form = new CommentForm(this.root, kind, name.replace(":", "-"), this.player, this.config.duration, {
      saved: (said) => {
        forget(this.key(name));
        saved(said);
        close();
      },
      closed: close,
      typed: (now) => {
        if (now.text.trim() && JSON.stringify(now) !== JSON.stringify(typed)) {
          keep(this.key(name), now);
          this.typed.add(form);
        } else {
          forget(this.key(name));
          this.typed.delete(form);
        }
      },
    });
    for (const part of form.element.querySelectorAll("[data-to-bank], [data-insert]")) part.remove();
    const before = kept<Typed>(this.key(name));
    form.fill(before ?? typed);
    if (before) this.typed.add(form);
    this.open.set(name, form);
    body.hidden = edits;
    body.after(form.element);
    if (focus) form.focus();
  }
}
