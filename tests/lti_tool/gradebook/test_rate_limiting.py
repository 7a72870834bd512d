"""A platform is not overrun, is left alone while it is down, and its clock is gone by."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest
import requests
import responses
import time_machine
from pytest_django.fixtures import Settings

from lti_tool.gradebook import delivery as sending
from lti_tool.gradebook import outbox, rate_limiting
from lti_tool.models import DeliverySlot, Person, Platform, PlatformHealth, ResourceLink, ScoreDelivery
from tests.lti_tool.gradebook.test_outbox import NOON, SCORES, graded, launched, posted
from tests.lti_tool.platform_double import PlatformDouble

__all__ = ["launched"]


def many(count: int) -> None:
    link, platform = ResourceLink.objects.get(), Platform.objects.get()
    for number in range(count):
        person = Person.objects.create(platform=platform, sub=str(100 + number), name=f"P{number}")
        outbox.wish_graded(resource_link=link, person=person, points=Decimal(1), maximum=Decimal(2), comment="")


def send() -> None:
    sending.deliver_to(Platform.objects.get())


def health() -> PlatformHealth:
    return PlatformHealth.objects.get()


@pytest.fixture(autouse=True)
def at_full_speed(settings: Settings) -> None:
    settings.PLATFORM_REQUESTS_A_SECOND = 1_000_000


def test_everything_due_goes_out_at_a_stretch(launched: PlatformDouble) -> None:
    many(25)
    send()

    assert len(posted(launched)) == 25
    assert set(ScoreDelivery.objects.values_list("state", flat=True)) == {"sent"}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.ConnectionError(), "could not be reached."),
        (requests.ReadTimeout(), "did not answer in time."),
        (requests.ConnectTimeout(), "did not answer in time."),
        (requests.exceptions.SSLError(), "could not be reached safely: please look at its certificate."),
    ],
)
def test_no_answer_is_told_in_words(launched: PlatformDouble, error: Exception, words: str) -> None:
    launched.answers.replace(responses.POST, SCORES, body=error)
    many(1)
    send()

    assert ScoreDelivery.objects.get().last_answer == f"moodle.example {words}"


def test_platform_that_is_down_is_left_alone_and_then_probed_by_one(launched: PlatformDouble) -> None:
    launched.answers.replace(responses.POST, SCORES, status=503)
    with time_machine.travel(NOON, tick=False) as clock:
        many(25)
        send()
        asked = len(posted(launched))
        assert asked == rate_limiting.FAILURES_BEFORE_PAUSE
        send()
        assert len(posted(launched)) == asked, "it is left alone"
        pause = health().paused_until
        assert pause is not None
        clock.move_to(pause + timedelta(seconds=1))
        send()
        assert len(posted(launched)) == asked + 1, "one probe"

        launched.answers.replace(responses.POST, SCORES, status=200)
        again = health().paused_until
        assert again is not None
        clock.move_to(again + timedelta(seconds=1))
        send()

    assert set(ScoreDelivery.objects.values_list("state", flat=True)) == {"sent"}, "what had waited goes out at once"
    assert health().failures == 0


def test_pauses_grow_to_a_limit(launched: PlatformDouble, settings: Settings) -> None:
    launched.answers.replace(responses.POST, SCORES, status=503)
    graded()
    pauses = []
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(20):
            send()
            row, waits = health(), ScoreDelivery.objects.get().next_try_at
            if row.paused_until and row.paused_until > datetime.now(UTC):
                pauses.append((row.paused_until - datetime.now(UTC)).total_seconds())
            assert waits is not None
            clock.move_to(max(waits, row.paused_until or waits) + timedelta(seconds=1))

    assert pauses[0] < 10
    assert max(pauses) <= settings.PLATFORM_PAUSE_SECONDS * 1.25
    assert pauses[-1] >= settings.PLATFORM_PAUSE_SECONDS * 0.75


def test_asked_to_wait_it_waits(launched: PlatformDouble) -> None:
    launched.answers.replace(responses.POST, SCORES, status=429, headers={"Retry-After": "120"})
    with time_machine.travel(NOON, tick=False):
        many(5)
        send()

        assert len(posted(launched)) == 1
        assert health().paused_until == NOON + timedelta(seconds=120)


def test_no_more_at_once_than_allowed(launched: PlatformDouble, settings: Settings) -> None:
    settings.PLATFORM_REQUESTS_AT_ONCE = 2
    platform = Platform.objects.get()
    graded()
    with (
        rate_limiting.slot(platform) as one,
        rate_limiting.slot(platform) as two,
        rate_limiting.slot(platform) as three,
    ):
        assert one is not None
        assert two is not None
        assert three is None
        send()
        assert posted(launched) == []
    send()
    assert len(posted(launched)) == 1


def test_slot_of_a_dead_worker_becomes_free(launched: PlatformDouble, settings: Settings) -> None:
    settings.PLATFORM_REQUESTS_AT_ONCE = 1
    platform = Platform.objects.get()
    rate_limiting._take_slot(platform)
    graded()
    send()
    assert posted(launched) == []
    DeliverySlot.objects.update(leased_until=datetime.now(UTC) - timedelta(seconds=1))
    send()
    assert len(posted(launched)) == 1


@pytest.mark.parametrize("ahead", [-300, 300])
def test_times_are_by_the_platforms_clock(launched: PlatformDouble, ahead: int) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        date = format_datetime(NOON + timedelta(seconds=ahead), usegmt=True)
        launched.answers.replace(responses.POST, SCORES, status=200, headers={"Date": date})
        graded("1")
        send()
        assert health().clock_ahead == ahead
        clock.shift(3600)
        graded("2")
        send()

    expected = NOON + timedelta(seconds=3600 + ahead)
    assert posted(launched)[-1]["timestamp"] == expected.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_what_is_due_to_one_platform_is_not_sent_with_anothers(launched: PlatformDouble) -> None:
    many(3)
    other = Platform.objects.create(name="Other", issuer="https://other.example", client_id="1")
    sending.deliver_to(other)

    assert posted(launched) == []
    assert [platform.pk for platform in outbox.platforms_due()] == [ResourceLink.objects.get().platform_id]
