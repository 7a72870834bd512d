"""The comments that a marker says again and again: theirs alone, some of them on keys."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from lti_tool.models import LaunchSession, Person
from video.comments.threads import plain_text, read_text
from video.models import BankComment
from video.problems import Problem
from video.rubrics.rubrics import MOST_POINTS, points_of, short

MOST = 100
KEYS = range(1, 10)


@dataclass(frozen=True)
class Entry:
    """What was typed of one. `key` is a digit from 1 to 9 of the keyboard; `points` go to the named criterion."""

    text: str
    key: int | None
    criterion: str
    points: Decimal | None


def of(launch: LaunchSession) -> QuerySet[BankComment]:
    """The launch's own person's, those on keys first."""
    return BankComment.objects.filter(owner=launch.person_id)


def as_json(entries: "QuerySet[BankComment]") -> list[dict[str, Any]]:
    listed = sorted(entries, key=lambda one: (one.key or 10, one.created_at))
    return [
        {
            "id": str(one.pk),
            "key": one.key,
            "text": one.text,
            "criterion": one.criterion,
            "points": None if one.points is None else short(one.points),
        }
        for one in listed
    ]


def read(typed: Mapping[str, Any]) -> Entry:
    """An entry from `text`, `key`, `criterion` and `points`. Raises ValidationError by field, in words."""
    text = read_text(typed)
    criterion = plain_text(typed.get("criterion"))
    given = typed.get("points")
    if len(criterion) > 255:
        raise ValidationError({"criterion": "This is too long: at most 255 characters."})
    points = None
    if given not in (None, ""):
        if not criterion:
            raise ValidationError({"criterion": "Name the criterion that the points are for."})
        try:
            points = points_of(given, "The comment", MOST_POINTS)
        except ValidationError as error:
            raise ValidationError({"points": error.messages}) from error
    elif criterion:
        raise ValidationError({"points": "Type how many points it gives on the criterion."})
    return Entry(text=text, key=_key(typed.get("key")), criterion=criterion, points=points)


def save(*, launch: LaunchSession, entry: Entry, bank_comment: BankComment | None = None) -> BankComment:
    """Add one, or change one of the launch's own person's. Another on the same key gets the key that this one had.

    Raises:
        Problem: there are MOST already.
    """
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=launch.person_id)  # two tabs of theirs, one after the other
        own = of(launch)
        row = own.filter(pk=bank_comment.pk).first() if bank_comment else None
        if row is None:
            if own.count() >= MOST:
                raise Problem("bank_full", f"Your bank holds {MOST} comments.", "Delete one to add another.")
            row = BankComment(owner=launch.person)
        had, row.key = row.key, None
        row.text, row.criterion, row.points = entry.text, entry.criterion, entry.points
        row.save()
        if entry.key is not None:
            own.filter(key=entry.key).update(key=had)
            row.key = entry.key
            row.save(update_fields=["key"])
    return row


def remove(*, launch: LaunchSession, bank_comment_id: uuid.UUID) -> bool:
    """False where the launch's person has none of that id."""
    return of(launch).filter(pk=bank_comment_id).delete()[0] > 0


def _key(value: Any) -> int | None:
    if value in (None, ""):
        return None
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 1 or int(text) not in KEYS:
        raise ValidationError({"key": "A key from 1 to 9, or none."})
    return int(text)
