import { fetchJson, postForm, Refusal } from "../http";
import { besideIsBusy, released, settleBeside } from "./beside";
import { type Draft, Drafts } from "./drafts";
import { notNumbers, showWrong } from "./field-errors";
import { type Fields, fieldsOf, fill, read, same, served } from "./fields";
import { onKey } from "./keys";
import { choose, OF_ONE_KEPT } from "./mark-conflict";
import { type Asked, type Saved, Saver, type SaveState } from "./saver";
import { clock, SaveLine } from "./states";

const GIVEN_UP_AFTER = 20_000; // ms without an answer
const OFFERED_AFTER = 3_000; // ms of a save that somebody waits for
const MOST_KEPT_ALIVE = 60_000; // bytes: a browser takes 64 KiB of what outlives its page

/**
 * The form of the mark: saved by itself. Whatever changes one of its fields says so by an `input` event that bubbles;
 * what belongs to the mark and is no field of it, such as a comment, by a `mark-touched` event on the document.
 *
 * To be started before what draws itself by the fields: it puts back what was typed and not saved.
 */
export function startMarking(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-mark]");
  if (form) new Marking(form);
}

class Marking {
  private readonly drafts: Drafts;
  private readonly line: SaveLine;
  private readonly saver: Saver;
  private readonly server: Fields;
  /** Where somebody wants to go who waits for the saving. */
  private going: (() => void) | undefined;
  private conflict: Extract<SaveState, { is: "changed" }> | undefined;

  constructor(private readonly form: HTMLFormElement) {
    const { person = "", attempt = "", name = "", holds, mayRelease, newest } = form.dataset;
    this.drafts = new Drafts(person, attempt, undefined, this.terms);
    this.drafts.clear();
    this.line = new SaveLine(
      { name, holds: !!holds, mayRelease: !!mayRelease, newest: !!newest },
      this.drafts.work,
    );
    this.server = served(form);
    this.saver = new Saver(
      {
        read: () => read(form),
        wrong: () => notNumbers(form),
        send: (fields, version, asked) => this.send(fields, version, asked),
        show: (state) => this.show(state),
        drafts: this.drafts,
      },
      this.shownVersion,
      this.server,
    );
    this.restore();
    this.listen();
    if (this.saver.dirty) this.saver.typed();
  }

  private get shownVersion(): number {
    return Number(this.form.querySelector<HTMLInputElement>("input[name=version]")?.value) || 0;
  }

  /** By what the mark is counted on this page: the server refuses it where that is something else by now. */
  private get terms(): string {
    return this.form.querySelector<HTMLInputElement>("input[name=terms]")?.value ?? "";
  }

  private send(fields: Fields, version: number, asked: Asked): Promise<Saved> {
    const body = { ...fields, version, terms: this.terms, ...asked };
    const keepalive = new Blob([JSON.stringify(body)]).size < MOST_KEPT_ALIVE;
    const signal = AbortSignal.timeout(GIVEN_UP_AFTER);
    return fetchJson<Saved>(this.form.dataset.mark ?? "", body, { keepalive, signal });
  }

