"""Numbers as people read them."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def duration(seconds: float | None) -> str:
    """`3:07` or `1:02:03`; empty for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def points(value: Decimal | None) -> str:
    """`87.5` rather than `87.50`; empty for None."""
    return "" if value is None else f"{Decimal(value).normalize():f}"
