import { type Comment, copyOf, find } from "./data";
import { inWords } from "./moments";
import type { Failure } from "./outbox";

/** What the browser knows of a comment beside what the server says. */
export interface State {
  unsent: boolean;
  failure: Failure | undefined;
}

/** A new item of the list: of a comment, or of a reply. */
export function newItem(root: HTMLElement, comment: Comment): HTMLElement {
  const isReply = comment.at === null;
  const item = copyOf(root, isReply ? "[data-reply-item-template]" : "[data-item-template]");
  item.id = `comment-${comment.id}`;
  item.dataset[isReply ? "replyItem" : "comment"] = comment.id;
  return item;
}

/** Show the comment as it is now; what is open or focused in its item stays. Its replies are items of their own. */
export function fillItem(item: HTMLElement, comment: Comment, { unsent, failure }: State): void {
  const when = whenOf(comment);
  const what = when ? `the comment at ${when}` : `the reply by ${comment.author}`;
  const jump = item.querySelector<HTMLElement>(":scope > [data-body] [data-jump]");
  if (jump) {
    item.dataset.at = String(comment.at);
    item.dataset.until = comment.until === null ? "" : String(comment.until);
    jump.textContent = when;
    jump.setAttribute("aria-label", `Comment by ${comment.author} at ${when}`);
  }
  const body = find(item, "[data-body]");
  find(body, ".comment-author").textContent = comment.author;
  find(body, ".comment-text").textContent = comment.text;
  find(body, "[data-edited]").hidden = !comment.edited;
  const waits = body.querySelector<HTMLElement>("[data-not-released]");
  if (waits) waits.hidden = !comment.waits || unsent;
  const tools = {
    edit: comment.may_edit,
    delete: comment.may_delete && !failure,
    reply: comment.may_reply && !unsent,
  };
  for (const [name, may] of Object.entries(tools)) {
    const button = body.querySelector<HTMLElement>(`[data-${name}]`);
    if (!button) continue;
    button.hidden = !may;
    button.setAttribute(
      "aria-label",
      `${name === "reply" ? "Reply to" : (button.textContent ?? "").trim()} ${what}`,
    );
  }
  const place = find(body, "[data-unsaved]");
  place.hidden = !failure;
  item.classList.toggle("not-saved", failure !== undefined);
  if (failure) find(place, "[data-unsaved-words]").textContent = `Not saved yet. ${failure.words}`;
}

/** "0:20"; empty for a reply. */
export function whenOf({ at, until }: Comment): string {
  return at === null ? "" : inWords({ at, until: until ?? undefined });
}
