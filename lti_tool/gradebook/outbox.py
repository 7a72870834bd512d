"""The transactional outbox of scores: each is written down in one transaction with its cause; `delivery` sends it.

A wish is a row (`ScoreDelivery`), one for each link and person; a newer wish replaces an older one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from config.queue import enqueue
from lti_tool.models import Person, Platform, ResourceLink, ScoreDelivery
from lti_tool.models.score_delivery import ActivityProgress, GradingProgress

AS_AT_FIRST: dict[str, Any] = {"tries": 0, "own_errors": 0}


@dataclass(frozen=True)
class Wish:
    """What the gradebook should say of one person at one link. `grade_comment` is the part that goes with the grade."""

    activity_progress: ActivityProgress
    grading_progress: GradingProgress
    comment: str
    points: Decimal | None = None
    maximum: Decimal | None = None
    started_at: datetime | None = None
    submitted_at: datetime | None = None
    grade_comment: str = ""
    caused_by: Person | None = None
    scored_by: Person | None = None


def wish(*, resource_link: ResourceLink, person: Person, wanted: Wish) -> ScoreDelivery:
    """Put this in place of what was wanted before. Call it in the transaction that causes it; it is sent on commit."""
    now = timezone.now()
    values = {
        **vars(wanted),
        "state": ScoreDelivery.State.WAITING,
        "insisted": False,
        "wanted_at": now,
        "next_try_at": now,
        "tries": 0,
    }
    with transaction.atomic():
        delivery, _ = ScoreDelivery.objects.select_for_update().update_or_create(
            resource_link=resource_link,
            person=person,
            defaults={**values, "wanted_version": F("wanted_version") + 1},
            create_defaults=values,
        )
        queue(resource_link.platform_id)
    delivery.refresh_from_db()
    return delivery


def wish_submitted(
    *,
    resource_link: ResourceLink,
    person: Person,
    comment: str,
    submitted_at: datetime,
    started_at: datetime | None = None,
) -> ScoreDelivery:
    """“Handed in, waiting to be marked.” A grade already given stays, with the news in its comment.

    Moodle wipes a grade when a status without one is posted over it (`moodle.md`, 1).
    """
    wanted = Wish(
        activity_progress=ActivityProgress.SUBMITTED,
        grading_progress=GradingProgress.PENDING_MANUAL,
        comment=comment,
        started_at=started_at,
        submitted_at=submitted_at,
        caused_by=person,
    )
    return _wish_without_a_grade(resource_link=resource_link, person=person, wanted=wanted)


def wish_withdrawn(*, resource_link: ResourceLink, person: Person, comment: str, something_left: bool) -> ScoreDelivery:
    """“Taken back.” With `something_left`, earlier work still waits to be marked. A grade already given stays."""
    wanted = Wish(
        activity_progress=ActivityProgress.SUBMITTED if something_left else ActivityProgress.STARTED,
        grading_progress=GradingProgress.PENDING_MANUAL if something_left else GradingProgress.NOT_READY,
        comment=comment,
        caused_by=person,
    )
    return _wish_without_a_grade(resource_link=resource_link, person=person, wanted=wanted)


def wish_graded(
    *,
    resource_link: ResourceLink,
    person: Person,
    points: Decimal,
    maximum: Decimal,
    comment: str,
    news: str = "",
    by: Person | None = None,
) -> ScoreDelivery:
    """A grade with its written feedback, and `news` of what has happened since."""
    before = ScoreDelivery.objects.filter(resource_link=resource_link, person=person).first()
    wanted = Wish(
        activity_progress=ActivityProgress.COMPLETED,
        grading_progress=GradingProgress.FULLY_GRADED,
        points=points,
        maximum=maximum,
        comment=_joined(comment, news),
        grade_comment=comment,
        started_at=before.started_at if before else None,
        submitted_at=before.submitted_at if before else None,
        caused_by=by,
        scored_by=by,
    )
    return wish(resource_link=resource_link, person=person, wanted=wanted)


def wish_other_points(
    *,
    resource_link: ResourceLink,
    points: Mapping[Any, Decimal],
    maximum: Decimal,
    same_share: bool,
    by: Person | None = None,
) -> int:
    """Grades that are other numbers from now on, out of another maximum; how many there are. Call it in a transaction.

    What is under way or was refused is sent as it is now. What a person has to decide yet stays undecided.

    Args:
        points: by the people's ids.
        same_share: they are worth as much as before: who chose the platform's own grade is not asked again.
    """
    now, states = timezone.now(), ScoreDelivery.State
    rows = ScoreDelivery.objects.select_for_update().filter(
        resource_link=resource_link, grading_progress=GradingProgress.FULLY_GRADED, points__isnull=False
    )
    changed = [row for row in rows.order_by("pk") if row.person_id in points]
    for row in changed:
        row.points, row.maximum = points[row.person_id], maximum
        if row.state == states.CHANGED or (row.state == states.KEPT and same_share):
            continue
        row.insisted = row.insisted and row.state == states.WAITING
        row.state, row.tries, row.caused_by = states.WAITING, 0, by
        row.wanted_version += 1
        row.wanted_at = row.next_try_at = now
    told = [
        "points",
        "maximum",
        "state",
        "insisted",
        "tries",
        "caused_by",
        "wanted_version",
        "wanted_at",
        "next_try_at",
    ]
    ScoreDelivery.objects.bulk_update(changed, told, batch_size=500)
    if changed:
        queue(resource_link.platform_id)
    return len(changed)


def wish_ungraded(
    *,
    resource_link: ResourceLink,
    person: Person,
    comment: str,
    submitted_at: datetime | None,
    by: Person | None = None,
) -> ScoreDelivery:
    """“Waiting to be marked” in place of a grade that was given by mistake. Moodle clears it; others may not."""
    wanted = Wish(
        activity_progress=ActivityProgress.SUBMITTED,
        grading_progress=GradingProgress.PENDING_MANUAL,
        comment=comment,
        submitted_at=submitted_at,
        caused_by=by,
    )
    return wish(resource_link=resource_link, person=person, wanted=wanted)


def send_again(deliveries: Iterable[int]) -> int:
    """Make these due now, whatever became of them, as they are wanted; how many there were.

    Where the platform has another grade, it is compared again: `conflicts.insist` sends ours over it, and what was so
    insisted on and still waits stays so.
    """
    now = timezone.now()
    under_way = [ScoreDelivery.State.WAITING, ScoreDelivery.State.STUCK]
    still = Case(When(state__in=under_way, then=F("insisted")), default=Value(False))
    rows = ScoreDelivery.objects.filter(pk__in=list(deliveries))
    with transaction.atomic():
        platforms = set(rows.values_list("resource_link__platform_id", flat=True))
        anew = {"state": ScoreDelivery.State.WAITING, "next_try_at": now, "differs": False, **AS_AT_FIRST}
        changed = rows.update(insisted=still, **anew)
        for platform_id in platforms:
            queue(platform_id)
    return changed


def move(*, before: ResourceLink, after: ResourceLink) -> int:
    """Move every delivery of one link to another, whose column is new, to be sent anew; how many there were.

    An activity that was restored comes back under another link. `after` has no deliveries yet.

    Also what was sent, or kept as the platform's own: each is compared with what the new column has before it goes.
    """
    now = timezone.now()
    moved = ScoreDelivery.objects.filter(resource_link=before).update(
        resource_link=after,
        state=ScoreDelivery.State.WAITING,
        wanted_version=F("wanted_version") + 1,  # so that an answer to what is under way does not count for it
        wanted_at=now,
        next_try_at=now,
        tries=0,
        insisted=False,
        differs=False,
        found_points=None,
        found_maximum=None,
        found_at=None,
    )
    if moved:
        queue(after.platform_id)
    return moved


def queue(platform_id: Any) -> None:
    """Have a worker look at what is due to a platform, once the present transaction is committed."""
    enqueue("lti_tool.tasks.deliver_to_platform", str(platform_id))


def platforms_due() -> list[Platform]:
    """Those to which something is due, also what a dead worker still holds."""
    now = timezone.now()
    due = ScoreDelivery.objects.due(now)
    return list(Platform.objects.filter(pk__in=due.values("resource_link__platform")))


def _wish_without_a_grade(*, resource_link: ResourceLink, person: Person, wanted: Wish) -> ScoreDelivery:
    graded = ScoreDelivery.objects.filter(
        resource_link=resource_link, person=person, grading_progress=GradingProgress.FULLY_GRADED
    ).first()
    if graded is not None:
        news: dict[str, Any] = {"comment": _joined(graded.grade_comment, wanted.comment)}
        if wanted.submitted_at:
            news["submitted_at"] = wanted.submitted_at
        kept = ScoreDelivery.objects.filter(pk=graded.pk, state=ScoreDelivery.State.KEPT)
        if kept.update(
            **news
        ):  # somebody chose the platform's own grade: they are asked again for a new one of ours only
            graded.refresh_from_db()
            return graded
        wanted = Wish(
            activity_progress=ActivityProgress.COMPLETED,
            grading_progress=GradingProgress.FULLY_GRADED,
            points=graded.points,
            maximum=graded.maximum,
            comment=_joined(graded.grade_comment, wanted.comment),
            grade_comment=graded.grade_comment,
            started_at=wanted.started_at or graded.started_at,
            submitted_at=wanted.submitted_at or graded.submitted_at,
            caused_by=person,
            scored_by=graded.scored_by,
        )
    return wish(resource_link=resource_link, person=person, wanted=wanted)


def _joined(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)
