"""Numbers as people read them."""

from decimal import Decimal

from django import template

from video.feedback import rich_text
from video.media.durations import clock

register = template.Library()


@register.filter
def duration(seconds: float | None) -> str:
    """`3:07` or `1:02:03`; empty for None."""
    return "" if seconds is None else clock(seconds)


@register.filter
def points(value: Decimal | str | None) -> str:
    """`87.5` rather than `87.50`; empty for None, and for what a template does not find."""
    return "" if value in (None, "") else f"{Decimal(value).normalize():f}"


@register.filter
def words(html: str | None) -> str:
    """Rich text without its formatting, for where no script shows it; empty for None, and for what is not there."""
    return rich_text.plain(html) if html else ""
