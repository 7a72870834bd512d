"""Sending what is owed (`outbox`): claimed with a lease, written into the ledger, posted, recorded.

A crash anywhere leaves a row that is due again when its lease ends, and then only its newest wish is sent. Posts for
one person carry strictly later whole seconds (`moodle.md`, 3), kept before they go out: a repeat is always later than
what may have arrived.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from lti_tool import ags, conflicts, outbox, politeness
from lti_tool.errors import PlatformRefused, PlatformUnavailable
from lti_tool.models import Platform, PlatformHealth, ScoreDelivery, ScorePost
from lti_tool.models.score_delivery import ActivityProgress, GradingProgress

log = structlog.get_logger(__name__)

BATCH = 10
AT_A_STRETCH = 20  # seconds; then other platforms have their turn
LONGEST_WAIT = 24 * 3600  # seconds
CONFLICTS_BEFORE_REFUSAL = 5
TOKENS_BEFORE_REFUSAL = 5


def deliver_to(platform: Platform) -> None:
    """Send what is due to a platform, as long as there is something and it answers. Safe to call at any time.

    Several calls at once share PLATFORM_REQUESTS_AT_ONCE slots; one that finds none free leaves it to their holders.
    """
    health = politeness.health_of(platform)
    if health.is_paused(timezone.now()):
        return
    with politeness.slot(platform) as slot:
        if slot is None:
            return
        ends, reader = time.monotonic() + AT_A_STRETCH, conflicts.Reader()
        while time.monotonic() < ends and slot.keep():
            health.refresh_from_db()
            down = health.failures >= politeness.FAILURES_BEFORE_PAUSE
            if health.is_paused(timezone.now()) or (down and not politeness.take_probe(health)):
                return
            batch = _claim(platform, health, size=1 if down else BATCH)
            if not batch:
                return
            claimed_at = time.monotonic()
            due = Counter(delivery.resource_link_id for delivery, _ in batch)
            for at, (delivery, post) in enumerate(batch):
                slot.pace()
                look = partial(reader.changed_there, delivery, due=due[delivery.resource_link_id])
                if _almost_over(claimed_at) or not slot.keep():
                    _give_back(batch[at:])
                    break
                if not _send(delivery, post, health, look):
                    _give_back(batch[at + 1 :])
                    return
    outbox.queue(platform.pk)  # there may be more: after the others


def _claim(platform: Platform, health: PlatformHealth, *, size: int) -> list[tuple[ScoreDelivery, ScorePost]]:
    """Take the lease of the longest waiting ones, and write into the ledger what is going to be posted of each."""
    now = timezone.now()
    with transaction.atomic():
        rows = ScoreDelivery.objects.due(now).filter(resource_link__platform=platform).order_by("next_try_at", "pk")
        claimed = list(
            rows.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked, of=("self",))[
                :size
            ]
        )
        if not claimed:
            return []
        by_their_clock = now + timedelta(seconds=health.clock_ahead)
        for delivery in claimed:
            delivery.leased_until = now + politeness.lease()
            delivery.last_timestamp = ags.next_timestamp(delivery.last_timestamp, by_their_clock)
        ScoreDelivery.objects.bulk_update(claimed, ["leased_until", "last_timestamp"])
        posts = ScorePost.objects.bulk_create(_post(delivery, now) for delivery in claimed)
    joined = ScoreDelivery.objects.select_related("resource_link__platform", "person", "scored_by").in_bulk(
        [delivery.pk for delivery in claimed]
    )
    return [(joined[post.delivery_id], post) for post in posts]


def _post(delivery: ScoreDelivery, now: datetime) -> ScorePost:
    assert delivery.last_timestamp is not None
    return ScorePost(
        delivery=delivery,
        version=delivery.wanted_version,
        activity_progress=delivery.activity_progress,
        grading_progress=delivery.grading_progress,
        points=delivery.points,
        maximum=delivery.maximum,
        timestamp=delivery.last_timestamp,
        caused_by_id=delivery.caused_by_id,
        begun_at=now,
    )


def _almost_over(claimed_at: float) -> bool:
    """Whether the lease of what was claimed then may end while the next one is sent."""
    return time.monotonic() - claimed_at > settings.DELIVERY_LEASE_SECONDS / 2


def _give_back(batch: list[tuple[ScoreDelivery, ScorePost]]) -> None:
    """Those that were not begun."""
    ScorePost.objects.filter(pk__in=[post.pk for _, post in batch]).delete()
    ScoreDelivery.objects.filter(pk__in=[delivery.pk for delivery, _ in batch]).update(leased_until=None)


def _send(
    delivery: ScoreDelivery, post: ScorePost, health: PlatformHealth, look: Callable[[], conflicts.Found | None]
) -> bool:
    """One delivery, whatever becomes of it; False where the platform is to be left alone."""
    if delivery.wanted_version != post.version:
        # Wished anew since it was claimed: that wish is due by itself.
        _give_back([(delivery, post)])
        return True
    try:
        if found := look():
            _record_change(delivery, post, found)
        else:
            _post_it(delivery, post, health)
    except PlatformUnavailable as unavailable:
        _record_answer(post, status=unavailable.status, answer=unavailable.reason)
        politeness.heard_nothing(health, unavailable)
        _try_again(delivery, unavailable)
        health.refresh_from_db()
        return not health.is_paused(timezone.now())
    except PlatformRefused as refused:
        politeness.heard_well(health)
        if refused.status == 401 and delivery.tries < TOKENS_BEFORE_REFUSAL:
            # Even a fresh token: a site that is just being restored or cleared forgets them.
            _record_answer(post, status=401, answer=refused.reason)
            _try_again(delivery, PlatformUnavailable(refused.reason, status=401))
            return True
        _record(delivery, post, state=ScoreDelivery.State.REFUSED, status=refused.status, answer=_in_words(refused))
    else:
        politeness.heard_well(health)
    return True


def _post_it(delivery: ScoreDelivery, post: ScorePost, health: PlatformHealth) -> None:
    """Post, and move past what the platform takes for a later time, as long as that is not another's grade."""
    for tries in range(CONFLICTS_BEFORE_REFUSAL + 1):
        try:
            answer = ags.post_score(delivery.resource_link, delivery.person.sub, _score(delivery, post))
        except PlatformRefused as refused:
            politeness.heard_clock(health, refused.clock_ahead)
            if refused.status != 409 or tries == CONFLICTS_BEFORE_REFUSAL:
                raise
            later = conflicts.after_409(delivery, post)
            if later.changed is not None:
                _record_change(delivery, post, later.changed)
                return
            post.timestamp = later.timestamp
            ScorePost.objects.filter(pk=post.pk).update(timestamp=post.timestamp)
            ScoreDelivery.objects.filter(pk=delivery.pk).update(last_timestamp=post.timestamp)
            log.info("score_moved_past", delivery=delivery.pk, tries=tries + 1)
            continue
        politeness.heard_clock(health, answer.clock_ahead)
        kept_theirs = conflicts.kept_theirs(delivery) if delivery.insisted else ""
        state = ScoreDelivery.State.REFUSED if kept_theirs else ScoreDelivery.State.SENT
        _record(delivery, post, state=state, status=answer.status, answer=kept_theirs)
        return