  // --- what happens on the page -------------------------------------------------------------------------------------
  private listen(): void {
    const { form, saver } = this;
    form.addEventListener("input", () => saver.typed());
    form.addEventListener("change", () => saver.typed());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const next = (event.submitter as HTMLButtonElement | null)?.name === "next";
      void (next ? this.leave(this.to("a[rel=next]"), () => true) : this.finish());
    });
    document.addEventListener("mark-touched", () => {
      saver.touched = true;
      void this.look();
    });
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      if (document.querySelector("dialog[open]")) return;
      event.preventDefault();
      form.requestSubmit(form.querySelector<HTMLButtonElement>("button[name=next]"));
    });
    document.addEventListener("click", (event) => this.followed(event));
    document.querySelector("form.attempts")?.addEventListener("submit", (event) => {
      if (!saver.dirty && !besideIsBusy()) return;
      event.preventDefault();
      void this.leave(
        () => (event.target as HTMLFormElement).submit(),
        () => false,
      );
    });
    document.querySelector("form[data-release]")?.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.release(event.target as HTMLFormElement);
    });
    for (const [keys, words, selector] of [
      [["n", "N"], "Next student", "a[rel=next]"],
      [["p", "P"], "Previous student", "a[rel=prev]"],
    ] as const) {
      onKey([...keys], words, (event) => {
        if (!event.repeat) document.querySelector<HTMLElement>(selector)?.click();
      });
    }
    onKey(["g", "G"], "To the mark", () => this.focusMark());
    window.addEventListener("online", () => saver.again());
    window.addEventListener("blur", () => void saver.save());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) void saver.save();
      else if (!saver.dirty) void this.look();
    });
    window.addEventListener("pagehide", () => saver.leave());
    window.addEventListener("beforeunload", (event) => {
      if (saver.dirty && !this.drafts.work) event.preventDefault();
    });
    this.button("[data-go-anyway]")?.addEventListener("click", () => this.going?.());
    this.button("[data-choose]")?.addEventListener("click", () => void this.choose());
  }

  /** A link of the room waits for what is not saved; those to other students also say that one is done with this. */
  private followed(event: MouseEvent): void {
    const link = (event.target as Element).closest<HTMLAnchorElement>(
      ".room-bar a[href], .room-list a[href], .top a[href], .handed-in a[href]",
    );
    const another = event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!link || another || event.defaultPrevented) return;
    const moves = link.matches("[rel=next], [rel=prev], .room-list ol a");
    const finish = () => moves && this.saver.touched;
    if (!finish() && !this.saver.dirty && !besideIsBusy()) return;
    event.preventDefault();
    void this.leave(() => location.assign(link.href), finish);
  }

  private to(selector: string): () => void {
    const link = document.querySelector<HTMLAnchorElement>(selector);
    return () => (link ? location.assign(link.href) : undefined);
  }

  /** Save the mark as one that this marker is done with: with what was typed beside it, or its student would not see that. */
  private async finish(): Promise<void> {
    const why = await this.saveBeside();
    if (why === undefined) return;
    if (why) this.line.say(`The mark is saved, and not finished yet. ${why}`);
    else await this.saver.save({ finish: true, moving: false });
  }

  /** @returns why something beside the mark is not saved; undefined where the mark itself is not. */
  private async saveBeside(): Promise<string | undefined> {
    if (!besideIsBusy()) return "";
    if (!(await this.saver.save())) return undefined;
    return settleBeside((words) => this.line.say(words));
  }

  /** Show how the mark is now: something that goes with it was changed, perhaps by somebody else. */
  private async look(): Promise<void> {
    try {
      this.line.look(await fetchJson<Saved>(this.form.dataset.mark ?? ""));
    } catch {
      // Whatever is saved next says why.
    }
  }

  /** Go once all is saved; where it cannot be, say so, and let the person go all the same. */
  private async leave(go: () => void, finish: () => boolean): Promise<void> {
    const offer = () => {
      this.going = go;
      this.reveal("[data-go-anyway]", true);
    };
    const slow = window.setTimeout(offer, OFFERED_AFTER);
    const why = await this.saveBeside();
    const saved = why === "" && (await this.saver.save({ finish: finish(), moving: true }));
    window.clearTimeout(slow);
    if (why) this.line.say(`The mark is saved, but you are still here. ${why}`);
    if (saved && !this.saver.dirty) go();
    else if (!this.conflict) offer();
  }

  private async release(form: HTMLFormElement): Promise<void> {
    const why = await this.saveBeside();
    if (why) this.line.say(`Not released. ${why}`);
    if (why !== "" || !(await this.saver.save())) return;
    try {
      const fields = Object.fromEntries(new FormData(form)) as Record<string, string>;
      const answer = await postForm<Saved>(form.action, fields);
      this.saver.goOnFrom(answer.version);
      this.line.tell({ is: "saved", answer, asked: { finish: true, moving: false } });
      released();
    } catch (error) {
      this.line.say(`Not released: ${error instanceof Refusal ? error.inWords : "try again."}`);
    }
  }

  private focusMark(): void {
    const choices = ["input[name=points]:not([readonly], [hidden])", "input[name=verdict]:checked"];
    for (const selector of [...choices, "input[name=verdict]", "[data-rubric] input"]) {
      const field = this.form.querySelector<HTMLInputElement>(selector);
      if (!field || field.disabled || !field.getClientRects().length) continue;
      field.focus();
      if (field.type === "number") field.select();
      return;
    }
  }

  // --- how the saving is ---------------------------------------------------------------------------------------------
  private show(state: SaveState): void {
    if (state.is !== "saving") this.reveal("[data-go-anyway]", false);
    if (state.is === "saved") this.reveal("[data-kept=restored]", false);
    if (state.is === "saved" && state.asked.finish && state.answer.returned && !state.answer.unreleased)
      released();
    this.conflict = state.is === "changed" ? state : undefined;
    this.reveal("[data-choose]", this.conflict !== undefined);
    const wrong = showWrong(this.form, state.is === "invalid" ? state.fields : {});
    if (wrong && !this.form.contains(document.activeElement)) wrong.focus();
    this.line.tell(state);
    if (this.conflict) void this.choose();
  }

  /** Whichever is chosen, the other one stays on this device. */
  private async choose(): Promise<void> {
    const conflict = this.conflict;
    if (!conflict) return;
    const choice = await choose(conflict.html, this.drafts.work);
    if (!choice || this.conflict !== conflict) return;
    const [mine, theirs] = [read(this.form), fieldsOf(conflict.theirs)];
    const version = Number(conflict.theirs.version) || 0;
    this.saver.goOnFrom(version);
    if (choice === "theirs") {
      this.drafts.keep({ fields: mine, version, whose: "mine" }, "aside");
      this.comeAgain();
      return;
    }
    this.drafts.keep({ fields: theirs, version, whose: "theirs" }, "aside");
    if (choice === "both") {
      const feedback = together(theirs.feedback ?? "", mine.feedback ?? "");
      fill(this.form, { ...mine, feedback });
    }
    const saved = await this.saver.save({ finish: false, moving: false });
    if (saved && choice === "both") this.comeAgain();
    else this.showAside();
  }

  // --- what was typed before -----------------------------------------------------------------------------------------
  private restore(): void {
    const draft = this.drafts.find();
    if (draft && same(draft.fields, this.server)) this.drafts.forget();
    else if (
      draft &&
      this.drafts.fits(draft) &&
      (draft.version === this.shownVersion || this.shownVersion === 0)
    )
      this.putBack(draft);
    else if (draft) {
      // It was typed on top of another mark than the one that is here now.
      this.drafts.keep({ ...draft, whose: "mine" }, "aside");
      this.drafts.forget();
    }
    this.showAside();
  }

  private putBack(draft: Draft): void {
    fill(this.form, draft.fields);
    const notice = this.reveal("[data-kept=restored]", true);
    const at = notice?.querySelector("[data-kept-at]");
    if (at) at.textContent = clock(new Date(draft.at));
    notice?.querySelector("[data-kept-undo]")?.addEventListener("click", () => void this.take(this.server));
    this.saver.typed();
  }

  private showAside(): void {
    const aside = this.drafts.find("aside");
    const notice = this.reveal("[data-kept=aside]", aside !== undefined);
    if (!aside || !notice) return;
    const words = notice.querySelector("[data-kept-words]");
    const whose = aside.whose === "theirs" ? "The other mark" : "What you had typed";
    if (words) words.textContent = `${whose} is not what is saved now. It is kept on this device.`;
    const on = (selector: string, act: () => void) => {
      const button = notice.querySelector<HTMLElement>(selector);
      if (button) button.onclick = act;
    };
    on("[data-kept-look]", () => void this.compare(aside));
    on("[data-kept-discard]", () => {
      this.drafts.forget("aside");
      this.showAside();
    });
  }

  /** Both in the server's words: it refuses what was written for a mark that is there no more, and says what both are. */
  private async compare(aside: Draft): Promise<void> {
    if (!(await this.saver.save())) return;
    try {
      await this.send(aside.fields, NEVER, { finish: false, moving: false });
      this.drafts.forget("aside"); // it is what is saved
      this.showAside();
    } catch (error) {
      if (!(error instanceof Refusal)) return;
      if (error.code !== "changed") {
        this.line.say(`Both cannot be shown: ${error.inWords}`);
        return;
      }
      const choice = await choose(String(error.answer.html ?? ""), true, OF_ONE_KEPT);
      const now = fieldsOf(error.answer.theirs as Record<string, unknown>);
      if (choice === "theirs") return;
      if (choice === "mine") await this.take(aside.fields, now);
      if (choice === "both") {
        const feedback = together(now.feedback ?? "", aside.fields.feedback ?? "");
        await this.take({ ...aside.fields, feedback }, now);
      }
    }
  }

  /** Save these instead of what is in the form, and show them as the server does. */
  private async take(fields: Fields, aside?: Fields): Promise<void> {
    fill(this.form, fields);
    if (!(await this.saver.save())) return;
    if (aside) this.drafts.keep({ fields: aside, version: NEVER, whose: "theirs" }, "aside");
    this.comeAgain();
  }

  private comeAgain(): void {
    this.saver.drop();
    const here = new URL(location.href);
    here.searchParams.set("attempt", this.form.dataset.attempt ?? "");
    location.replace(here);
  }

  private button(selector: string): HTMLElement | null {
    return document.querySelector<HTMLElement>(selector);
  }

  private reveal(selector: string, shown: boolean): HTMLElement | null {
    const place = this.button(selector);
    if (place) place.hidden = !shown;
    return place;
  }
}

/** A version that no mark ever has. */
const NEVER = 999_999_999;

/** Theirs first; text without markup becomes a paragraph. */
function together(theirs: string, mine: string): string {
  return [theirs, mine].map(asParagraphs).filter(Boolean).join("");
}

function asParagraphs(text: string): string {
  if (!text.trim() || /<[a-z/]/i.test(text)) return text;
  const place = document.createElement("p");
  place.textContent = text;
  return place.outerHTML;
}
