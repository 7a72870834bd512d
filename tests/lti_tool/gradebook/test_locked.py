"""An error about one row is that row's: a locked grade item of Moodle 5.1 answers 500 (`moodle.md`, 27)."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
import responses
import time_machine
from django.db.models import Min
from django.utils import timezone
from pytest_django.fixtures import Settings

from lti_tool.gradebook import ags, conflicts, outbox, rate_limiting, witness
from lti_tool.gradebook import delivery as sending
from lti_tool.models import Person, Platform, ResourceLink, ScoreDelivery
from lti_tool.models.score_delivery import ERRORS_UNTIL_STUCK
from tests.lti_tool.gradebook.test_outbox import NOON, TOKEN, launched
from tests.lti_tool.platform_double import PlatformDouble

__all__ = ["launched"]

Answer = tuple[int, dict[str, str], Any]


class Gradebook:
    """Two columns, each for ten students. `locked` are (column, sub) or whole columns; `gone` what all is answered."""

    def __init__(self, platform: PlatformDouble) -> None:
        self.locked = set[object]()
        self.error: int | Exception = 500
        self.gone: int | Exception | None = None
        self.posts = Counter[tuple[int, str]]()
        self.looks = 0
        self.grades = dict[tuple[int, str], float]()
        row, first = Platform.objects.get(), ResourceLink.objects.get()
        self.people = Person.objects.bulk_create(
            Person(platform=row, sub=str(100 + number), name=f"P{number}") for number in range(10)
        )
        second = ResourceLink.objects.create(
            platform=row, course=first.course, resource_link_id="2", title="Essay", scopes=first.scopes
        )
        self.links = {1: first, 2: second}
        for number, link in self.links.items():
            url = f"https://moodle.example/lineitems/{number}/lineitem"
            ResourceLink.objects.filter(pk=link.pk).update(lineitem_url=f"{url}?type_id=1")
            link.refresh_from_db()

            def posted(request: requests.PreparedRequest, number: int = number) -> Answer:
                return self._post(number, json.loads(request.body or b""))

            platform.answers.upsert(responses.POST, f"{url}/scores?type_id=1", status=200)
            platform.answers.remove(responses.POST, f"{url}/scores?type_id=1")
            platform.answers.add_callback(responses.POST, f"{url}/scores?type_id=1", callback=posted)
            platform.answers.add_callback(responses.GET, f"{url}?type_id=1", callback=self._look)
        platform.answers.remove(responses.POST, TOKEN)
        platform.answers.add_callback(responses.POST, TOKEN, callback=self._token)

    def wish(self, column: int, *, people: slice = slice(None)) -> list[ScoreDelivery]:
        return [
            outbox.wish_graded(
                resource_link=self.links[column], person=person, points=Decimal(1), maximum=Decimal(2), comment=""
            )
            for person in self.people[people]
        ]

    def _post(self, column: int, score: dict[str, Any]) -> Answer:
        self.posts[column, score["userId"]] += 1
        if self.gone is not None:
            return self._fails(self.gone)
        if self.locked & {column, (column, score["userId"])}:
            return self._fails(self.error)
        self.grades[column, score["userId"]] = score["scoreGiven"]
        return 200, {}, ""

    def _look(self, request: requests.PreparedRequest) -> Answer:
        self.looks += 1
        return self._fails(self.gone) if self.gone is not None else (200, {}, "{}")

    def _token(self, request: requests.PreparedRequest) -> Answer:
        if self.gone is not None:
            return self._fails(self.gone)
        return 200, {}, json.dumps({"access_token": "t", "expires_in": 3600})

    @staticmethod
    def _fails(how: int | Exception) -> Answer:
        return (500, {}, how) if isinstance(how, Exception) else (how, {}, "")


@pytest.fixture
def book(launched: PlatformDouble) -> Gradebook:
    return Gradebook(launched)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    """It stands still, so that nothing is due again before a test says so."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def at_full_speed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is."""
    settings.PLATFORM_REQUESTS_A_SECOND = 1_000_000
    monkeypatch.setattr(sending, "AT_A_STRETCH", 600)
    monkeypatch.setattr(witness, "_BELIEVED", 600)


