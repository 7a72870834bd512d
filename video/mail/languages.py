"""The language, and the times, of what somebody reads outside a page."""

from datetime import datetime

from django.conf import settings
from django.utils import dateformat, formats
from django.utils.translation import get_language

from config.zones import zone
from lti_tool.models import Person


def language_of(person: Person | None) -> str:
    """One of settings.LANGUAGES, by the locale that the platform sent (`de_kids`, `pt_br`, `en-GB`); else `en`."""
    locale = person.locale if person else ""
    language = locale.lower().replace("_", "-").partition("-")[0]
    return language if language in dict(settings.LANGUAGES) else "en"


def moment(at: datetime) -> str:
    """Such as `3 March 2026, 14:05 (UTC+1)`, in the active language and the site's zone: nobody knows the person's."""
    local = at.astimezone(zone(settings.SITE_TIME_ZONE))
    language = get_language() or "en"
    # Django's English is American.
    form = "j F Y, H:i" if language == "en" else formats.get_format("DATETIME_FORMAT", lang=language)
    return f"{dateformat.format(local, form)} ({_offset(local)})"


def _offset(local: datetime) -> str:
    offset = local.utcoffset()
    minutes = round(offset.total_seconds() / 60) if offset else 0
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02}' if rest else ''}"
