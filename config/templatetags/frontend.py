"""Icons and built scripts, made once in each process: they are the same for everybody. Known to every template."""

import re
from functools import cache

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django_vite.templatetags import django_vite

register = template.Library()


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """A picture of `templates/icons.svg` by its id. It says nothing to a screen reader: words stand beside it."""
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="#icon-{}"></use></svg>', name)


@register.simple_tag
@cache
def icon_sheet() -> SafeString:
    """Every icon, to stand once in a page; `icon` shows one of them.

    In the page and not in a file of its own: where a page begins in a frame that is not shown yet, Chromium waits for
    such a file without end, and Moodle shows the frame of *Select content* when it has loaded.
    """
    drawn = (settings.BASE_DIR / "templates" / "icons.svg").read_text()
    symbols = re.sub(r"\bid=\"", 'id="icon-', drawn[drawn.index(">") + 1 : drawn.rindex("</svg>")])
    sheet = "".join(line.strip() for line in symbols.splitlines())
    return mark_safe(f'<svg class="icon-sheet" width="0" height="0" aria-hidden="true" focusable="false">{sheet}</svg>')  # noqa: S308  our own file


@register.simple_tag
@cache
def vite_asset(path: str) -> SafeString:
    """The tags that load a script which Vite has built, its styles and what it imports."""
    return mark_safe(str(django_vite.vite_asset(path)))  # noqa: S308  from the manifest of our own build