def send() -> None:
    sending.deliver_to(Platform.objects.get())


def send_for(clock: Any, span: timedelta) -> None:
    """As the periodic task does, whenever something may be due."""
    until = timezone.now() + span
    while timezone.now() < until:
        send()
        tries = ScoreDelivery.objects.due(until).aggregate(first=Min("next_try_at"))["first"] or until
        paused = rate_limiting.health_of(Platform.objects.get()).paused_until or tries
        clock.move_to(min(until, max(tries, paused, timezone.now()) + timedelta(seconds=1)))


def states(column: int) -> Counter[str]:
    return Counter(ScoreDelivery.objects.filter(resource_link__resource_link_id=column).values_list("state", flat=True))


def is_down() -> bool:
    return rate_limiting.is_down(Platform.objects.get().pk)


@pytest.mark.parametrize("error", [500, 502, 503, 504, 599, requests.ReadTimeout(), requests.ConnectionError()])
def test_others_go_on_past_a_locked_column_that_is_first(book: Gradebook, error: int | Exception) -> None:
    book.locked, book.error = {1}, error
    book.wish(1)
    book.wish(2)
    send()

    assert states(2) == {"sent": 10}
    assert states(1) == {"waiting": 10}
    assert set(book.posts.values()) == {1}
    assert not is_down()


def test_others_of_its_column_go_on_past_one_locked_grade(book: Gradebook, clock: Any) -> None:
    book.locked = {(1, "100"), (1, "101"), (1, "102"), (1, "103")}
    book.wish(1)
    send_for(clock, timedelta(minutes=5))

    assert states(1) == {"sent": 6, "stuck": 4}
    late = outbox.wish_graded(
        resource_link=book.links[1],
        person=Person.objects.get(sub="6"),
        points=Decimal(2),
        maximum=Decimal(2),
        comment="",
    )
    book.locked.add((1, "6"))
    send()
    late.refresh_from_db()
    assert late.state == "waiting", "the column is not locked as a whole: this may pass"


def test_locked_row_says_so_after_some_tries_and_then_hardly_knocks(book: Gradebook, clock: Any) -> None:
    book.locked = {1}
    book.wish(1, people=slice(1))
    send_for(clock, timedelta(minutes=3))

    delivery = ScoreDelivery.objects.get()
    assert delivery.state == "stuck"
    for word in ("locked", "Gradebook setup", "Send again", "500"):
        assert word in delivery.last_answer
    assert book.posts.total() == ERRORS_UNTIL_STUCK
    assert list(ScoreDelivery.objects.troubled()) == [delivery]
    assert not is_down()
    send_for(clock, timedelta(days=3))
    assert book.posts.total() <= ERRORS_UNTIL_STUCK + 10


def test_locked_column_of_a_class_is_not_hammered(book: Gradebook, clock: Any) -> None:
    """Three of them say enough."""
    book.locked = {1}
    book.wish(1, people=slice(3))
    send_for(clock, timedelta(minutes=3))
    book.wish(1, people=slice(3, None))
    send()

    assert states(1) == {"stuck": 10}
    assert book.posts.total() == 3 * ERRORS_UNTIL_STUCK + 7


def test_unlocked_it_goes_out_by_itself_and_takes_the_others_along(book: Gradebook, clock: Any) -> None:
    book.locked = {1}
    book.wish(1)
    send_for(clock, timedelta(minutes=3))
    book.locked.clear()
    first = ScoreDelivery.objects.order_by("next_try_at").first()
    assert first is not None
    assert first.next_try_at is not None
    clock.move_to(first.next_try_at)
    send()

    assert states(1) == {"sent": 10}
    assert set(ScoreDelivery.objects.values_list("own_errors", "last_answer")) == {(0, "")}


def test_send_again_tries_at_once(book: Gradebook, clock: Any) -> None:
    book.locked = {1}
    book.wish(1)
    send_for(clock, timedelta(minutes=3))
    before = book.posts.total()
    book.locked.clear()
    one = ScoreDelivery.objects.first()
    assert one is not None
    assert outbox.send_again([one.pk]) == 1
    one.refresh_from_db()
    assert (one.state, one.own_errors) == ("waiting", 0)
    send()

    assert states(1) == {"sent": 10}
    assert book.posts.total() == before + 10


