"""When the platform's gradebook says something else than what came from here: read it back, and let a person decide."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from lti_tool.errors import PlatformError, PlatformRefused
from lti_tool.gradebook import ags, outbox
from lti_tool.models import Person, ResourceLink, ScoreDelivery, ScorePost
from lti_tool.models.score_delivery import GradingProgress, ScoreDeliveryQuerySet

log = structlog.get_logger(__name__)

NO_COLUMN = "Moodle has no grade column for this activity any more. Press “Make it again”."

# Of the maximum: Moodle keeps five decimals, and a teacher types two.
_SAME_WITHIN = Decimal("0.0005")


@dataclass(frozen=True)
class Found:
    """A grade in the platform's gradebook. Both None: there is a row, and no grade in it."""

    points: Decimal | None
    maximum: Decimal | None

    @property
    def in_words(self) -> str:
        if self.points is None:
            return "no grade"
        of = f" of {_short(self.maximum)}" if self.maximum else ""
        return f"{_short(self.points)}{of}"


@dataclass(frozen=True)
class Later:
    """What a 409 meant: another's grade is there (`changed`), or only a later time, which `timestamp` moves past."""

    changed: Found | None
    timestamp: datetime


class Reader:
    """Reads gradebooks before they are written to; a column of which much is due is read once for all of it."""

    _FRESH = 20  # seconds
    _MUCH = 3

    def __init__(self) -> None:
        self._columns: dict[object, tuple[float, dict[str, ags.Result]]] = {}

    def changed_there(self, delivery: ScoreDelivery, *, due: int) -> Found | None:
        """The platform's grade, if it is none of those that were ever posted from here or are wanted now; else None.

        A score is accepted over a grade that a teacher has typed, and a status wipes it (`moodle.md`, 1): so what is
        there is looked at first, unless somebody said to send ours anyway, or it may not be read.

        Args:
            due: how many of the same column are due.

        Raises:
            PlatformUnavailable, PlatformRefused.
        """
        link = delivery.resource_link
        if delivery.insisted or ags.SCOPE_RESULT_READONLY not in link.scopes or not link.lineitem_url:
            return None
        if due < self._MUCH:
            return _foreign(delivery, ags.result_of(link, link.lineitem_url, delivery.person.sub))
        read_at, column = self._columns.get(link.pk, (0.0, {}))
        if not read_at or time.monotonic() - read_at > self._FRESH:
            column = ags.results(link, link.lineitem_url)
            self._columns[link.pk] = time.monotonic(), column
        return _foreign(delivery, column.get(delivery.person.sub))


def after_409(delivery: ScoreDelivery, post: ScorePost) -> Later:
    """Look at what is there. Where it cannot be read, a later time is tried, as it was before results could be.

    Raises:
        PlatformUnavailable.
    """
    link, beyond = delivery.resource_link, post.timestamp
    changed = None
    if ags.SCOPE_RESULT_READONLY in link.scopes and link.lineitem_url:
        result = ags.result_of(link, link.lineitem_url, delivery.person.sub)
        if result is not None and result.timestamp is not None:
            beyond = max(beyond, result.timestamp)
        changed = None if delivery.insisted else _foreign(delivery, result)
    return Later(changed=changed, timestamp=beyond.replace(microsecond=0) + timedelta(seconds=1))


def kept_theirs(delivery: ScoreDelivery) -> str:
    """After sending over another's grade: why the platform still shows that, in words; empty where it shows ours.

    Moodle takes a score for a grade that was overridden by hand, answers 200, and goes on showing the overriding one.
    """
    link = delivery.resource_link
    if delivery.points is None or ags.SCOPE_RESULT_READONLY not in link.scopes or not link.lineitem_url:
        return ""
    try:
        result = ags.result_of(link, link.lineitem_url, delivery.person.sub)
    except PlatformError:
        return ""
    if result is None or result.points is None or _same(delivery.points, delivery.maximum, result):
        return ""
    found = Found(result.points, result.maximum)
    return (
        f"Moodle took the grade and goes on showing {found.in_words}: it was overridden there by hand. "
        "In Moodle's gradebook, untick “Overridden” for this student, then send again."
    )


def insist(delivery_id: int, *, by: Person | None = None) -> bool:
    """Send ours over what the platform has; False where there was nothing to decide."""
    now = timezone.now()
    with transaction.atomic():
        row = ScoreDelivery.objects.filter(pk=delivery_id).exclude(state=ScoreDelivery.State.WAITING)
        changed = row.update(
            state=ScoreDelivery.State.WAITING,
            insisted=True,
            differs=False,
            caused_by=by,
            next_try_at=now,
            **outbox.AS_AT_FIRST,
        )
        if changed:
            sent = ScoreDelivery.objects.select_related("resource_link").get(pk=delivery_id)
            outbox.queue(sent.resource_link.platform_id)
    return bool(changed)


