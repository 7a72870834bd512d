"""Dates as the browser's form fields write them, in the browser's zone."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone

from config import zones

UNKNOWN_ZONE = (
    "Your browser calls its time zone “{}”, which is not known here. Choose a city's zone in the settings of your "
    "device, then type the date again."
)


class LocalDateTime(forms.DateTimeInput):
    """`datetime-local` whose value the page's script turns into the browser's zone, from `data-utc`."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        if isinstance(value, datetime):
            at = value.astimezone(UTC) if timezone.is_aware(value) else value.replace(tzinfo=UTC)
            attrs = {**(attrs or {}), "data-utc": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return super().get_context(name, value, attrs)


def typed_moment(form: forms.BaseForm, name: str) -> datetime | None:
    """What was typed into a date field of a form with a `time_zone`, in UTC; nonsense becomes the field's error."""
    typed: str = form.cleaned_data.get(name) or ""
    zone: str = form.cleaned_data.get("time_zone") or ""
    if not typed:
        return None
    try:
        at = datetime.fromisoformat(typed).replace(tzinfo=zones.zone(zone) if zone else UTC)
        return at.astimezone(UTC)
    except zones.UnknownZone:
        form.add_error(name, UNKNOWN_ZONE.format(zone[:60]))
    except (ValueError, OverflowError):
        form.add_error(name, "Type a date and a time.")
    return None