def test_new_mark_is_tried_once_and_waits_on(book: Gradebook, clock: Any) -> None:
    book.locked = {(1, "100")}
    book.wish(1, people=slice(1))
    send_for(clock, timedelta(minutes=3))
    before = book.posts.total()
    (delivery,) = book.wish(1, people=slice(1))
    assert delivery.state == "waiting"
    send_for(clock, timedelta(minutes=3))

    assert states(1) == {"stuck": 1}
    assert book.posts.total() == before + 1


@pytest.mark.parametrize("gone", [500, 502, 503, 504, requests.ConnectionError(), requests.ReadTimeout()])
def test_platform_that_answers_nothing_is_down_and_nobody_is_called_locked(
    book: Gradebook, clock: Any, gone: int | Exception
) -> None:
    book.gone = gone
    book.wish(1)
    book.wish(2)
    send_for(clock, timedelta(hours=1))

    assert is_down()
    assert states(1) + states(2) == {"waiting": 20}
    assert not ScoreDelivery.objects.filter(last_answer__contains="locked").exists()
    assert book.posts.total() < 40, "it is left alone between probes"
    book.gone = None
    send_for(clock, timedelta(minutes=7))
    assert states(1) + states(2) == {"sent": 20}


def test_locked_rows_in_an_outage(book: Gradebook, clock: Any) -> None:
    book.locked = {1}
    book.wish(1)
    book.gone = 503
    send_for(clock, timedelta(minutes=10))
    assert is_down()
    book.wish(2)
    book.gone = None
    send_for(clock, timedelta(minutes=10))

    assert not is_down()
    assert states(2) == {"sent": 10}
    assert states(1) == {"stuck": 10}


def test_stuck_rows_keep_their_words_and_patience_while_the_platform_comes_and_goes(
    book: Gradebook, clock: Any
) -> None:
    book.locked = {1}
    book.wish(1, people=slice(2))
    send_for(clock, timedelta(minutes=3))
    before = book.posts[1, "100"] + book.posts[1, "101"]
    for _ in range(5):
        book.gone = 503
        book.wish(2)
        send_for(clock, timedelta(minutes=5))
        assert is_down()
        book.gone = None
        send_for(clock, timedelta(minutes=7))
        assert states(2) == {"sent": 10}

    assert states(1) == {"stuck": 2}
    assert set(ScoreDelivery.objects.filter(state="stuck").values_list("last_status", flat=True)) == {500}
    assert all("locked" in one.last_answer for one in ScoreDelivery.objects.filter(state="stuck"))
    assert book.posts[1, "100"] + book.posts[1, "101"] <= before + 10


def test_platform_is_asked_for_something_else_once_for_many(book: Gradebook) -> None:
    book.locked = {1}
    book.wish(1)
    send()

    assert book.looks == 1


def test_column_of_which_nothing_answers_is_its_own_trouble_where_tokens_are_given(
    book: Gradebook, launched: PlatformDouble, clock: Any
) -> None:
    launched.answers.replace(responses.GET, "https://moodle.example/lineitems/1/lineitem?type_id=1", status=500)
    book.locked = {1}
    book.wish(1)
    book.wish(2)
    send()

    assert states(2) == {"sent": 10}
    assert not is_down()


def test_tokens_of_another_host_are_no_sign_of_life(book: Gradebook, launched: PlatformDouble, clock: Any) -> None:
    for number in (1, 2):
        item = f"https://moodle.example/lineitems/{number}/lineitem?type_id=1"
        launched.answers.replace(responses.GET, item, status=503)
    Platform.objects.update(token_url="https://sso.example/token")
    launched.answers.post("https://sso.example/token", json={"access_token": "t", "expires_in": 3600})
    book.locked, book.error = {1, 2}, 503
    book.wish(1)
    send()

    assert is_down()


@pytest.mark.parametrize("status", [403, 404, 405])
def test_refusal_is_a_sign_of_life(book: Gradebook, launched: PlatformDouble, status: int) -> None:
    launched.answers.replace(responses.GET, "https://moodle.example/lineitems/1/lineitem?type_id=1", status=status)
    book.locked = {1}
    book.wish(1)
    send()

    assert not is_down()