def keep_theirs(delivery_id: int) -> bool:
    """Leave the platform's grade; False where there was nothing to decide. A new mark is compared anew."""
    undecided = Q(state=ScoreDelivery.State.CHANGED) | Q(state=ScoreDelivery.State.SENT, differs=True)
    row = ScoreDelivery.objects.filter(undecided, pk=delivery_id)
    kept = row.update(state=ScoreDelivery.State.KEPT, differs=False, last_answer="Moodle's own grade was kept.")
    return bool(kept)


def links_to_compare() -> list[object]:
    """Ids of the links with grades that were sent and may be read back."""
    sent = ScoreDelivery.objects.filter(
        grading_progress=GradingProgress.FULLY_GRADED,
        state=ScoreDelivery.State.SENT,
        resource_link__platform__active=True,
    )
    links = ResourceLink.objects.filter(pk__in=sent.values("resource_link")).exclude(lineitem_url="")
    return [link.pk for link in links if ags.SCOPE_RESULT_READONLY in link.scopes]


def compare(link: ResourceLink) -> int:
    """Read a whole column and note where it differs from what was sent; nothing is changed there. How many differ.

    Raises:
        PlatformUnavailable, PlatformRefused: with status 404 the column is gone, and every row of it says so.
    """
    began = timezone.now()
    try:
        results = ags.results(link, link.lineitem_url)
    except PlatformRefused as refused:
        if refused.status == 404:
            _column_may_be_gone(link)
        raise
    different = 0
    with transaction.atomic():
        # What was sent since is newer than what was read.
        graded = _shown(link).exclude(sent_at__gte=began).select_for_update(of=("self",)).select_related("person")
        changed = list(graded.order_by("pk"))
        for delivery in changed:
            result = results.get(delivery.person.sub, ags.Result(None, None, None))
            delivery.found_points, delivery.found_maximum, delivery.found_at = result.points, result.maximum, began
            delivery.differs = not (delivery.points is not None and _same(delivery.points, delivery.maximum, result))
            different += delivery.differs
        found = ["found_points", "found_maximum", "found_at", "differs"]
        ScoreDelivery.objects.bulk_update(changed, found, batch_size=500)
    log.info("grades_compared", link=str(link.pk), read=len(results), compared=len(changed), different=different)
    return different


def _shown(link: ResourceLink) -> ScoreDeliveryQuerySet:
    """What the platform's gradebook should show of a link."""
    return ScoreDelivery.objects.filter(
        resource_link=link, grading_progress=GradingProgress.FULLY_GRADED, state=ScoreDelivery.State.SENT
    )


def _column_may_be_gone(link: ResourceLink) -> None:
    """Deleted in the platform, by a course reset say, with every grade in it. Asked for itself, to be sure."""
    try:
        ags.look_at_line_item(link)
    except PlatformRefused as refused:
        if refused.status == 404:
            gone = _shown(link).update(state=ScoreDelivery.State.REFUSED, last_status=404, last_answer=NO_COLUMN)
            log.warning("column_gone", link=str(link.pk), deliveries=gone)
    except PlatformError:
        pass


def _foreign(delivery: ScoreDelivery, result: ags.Result | None) -> Found | None:
    if result is None or result.points is None:
        return None
    if delivery.points is not None and _same(delivery.points, delivery.maximum, result):
        return None
    posted = ScorePost.objects.filter(delivery=delivery, points__isnull=False)
    if any(
        _same(points, maximum, result)
        for points, maximum in posted.values_list("points", "maximum")
        if points is not None
    ):
        return None
    return Found(points=result.points, maximum=result.maximum)


def _same(points: Decimal, maximum: Decimal | None, result: ags.Result) -> bool:
    """Out of their own maxima: the platform may count a column's points otherwise (`moodle.md`, 4)."""
    if result.points is None:
        return points == 0  # Moodle leaves a nought out of its results
    if not maximum or not result.maximum:
        return abs(points - result.points) <= _SAME_WITHIN * max(points, Decimal(1))
    return abs(points / maximum - result.points / result.maximum) <= _SAME_WITHIN


def _short(number: Decimal | None) -> str:
    return "" if number is None else f"{number.quantize(Decimal('0.01')).normalize():f}"
