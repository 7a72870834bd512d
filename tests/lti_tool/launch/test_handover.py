"""A whole window: let in by a ticket, once, within a minute, from our own page."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client

from lti_tool.models import LaunchSession
from tests.lti_tool.platform_double import INSTRUCTOR, PlatformDouble


@pytest.fixture
def ticket(platform: PlatformDouble, browser: Client) -> str:
    """An address for a new window of a teacher's launch."""
    path = platform.open_page(browser, roles=[INSTRUCTOR])
    browser.handler.enforce_csrf_checks = False
    address: str = json.loads(browser.post(f"{path}window/", secure=True).content)["url"]
    return address


@pytest.fixture
def window() -> Client:
    """Another cookie jar, as a window with us on top has."""
    return Client(HTTP_HOST="tool.example")


def test_window_gets_a_session_of_its_own_with_the_same_end(ticket: str, window: Client) -> None:
    response = window.get(f"{ticket}&to=settings/", secure=True)

    first, second = LaunchSession.objects.order_by("pk")
    assert response.status_code == 302
    assert response["Location"] == f"/l/{second.pk}/settings/"
    assert (second.person, second.role, second.expires_at) == (first.person, "teacher", first.expires_at)
    assert b'data-role="teacher"' in window.get(response["Location"], secure=True).content


def test_ticket_is_good_once(ticket: str, window: Client) -> None:
    window.get(ticket, secure=True)

    assert window.get(ticket, secure=True).status_code == 400
    assert LaunchSession.objects.count() == 2


def test_ticket_is_good_for_a_minute(ticket: str, window: Client) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=62)):
        assert window.get(ticket, secure=True).status_code == 400


def test_ticket_from_another_site_is_refused(ticket: str, window: Client) -> None:
    assert window.get(ticket, secure=True, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 400


@pytest.mark.parametrize("value", ["", "x", "a:b:c"])
def test_no_ticket_no_window(db: None, window: Client, value: str) -> None:
    assert window.get(f"/lti/window/?ticket={value}", secure=True).status_code == 400


@pytest.mark.parametrize(
    "to", ["//evil.example", "../../admin/", "https://evil.example/", "a/../../x", "\\\\evil.example"]
)
def test_window_stays_below_its_launch(ticket: str, window: Client, to: str) -> None:
    response = window.get(f"{ticket}&{urlencode({'to': to})}", secure=True)

    assert response["Location"] == f"/l/{LaunchSession.objects.latest('pk').pk}/"


def test_ticket_is_given_to_the_launchs_own_browser_alone(ticket: str, window: Client) -> None:
    path = f"/l/{LaunchSession.objects.get().pk}/window/"

    assert window.post(path, secure=True).status_code == 404
