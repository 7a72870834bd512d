"""What is owed to the gradebook is sent by AGS's rules, and comes through every kind of failure."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import requests
import responses
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from lti_tool import platform as platform_http
from lti_tool import tasks
from lti_tool.gradebook import ags, outbox, rate_limiting
from lti_tool.gradebook import delivery as sending
from lti_tool.keys import tool_key
from lti_tool.models import Person, Platform, ResourceLink, ScoreDelivery
from tests.lti_tool.platform_double import LINEITEM, SCORE, PlatformDouble
from tests.slow import SlowServer

SCORES = "https://moodle.example/lineitems/1/lineitem/scores?type_id=1"
LINEITEMS = "https://moodle.example/lineitems"
TOKEN = "https://moodle.example/token"
NOON = datetime(2026, 11, 21, 12, 0, 0, 500_000, tzinfo=UTC)


@pytest.fixture
def launched(platform: PlatformDouble, browser: Client) -> PlatformDouble:
    platform.open_page(browser)
    platform.answers.post(TOKEN, json={"access_token": "secret-token", "expires_in": 3600, "token_type": "Bearer"})
    platform.answers.post(SCORES, status=200)
    return platform


def submitted() -> ScoreDelivery:
    return outbox.wish_submitted(
        resource_link=ResourceLink.objects.get(), person=Person.objects.get(), comment="Handed in.", submitted_at=NOON
    )


def graded(points: str = "85") -> ScoreDelivery:
    return outbox.wish_graded(
        resource_link=ResourceLink.objects.get(),
        person=Person.objects.get(),
        points=Decimal(points),
        maximum=Decimal(100),
        comment="Well told.",
    )


def posted(platform: PlatformDouble) -> list[dict[str, Any]]:
    calls = platform.answers.calls
    return [json.loads(call.request.body) for call in calls if call.request.url == SCORES]  # type: ignore[arg-type]


def due() -> list[int]:
    return list(ScoreDelivery.objects.due(timezone.now()).values_list("pk", flat=True))


def claim() -> None:
    """What a worker does that dies then."""
    platform = Platform.objects.get()
    assert sending._claim(platform, rate_limiting.health_of(platform), size=10)


def deliver(delivery: ScoreDelivery) -> ScoreDelivery:
    sending.deliver_to(Platform.objects.get())
    delivery.refresh_from_db()
    return delivery


def test_status_is_sent_without_a_grade(launched: PlatformDouble) -> None:
    with time_machine.travel(NOON, tick=False):
        delivery = deliver(submitted())

    assert delivery.state == "sent"
    assert posted(launched) == [
        {
            "userId": "6",
            "activityProgress": "Submitted",
            "gradingProgress": "PendingManual",
            "timestamp": "2026-11-21T12:00:00Z",
            "comment": "Handed in.",
            "submission": {"submittedAt": "2026-11-21T12:00:00.500000Z"},
        }
    ]


def test_grade_is_sent_with_its_maximum_and_comment(launched: PlatformDouble) -> None:
    deliver(graded("8.5"))

    (score,) = posted(launched)
    assert (score["scoreGiven"], score["scoreMaximum"], score["comment"]) == (8.5, 100, "Well told.")
    assert (score["activityProgress"], score["gradingProgress"]) == ("Completed", "FullyGraded")
    request = next(call.request for call in launched.answers.calls if call.request.url == SCORES)
    assert request.headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
    assert request.headers["Authorization"] == "Bearer secret-token"


def test_times_for_one_person_are_strictly_later_in_whole_seconds(launched: PlatformDouble) -> None:
    with time_machine.travel(NOON, tick=False):
        deliver(submitted())
        deliver(graded("1"))
        deliver(graded("2"))

    assert [score["timestamp"][-4:] for score in posted(launched)] == [":00Z", ":01Z", ":02Z"]


def test_resubmission_keeps_the_grade_and_says_so(launched: PlatformDouble) -> None:
    deliver(graded("85"))
    deliver(submitted())

    latest = posted(launched)[-1]
    assert (latest["scoreGiven"], latest["gradingProgress"]) == (85, "FullyGraded")
    assert latest["comment"] == "Well told.\n\nHanded in."


def test_only_the_newest_wish_is_sent(launched: PlatformDouble) -> None:
    first = graded("50")
    graded("60")
    deliver(first)
    deliver(first)

    assert [score["scoreGiven"] for score in posted(launched)] == [60]


def test_wish_that_comes_while_sending_is_sent_too(launched: PlatformDouble) -> None:
    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        if not launched.answers.calls or len(posted(launched)) == 0:
            graded("60")
        return 200, {}, ""

    launched.answers.remove(responses.POST, SCORES)
    launched.answers.add_callback(responses.POST, SCORES, callback=answer)
    delivery = deliver(graded("50"))
    assert (delivery.state, delivery.sent_version, delivery.wanted_version) == ("sent", 2, 2)
    assert [score["scoreGiven"] for score in posted(launched)] == [50, 60]


def test_two_workers_send_once(launched: PlatformDouble) -> None:
    delivery = graded()
    claim()  # another worker is at it

    assert deliver(delivery).state == "waiting"
    assert posted(launched) == []


def test_delivery_of_a_dead_worker_is_taken_over(launched: PlatformDouble) -> None:
    delivery = graded()
    claim()
    assert due() == []

    with time_machine.travel(datetime.now(UTC) + rate_limiting.lease() + timedelta(seconds=1), tick=False):
        assert due() == [delivery.pk]
        assert deliver(delivery).state == "sent"


@pytest.mark.parametrize("answer", [{"status": 500}, {"status": 503}, {"status": 429}, {"body": requests.Timeout()}])
def test_what_will_pass_is_tried_again_later(launched: PlatformDouble, answer: dict[str, Any]) -> None:
    launched.answers.replace(responses.POST, SCORES, **answer)
    delivery = deliver(graded())

    assert delivery.state == "waiting"
    assert delivery.tries == 1
    assert due() == []
    assert delivery.next_try_at is not None
    launched.answers.replace(responses.POST, SCORES, status=200)
    with time_machine.travel(delivery.next_try_at, tick=False):
        assert due() == [delivery.pk]
        assert deliver(delivery).state == "sent"


NOTICES = "<br />\n<b>Notice</b>:  Undefined index: x in <b>/srv/lib.php</b> on line <b>7</b><br />\n"


@pytest.mark.parametrize(
    "answer",
    [
        {"body": "OK", "content_type": "text/plain"},
        {"body": "<html><body>Saved.</body></html>", "content_type": "text/html"},
        {"body": NOTICES, "content_type": "text/html"},
        {"body": NOTICES + "{}", "content_type": "application/json"},
        {"body": "{", "content_type": "application/json"},
        {"body": b"\xff\xfe\x00"},
        {"body": "", "status": 202},
        {"body": "Created", "status": 201},
        {"status": 204},
        {"body": "OK", "headers": {"Content-Encoding": "gzip"}},
    ],
)
def test_score_is_taken_whatever_the_answer_says(launched: PlatformDouble, answer: dict[str, Any]) -> None:
    launched.answers.replace(responses.POST, SCORES, **answer)
    delivery = deliver(graded())

    assert (delivery.state, delivery.tries, delivery.last_answer) == ("sent", 0, "")
    assert len(posted(launched)) == 1


@pytest.mark.parametrize("way", ["breaks off before its end", "drips a body", "drips a body and says close"])
def test_score_is_taken_however_the_rest_of_its_answer_comes(
    launched: PlatformDouble, settings: Settings, way: str
) -> None:
    settings.DEBUG = True  # on this machine
    settings.PLATFORM_ANSWER_SECONDS = 0.3
    with SlowServer(way) as server:
        launched.answers.add_passthru(server.url)
        ResourceLink.objects.update(lineitem_url=server.url)
        delivery = deliver(graded())

        assert (delivery.state, delivery.tries, delivery.last_status) == ("sent", 0, 200)
        assert server.begun == 1


def test_score_is_taken_however_long_its_answer_is(launched: PlatformDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_http, "LARGEST_ANSWER", 300)
    launched.answers.replace(responses.POST, SCORES, body="Saved. " * 100)

    assert deliver(graded()).state == "sent"
    assert len(posted(launched)) == 1


def test_refusal_is_one_however_its_page_comes(launched: PlatformDouble, settings: Settings) -> None:
    settings.DEBUG = True  # on this machine
    with SlowServer("breaks off its refusal") as server:
        launched.answers.add_passthru(server.url)
        ResourceLink.objects.update(lineitem_url=server.url)
        delivery = deliver(graded())

        assert (delivery.state, delivery.last_status, server.begun) == ("refused", 404, 1)


@pytest.mark.parametrize("answer", [{"body": "OK"}, {"body": NOTICES}, {"status": 204}])
def test_column_is_deleted_whatever_the_answer_says(launched: PlatformDouble, answer: dict[str, Any]) -> None:
    column = f"{LINEITEMS}/9/lineitem?type_id=1"
    deleted = launched.answers.delete(column, **answer)
    ags.delete_line_item(ResourceLink.objects.get(), column)

    assert deleted.call_count == 1


def test_column_that_was_made_with_an_unreadable_answer_is_looked_up(launched: PlatformDouble) -> None:
    ResourceLink.objects.update(lineitem_url="", lineitems_url=f"{LINEITEMS}?type_id=1")
    asked = f"{LINEITEMS}?type_id=1&resource_link_id=1"
    launched.answers.get(asked, json=[])
    launched.answers.get(asked, json=[{"id": f"{LINEITEMS}/1/lineitem?type_id=1", "resourceLinkId": "1"}])
    made = launched.answers.post(f"{LINEITEMS}?type_id=1", body="Created", status=201)

    assert deliver(graded()).state == "sent"
    assert made.call_count == 1


@pytest.mark.parametrize("answer", [{"body": NOTICES}, {"json": {"id": 7}}, {"status": 204}])
def test_column_that_was_made_nobody_knows_where_is_not_made_again(
    launched: PlatformDouble, answer: dict[str, Any]
) -> None:
    ResourceLink.objects.update(lineitem_url="", lineitems_url=f"{LINEITEMS}?type_id=1")
    launched.answers.get(f"{LINEITEMS}?type_id=1&resource_link_id=1", json=[])
    made = launched.answers.post(f"{LINEITEMS}?type_id=1", **answer)

    assert deliver(graded()).state == "refused"
    assert made.call_count == 1


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (NOTICES + "[]", "error messages of PHP"),
        ("\nWarning: Undefined array key in /srv/lib.php on line 7\n[]", "error messages of PHP"),
        ("<!DOCTYPE html><title>Log in</title>", "a web page"),
        ("OK", "not JSON"),
    ],
)
def test_answer_that_is_needed_and_cannot_be_read_is_told(launched: PlatformDouble, body: str, word: str) -> None:
    ResourceLink.objects.update(lineitem_url="", lineitems_url=f"{LINEITEMS}?type_id=1")
    launched.answers.get(f"{LINEITEMS}?type_id=1&resource_link_id=1", body=body)
    delivery = deliver(graded())

    assert delivery.state == "waiting"
    assert word in delivery.last_answer
    assert "/srv" not in delivery.last_answer


def test_token_that_cannot_be_read_is_told(launched: PlatformDouble) -> None:
    launched.answers.replace(responses.POST, TOKEN, body=NOTICES + '{"access_token": "secret"}')
    delivery = deliver(graded())

    assert delivery.state == "waiting"
    assert "error messages of PHP" in delivery.last_answer
    assert posted(launched) == []


def test_retry_after_is_honoured(launched: PlatformDouble) -> None:
    launched.answers.replace(responses.POST, SCORES, status=503, headers={"Retry-After": "600"})
    with time_machine.travel(NOON, tick=False):
        delivery = deliver(graded())

    assert delivery.next_try_at is not None
    assert delivery.next_try_at >= NOON + timedelta(seconds=600)


@pytest.mark.parametrize(
    ("status", "word"), [(400, "enrolled"), (403, "allow"), (404, "column")], ids=["person", "scope", "column"]
)
def test_refusal_stops_and_says_why(launched: PlatformDouble, status: int, word: str) -> None:
    launched.answers.replace(responses.POST, SCORES, status=status)
    delivery = deliver(graded())

    assert (delivery.state, delivery.last_status) == ("refused", status)
    assert word in delivery.last_answer
    assert due() == []


@pytest.mark.parametrize("status", [404, 503, 200], ids=["refused", "waiting", "sent"])
def test_whatever_became_of_it_it_can_be_sent_again(launched: PlatformDouble, status: int) -> None:
    """Also what Moodle has taken, and lost since: with a later time, or it would refuse it."""
    launched.answers.replace(responses.POST, SCORES, status=status)
    delivery = deliver(graded())
    launched.answers.replace(responses.POST, SCORES, status=200)

    assert outbox.send_again([delivery.pk]) == 1
    assert due() == [delivery.pk]
    assert deliver(delivery).state == "sent"
    first, second = posted(launched)
    assert second["timestamp"] > first["timestamp"]
    assert {**second, "timestamp": ""} == {**first, "timestamp": ""}
    assert outbox.send_again([]) == 0


def test_refused_token_is_replaced_once(launched: PlatformDouble) -> None:
    deliver(submitted())
    launched.answers.remove(responses.POST, SCORES)
    launched.answers.post(SCORES, status=401)
    launched.answers.post(SCORES, status=200)

    assert deliver(graded()).state == "sent"
    assert len([call for call in launched.answers.calls if call.request.url == TOKEN]) == 2


def test_token_that_is_refused_again_and_again_is_told_in_the_end(launched: PlatformDouble) -> None:
    launched.answers.replace(responses.POST, SCORES, status=401)
    delivery = graded()
    for _ in range(sending.TOKENS_BEFORE_REFUSAL):
        assert deliver(delivery).state == "waiting"
        ScoreDelivery.objects.update(next_try_at=timezone.now())
    assert deliver(delivery).state == "refused"
    assert "allow" in delivery.last_answer


def test_equal_time_at_the_platform_is_moved_past(launched: PlatformDouble) -> None:
    launched.answers.remove(responses.POST, SCORES)
    launched.answers.post(SCORES, status=409)
    launched.answers.post(SCORES, status=200)
    with time_machine.travel(NOON, tick=False):
        assert deliver(graded()).state == "sent"

    first, second = (score["timestamp"] for score in posted(launched))
    assert second > first


def test_conflict_that_lasts_is_told(launched: PlatformDouble) -> None:
    launched.answers.replace(responses.POST, SCORES, status=409)
    delivery = deliver(graded())

    assert delivery.state == "refused"
    assert len(posted(launched)) == sending.CONFLICTS_BEFORE_REFUSAL + 1
    assert "later grade" in delivery.last_answer


def test_token_is_asked_for_once_with_a_signed_assertion(launched: PlatformDouble) -> None:
    deliver(submitted())
    deliver(graded())

    (asked,) = [call.request for call in launched.answers.calls if call.request.url == TOKEN]
    form = {name: values[0] for name, values in parse_qs(str(asked.body)).items()}
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == SCORE
    key = tool_key()
    assertion = jwt.decode(form["client_assertion"], key.private.public_key(), algorithms=["RS256"], audience=TOKEN)
    assert assertion["iss"] == assertion["sub"] == "tool-1"
    assert assertion["jti"]
    assert assertion["exp"] - assertion["iat"] == 60
    assert jwt.get_unverified_header(form["client_assertion"])["kid"] == key.public_jwk["kid"]


def test_missing_line_item_is_found_by_its_link(launched: PlatformDouble) -> None:
    ResourceLink.objects.update(lineitem_url="", lineitems_url=f"{LINEITEMS}?type_id=1")
    found = {"id": f"{LINEITEMS}/1/lineitem?type_id=1", "resourceLinkId": "1", "scoreMaximum": 100}
    launched.answers.get(f"{LINEITEMS}?type_id=1&resource_link_id=1", json=[{"id": "https://moodle.example/x"}, found])

    assert deliver(graded()).state == "sent"
    assert ResourceLink.objects.get().lineitem_url == found["id"]


@pytest.mark.parametrize("ours", ["1", 1])
def test_missing_line_item_is_found_on_a_later_page(launched: PlatformDouble, ours: object) -> None:
    """The platform ignores the filter, has pages, and ids that are numbers."""
    ResourceLink.objects.update(lineitem_url="", lineitems_url=f"{LINEITEMS}?type_id=1")
    first = f"{LINEITEMS}?type_id=1&resource_link_id=1"
    others = [{"id": f"{LINEITEMS}/{number}/lineitem", "resourceLinkId": number} for number in (11, 12)]
    found = {"id": f"{LINEITEMS}/1/lineitem?type_id=1", "resourceLinkId": ours, "scoreMaximum": 100}
    launched.answers.get(first, json=others, headers={"Link": f'<{first}&from=2>; rel = "next"'})
    launched.answers.get(f"{first}&from=2", json=[found])

    assert deliver(graded()).state == "sent"
    assert ResourceLink.objects.get().lineitem_url == found["id"]


def test_line_item_without_an_address_is_none(launched: PlatformDouble) -> None:
    ResourceLink.objects.update(lineitem_url="", lineitems_url=f"{LINEITEMS}?type_id=1")
    untold = [{"id": 7, "resourceLinkId": "1"}, {"id": "7", "resourceLinkId": True}]
    launched.answers.get(f"{LINEITEMS}?type_id=1&resource_link_id=1", json=untold)
    launched.answers.post(f"{LINEITEMS}?type_id=1", json={"id": f"{LINEITEMS}/1/lineitem?type_id=1"}, status=201)

    assert deliver(graded()).state == "sent"


@pytest.mark.parametrize("told", [{"status": 500}, {"error": "?"}, "", None])
def test_no_second_column_is_made_when_the_list_cannot_be_read(launched: PlatformDouble, told: Any) -> None:
    ResourceLink.objects.update(lineitem_url="", lineitems_url=f"{LINEITEMS}?type_id=1")
    launched.answers.get(f"{LINEITEMS}?type_id=1&resource_link_id=1", json=told)
    made = launched.answers.post(f"{LINEITEMS}?type_id=1", json={"id": f"{LINEITEMS}/1/lineitem?type_id=1"})

    assert deliver(graded()).state == "waiting"
    assert not made.calls


def test_missing_line_item_is_looked_for_once_for_a_class(launched: PlatformDouble) -> None:
    ResourceLink.objects.update(lineitem_url="", lineitems_url=f"{LINEITEMS}?type_id=1")
    found = {"id": f"{LINEITEMS}/1/lineitem?type_id=1", "resourceLinkId": "1"}
    listed = launched.answers.get(f"{LINEITEMS}?type_id=1&resource_link_id=1", json=[found])
    delivery = graded()
    other = Person.objects.create(platform=Platform.objects.get(), sub="7", name="Ben")
    outbox.wish_submitted(
        resource_link=ResourceLink.objects.get(), person=other, comment="Handed in.", submitted_at=NOON
    )

    assert deliver(delivery).state == "sent"
    assert len(posted(launched)) == 2
    assert listed.call_count == 1


def test_missing_line_item_is_made(launched: PlatformDouble) -> None:
    ResourceLink.objects.update(lineitem_url="", lineitems_url=f"{LINEITEMS}?type_id=1")
    launched.answers.get(f"{LINEITEMS}?type_id=1&resource_link_id=1", json=[])
    made = launched.answers.post(f"{LINEITEMS}?type_id=1", json={"id": f"{LINEITEMS}/1/lineitem?type_id=1"}, status=201)

    assert deliver(graded()).state == "sent"
    body = json.loads(made.calls[0].request.body)
    assert body == {"scoreMaximum": 100.0, "label": "Interview", "resourceLinkId": "1"}


@pytest.mark.parametrize(
    ("scopes", "word"), [([SCORE], "grade column"), ([LINEITEM], "grade sync"), ([], "grade sync")]
)
def test_what_the_platform_does_not_offer_is_told_without_a_call(
    launched: PlatformDouble, scopes: list[str], word: str
) -> None:
    ResourceLink.objects.update(lineitem_url="", scopes=scopes)
    delivery = deliver(graded())

    assert delivery.state == "refused"
    assert word in delivery.last_answer
    assert posted(launched) == []


def test_sweep_finds_what_the_broker_lost(launched: PlatformDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    graded()
    sent: list[str] = []
    monkeypatch.setattr(tasks.deliver_to_platform, "delay", sent.append)

    tasks.deliver_due_scores()

    assert sent == [str(Platform.objects.get().pk)]


def test_page_comes_though_the_broker_is_gone(
    launched: PlatformDouble, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def gone(*args: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.deliver_to_platform, "delay", gone)
    with django_capture_on_commit_callbacks(execute=True):
        delivery = graded()

    assert due() == [delivery.pk]


def test_grade_goes_out_though_the_cache_is_gone(launched: PlatformDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: Any) -> None:
        raise ConnectionError("no Redis")

    monkeypatch.setattr(cache, "get", gone)
    monkeypatch.setattr(cache, "set", gone)

    assert deliver(graded()).state == "sent"
