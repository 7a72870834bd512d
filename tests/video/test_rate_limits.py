"""Nobody may ask without end, however many processes answer; and without Redis pages still come."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings as configured
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from video import rate_limits
from video.json_api import json_answer
from video.problems import Problem
from video.rate_limits import Limit

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", "redis"])
def counted(request: pytest.FixtureRequest, settings: Settings) -> str:
    if request.param == "memory":
        settings.REDIS_URL = ""
    elif not configured.REDIS_URL:
        pytest.skip("REDIS_URL is not set")
    settings.UPLOAD_TICKETS_A_MINUTE = settings.PLAYBACKS_A_MINUTE = 3
    return str(request.param)


def refused(what: Limit, person: int) -> Problem:
    with pytest.raises(Problem) as caught:
        rate_limits.check(what, person)
    return caught.value


def test_so_many_a_minute_and_then_a_wait(counted: str) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(3):
            rate_limits.check(Limit.UPLOAD_TICKETS, 1)
            clock.shift(timedelta(seconds=10))
        problem = refused(Limit.UPLOAD_TICKETS, 1)

        assert (problem.code, problem.status, problem.retry_after) == ("too_many", 429, 30)
        assert problem.message == "You asked for an upload too often."
        assert problem.action == "Try again in 30 seconds."


def test_the_wait_is_enough_and_refusals_do_not_lengthen_it(counted: str) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(3):
            rate_limits.check(Limit.UPLOAD_TICKETS, 1)
        clock.shift(timedelta(seconds=59.5))
        assert refused(Limit.UPLOAD_TICKETS, 1).action == "Try again in 1 second."

        clock.shift(timedelta(seconds=1))
        for _ in range(3):
            rate_limits.check(Limit.UPLOAD_TICKETS, 1)
        assert refused(Limit.UPLOAD_TICKETS, 1).retry_after == 60


def test_each_person_and_each_kind_has_its_own(counted: str) -> None:
    with time_machine.travel(NOON, tick=False):
        for _ in range(3):
            rate_limits.check(Limit.UPLOAD_TICKETS, 1)
        rate_limits.check(Limit.UPLOAD_TICKETS, 2)
        rate_limits.check(Limit.PLAYBACKS, 1)
        refused(Limit.UPLOAD_TICKETS, 1)


@pytest.mark.parametrize(
    ("what", "often"), [(Limit.UPLOAD_TICKETS, 10), (Limit.PLAYBACKS, 30), (Limit.PART_REQUESTS, 240)]
)
def test_as_delivered(settings: Settings, what: Limit, often: int) -> None:
    settings.REDIS_URL = ""
    with time_machine.travel(NOON, tick=False):
        for _ in range(often):
            rate_limits.check(what, 1)
        refused(what, 1)


@pytest.mark.skipif(not configured.REDIS_URL, reason="REDIS_URL is not set")
def test_workers_share_one_count(settings: Settings) -> None:
    settings.PLAYBACKS_A_MINUTE = 4
    with time_machine.travel(NOON, tick=False):
        for _ in range(2):
            rate_limits.check(Limit.PLAYBACKS, 1)
        rate_limits.forget()  # the next has its own connection, as another process has
        for _ in range(2):
            rate_limits.check(Limit.PLAYBACKS, 1)
        rate_limits.forget()
        refused(Limit.PLAYBACKS, 1)


def test_without_redis_all_are_let_through_and_it_is_logged(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    settings.PLAYBACKS_A_MINUTE = 1
    with capture_logs() as logs:
        for _ in range(3):
            rate_limits.check(Limit.PLAYBACKS, 1)

    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("limits_not_counted", "warning")] * 3
    assert logs[0]["error"] == "ConnectionError"


def test_answer_says_when_to_come_again(settings: Settings) -> None:
    settings.REDIS_URL = ""
    settings.PLAYBACKS_A_MINUTE = 1

    @json_answer
    def view(request: object) -> HttpResponse:
        rate_limits.check(Limit.PLAYBACKS, 1)
        return HttpResponse("here")

    with time_machine.travel(NOON, tick=False):
        first, second = (view(RequestFactory().get("/")) for _ in range(2))

    assert (first.status_code, first.headers.get("Retry-After")) == (200, None)
    assert (second.status_code, second.headers["Retry-After"]) == (429, "60")
    assert isinstance(second, HttpResponse)
    assert json.loads(second.content)["error"]["code"] == "too_many"
