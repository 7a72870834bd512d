import { getSchema } from "@tiptap/core";
import { DOMSerializer } from "@tiptap/pm/model";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import samples from "../../../tests/video/feedback/rich_samples.json";
import { EXTENSIONS, RichEditor } from "../../src/feedback/editor";
import { showFeedback, startFeedback } from "../../src/feedback/feedback";
import { linkAddress } from "../../src/feedback/link-dialog";
import { cleanHtml, TAGS } from "../../src/feedback/paste";

const editors: RichEditor[] = [];

function editorOf(html: string, changed = vi.fn()): RichEditor {
  const mount = document.body.appendChild(document.createElement("div"));
  const made = new RichEditor({ mount, html, attributes: {}, changed, moved: vi.fn(), link: vi.fn() });
  editors.push(made);
  return made;
}

afterEach(() => {
  for (const made of editors.splice(0)) made.destroy();
});

/** The same tree, in whatever order its attributes are. */
function tree(html: string): string {
  const place = document.createElement("div");
  place.innerHTML = html;
  for (const element of place.querySelectorAll("*")) {
    const sorted = [...element.attributes].sort((a, b) => a.name.localeCompare(b.name));
    for (const { name } of sorted) element.removeAttribute(name);
    for (const { name, value } of sorted) element.setAttribute(name, value);
  }
  return place.innerHTML;
}

describe("the editor's schema", () => {
  const schema = getSchema(EXTENSIONS);
  const serializer = DOMSerializer.fromSchema(schema);
  const made = new Map<string, Set<string>>();
  const note = (element: HTMLElement) => {
    const names = made.get(element.localName) ?? new Set();
    for (const { name } of element.attributes) names.add(name);
    made.set(element.localName, names);
  };
  for (const type of Object.values(schema.nodes)) {
    if (type.name === "doc" || type.isText) continue;
    for (const level of [3, 4]) {
      note(serializer.serializeNode(type.create({ level, start: 5 })) as HTMLElement);
    }
  }
  const linked = { href: "https://example.org/" };
  for (const mark of Object.values(schema.marks)) {
    const place = document.createElement("p");
    place.append(
      serializer.serializeFragment(
        schema.node("paragraph", null, [schema.text("x", [mark.create(linked)])]).content,
      ),
    );
    note(place.firstElementChild as HTMLElement);
  }

  it("makes what the server allows, all of it and nothing else", () => {
    expect([...made.keys()].sort()).toEqual(Object.keys(TAGS).sort());
    for (const [tag, names] of made) {
      const own = [...names].filter((name) => !["target", "rel"].includes(name)); // the server sets them itself
      expect(own, tag).toEqual(TAGS[tag]);
    }
  });

  it.each(Object.entries(samples))("keeps %s as the server does", (_, html) => {
    expect(tree(editorOf(html).html)).toBe(tree(html));
  });
});

describe("the editor", () => {
  it("is empty without words", () => {
    expect(editorOf("").html).toBe("");
    expect(editorOf("<p></p>").html).toBe("");
  });

  it("does not say that something changed because it was opened or shown something", () => {
    const changed = vi.fn();
    editorOf("<ul><li><p>a</p></li></ul>", changed).show("<h3>b</h3>");

    expect(changed).not.toHaveBeenCalled();
  });

  it("makes links to the web and to mail alone", () => {
    const made = editorOf("<p>see</p>");
    made.setLink("https://example.org/", "here");
    expect(made.html).toContain('href="https://example.org/"');
    expect(made.html).toContain('rel="noopener noreferrer nofollow"');

    expect(editorOf('<p><a href="javascript:alert(1)">x</a></p>').html).toBe("<p>x</p>");
    const evil = editorOf("<p>x</p>");
    evil.setLink("javascript:alert(1)", "here");
    expect(evil.html).not.toContain("javascript:");
  });
});

