"""Rate limit, circuit breaker and clock skew of each platform: few requests at once and a second, none while down.

All of it is in the database: several workers share it, and it must hold with Redis gone.
"""

import random
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from lti_tool.errors import PlatformError, PlatformSlow, PlatformUnavailable
from lti_tool.models import DeliverySlot, Platform, PlatformHealth, ScoreDelivery

log = structlog.get_logger(__name__)

FAILURES_BEFORE_PAUSE = 3
SHORTEST_PAUSE = 5  # seconds between two probes of a platform that is down; PLATFORM_PAUSE_SECONDS is the longest
_CLOCK_MATTERS_FROM = 2  # seconds: less is the time that an answer took


def lease() -> timedelta:
    """How long a row or a slot is a worker's that may have died.

    A call may take longer (its timeouts are for each byte): then a second worker sends the same, at a later time. The
    first one's is refused by the platform as the older, should it arrive last.
    """
    return timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)


@dataclass
class Slot:
    """The right to send to a platform, one request after the other."""

    row: DeliverySlot
    seconds_apart: float
    _last: float = 0.0
    _kept: float = field(default_factory=time.monotonic)

    def pace(self) -> None:
        """Wait until the next request may go out."""
        wait = self._last + self.seconds_apart - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._last = time.monotonic()

    def keep(self) -> bool:
        """Renew the lease when a third of it is over; False where it ran out and another has it."""
        if time.monotonic() - self._kept < settings.DELIVERY_LEASE_SECONDS / 3:
            return True
        self._kept = time.monotonic()
        until = timezone.now() + lease()
        mine = DeliverySlot.objects.filter(pk=self.row.pk, leased_until=self.row.leased_until)
        kept = bool(mine.update(leased_until=until))
        self.row.leased_until = until
        return kept


@contextmanager
def slot(platform: Platform) -> Iterator[Slot | None]:
    """One of PLATFORM_REQUESTS_AT_ONCE; None where all are taken: their holders go on with what is due."""
    taken = _take_slot(platform)
    try:
        apart = settings.PLATFORM_REQUESTS_AT_ONCE / settings.PLATFORM_REQUESTS_A_SECOND
        yield Slot(taken, apart) if taken else None
    finally:
        if taken:
            DeliverySlot.objects.filter(pk=taken.pk, leased_until=taken.leased_until).update(leased_until=None)


@dataclass
class Turn:
    """The right to ask a platform for something beside scores: a roster, a whole column."""

    health: PlatformHealth

    def heard(self, error: PlatformError | None) -> None:
        """What came of it. An error about one course says nothing of the platform; that it was silent does."""
        if isinstance(error, PlatformSlow):
            heard_nothing(self.health, error)
        elif error is None or error.status is not None:
            heard_well(self.health)


@contextmanager
def turn(platform: Platform) -> Iterator[Turn | None]:
    """One of the same few requests at once; None where all are taken, or the platform is to be left alone."""
    health = health_of(platform)
    down = health.failures >= FAILURES_BEFORE_PAUSE
    if health.is_paused(timezone.now()) or (down and not take_probe(health)):
        yield None
        return
    with slot(platform) as taken:
        yield Turn(health) if taken else None


def health_of(platform: Platform) -> PlatformHealth:
    return PlatformHealth.objects.get_or_create(platform=platform)[0]


def is_down(platform_id: uuid.UUID) -> bool:
    """Whether it has not answered for so long that it is left alone between probes."""
    return PlatformHealth.objects.filter(platform=platform_id, failures__gte=FAILURES_BEFORE_PAUSE).exists()


def take_probe(health: PlatformHealth) -> bool:
    """Whether this worker may try a platform that is down: one at a time, when its pause is over."""
    now = timezone.now()
    waited = PlatformHealth.objects.filter(Q(paused_until=None) | Q(paused_until__lte=now), pk=health.pk)
    return bool(waited.update(paused_until=now + timedelta(seconds=_pause(health.failures))))


def heard_well(health: PlatformHealth) -> None:
    """It answers. What waited because it did not goes out now."""
    if not health.failures and health.heard_at and timezone.now() - health.heard_at < timedelta(minutes=1):
        return
    was_down = health.failures >= FAILURES_BEFORE_PAUSE
    health.failures, health.paused_until, health.heard_at = 0, None, timezone.now()
    health.save(update_fields=["failures", "paused_until", "heard_at"])
    if was_down:
        waiting = ScoreDelivery.objects.filter(
            resource_link__platform=health.platform_id, state=ScoreDelivery.State.WAITING, leased_until=None
        )
        due_now = waiting.filter(next_try_at__gt=timezone.now()).update(next_try_at=timezone.now())
        log.info("platform_is_back", platform=str(health.platform_id), deliveries=due_now)


def heard_nothing(health: PlatformHealth, error: PlatformUnavailable) -> None:
    """It answers nothing (`witness`), or asked to be left alone (429, Retry-After)."""
    PlatformHealth.objects.filter(pk=health.pk).update(failures=F("failures") + 1, last_answer=error.reason[:300])
    health.refresh_from_db()
    wait: float = error.retry_after or 0
    if health.failures >= FAILURES_BEFORE_PAUSE:
        wait = max(wait, _pause(health.failures))
    if wait:
        health.paused_until = timezone.now() + timedelta(seconds=min(wait, 24 * 3600))
        health.save(update_fields=["paused_until"])
        log.warning("platform_paused", platform=str(health.platform_id), seconds=round(wait), failures=health.failures)


def heard_clock(health: PlatformHealth, seconds_ahead: float | None) -> None:
    """From the Date header of an answer. Small differences are the time that it was under way."""
    if seconds_ahead is None:
        return
    ahead = round(seconds_ahead) if abs(seconds_ahead) >= _CLOCK_MATTERS_FROM else 0
    if abs(ahead - health.clock_ahead) >= _CLOCK_MATTERS_FROM:
        log.warning("platform_clock", platform=str(health.platform_id), seconds_ahead=ahead)
        health.clock_ahead = ahead
        health.save(update_fields=["clock_ahead"])


def _pause(failures: int) -> float:
    grown = SHORTEST_PAUSE * 2.0 ** min(max(failures - FAILURES_BEFORE_PAUSE, 0), 10)
    return min(settings.PLATFORM_PAUSE_SECONDS, grown) * random.uniform(0.75, 1.25)  # noqa: S311  spreads load, no secret


def _take_slot(platform: Platform) -> DeliverySlot | None:
    # One that did not answer lately holds one worker at most, however long each call takes.
    failing = PlatformHealth.objects.filter(platform=platform, failures__gt=0).exists()
    for number in range(1 if failing else settings.PLATFORM_REQUESTS_AT_ONCE):
        now = timezone.now()
        until = now + lease()
        free = DeliverySlot.objects.filter(
            Q(leased_until=None) | Q(leased_until__lt=now), platform=platform, number=number
        )
        if free.update(leased_until=until):
            return DeliverySlot.objects.get(platform=platform, number=number)
        if not DeliverySlot.objects.filter(platform=platform, number=number).exists():
            try:
                with transaction.atomic():
                    return DeliverySlot.objects.create(platform=platform, number=number, leased_until=until)
            except IntegrityError:  # another worker was faster
                continue
    return None
