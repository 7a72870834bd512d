"""Who is to be told of what by e-mail: students of released marks, markers of new work, where e-mail is on.

Here it is only written down what is wanted (`Mail`); `mailing` sends it.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.dispatch import receiver
from django.utils import timezone

from config import zones
from lti_tool.models import Membership
from video import signals
from video.models import Event, Mail, MailChoice, Submission
from video.models.mail import MARKERS

Kind, State = MailChoice.Kind, Mail.State

# A marker who corrects what was just released sends one e-mail, and who is looking at the page gets none.
QUIET = timedelta(minutes=10)
LONGEST_QUIET = timedelta(hours=1)
FIRST_DIGEST = timedelta(days=3)  # how far back a marker's first looks: what lay there before is no news
_LATEST_DIGEST = timedelta(hours=6)  # after its hour; then tomorrow's tells of it
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_BATCH = 500


@receiver(signals.released, dispatch_uid="video.mail.notifications")
def tell_student(*, submission_id: uuid.UUID, **kwargs: Any) -> None:
    """Once its marks have been left alone for a while. One statement, or three the first time."""
    if not settings.MAIL:
        return
    now = timezone.now()
    row = Mail.objects.filter(submission=submission_id)
    waiting = Q(state=State.WAITING)
    again = row.update(
        wanted_at=Case(When(waiting, then=F("wanted_at")), default=Value(now)),
        due_at=Case(
            When(waiting, wanted_at__lt=now - LONGEST_QUIET + QUIET, then=F("due_at")),
            default=Value(now + QUIET),
        ),
        until=now,
        state=State.WAITING,
        batch=None,
        tries=0,
        problem="",
    )
    if again:
        return
    person = Submission.objects.filter(pk=submission_id).values_list("person_id", flat=True).first()
    if person is not None:
        mail = Mail(
            kind=Kind.RELEASED,
            person_id=person,
            submission_id=submission_id,
            wanted_at=now,
            until=now,
            told_until=_LONG_AGO,
            due_at=now + QUIET,
        )
        Mail.objects.bulk_create([mail], ignore_conflicts=True)


def ask_for_digests() -> int:
    """Want a digest for each marker of a course with work that was handed in since their last; how many.

    It tells of what had come by DIGEST_HOUR of today, so that at any time of the day, and any number of times, the
    same are asked for, and each once.
    """
    until = _this_mornings_hour()
    if until is None:
        return 0
    wanted = [
        Mail(
            kind=Kind.NEW_WORK,
            person_id=person_id,
            course_id=course_id,
            wanted_at=until,
            until=until,
            told_until=told_until,
            due_at=until,
        )
        for person_id, course_id, told_until in _markers_with_new_work(until)
    ]
    Mail.objects.bulk_create(
        wanted,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["person", "course"],
        update_fields=["wanted_at", "until", "due_at", "state", "batch", "tries", "problem"],
    )
    return len(wanted)


def _this_mornings_hour() -> datetime | None:
    """The last DIGEST_HOUR in the site's zone, unless it is too long ago for a digest."""
    zone = zones.zone(settings.SITE_TIME_ZONE)
    now = timezone.now().astimezone(zone)
    hour = time(settings.DIGEST_HOUR, tzinfo=zone)
    for day in (now.date(), now.date() - timedelta(days=1)):
        if timedelta(0) <= now - (then := datetime.combine(day, hour)) < _LATEST_DIGEST:
            return then
    return None


def _markers_with_new_work(until: datetime) -> Iterator[tuple[uuid.UUID, uuid.UUID, datetime]]:
    """Person, course, and since when work is new to them; one statement for the whole site."""
    mine = Mail.objects.filter(person=OuterRef("person"), course=OuterRef("course"))
    since = Coalesce(Subquery(mine.values("told_until")[:1]), Value(until - FIRST_DIGEST), output_field=DateTimeField())
    handed_in = Event.objects.filter(
        kind=Event.Kind.SUBMITTED,
        at__gt=OuterRef("since"),
        at__lte=until,
        video__attempt__submitted_at__isnull=False,
        video__attempt__submission__state=Submission.State.SUBMITTED,
        video__attempt__submission__trial=False,
        video__attempt__submission__assignment__resource_link__course=OuterRef("course"),
    )
    off = MailChoice.objects.filter(person=OuterRef("person"), kind=Kind.NEW_WORK, off=True)
    markers = (
        Membership.objects.filter(role__in=MARKERS, active=True, person__platform__active=True)
        .exclude(person__email="")
        .annotate(since=since)
        .filter(~Exists(mine.filter(until__gte=until)), ~Exists(off), Exists(handed_in))
    )
    yield from markers.values_list("person_id", "course_id", "since")