describe("the address of a link", () => {
  it.each([
    ["example.org", "https://example.org"],
    ["  https://example.org/a?b=c ", "https://example.org/a?b=c"],
    ["HTTP://example.org", "HTTP://example.org"],
    ["localhost:8000/x", "https://localhost:8000/x"],
    ["ana@example.org", "mailto:ana@example.org"],
    ["mailto:ana@example.org", "mailto:ana@example.org"],
    ["javascript:alert(1)", undefined],
    ["JavaScript:alert(1)", undefined],
    ["data:text/html,x", undefined],
    ["ftp://example.org", undefined],
    ["two words", undefined],
    ["https://", undefined],
    ["", undefined],
  ])("%s is %s", (typed, address) => expect(linkAddress(typed)).toBe(address));
});

describe("what is pasted", () => {
  it.each([
    ["bold that is not, by Google", '<b style="font-weight:normal"><p>a</p></b>', "<p>a</p>"],
    [
      "Google's spans",
      '<p><span style="font-weight:700">b</span><span style="font-style:italic">i</span><span style="text-decoration:underline">u</span></p>',
      "<p><strong>b</strong><em>i</em><u>u</u></p>",
    ],
    [
      "old tags",
      "<p><b>b</b><i>i</i><del>d</del><ins>n</ins></p>",
      "<p><strong>b</strong><em>i</em><s>d</s><u>n</u></p>",
    ],
    ["headings", "<h1>a</h1><h6>b</h6>", "<h3>a</h3><h4>b</h4>"],
    ["boxes", "<div><div>a</div><div>b</div></div>", "<p>a</p><p>b</p>"],
    ["tables", "<table><tr><td>a</td><td>b</td></tr></table>", "<p>a b </p>"],
    ["classes and styles", '<p class="MsoNormal" style="color:red" onclick="x()">a</p>', "<p>a</p>"],
    ["scripts", "<p>a<script>alert(1)</script><style>p{}</style><!--[if mso]>x<![endif]--></p>", "<p>a</p>"],
    ["pictures", '<p>a<img src="x" onerror="alert(1)"></p>', "<p>a</p>"],
    ["bad links", '<p><a href="javascript:alert(1)">a</a><a href="/l/1/">b</a></p>', "<p>ab</p>"],
    [
      "good links",
      '<p><a href="https://e.org" class="x" target="y">a</a></p>',
      '<p><a href="https://e.org">a</a></p>',
    ],
    ["stray items", "<li>a</li>", "<p>a</p>"],
    ["Word's own tags", "<p>a<o:p>b</o:p></p>", "<p>ab</p>"],
  ])("%s", (_, html, clean) => expect(cleanHtml(html)).toBe(clean));

  it("makes lists of Word's paragraphs", () => {
    const item = (level: number, sign: string, words: string) =>
      `<p class="MsoListParagraph" style="mso-list:l0 level${level} lfo1"><span style="mso-list:Ignore">${sign} </span>${words}</p>`;
    const html = `<p>before</p>${item(1, "·", "a")}${item(2, "o", "b")}${item(1, "·", "c")}<p>between</p>${item(1, "1.", "d")}`;

    expect(cleanHtml(html)).toBe(
      "<p>before</p><ul><li>a<ul><li>b</li></ul></li><li>c</li></ul><p>between</p><ol><li>d</li></ol>",
    );
  });
});