def test_asked_to_wait_meanwhile_it_waits(book: Gradebook, launched: PlatformDouble, clock: Any) -> None:
    item = "https://moodle.example/lineitems/1/lineitem?type_id=1"
    launched.answers.replace(responses.GET, item, status=429, headers={"Retry-After": "120"})
    book.locked = {1}
    book.wish(1)
    send()

    assert book.posts.total() == 1
    assert rate_limiting.health_of(Platform.objects.get()).paused_until == NOON + timedelta(seconds=120)


def test_without_a_column_others_go_on_where_its_list_fails(
    book: Gradebook, launched: PlatformDouble, clock: Any
) -> None:
    lists = "https://moodle.example/lineitems"
    ResourceLink.objects.filter(pk=book.links[1].pk).update(lineitem_url="", lineitems_url=lists)
    launched.answers.get(f"{lists}?resource_link_id=1", status=500)
    book.wish(1)
    book.wish(2)
    send()

    assert states(2) == {"sent": 10}
    assert not is_down()


class TestResults:
    """What is in Moodle's gradebook is looked at before anything is sent over it."""

    @pytest.fixture
    def readable(self, book: Gradebook) -> Gradebook:
        for link in ResourceLink.objects.all():
            link.scopes = [*link.scopes, ags.SCOPE_RESULT_READONLY]
            link.save()
        book.links = {
            1: ResourceLink.objects.get(resource_link_id="1"),
            2: ResourceLink.objects.get(resource_link_id="2"),
        }
        return book

    def results(self, launched: PlatformDouble, column: int, **answer: Any) -> None:
        """Of the whole column, and of one person's."""
        launched.answers.get(re.compile(rf"https://moodle\.example/lineitems/{column}/lineitem/results\b.*"), **answer)

    @pytest.mark.parametrize(
        ("answer", "word"),
        [({"status": 500}, "500"), ({"body": "<b>Notice</b>: x in y on line 7\n[]"}, "Display debug messages")],
    )
    def test_column_that_cannot_be_read_stops_itself_alone(
        self, readable: Gradebook, launched: PlatformDouble, clock: Any, answer: dict[str, Any], word: str
    ) -> None:
        self.results(launched, 1, **answer)
        self.results(launched, 2, json=[])
        readable.wish(1)
        readable.wish(2)
        send_for(clock, timedelta(minutes=5))

        assert states(2) == {"sent": 10}
        assert states(1) == {"stuck": 10}
        assert all(word in one.last_answer for one in ScoreDelivery.objects.filter(state="stuck"))
        assert not is_down()
        assert not readable.grades.keys() & {(1, str(100 + number)) for number in range(10)}


def test_send_again_pressed_while_it_fails_is_not_lost(book: Gradebook, launched: PlatformDouble, clock: Any) -> None:
    book.locked = {(1, "100")}
    (delivery,) = book.wish(1, people=slice(1))
    send_for(clock, timedelta(minutes=3))
    clock.shift(timedelta(hours=1))

    presses = iter([delivery.pk])

    def pressed(request: requests.PreparedRequest) -> Answer:
        clock.shift(1)
        outbox.send_again(presses)
        return 500, {}, ""

    scores = "https://moodle.example/lineitems/1/lineitem/scores?type_id=1"
    launched.answers.remove(responses.POST, scores)
    launched.answers.add_callback(responses.POST, scores, callback=pressed)
    before = delivery.posts.count()
    send()
    delivery.refresh_from_db()

    assert delivery.posts.count() == before + 2, "it is tried anew at once"
    assert (delivery.state, delivery.own_errors) == ("waiting", 1)


def test_insisting_on_a_stuck_one_sends_it(book: Gradebook, clock: Any) -> None:
    book.locked = {1}
    (delivery,) = book.wish(1, people=slice(1))
    send_for(clock, timedelta(minutes=3))
    book.locked.clear()
    assert conflicts.insist(delivery.pk)
    send()

    assert states(1) == {"sent": 1}
