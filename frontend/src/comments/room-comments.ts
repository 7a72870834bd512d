import type Player from "video.js/dist/types/player";
import { saveAlong, touched } from "../grading-room/beside";
import { fetchJson, postForm, Refusal } from "../http";
import { Bank } from "./comment-bank";
import { Composer } from "./composer";
import { type BankEntry, type Comment, type Config, find, newId, type Unsent } from "./data";
import type { Said } from "./form";
import { fillItem, newItem, whenOf } from "./item";
import { ItemForms } from "./item-forms";
import { Outbox } from "./outbox";
import { givePoints } from "./points";
import { StatusLine } from "./status";
import { showWithin } from "./track";

interface Answer {
  comment: Comment | null;
}

/** The list of comments in the room, as it is on the server and as this browser has changed it. */
export class RoomComments {
  private readonly comments = new Map<string, Comment>();
  private readonly items = new Map<string, HTMLElement>();
  /** As the server had them before what is not saved yet. */
  private readonly before = new Map<string, Comment>();
  private readonly outbox: Outbox;
  private readonly status: StatusLine;
  private readonly composer: Composer;
  private readonly bank: Bank;
  private readonly forms: ItemForms;
  private changes = 0;

  /** @param changed called after the list was drawn otherwise. */
  constructor(
    private readonly root: HTMLElement,
    private readonly list: HTMLElement,
    private readonly config: Config,
    private readonly player: Player | undefined,
    private readonly changed: () => void,
  ) {
    this.status = new StatusLine(find(root, "[data-status-line]"));
    this.outbox = new Outbox(
      `reelmark:unsent:${config.attempt}:${config.person}`,
      (one) => this.send(one),
      (one, answer) => this.told(one, answer),
    );
    this.composer = new Composer(root, player, config, (said) => this.add(said));
    this.bank = new Bank(config, () => this.offerBank());
    for (const comment of config.comments) this.take(comment);
    for (const one of this.outbox.waiting) this.takeUnsent(one);
    this.drawAll();
    this.outbox.sendAll();
    this.offerBank();
    this.forms = new ItemForms(root, this.items, player, config, (one) => this.put(one));
    this.forms.reopen([...this.comments.values()]);
    saveAlong({ busy: () => this.busy, settle: () => this.settle() });
    root.addEventListener("click", (event) => this.press(event.target as Element));
    document.addEventListener("mark-released", () => void this.refresh());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.refresh();
    });
  }

  compose(): void {
    this.composer.open();
  }

  /** Say what the bank has on a key, at the moment that is shown; without a film one has to type the time. */
  addFromBank(key: string): void {
    const entry = this.bank.onKey(key);
    if (!entry) {
      this.status.say(`There is no comment on key ${key}. Press “Comment bank” to put one there.`);
      return;
    }
    if (!this.player) {
      this.composer.open(entry.text);
      return;
    }
    const at = Math.round((this.player.currentTime() ?? 0) * 10) / 10;
    const end = this.config.duration ?? Number.POSITIVE_INFINITY;
    const comment = this.add({ at: Math.min(at, end), until: null, text: entry.text });
    const points = givePoints(entry, this.config.criteria);
    this.status.say(`Added “${short(entry.text)}” at ${whenOf(comment)}. ${points.words}`, () => {
      points.undo();
      void this.remove(comment, false);
    });
  }

  /** Whether something typed is not on the server. */
  private get busy(): boolean {
    return this.composer.waits || this.forms.waits || this.outbox.waiting.length > 0;
  }

  /** Save what is typed in the open forms, and send what waits. */
  private async settle(): Promise<string> {
    const forms = this.forms.saveAll();
    const all = (!this.composer.waits || this.composer.form.save()) && forms;
    const why = await this.outbox.settle();
    if (!all) return "A comment cannot be saved as it is: look at what is marked there.";
    return why && `A comment is not saved yet. ${why}`;
  }

  private add(said: Said): Comment {
    const comment = this.put({ ...said, id: newId(), kind: "new", to: "" });
    showWithin(this.list, this.items.get(comment.id) as HTMLElement);
    return comment;
  }

  private put(one: Unsent): Comment {
    const comment = this.takeUnsent(one);
    this.outbox.put(one);
    this.drawAll();
    return comment;
  }

  // --- what is known ---------------------------------------------------------------------------------------------
  private take(comment: Comment): void {
    this.comments.set(comment.id, comment);
    this.changes += 1;
  }

  private takeUnsent(one: Unsent): Comment {
    const there = this.find(one.id);
    if (there) {
      if (!this.before.has(one.id)) this.before.set(one.id, { ...there });
      return Object.assign(there, { at: one.at, until: one.until, text: one.text });
    }
    const comment: Comment = {
      id: one.id,
      at: one.at,
      until: one.until,
      text: one.text,
      author: this.config.author,
      own: true,
      edited: false,
      may_edit: true,
      may_delete: true,
      may_reply: one.kind !== "reply",
      replies: [],
    };
    if (one.kind === "reply") this.comments.get(one.to)?.replies.push(comment);
    else if (one.at !== null) this.take(comment);
    this.changes += 1;
    return comment;
  }

  private find(id: string): Comment | undefined {
    return this.comments.get(id) ?? this.parentOf(id)?.replies.find((reply) => reply.id === id);
  }

  private parentOf(id: string): Comment | undefined {
    return [...this.comments.values()].find(({ replies }) => replies.some((reply) => reply.id === id));
  }

  private leave(id: string): void {
    const parent = this.parentOf(id);
    if (parent) parent.replies = parent.replies.filter((reply) => reply.id !== id);
    this.comments.delete(id);
    this.before.delete(id);
    this.items.get(id)?.remove();
    this.items.delete(id);
    this.changes += 1;
  }

  // --- to and from the server ------------------------------------------------------------------------------------
  private async send(one: Unsent): Promise<Comment | null> {
    const { id, at, until, text } = one;
    const { url, base } = this.config;
    const place = { new: url, edit: `${base}${id}/`, reply: `${base}${one.to}/reply/` }[one.kind];
    const body = one.at === null ? { id, text } : { id, at, until, text };
    return (await fetchJson<Answer>(place, body)).comment;
  }

  private told(one: Unsent, answer: Comment | null | undefined): void {
    if (answer === undefined) {
      const comment = this.find(one.id);
      if (comment) this.fill(comment);
      this.status.say("A comment is not saved yet: it is kept in the list.");
      return;
    }
    this.before.delete(one.id);
    const known = this.find(one.id);
    if (answer === null || !known) this.leave(one.id);
    else {
      Object.assign(known, { ...answer, replies: known.replies });
      this.changes += 1;
    }
    this.drawAll();
    if (one.kind !== "reply") touched();
  }

  /** What others have said in the meantime; not while something of this browser's is under way. */
  private async refresh(): Promise<void> {
    if (this.outbox.waiting.length) return this.outbox.sendAll();
    const known = this.changes;
    let fresh: Comment[];
    try {
      fresh = (await fetchJson<{ comments: Comment[] }>(this.config.url)).comments;
    } catch {
      return; // whatever is done next says why
    }
    if (known !== this.changes) return;
    const all = new Set(fresh.flatMap((comment) => [comment, ...comment.replies]).map(({ id }) => id));
    for (const id of [...this.items.keys()]) if (!all.has(id)) this.leave(id);
    for (const comment of fresh) this.take(comment);
    this.drawAll();
  }

  /** Take it away at once, with a way back. `lead`: the focus was in it. */
  private async remove(comment: Comment, lead = true): Promise<void> {
    const parent = this.parentOf(comment.id);
    const what = parent ? "the reply" : `the comment at ${whenOf(comment)}`;
    const deleted = this.outbox.settled(comment.id).then(async () => {
      const unsent = this.outbox.has(comment.id);
      this.outbox.drop(comment.id);
      const gone = postForm<Answer>(`${this.config.base}${comment.id}/delete/`, {});
      // One whose answer was lost may be on the server all the same.
      await (unsent ? gone.catch(() => undefined) : gone);
      return unsent;
    });
    this.leave(comment.id);
    this.drawAll();
    this.status.say(`Deleted ${what}.`, () => {
      deleted.then(
        (unsent) => this.bringBack(comment, parent, unsent),
        () => undefined,
      );
    });
    if (lead) this.status.focusUndo();
    try {
      await deleted;
      if (!parent) touched();
    } catch (error) {
      this.putBack(comment, parent);
      this.status.say(`It was not deleted. ${words(error)}`);
    }
  }

  private async bringBack(comment: Comment, parent: Comment | undefined, unsent: boolean): Promise<void> {
    if (unsent) {
      const kind = parent ? "reply" : "new";
      const { at, until, text } = comment;
      this.put({ id: newId(), kind, to: parent?.id ?? "", at, until, text });
      return;
    }
    try {
      await postForm(`${this.config.base}${comment.id}/restore/`, {});
    } catch (error) {
      this.status.say(`It is still deleted. ${words(error)}`);
      return;
    }
    this.putBack(comment, parent);
    this.status.say("It is back.");
    if (!parent) touched();
    // Not from under the hands of somebody who types by now.
    if (document.activeElement === document.body)
      this.items.get(comment.id)?.querySelector<HTMLElement>("[data-delete]")?.focus();
  }

  private putBack(comment: Comment, parent: Comment | undefined): void {
    if (parent) parent.replies.push(comment);
    else this.take(comment);
    this.changes += 1;
    this.drawAll();
  }

  /** Let go of what cannot be saved. */
  private discard(comment: Comment): void {
    const before = this.before.get(comment.id);
    this.outbox.drop(comment.id);
    if (before) {
      Object.assign(comment, { at: before.at, until: before.until, text: before.text });
      this.before.delete(comment.id);
      this.drawAll();
      return;
    }
    this.leave(comment.id);
    this.drawAll();
    find(this.root, "[data-compose]").focus();
    // One whose answer was lost may be on the server all the same.
    postForm(`${this.config.base}${comment.id}/delete/`, {}).catch(() => undefined);
  }

  // --- what is shown ---------------------------------------------------------------------------------------------
  private drawAll(): void {
    for (const comment of this.comments.values()) this.draw(comment);
    find(this.root, "[data-count]").textContent = this.comments.size ? String(this.comments.size) : "";
    find(this.root, "[data-none]").hidden = this.comments.size > 0;
    this.drawWaiting();
    this.changed();
  }

  /** Beside them: how many their student does not see as they are, and the button that releases them. */
  private drawWaiting(): void {
    const line = this.root.querySelector<HTMLElement>("[data-waiting]");
    const count = [...this.comments.values()].filter(({ waits }) => waits).length;
    if (!line) return;
    line.hidden = count === 0;
    const words = count === 1 ? "1 comment is not released yet." : `${count} comments are not released yet.`;
    find(line, "[data-waiting-words]").textContent = words;
  }

  private draw(comment: Comment): void {
    const item = this.fill(comment);
    const after = [...this.comments.values()]
      .filter((other) => this.items.get(other.id)?.isConnected && other !== comment)
      .sort(byTime)
      .find((other) => byTime(other, comment) > 0);
    const next = after ? (this.items.get(after.id) ?? null) : null;
    if (item.parentElement !== this.list || item.nextElementSibling !== next)
      this.list.insertBefore(item, next);
    const replies = find(item, ".replies");
    replies.hidden = comment.replies.length === 0;
    for (const reply of comment.replies) {
      const element = this.fill(reply);
      if (element.parentElement !== replies) replies.append(element);
    }
  }

  private fill(comment: Comment): HTMLElement {
    let item = this.items.get(comment.id);
    if (!item) {
      item = newItem(this.root, comment);
      this.items.set(comment.id, item);
    }
    fillItem(item, comment, {
      unsent: this.outbox.has(comment.id),
      failure: this.outbox.failure(comment.id),
    });
    return item;
  }

  private offerBank(): void {
    const place = find(this.root, "[data-composer] [data-insert]");
    place.hidden = this.bank.entries.length === 0;
    const options = this.bank.entries.map(
      (entry) => new Option(`${entry.key ?? ""} ${short(entry.text)}`, entry.id),
    );
    find(place, "select").replaceChildren(...options);
  }

  // --- what is pressed -------------------------------------------------------------------------------------------
  private press(target: Element): void {
    const button = target.closest<HTMLElement>("button");
    if (!button) return;
    if (button.matches("[data-compose]")) this.composer.open();
    if (button.matches("[data-opens-bank]")) this.bank.open();
    if (button.matches("[data-to-bank]")) void this.toBank();
    const insert = button.closest("[data-insert]");
    if (insert) this.insert(find<HTMLSelectElement>(insert, "select").value);
    const item = button.closest<HTMLElement>("[data-reply-item], [data-comment]");
    const comment = item && this.find(item.dataset.replyItem ?? item.dataset.comment ?? "");
    if (!comment) return;
    if (button.matches("[data-edit]")) this.forms.edit(comment);
    if (button.matches("[data-delete]")) void this.remove(comment);
    if (button.matches("[data-reply]")) this.forms.reply(comment);
    if (button.matches("[data-discard]")) this.discard(comment);
    if (button.matches("[data-again]")) void this.outbox.try(comment.id);
  }

  private insert(id: string): void {
    const entry: BankEntry | undefined = this.bank.entries.find((one) => one.id === id);
    if (!entry) return;
    this.composer.form.insert(entry.text);
    const points = givePoints(entry, this.config.criteria);
    if (points.words) this.status.say(points.words, points.undo);
  }

  private async toBank(): Promise<void> {
    const text = this.composer.form.typed.text.trim();
    if (!text) {
      this.status.say("Type the comment first, then save it to your bank.");
      return;
    }
    try {
      await this.bank.add(text);
      this.status.say("Saved to your bank. Press “Comment bank” to put it on a key.");
    } catch (error) {
      this.status.say(words(error));
    }
  }
}

function byTime(one: Comment, other: Comment): number {
  return (one.at ?? 0) - (other.at ?? 0);
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > 40 ? `${line.slice(0, 39).trimEnd()}…` : line;
}

function words(error: unknown): string {
  if (!(error instanceof Refusal)) return "That did not work.";
  if (error.code === "session_ended") return "Your session has ended: open the assignment from Moodle again.";
  return error.inWords;
}
