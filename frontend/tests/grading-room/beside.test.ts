import { beforeEach, describe, expect, it, vi } from "vitest";
import { Composer } from "../../src/comments/composer";
import type { Comment, Config, Unsent } from "../../src/comments/data";
import type { Said } from "../../src/comments/form";
import { ItemForms } from "../../src/comments/item-forms";
import { Outbox } from "../../src/comments/outbox";
import { besideIsBusy, forgetBeside, saveAlong, settleBeside } from "../../src/grading-room/beside";
import { Drafts } from "../../src/grading-room/drafts";
import { Refusal } from "../../src/http";

const FORM = `<form novalidate><p data-kept hidden></p><label data-text-label></label><textarea name="text"></textarea>
  <input name="at"><input name="until"><p data-error hidden></p><button data-close type="button"></button></form>`;
const config = { attempt: "a1", person: "p1", duration: 60 } as Config;

beforeEach(() => {
  localStorage.clear();
  forgetBeside();
  document.body.innerHTML = `<section class="room-video"><div data-comments>
    <button data-compose></button><div data-composer></div>
    <template data-form-template>${FORM}</template><template data-reply-template>${FORM.replace(/<input[^>]*>/g, "")}</template>
    <ul><li id="one"><div data-body><button data-edit></button><button data-reply></button></div></li></ul>
  </div></section>`;
});

const root = () => document.querySelector("[data-comments]") as HTMLElement;
const type = (within: Element | null, text: string, at?: string) => {
  const area = within?.querySelector("textarea") as HTMLTextAreaElement;
  area.value = text;
  const time = within?.querySelector<HTMLInputElement>("[name=at]");
  if (time && at !== undefined) time.value = at;
  area.dispatchEvent(new Event("input", { bubbles: true }));
};

describe("what stands beside the mark", () => {
  it("is asked only where something waits, and all of it at once", async () => {
    const quiet = { busy: () => false, settle: vi.fn() };
    saveAlong(quiet);
    saveAlong({ busy: () => true, settle: async () => "A comment is not saved." });
    saveAlong({ busy: () => true, settle: async () => "" });

    expect(besideIsBusy()).toBe(true);
    expect(await settleBeside()).toBe("A comment is not saved.");
    expect(quiet.settle).not.toHaveBeenCalled();
  });

  it("is nothing in a new room", async () => {
    expect(besideIsBusy()).toBe(false);
    expect(await settleBeside()).toBe("");
  });
});

describe("an open composer", () => {
  const saved: Said[] = [];
  const composer = () => new Composer(root(), undefined, config, (said) => saved.push(said));

  it("waits with what is typed, and is saved like by its own button", () => {
    const one = composer();
    expect(one.waits).toBe(false);
    one.open();
    expect(one.waits).toBe(false);
    type(root().querySelector("[data-composer]"), "Look up.", "0:12");

    expect(one.waits).toBe(true);
    expect(one.form.save()).toBe(true);
    expect(saved.pop()).toMatchObject({ at: 12, text: "Look up." });
    expect(one.waits).toBe(false);
    expect(localStorage.length).toBe(0);
  });

  it("says what is wrong, and keeps it", () => {
    const one = composer();
    one.open();
    type(root().querySelector("[data-composer]"), "Look up.", "nonsense");

    expect(one.form.save()).toBe(false);
    expect(one.waits).toBe(true);
    expect(composer().waits).toBe(true); // the page came again
  });

  it("leaves what another tab has kept since", () => {
    const one = composer();
    one.open();
    type(root().querySelector("[data-composer]"), "Mine.", "0:01");
    const key = Object.keys(localStorage)[0] as string;
    localStorage.setItem(key, JSON.stringify({ at: "0:02", until: "", text: "Of the other tab." }));
    one.form.save();

    expect(localStorage.getItem(key)).toContain("Of the other tab.");
  });
});

describe("forms in the list", () => {
  const comment = {
    id: "one",
    at: 3,
    until: null,
    text: "As it was.",
    may_edit: true,
    may_reply: true,
    replies: [],
  };
  const sent: Unsent[] = [];
  const forms = () => {
    const items = new Map([["one", document.querySelector("#one") as HTMLElement]]);
    return new ItemForms(root(), items, undefined, config, (one) => sent.push(one));
  };

  it("wait once something is typed, and are all saved", () => {
    const open = forms();
    open.edit(comment as unknown as Comment);
    open.reply(comment as unknown as Comment);
    expect(open.waits).toBe(false);
    const [reply, edit] = document.querySelectorAll("#one form");
    type(edit as Element, "Otherwise.");
    type(reply as Element, "Thanks.");

    expect(open.waits).toBe(true);
    expect(open.saveAll()).toBe(true);
    expect(sent.map(({ kind, text }) => [kind, text])).toEqual([
      ["edit", "Otherwise."],
      ["reply", "Thanks."],
    ]);
    expect(open.waits).toBe(false);
  });

  it("wait again after the page came again", () => {
    const open = forms();
    open.reply(comment as unknown as Comment);
    type(document.querySelector("#one form"), "Thanks.");
    for (const form of document.querySelectorAll("#one form")) form.remove();
    const again = forms();
    again.reopen([comment as unknown as Comment]);

    expect(again.waits).toBe(true);
  });
});

describe("comments on their way", () => {
  const one: Unsent = { id: "a", kind: "new", to: "", at: 1, until: null, text: "Look up." };

  it("are sent before the mark is, also those that were refused before", async () => {
    const gone = new Refusal(404, "session_ended", "Your session has ended.", "Open it again.");
    const send = vi.fn().mockRejectedValueOnce(gone).mockResolvedValue({ id: "a" });
    const box = new Outbox("unsent", send, () => undefined);
    box.put(one);
    await box.settled("a");
    expect(box.waiting).toHaveLength(1);

    expect(await box.settle()).toBe("");
    expect(box.waiting).toEqual([]);
  });

  it("say why they are still here", async () => {
    const offline = new Refusal(0, "no_answer", "The server did not answer.", "Check your connection.");
    const box = new Outbox("unsent", vi.fn().mockRejectedValue(offline), () => undefined);
    box.put(one);

    expect(await box.settle()).toContain("did not answer");
  });
});

describe("a draft of a mark", () => {
  const draft = { fields: { points: "40" }, version: 0 };

  it("fits while marks are counted as they were", () => {
    new Drafts("p", "a", localStorage, "100 points").keep(draft);
    const found = new Drafts("p", "a", localStorage, "100 points").find();

    expect(found && new Drafts("p", "a", localStorage, "100 points").fits(found)).toBe(true);
    expect(found && new Drafts("p", "a", localStorage, "50 points").fits(found)).toBe(false);
  });
});
