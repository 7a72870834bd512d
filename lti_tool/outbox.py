"""What is owed to the platform's gradebook: wished for in one transaction with its cause, sent until it has arrived.

A wish is a row (`ScoreDelivery`). It is claimed with a lease, sent, and recorded; a crash anywhere leaves a row that is
due again. Only the newest wish is ever sent.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from config.queue import enqueue
from lti_tool import ags
from lti_tool.errors import PlatformRefused, PlatformUnavailable
from lti_tool.models import Person, ResourceLink, ScoreDelivery
from lti_tool.models.score_delivery import ActivityProgress, GradingProgress

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=3)  # longer than one send can take with its timeouts
LONGEST_WAIT = 24 * 3600  # seconds
CONFLICTS_BEFORE_REFUSAL = 5


@dataclass(frozen=True)
class Wish:
    """What the gradebook should say of one person at one link."""

    activity_progress: ActivityProgress
    grading_progress: GradingProgress
    comment: str
    points: Decimal | None = None
    maximum: Decimal | None = None
    submitted_at: datetime | None = None


def wish(*, resource_link: ResourceLink, person: Person, wanted: Wish) -> ScoreDelivery:
    """Put this in place of what was wanted before. Call it in the transaction that causes it; it is sent on commit."""
    now = timezone.now()
    values = {
        "activity_progress": wanted.activity_progress,
        "grading_progress": wanted.grading_progress,
        "points": wanted.points,
        "maximum": wanted.maximum,
        "comment": wanted.comment,
        "submitted_at": wanted.submitted_at,
        "state": ScoreDelivery.State.WAITING,
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
        _queue(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def wish_submitted(
    *, resource_link: ResourceLink, person: Person, comment: str, submitted_at: datetime
) -> ScoreDelivery:
    """“Handed in, waiting to be marked.” A grade already given stays, with the news in its comment.

    Moodle wipes a grade when a status without one is posted over it.
    """
    wanted = Wish(
        activity_progress=ActivityProgress.SUBMITTED,
        grading_progress=GradingProgress.PENDING_MANUAL,
        comment=comment,
        submitted_at=submitted_at,
    )
    return _wish_without_a_grade(resource_link=resource_link, person=person, wanted=wanted)


def wish_withdrawn(*, resource_link: ResourceLink, person: Person, comment: str, something_left: bool) -> ScoreDelivery:
    """“Taken back.” With `something_left`, earlier work still waits to be marked. A grade already given stays."""
    wanted = Wish(
        activity_progress=ActivityProgress.SUBMITTED if something_left else ActivityProgress.STARTED,
        grading_progress=GradingProgress.PENDING_MANUAL if something_left else GradingProgress.NOT_READY,
        comment=comment,
    )
    return _wish_without_a_grade(resource_link=resource_link, person=person, wanted=wanted)


def _wish_without_a_grade(*, resource_link: ResourceLink, person: Person, wanted: Wish) -> ScoreDelivery:
    graded = ScoreDelivery.objects.filter(
        resource_link=resource_link, person=person, grading_progress=GradingProgress.FULLY_GRADED
    ).first()
    if graded is not None:
        wanted = Wish(
            activity_progress=ActivityProgress.COMPLETED,
            grading_progress=GradingProgress.FULLY_GRADED,
            points=graded.points,
            maximum=graded.maximum,
            comment=f"{graded.comment}\n\n{wanted.comment}".strip(),
            submitted_at=wanted.submitted_at,
        )
    return wish(resource_link=resource_link, person=person, wanted=wanted)


def wish_graded(
    *, resource_link: ResourceLink, person: Person, points: Decimal, maximum: Decimal, comment: str
) -> ScoreDelivery:
    """A grade with its written feedback."""
    wanted = Wish(
        activity_progress=ActivityProgress.COMPLETED,
        grading_progress=GradingProgress.FULLY_GRADED,
        points=points,
        maximum=maximum,
        comment=comment,
    )
    return wish(resource_link=resource_link, person=person, wanted=wanted)


def wish_ungraded(
    *, resource_link: ResourceLink, person: Person, comment: str, submitted_at: datetime | None
) -> ScoreDelivery:
    """“Waiting to be marked” in place of a grade given by mistake. Moodle clears it; other platforms may not."""
    wanted = Wish(
        activity_progress=ActivityProgress.SUBMITTED,
        grading_progress=GradingProgress.PENDING_MANUAL,
        comment=comment,
        submitted_at=submitted_at,
    )
    return wish(resource_link=resource_link, person=person, wanted=wanted)


def due() -> list[int]:
    """Ids of the deliveries whose time has come, longest waiting first; also those a dead worker still holds."""
    now = timezone.now()
    waiting = ScoreDelivery.objects.filter(state=ScoreDelivery.State.WAITING, next_try_at__lte=now)
    free = waiting.filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now))
    return list(free.order_by("next_try_at").values_list("pk", flat=True)[:200])


def deliver(delivery_id: int) -> None:
    """Send one delivery, if it is due and nobody else is at it. Safe to call at any time, any number of times."""
    delivery = _claim(delivery_id)
    if delivery is None:
        return
    timestamp = ags.next_timestamp(delivery.last_timestamp)
    # Stored before the post: after a crash the repeat is later than what may have arrived.
    ScoreDelivery.objects.filter(pk=delivery.pk).update(last_timestamp=timestamp)
    score = ags.Score(
        activity_progress=ActivityProgress(delivery.activity_progress),
        grading_progress=GradingProgress(delivery.grading_progress),
        points=delivery.points,
        maximum=delivery.maximum,
        comment=delivery.comment,
        timestamp=timestamp,
        submitted_at=delivery.submitted_at,
    )
    try:
        ags.post_score(delivery.resource_link, delivery.person.sub, score)
    except PlatformUnavailable as unavailable:
        _try_again(delivery, unavailable)
    except PlatformRefused as refused:
        if refused.status == 409 and delivery.tries < CONFLICTS_BEFORE_REFUSAL:
            # The platform holds an equal or later time, so the next try carries a later one.
            _try_again(delivery, PlatformUnavailable(refused.reason, status=409))
        else:
            _record(delivery, state=ScoreDelivery.State.REFUSED, status=refused.status, answer=_in_words(refused))
    else:
        _record(delivery, state=ScoreDelivery.State.SENT, status=200, answer="")


def _claim(delivery_id: int) -> ScoreDelivery | None:
    """Take the lease by one conditional update, which one of two racing workers can make."""
    now = timezone.now()
    claimed = ScoreDelivery.objects.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lt=now),
        pk=delivery_id,
        state=ScoreDelivery.State.WAITING,
        next_try_at__lte=now,
    ).update(leased_until=now + LEASE)
    if not claimed:
        return None
    return ScoreDelivery.objects.select_related("resource_link__platform", "person").get(pk=delivery_id)


def _record(delivery: ScoreDelivery, *, state: ScoreDelivery.State, status: int | None, answer: str) -> None:
    sent = state == ScoreDelivery.State.SENT
    told: dict[str, Any] = {"leased_until": None, "last_status": status, "last_answer": answer[:300], "tries": 0}
    if sent:
        told |= {"sent_version": delivery.wanted_version, "sent_at": timezone.now()}
    # A newer wish may have come while we were sending: its row stays waiting.
    same = ScoreDelivery.objects.filter(pk=delivery.pk, wanted_version=delivery.wanted_version)
    if not same.update(state=state, **told):
        ScoreDelivery.objects.filter(pk=delivery.pk).update(**told)
        _queue(delivery.pk)
    log.info(f"score_{state}", delivery=delivery.pk, status=status, version=delivery.wanted_version)


def _try_again(delivery: ScoreDelivery, error: PlatformUnavailable) -> None:
    tries = delivery.tries + 1
    wait = min(LONGEST_WAIT, 2 ** min(tries, 16)) * random.uniform(0.5, 1.5)  # noqa: S311  spreads load, no secret
    wait = max(wait, error.retry_after or 0)
    ScoreDelivery.objects.filter(pk=delivery.pk, wanted_version=delivery.wanted_version).update(
        next_try_at=timezone.now() + timedelta(seconds=wait)
    )
    ScoreDelivery.objects.filter(pk=delivery.pk).update(
        leased_until=None, tries=F("tries") + 1, last_status=error.status, last_answer=error.reason[:300]
    )
    log.warning("score_delayed", delivery=delivery.pk, status=error.status, tries=tries, wait=round(wait))


def _in_words(refused: PlatformRefused) -> str:
    if refused.status == 400:
        return "Moodle does not take a grade for this person: they may not be enrolled as a student any more."
    if refused.status in (401, 403):
        return "Moodle did not allow this tool to send grades. Ask the admin to switch grade sync on for it."
    if refused.status == 404:
        return "Moodle has no grade column for this activity any more. Save the activity in Moodle to make it again."
    if refused.status == 409:
        return "Moodle holds a later grade for this person. Look at Moodle's gradebook before sending again."
    return refused.reason


def _queue(delivery_id: int) -> None:
    from lti_tool.tasks import deliver_score

    enqueue(deliver_score, delivery_id)
