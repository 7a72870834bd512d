"""Delivering the outbox: claimed with a lease, written into the ledger, posted, recorded.

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
from django.db.models import Count, F, Min
from django.utils import timezone

from lti_tool.errors import PlatformRefused, PlatformUnavailable, PlatformUnreadable
from lti_tool.gradebook import ags, conflicts, outbox, rate_limiting
from lti_tool.gradebook.witness import Witness
from lti_tool.models import Platform, PlatformHealth, ScoreDelivery, ScorePost
from lti_tool.models.score_delivery import ERRORS_UNTIL_STUCK, ActivityProgress, GradingProgress

log = structlog.get_logger(__name__)

BATCH = 10
AT_A_STRETCH = 20  # seconds; then other platforms have their turn
LONGEST_WAIT = 24 * 3600  # seconds
STUCK_WAIT = 15 * 60  # seconds; then twice as long each time
STUCK_OF_A_COLUMN = 3  # say that the others are, too
CONFLICTS_BEFORE_REFUSAL = 5
TOKENS_BEFORE_REFUSAL = 5


def deliver_to(platform: Platform) -> None:
    """Send what is due to a platform, as long as there is something and it answers. Safe to call at any time.

    Several calls at once share PLATFORM_REQUESTS_AT_ONCE slots; one that finds none free leaves it to their holders.
    """
    health = rate_limiting.health_of(platform)
    if health.is_paused(timezone.now()):
        return
    with rate_limiting.slot(platform) as slot:
        if slot is None:
            return
        ends, reader, witness = time.monotonic() + AT_A_STRETCH, conflicts.Reader(), Witness()
        while time.monotonic() < ends and slot.keep():
            health.refresh_from_db()
            down = health.failures >= rate_limiting.FAILURES_BEFORE_PAUSE
            if health.is_paused(timezone.now()) or (down and not rate_limiting.take_probe(health)):
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
                if not _send(delivery, post, health, look, witness):
                    _give_back(batch[at + 1 :])
                    return
    outbox.queue(platform.pk)  # there may be more: after the others


def _claim(platform: Platform, health: PlatformHealth, *, size: int) -> list[tuple[ScoreDelivery, ScorePost]]:
    """Take the lease of the longest waiting ones, and write into the ledger what is going to be posted of each."""
    now = timezone.now()
    with transaction.atomic():
        rows = ScoreDelivery.objects.due(now).filter(resource_link__platform=platform)
        # A probe is one that has not failed by itself.
        rows = rows.order_by(*(["own_errors", "tries"] if size == 1 else []), "next_try_at", "pk")
        claimed = list(
            rows.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked, of=("self",))[
                :size
            ]
        )
        if not claimed:
            return []
        by_their_clock = now + timedelta(seconds=health.clock_ahead)
        for delivery in claimed:
            delivery.leased_until = now + rate_limiting.lease()
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
    delivery: ScoreDelivery,
    post: ScorePost,
    health: PlatformHealth,
    look: Callable[[], conflicts.Found | None],
    witness: Witness,
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
        trouble = witness.trouble(delivery.resource_link, unavailable)
        if trouble is None:
            rate_limiting.heard_well(health)
            _own_error(delivery, unavailable)
            return True
        rate_limiting.heard_nothing(health, trouble)
        _try_again(delivery, unavailable)
        health.refresh_from_db()
        return not health.is_paused(timezone.now())
    except PlatformRefused as refused:
        rate_limiting.heard_well(health)
        if refused.status == 401 and delivery.tries < TOKENS_BEFORE_REFUSAL:
            # Even a fresh token: a site that is just being restored or cleared forgets them.
            _record_answer(post, status=401, answer=refused.reason)
            _try_again(delivery, PlatformUnavailable(refused.reason, status=401))
            return True
        _record(delivery, post, state=ScoreDelivery.State.REFUSED, status=refused.status, answer=_in_words(refused))
    else:
        rate_limiting.heard_well(health)
    return True


def _post_it(delivery: ScoreDelivery, post: ScorePost, health: PlatformHealth) -> None:
    """Post, and move past what the platform takes for a later time, as long as that is not another's grade."""
    for tries in range(CONFLICTS_BEFORE_REFUSAL + 1):
        try:
            answer = ags.post_score(delivery.resource_link, delivery.person.sub, _score(delivery, post))
        except PlatformRefused as refused:
            rate_limiting.heard_clock(health, refused.clock_ahead)
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
        rate_limiting.heard_clock(health, answer.clock_ahead)
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
    told: dict[str, object] = {"last_status": status, "last_answer": answer[:300], "leased_until": None}
    told |= {**outbox.AS_AT_FIRST, "own_errors_since": None}
    if state == ScoreDelivery.State.SENT:
        told |= {"sent_version": post.version, "sent_at": timezone.now(), "insisted": False, "differs": False}
    with transaction.atomic():
        _record_answer(post, status=status, answer=answer)
        if state == ScoreDelivery.State.SENT and delivery.own_errors_since:
            _free_the_others(delivery)
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
        row.update(found_points=found.points, found_maximum=found.maximum, found_at=timezone.now(), differs=True)
        row.update(leased_until=None, own_errors_since=None, **outbox.AS_AT_FIRST)
        state = ScoreDelivery.State.CHANGED if graded else ScoreDelivery.State.KEPT
        if not row.filter(wanted_version=post.version).update(state=state, last_answer=answer):
            outbox.queue(delivery.resource_link.platform_id)
    log.warning("score_changed_there", delivery=delivery.pk, version=post.version)


