"""Feedback as safe HTML, and as the plain text that Moodle's gradebook and a spreadsheet show."""

import re
from html import unescape

import nh3
from django.utils.html import linebreaks

TAGS = {"p", "br", "strong", "em", "u", "s", "ul", "ol", "li", "blockquote", "a", "h3", "h4", "code"}
_TAG = re.compile(r"<[a-z/]", re.IGNORECASE)
_BLOCK_ENDS = re.compile(r"</(?:p|li|h3|h4|blockquote|ul|ol)>|<br\s*/?>", re.IGNORECASE)


def clean(html: str) -> str:
    """What of `html` is allowed: TAGS, and links to web and mail addresses, opened in a new tab. Empty for no words.

    Text without a single tag, as a browser without scripts sends it, keeps its lines.
    """
    if not _TAG.search(html):
        return from_plain(html)
    cleaned = nh3.clean(
        html.replace("\x00", ""),
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return cleaned if plain(cleaned) else ""


def from_plain(text: str) -> str:
    """Plain text as the same HTML that an editor would have made of it."""
    text = text.replace("\x00", "").strip()
    return clean(linebreaks(text, autoescape=True)) if text else ""


def plain(html: str) -> str:
    """The words, a line for each paragraph or item; list items begin with a dash."""
    lined = _BLOCK_ENDS.sub("\n", re.sub(r"<li>", "<li>- ", html.replace("\n", " "), flags=re.IGNORECASE))
    words = unescape(nh3.clean(lined, tags=set()))
    lines = (" ".join(line.split()) for line in words.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
