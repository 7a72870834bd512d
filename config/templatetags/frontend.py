"""Icons and built scripts, made once in each process: they are the same for everybody. Known to every template."""

from functools import cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django_vite.templatetags import django_vite

register = template.Library()


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """A picture of `frontend/public/icons.svg` by its id. It says nothing to a screen reader: words stand beside it."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("icons.svg"),
        name,
    )


@register.simple_tag
@cache
def vite_asset(path: str) -> SafeString:
    """The tags that load a script which Vite has built, its styles and what it imports."""
    return mark_safe(str(django_vite.vite_asset(path)))  # noqa: S308  from the manifest of our own build
