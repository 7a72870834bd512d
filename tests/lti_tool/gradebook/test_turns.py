"""Rosters and comparisons take turns at a platform, and one that is silent holds one worker and is then left alone."""

from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
import requests
import responses
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from lti_tool import tasks
from lti_tool.gradebook import rate_limiting
from lti_tool.models import Course, PlatformHealth, ResourceLink
from lti_tool.roster import nrps
from tests.lti_tool.platform_double import INSTRUCTOR, PlatformDouble

MEMBERS, RESULTS = "https://moodle.example/members", "https://moodle.example/lineitems/1/lineitem/results?type_id=1"
READ_RESULTS = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"


@pytest.fixture
def launched(platform: PlatformDouble, browser: Client, settings: Settings) -> PlatformDouble:
    settings.PLATFORM_REQUESTS_AT_ONCE = 2
    platform.open_page(browser, roles=[INSTRUCTOR])
    ResourceLink.objects.update(scopes=[READ_RESULTS])
    platform.answers.add(responses.POST, platform.token_url, json={"access_token": "t", "expires_in": 3600})
    return platform


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Comparisons that come again."""
    put_off: list[Any] = []
    monkeypatch.setattr(tasks.compare_grades, "apply_async", lambda args, countdown: put_off.append(args))
    return put_off


def asked(platform: PlatformDouble, url: str) -> int:
    return len([call for call in platform.answers.calls if call.request.url == url])


def refresh() -> None:
    tasks.refresh_roster(str(Course.objects.get().pk))


def compare() -> None:
    tasks.compare_grades(str(ResourceLink.objects.get().pk))


def test_silent_platform_is_left_alone_by_rosters_and_comparisons(launched: PlatformDouble, later: list[Any]) -> None:
    launched.answers.add(responses.GET, MEMBERS, body=requests.ReadTimeout())
    launched.answers.add(responses.GET, RESULTS, body=requests.ReadTimeout())
    for _ in range(4):
        refresh()
        compare()

    assert asked(launched, MEMBERS) + asked(launched, RESULTS) == rate_limiting.FAILURES_BEFORE_PAUSE
    assert nrps.stale() == [], "its many courses are not in the way of others'"
    assert later == [], "what is down is compared the next day"

    PlatformHealth.objects.update(paused_until=timezone.now() - timedelta(seconds=1))
    Course.objects.update(roster_tried_at=None)
    assert nrps.stale() == [str(Course.objects.get().pk)]
    launched.answers.replace(responses.GET, MEMBERS, json={"members": []})
    refresh()
    assert PlatformHealth.objects.get().failures == 0, "one look found it back"


def test_error_about_one_course_says_nothing_of_the_platform(launched: PlatformDouble, later: list[Any]) -> None:
    launched.answers.add(responses.GET, MEMBERS, status=500)
    for _ in range(4):
        refresh()

    assert asked(launched, MEMBERS) == 4
    assert PlatformHealth.objects.get().failures == 0


def test_comparison_without_a_turn_comes_again(launched: PlatformDouble, later: list[Any]) -> None:
    platform = launched.row
    with ExitStack() as others:
        for _ in range(2):
            assert others.enter_context(rate_limiting.slot(platform))
        compare()
        refresh()

    assert later == [(str(ResourceLink.objects.get().pk), 1)]
    assert asked(launched, RESULTS) + asked(launched, MEMBERS) == 0


def test_platform_that_was_silent_lately_holds_one_worker(launched: PlatformDouble) -> None:
    with rate_limiting.slot(launched.row) as first, rate_limiting.slot(launched.row) as second:
        assert first is not None
        assert second is not None
    PlatformHealth.objects.update_or_create(platform=launched.row, defaults={"failures": 1})

    with rate_limiting.slot(launched.row) as first, rate_limiting.slot(launched.row) as second:
        assert first is not None
        assert second is None
