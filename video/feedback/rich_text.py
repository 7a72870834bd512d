"""Feedback as safe HTML, and as the plain text that Moodle's gradebook and a spreadsheet show.

`rich_text.json` is the one list of what is allowed; the editor (frontend/src/feedback/editor.ts) is built from it too.
"""

import json
import re
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path

import nh3
from django.utils.html import linebreaks

_RULES = json.loads(Path(__file__).with_suffix(".json").read_text())
TAGS: set[str] = set(_RULES["tags"])
DEEPEST = 24  # lists in quotes in lists: nobody writes that, but a few kB of tags can bring a browser down

_BLOCKS: set[str] = set(_RULES["blocks"])
_WRAPPING = _BLOCKS | {"li"}
_ATTRIBUTES = {tag: set(names) for tag, names in _RULES["tags"].items() if names}
_SCHEMES: set[str] = set(_RULES["schemes"])
_MOST_ROUNDS = 4

_START = re.compile(rf"\s*<(?:{'|'.join(sorted(_BLOCKS))})[\s>]", re.IGNORECASE)
_OPENED = re.compile(r"<([a-z][a-z0-9]*)(?:\s[^<>]*)?>", re.IGNORECASE)
_CLOSED = re.compile(r"</([a-z][a-z0-9]*)\s*>", re.IGNORECASE)
_ADDRESS = re.compile(rf"\s*(?:{'|'.join(sorted(_SCHEMES))}):", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d{1,6}")
# An HTML parser opens whatever formatting is left open again in each paragraph that follows: of each kind three at the
# most, unless their attributes differ (HTML, 13.2.4.3). None of ours has one but a link, and links do not nest.
_FORMATTING = "b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u"
_DRESSED = re.compile(rf"<({_FORMATTING})[\s/][^<>]*>", re.IGNORECASE)
_DRESSED_OTHERWISE = re.compile(rf"<({_FORMATTING})(?=[\s/])", re.IGNORECASE)


class TooLong(ValueError):
    """Cleaned it is longer than it may be: each paragraph opens again what formatting an earlier one has left open."""


def clean(html: str, *, longest: int | None = None) -> str:
    """What of `html` is allowed: paragraphs and the like, with links to web and mail addresses. Empty for no words.

    What is no HTML, as a browser without scripts sends it, keeps its lines: `a<b` are three characters. What is
    cleaned already stays as it is.

    Raises:
        TooLong: more than `longest` characters, before the rest of the work.
    """
    html = storable(html)
    if not _is_html(html):
        return _from_text(html)
    cleaned = _cleaned(html)
    if longest is not None and len(cleaned) > longest:
        raise TooLong
    for _ in range(_MOST_ROUNDS):
        again = _cleaned(_put_in_order(cleaned))
        if again == cleaned:
            return cleaned if plain(cleaned) else ""
        cleaned = again
    return _from_text(plain(cleaned))  # what changes whenever it is looked at is nothing that an editor made


def from_plain(text: str) -> str:
    """Plain text as the same HTML that an editor would have made of it, also where it looks like HTML."""
    return _from_text(storable(text))


def typed(text: str, *, shown: str, longest: int | None = None) -> str:
    """Clean HTML of a field that showed the words of `shown` without its formatting: unchanged words keep it.

    Raises:
        TooLong: as `clean`.
    """
    was = clean(shown, longest=longest)
    return was if was and _lines(text) == _lines(plain(was)) else clean(text, longest=longest)


def plain(html: str) -> str:
    """The words, a line for each paragraph or item; items begin with a dash or their number, links show where to."""
    reader = _Words()
    reader.feed(_cleaned(storable(html)))
    reader.close()
    return reader.text


def storable(text: str) -> str:
    """Without what a database does not take: NUL, and halves of characters, which JSON can hold."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


def _is_html(text: str) -> bool:
    """It begins with a paragraph or the like, as an editor's does; or some tag in it is opened and closed."""
    if _START.match(text):
        return True
    opened = {tag.lower() for tag in _OPENED.findall(text)}
    return bool(opened & {tag.lower() for tag in _CLOSED.findall(text)})


def _from_text(text: str) -> str:
    return _cleaned(_put_in_order(linebreaks(text.strip(), autoescape=True))) if text.strip() else ""


def _cleaned(html: str) -> str:
    return nh3.clean(
        _undressed(html),
        tags=TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes=_SCHEMES,
        link_rel=_RULES["link"]["rel"],
        set_tag_attribute_values={"a": {"target": _RULES["link"]["target"]}},
    )


def _undressed(html: str) -> str:
    """Without attributes of formatting, before it is parsed; those with a `<` in them become words."""
    return _DRESSED_OTHERWISE.sub(r"<\1>", _DRESSED.sub(r"<\1>", html))


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":  # an address of our own pages is of no use to anybody else
        return value if _ADDRESS.match(value) else None
    return value if name != "start" or _NUMBER.fullmatch(value) else None


def _put_in_order(cleaned: str) -> str:
    orderly = _Orderly()
    orderly.feed(cleaned)
    orderly.close()
    return orderly.html


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


class _Orderly(HTMLParser):
    """Words that stand alone become paragraphs, links to nowhere their words; what lies too deep is lifted."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self._out: list[str] = []
        self._open: list[str] = []  # of what was written
        self._all: list[tuple[str, bool]] = []  # with whether it was written
        self._bare = False

    @property
    def html(self) -> str:
        self._end_bare()
        return "".join(self._out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS and not self._open:
            self._end_bare()
        elif not self._open and tag not in _BLOCKS:
            self._begin_bare()
        if tag == "br":
            self._out.append("<br>")
            return
        given = dict(attrs)
        written = len(self._open) < DEEPEST and (tag != "a" or "href" in given)
        self._all.append((tag, written))
        if written:
            kept = "".join(
                f' {name}="{escape(given[name] or "")}"' for name in sorted(_ATTRIBUTES.get(tag, ())) if name in given
            )
            self._out.append(f"<{tag}{kept}>")
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._all or self._all[-1][0] != tag:
            return  # nh3 closes what it opens, in order
        if self._all.pop()[1]:
            self._open.pop()
            self._out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._open and not self._bare:
            if not data.strip():
                return
            self._begin_bare()
        self._out.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def _begin_bare(self) -> None:
        if not self._bare:
            self._out.append("<p>")
            self._bare = True

    def _end_bare(self) -> None:
        if self._bare:
            self._out.append("</p>")
            self._bare = False


class _Words(HTMLParser):
    """The words of cleaned HTML in lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line = ""
        self._lists: list[int | None] = []  # the next number; None: dashes
        self._links: list[tuple[str, int]] = []  # where to, and where its words begin
        self._sign = ""

    @property
    def text(self) -> str:
        self._end()
        lines = "\n".join(self._lines)
        return re.sub(r"\n{3,}", "\n\n", lines).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._break()
        if tag in _WRAPPING:
            self._end()
        if tag in ("ul", "ol"):
            start = dict(attrs).get("start") or "1"
            self._lists.append(int(start) if tag == "ol" else None)
        if tag == "li":
            self._sign = self._next_sign()
        if tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._line)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            self._end_link()
        if tag in ("ul", "ol") and self._lists:
            self._end()
            self._lists.pop()
        if tag in _WRAPPING:
            self._end()
        if tag in _BLOCKS and not self._lists:
            self._lines.append("")

    def handle_data(self, data: str) -> None:
        self._line += data.replace("\n", " ")

    def _end_link(self) -> None:
        to, begins = self._links.pop()
        words = self._line[begins:].strip()
        told = to.removeprefix("mailto:")
        if to and words not in (to, told, unescape(told)):
            self._line += f" ({told})"

    def _next_sign(self) -> str:
        if not self._lists:
            return "- "
        number = self._lists[-1]
        if number is not None:
            self._lists[-1] = number + 1
        return "  " * (len(self._lists) - 1) + ("- " if number is None else f"{number}. ")

    def _break(self) -> None:
        self._lines.append(self._sign + " ".join(self._line.split()))
        self._line = self._sign = ""
        self._links = [(to, 0) for to, _ in self._links]

    def _end(self) -> None:
        """A line for what there is; none for nothing."""
        if self._line.strip():
            self._break()
        self._line = ""