def _record_answer(post: ScorePost, *, status: int | None, answer: str) -> None:
    ScorePost.objects.filter(pk=post.pk).update(answered_at=timezone.now(), status=status, answer=answer[:300])


def _try_again(delivery: ScoreDelivery, error: PlatformUnavailable) -> None:
    """The platform is down, or wants to be left alone. What is said of a stuck one stays."""
    if delivery.state == ScoreDelivery.State.STUCK:
        _put_off(delivery, STUCK_WAIT)
        return
    wait = max(_backed_off(delivery.tries + 1), error.retry_after or 0)
    _put_off(delivery, wait, tries=F("tries") + 1, last_status=error.status, last_answer=error.reason[:300])
    log.warning("score_delayed", delivery=delivery.pk, status=error.status, tries=delivery.tries + 1, wait=round(wait))


def _own_error(delivery: ScoreDelivery, error: PlatformUnavailable) -> None:
    """The platform answers, and fails with this one. After some tries that is said, and it hardly knocks any more."""
    errors = delivery.own_errors + 1
    if errors < ERRORS_UNTIL_STUCK and _column_is_stuck(delivery):
        errors = ERRORS_UNTIL_STUCK
    stuck = errors >= ERRORS_UNTIL_STUCK
    wait = STUCK_WAIT * 2 ** min(errors - ERRORS_UNTIL_STUCK, 7) if stuck else _backed_off(errors)
    _put_off(
        delivery,
        wait,
        tries=F("tries") + 1,
        own_errors=errors,
        own_errors_since=delivery.own_errors_since or timezone.now(),
        state=ScoreDelivery.State.STUCK if stuck else delivery.state,
        last_status=error.status,
        last_answer=(_of_this_row(error) if stuck else error.reason)[:300],
    )
    log.warning("score_stuck" if stuck else "score_delayed", delivery=delivery.pk, status=error.status, errors=errors)


def _put_off(delivery: ScoreDelivery, wait: float, **told: object) -> None:
    """Give it back, and have it tried after `wait` seconds: unless somebody wants it sent anew since it was claimed."""
    row = ScoreDelivery.objects.filter(pk=delivery.pk)
    as_claimed = row.filter(wanted_version=delivery.wanted_version, next_try_at=delivery.next_try_at)
    with transaction.atomic():
        as_claimed.update(next_try_at=timezone.now() + timedelta(seconds=min(LONGEST_WAIT, wait)), **told)
        row.update(leased_until=None)


def _backed_off(tries: int) -> float:
    """Seconds, more with each try."""
    return min(LONGEST_WAIT, 2.0 ** min(tries, 17)) * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, no secret


def _column_is_stuck(delivery: ScoreDelivery) -> bool:
    """Whether others of its column are stuck, and none got through since they are: the grade item is locked."""
    column = ScoreDelivery.objects.filter(resource_link=delivery.resource_link_id)
    stuck = column.filter(state=ScoreDelivery.State.STUCK).aggregate(many=Count("pk"), since=Min("own_errors_since"))
    return stuck["many"] >= STUCK_OF_A_COLUMN and not column.filter(sent_at__gte=stuck["since"]).exists()


def _free_the_others(delivery: ScoreDelivery) -> None:
    """One that was stuck got through: the column may have been locked as a whole, and is no more."""
    others = ScoreDelivery.objects.filter(resource_link=delivery.resource_link_id, state=ScoreDelivery.State.STUCK)
    if others.exclude(pk=delivery.pk).filter(leased_until=None).update(next_try_at=timezone.now()):
        outbox.queue(delivery.resource_link.platform_id)


def _of_this_row(error: PlatformUnavailable) -> str:
    """At most 300 characters. Seen in Moodle 5.1: an empty 500 for a locked grade item, and for one locked grade."""
    if isinstance(error, PlatformUnreadable):
        return error.reason
    what = f"an error ({error.status})" if error.status else "silence"
    return (
        f"Moodle answers other requests, but this one with {what}. Probably the grade item or this grade is locked "
        "there. In Moodle, open Grades: “Gradebook setup” for the item, “Grader report” for one grade. Unlock "
        "it, then press “Send again”."
    )


def _in_words(refused: PlatformRefused) -> str:
    if refused.status == 400:
        return "Moodle does not take a grade for this person: they may not be enrolled as a student any more."
    if refused.status in (401, 403):
        return "Moodle did not allow this tool to send grades. Ask the admin to switch grade sync on for it."
    if refused.status == 404:
        return conflicts.NO_COLUMN
    if refused.status == 409:
        return "Moodle holds a later grade for this person. Look at Moodle's gradebook before sending again."
    return refused.reason
