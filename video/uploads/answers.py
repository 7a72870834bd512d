"""Uploads as JSON for the page's script, of videos and of files that go with a mark alike. (`docs/architecture.md`.)"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from video.storage.base import FormTicket, StoredPart

LEADS = ("renew", "sign", "status", "complete", "failed", "remove")  # where an upload's script goes on


def ticket(
    *, urls: Mapping[str, str], form: FormTicket | None, part_bytes: int | None, received: Sequence[StoredPart]
) -> dict[str, object]:
    """`{way, urls, form}` or `{way, urls, parts}`. `urls`: one for each of LEADS."""
    answer: dict[str, object] = {"way": "form" if form else "parts", "urls": urls}
    if form:
        # Browsers' clocks are often wrong, so the life is given, not the end.
        lasts = seconds_until(form.expires_at)
        answer["form"] = {"url": form.url, "fields": dict(form.fields), "expires_in": lasts}
    else:
        answer["parts"] = {"size": part_bytes, "received": parts(received)}
    return answer


def parts(found: Sequence[StoredPart]) -> list[dict[str, int]]:
    return [{"number": part.number, "size": part.size} for part in found]


def seconds_until(at: datetime) -> int:
    return int((at - timezone.now()).total_seconds())
