"""Icons, built scripts, addresses and times in templates: every page has many. Known to every template.

What is the same on every page is made when a template is compiled, and stands in it as text from then on.
"""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

from django import template
from django.conf import settings
from django.template.base import Node, Parser, TextNode, Token
from django.template.context import Context
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.utils import dateformat
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django_vite.templatetags import django_vite

from config.paths import path_of

register = template.Library()


def _text(made: Callable[..., SafeString]) -> Callable[..., SafeString]:
    """A tag whose arguments are all written in the template: `{% icon "check" %}`. It is made once in each process."""
    made = cache(made)

    def compiled(parser: Parser, token: Token) -> Node:
        name, *arguments = token.split_contents()
        if not all(re.fullmatch(r"\"[^\"]*\"|'[^']*'", argument) for argument in arguments):
            raise template.TemplateSyntaxError(f"{name} takes nothing but texts in quotes")
        return TextNode(made(*(argument[1:-1] for argument in arguments)))

    register.tag(made.__wrapped__.__name__, compiled)
    return made


@_text
def icon(name: str) -> SafeString:
    """A picture of `templates/icons.svg` by its id. It says nothing to a screen reader: words stand beside it."""
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="#icon-{}"></use></svg>', name)


@_text
def icon_sheet() -> SafeString:
    """Every icon, to stand once in a page; `icon` shows one of them.

    In the page and not in a file of its own: where a page begins in a frame that is not shown yet, Chromium waits for
    such a file without end, and Moodle shows the frame of *Select content* when it has loaded.
    """
    drawn = (settings.BASE_DIR / "templates" / "icons.svg").read_text()
    symbols = re.sub(r"\bid=\"", 'id="icon-', drawn[drawn.index(">") + 1 : drawn.rindex("</svg>")])
    sheet = "".join(line.strip() for line in symbols.splitlines())
    return mark_safe(f'<svg class="icon-sheet" width="0" height="0" aria-hidden="true" focusable="false">{sheet}</svg>')  # noqa: S308  our own file


@_text
def vite_asset(path: str) -> SafeString:
    """The tags that load a script which Vite has built, its styles and what it imports."""
    return mark_safe(str(django_vite.vite_asset(path)))  # noqa: S308  from the manifest of our own build


@register.simple_tag
def time(at: datetime, kind: str = "plain") -> SafeString:
    """A time that the page's script shows in the browser's zone; without a script it stays in UTC."""
    at = at.astimezone(UTC)
    said = dateformat.format(at, "D j M Y, H:i")
    return format_html('<time datetime="{}" data-local="{}">{} UTC</time>', f"{at:%Y-%m-%dT%H:%M:%SZ}", kind, said)


class _Address(URLNode):
    def render(self, context: Context) -> str:
        if not self.kwargs and not self.asvar:
            ids = [argument.resolve(context) for argument in self.args]
            if all(isinstance(one, uuid.UUID) for one in ids):
                return path_of(self.view_name.var, *ids)
        return super().render(context)


@register.tag
def url(parser: Parser, token: Token) -> Node:
    """Django's `url`, by `path_of` where all arguments are ids."""
    node = django_url(parser, token)
    if not isinstance(node.view_name.var, str):
        return node
    return _Address(node.view_name, node.args, node.kwargs, node.asvar)
