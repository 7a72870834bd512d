import rules from "../../../video/feedback/rich_text.json";

/** What may be in feedback: tags with their attributes. The server's own list (video/feedback/rich_text.py). */
export const TAGS: Readonly<Record<string, readonly string[]>> = rules.tags;
export const BLOCKS: ReadonlySet<string> = new Set(rules.blocks);

const SCHEME = new RegExp(`^(?:${rules.schemes.join("|")}):`, "i");
const DROPPED = "script, style, meta, link, title, head, template, noscript, iframe, object, svg, math, xml";
const SAME: Readonly<Record<string, string>> = {
  b: "strong",
  i: "em",
  del: "s",
  strike: "s",
  ins: "u",
  h1: "h3",
  h2: "h3",
  h5: "h4",
  h6: "h4",
  kbd: "code",
  samp: "code",
};
/** They stand on lines of their own; what of them is not allowed becomes a paragraph. */
const LINES = new Set(
  "p div section article header footer main aside pre tr dt dd address figure figcaption caption li h3 h4 ul ol blockquote table tbody thead".split(
    " ",
  ),
);

/** Addresses that a link may lead to. */
export function isAllowedAddress(address: string): boolean {
  return SCHEME.test(address.trim());
}

/** HTML of anywhere, such as Word or Google Docs, as what may be in feedback. */
export function cleanHtml(html: string): string {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const dropped of body.querySelectorAll(DROPPED)) dropped.remove();
  makeWordLists(body);
  const place = document.createElement("div");
  place.append(...cleaned(body));
  return place.innerHTML;
}

function cleaned(node: Node): Node[] {
  return [...node.childNodes].flatMap((child) => {
    if (child.nodeType === Node.TEXT_NODE) return [document.createTextNode(child.textContent ?? "")];
    return child instanceof Element || child.nodeType === Node.ELEMENT_NODE
      ? cleanedElement(child as HTMLElement)
      : []; // comments, in which Word hides half of a document
  });
}

function cleanedElement(element: HTMLElement): Node[] {
  const tag = element.tagName.toLowerCase();
  const name = SAME[tag] ?? tag;
  let inner = cleaned(element);
  if (name === "td" || name === "th") return [...inner, document.createTextNode(" ")];
  if (!LINES.has(name) && name !== "a") inner = marked(element, name, inner);
  const allowed = TAGS[name];
  if (allowed && !(name === "li" && !element.parentElement?.matches("ul, ol"))) {
    if (MARKS.has(name)) return inner; // done by `marked`
    return put(element, name, allowed, inner);
  }
  const holdsLines = inner.some((child) => LINES.has(child.nodeName.toLowerCase()));
  return LINES.has(name) && !holdsLines ? [wrap("p", inner)] : inner;
}

function put(element: HTMLElement, name: string, allowed: readonly string[], inner: Node[]): Node[] {
  const made = wrap(name, inner);
  for (const attribute of allowed) {
    const value = element.getAttribute(attribute) ?? "";
    if (attribute === "href" ? isAllowedAddress(value) : /^\d{1,6}$/.test(value))
      made.setAttribute(attribute, value.trim());
  }
  return name === "a" && !made.hasAttribute("href") ? inner : [made];
}

const MARKS = new Set(["strong", "em", "u", "s"]);

/** Bold and the like by tag or by style; Google wraps all it copies into a `<b>` that is not bold. */
function marked(element: HTMLElement, name: string, inner: Node[]): Node[] {
  const style = element.getAttribute("style") ?? "";
  const weight = /font-weight:\s*(\w+)/i.exec(style)?.[1] ?? "";
  const line = /text-decoration(?:-line)?:([^;]+)/i.exec(style)?.[1] ?? "";
  const wanted = {
    strong: weight ? weight === "bold" || Number(weight) >= 600 : name === "strong",
    em: /font-style:/i.test(style) ? /font-style:\s*italic/i.test(style) : name === "em",
    u: name === "u" || (line.includes("underline") && !element.closest("a")),
    s: name === "s" || line.includes("line-through"),
  };
  if (!inner.some((child) => child.textContent?.trim())) return inner;
  if (inner.some((child) => LINES.has(child.nodeName.toLowerCase()))) return inner;
  return Object.entries(wanted).reduce((held, [mark, yes]) => (yes ? [wrap(mark, held)] : held), inner);
}

function wrap(name: string, inner: Node[]): HTMLElement {
  const made = document.createElement(name);
  made.append(...inner);
  return made;
}

/** Word's lists are paragraphs that say of themselves which level they are of, with the bullet typed before the words. */
function makeWordLists(body: HTMLElement): void {
  let lists: HTMLElement[] = [];
  let last: Element | null = null;
  for (const paragraph of [...body.querySelectorAll<HTMLElement>("p[style*='mso-list']")]) {
    const level = Number(/mso-list:[^;]*level(\d)/i.exec(paragraph.getAttribute("style") ?? "")?.[1]);
    if (!level) continue;
    const bullet = paragraph.querySelector("[style*='mso-list:Ignore'], [style*='mso-list: Ignore']");
    const kind = /^\s*\(?[0-9a-z]{1,3}[.)]/i.test(bullet?.textContent ?? "") ? "ol" : "ul";
    bullet?.remove();
    if (paragraph.previousElementSibling !== last || !last) lists = [];
    lists = lists.slice(0, level);
    while (lists.length < level) {
      const list = body.ownerDocument.createElement(kind);
      const above = lists.at(-1);
      if (above)
        (above.lastElementChild ?? above.appendChild(body.ownerDocument.createElement("li"))).append(list);
      else paragraph.before(list);
      lists.push(list);
    }
    const item = body.ownerDocument.createElement("li");
    item.append(...paragraph.childNodes);
    lists.at(-1)?.append(item);
    last = lists[0] ?? null;
    paragraph.remove();
  }
}