def _score(delivery: ScoreDelivery, post: ScorePost) -> ags.Score:
    return ags.Score(
        activity_progress=ActivityProgress(delivery.activity_progress),
        grading_progress=GradingProgress(delivery.grading_progress),
        points=delivery.points,
        maximum=delivery.maximum,
        comment=delivery.comment,
        timestamp=post.timestamp.astimezone(UTC),
        started_at=delivery.started_at,
        submitted_at=delivery.submitted_at,
        scored_by=delivery.scored_by.sub if delivery.scored_by else "",
    )


def _record(
    delivery: ScoreDelivery, post: ScorePost, *, state: ScoreDelivery.State, status: int | None, answer: str
) -> None:
    """What became of it; a wish that has come since stays waiting."""
    told: dict[str, object] = {"leased_until": None, "last_status": status, "last_answer": answer[:300], "tries": 0}
    if state == ScoreDelivery.State.SENT:
        told |= {"sent_version": post.version, "sent_at": timezone.now(), "insisted": False, "differs": False}
    with transaction.atomic():
        _record_answer(post, status=status, answer=answer)
        row = ScoreDelivery.objects.filter(pk=delivery.pk)
        if not row.filter(wanted_version=post.version).update(state=state, **told):
            row.update(**told)
            outbox.queue(delivery.resource_link.platform_id)
    log.info(f"score_{state}", delivery=delivery.pk, status=status, version=post.version)


def _record_change(delivery: ScoreDelivery, post: ScorePost, found: conflicts.Found) -> None:
    """Somebody has set another grade in the platform: nothing is sent over it; a person decides between two grades."""
    graded = delivery.points is not None
    with transaction.atomic():
        answer = f"Not sent: Moodle's gradebook says {found.in_words}, which did not come from here."
        _record_answer(post, status=None, answer=answer)
        row = ScoreDelivery.objects.filter(pk=delivery.pk)
        row.update(leased_until=None, tries=0, found_points=found.points, found_maximum=found.maximum, differs=True)
        row.update(found_at=timezone.now())
        state = ScoreDelivery.State.CHANGED if graded else ScoreDelivery.State.KEPT
        if not row.filter(wanted_version=post.version).update(state=state, last_answer=answer):
            outbox.queue(delivery.resource_link.platform_id)
    log.warning("score_changed_there", delivery=delivery.pk, version=post.version)


def _record_answer(post: ScorePost, *, status: int | None, answer: str) -> None:
    ScorePost.objects.filter(pk=post.pk).update(answered_at=timezone.now(), status=status, answer=answer[:300])


def _try_again(delivery: ScoreDelivery, error: PlatformUnavailable) -> None:
    tries = delivery.tries + 1
    wait = min(LONGEST_WAIT, 2 ** min(tries, 17)) * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, no secret
    wait = min(LONGEST_WAIT, max(wait, error.retry_after or 0))
    same = ScoreDelivery.objects.filter(pk=delivery.pk, wanted_version=delivery.wanted_version)
    same.update(next_try_at=timezone.now() + timedelta(seconds=wait))
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
        return "Moodle has no grade column for this activity any more. Press “Make it again”."
    if refused.status == 409:
        return "Moodle holds a later grade for this person. Look at Moodle's gradebook before sending again."
    return refused.reason