describe("the field of the form", () => {
  const RICH = "<p>Well <strong>told</strong>.</p>";
  const said = vi.fn();
  let field: HTMLTextAreaElement;
  const words = () => document.querySelector<HTMLElement>("[role=textbox]") as HTMLElement;

  async function open(rich = RICH, shown = "Well told."): Promise<void> {
    document.body.innerHTML = `<form><div data-feedback><label id="feedback-label" for="id_feedback">Feedback</label>
      <div role="toolbar" data-feedback-tools hidden><button type="button" data-format="bold" aria-keyshortcuts="Control+B"></button>
      <button type="button" data-format="bulletList"></button><button type="button" data-format="undo"></button></div>
      <div data-feedback-editor hidden></div>
      <textarea id="id_feedback" name="feedback" ${rich ? `data-html="${rich.replaceAll('"', "&quot;")}"` : ""}>${shown.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</textarea>
      <input type="hidden" name="feedback_was" value="x"><template><dialog></dialog></template></div></form>`;
    field = document.querySelector("textarea") as HTMLTextAreaElement;
    startFeedback();
    said.mockClear();
    document.querySelector("form")?.addEventListener("input", said);
    expect(field.value).toBe(rich || shown); // before the editor is there: the form may be saved at once
    await vi.waitFor(() => expect(words()).not.toBeNull());
  }
  const press = (format: string) =>
    document.querySelector<HTMLButtonElement>(`[data-format=${format}]`)?.click();

  beforeEach(() => open());

  it("holds the HTML from the first moment, and is not changed by being opened", () => {
    expect(field.value).toBe(RICH);
    expect(field.hidden).toBe(true);
    expect(document.querySelector<HTMLElement>("[data-feedback-tools]")?.hidden).toBe(false);
    expect(said).not.toHaveBeenCalled();
    expect(document.querySelector("[name=feedback_was]")).toBeNull();
    expect(words().getAttribute("aria-labelledby")).toBe("feedback-label");
    expect(words().getAttribute("aria-multiline")).toBe("true");
  });

  it("follows what is done in the editor, and says so to the form", () => {
    press("bulletList");

    expect(field.value).toBe("<ul><li><p>Well <strong>told</strong>.</p></li></ul>");
    expect(said).toHaveBeenCalledOnce();
    expect(said.mock.calls[0]?.[0].target).toBe(field);
    expect(document.querySelector("[data-format=bulletList]")?.getAttribute("aria-pressed")).toBe("true");
    press("undo");
    expect(field.value).toBe(RICH);
    expect(said).toHaveBeenCalledTimes(2);
    expect(document.querySelector("[data-format=undo]")?.getAttribute("aria-disabled")).toBe("true");
  });

  it("shows other feedback that was chosen, without saying that somebody typed it", () => {
    showFeedback("<p>Theirs.</p>");

    expect(field.value).toBe("<p>Theirs.</p>");
    expect(words().textContent).toBe("Theirs.");
    expect(said).not.toHaveBeenCalled();
    showFeedback("");
    expect(words().textContent).toBe("");
    expect(field.value).toBe("");
  });

  it("follows what another script writes into it", () => {
    field.value = "<p>Kept on this device.</p>";
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));

    expect(words().textContent).toBe("Kept on this device.");
    expect(said).toHaveBeenCalledOnce();
  });

  it("takes what was typed without a script, line by line", async () => {
    await open("", "a<b & c\nd\n\ne");

    expect(words().innerHTML).toContain("a&lt;b &amp; c");
    expect(words().querySelectorAll("p")).toHaveLength(2);
    expect(said).not.toHaveBeenCalled();
  });

  it("keeps what somebody typed before it came", async () => {
    document.body.innerHTML = "";
    startFeedback();
    await open("", "");
    document.body.innerHTML = document.body.innerHTML.replace("data-ready", "data-x");
    const late = document.querySelector("textarea") as HTMLTextAreaElement;
    late.dataset.html = "<p>Old.</p>";
    late.value = "Typed early.";
    document.querySelector("[data-feedback-editor]")?.replaceChildren();
    startFeedback();
    await vi.waitFor(() => expect(words()?.textContent).toBe("Typed early."));

    expect(late.value).toBe("Typed early.");
  });

  it("starts anew on a new page alone", async () => {
    const before = words();
    startFeedback();
    expect(words()).toBe(before);
    await open("<p>Next.</p>", "Next.");

    expect(words().textContent).toBe("Next.");
    expect(document.querySelectorAll("dialog")).toHaveLength(1);
  });
});
