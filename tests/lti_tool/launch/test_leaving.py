"""On a shared computer: cookies end with the browser, one may leave, and there is a way back to the platform."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lti_tool import access
from lti_tool.models import LaunchSession
from tests.lti_tool.platform_double import INSTRUCTOR, LTI, PlatformDouble, selecting

COURSE = "https://moodle.example/mod/lti/return.php?course=2&launch_container=3&instanceid=1"


@pytest.fixture
def visitor() -> Client:
    return Client(HTTP_HOST="tool.example")


def presented(return_url: Any) -> dict[str, Any]:
    return {f"{LTI}launch_presentation": {"locale": "en", "return_url": return_url}}


def full_window(visitor: Client, path: str) -> tuple[Client, str]:
    """One more window of a page, and the path of its own."""
    address = json.loads(visitor.post(f"{path}window/", secure=True).content)["url"]
    window = Client(HTTP_HOST="tool.example")
    return window, window.get(address, secure=True)["Location"]


@pytest.mark.parametrize("changes", [{}, selecting()], ids=["launch", "selection"])
def test_secret_is_kept_until_the_browser_is_closed(
    platform: PlatformDouble, browser: Client, changes: dict[str, Any]
) -> None:
    cookie = platform.launch(browser, roles=[INSTRUCTOR], **changes).cookies[access.COOKIE]

    assert (cookie["max-age"], cookie["expires"]) == ("", "")
    assert "Max-Age" not in cookie.output()


def test_secret_of_a_full_window_is_kept_until_the_browser_is_closed(platform: PlatformDouble, visitor: Client) -> None:
    window, _ = full_window(visitor, platform.open_page(visitor))

    assert (window.cookies[access.COOKIE]["max-age"], window.cookies[access.COOKIE]["expires"]) == ("", "")


def test_no_cookie_of_a_page_outlives_the_browser(platform: PlatformDouble, visitor: Client) -> None:
    visitor.get(platform.open_page(visitor, roles=[INSTRUCTOR]), secure=True, follow=True)

    lasting = [key for key, cookie in visitor.cookies.items() if cookie["max-age"] or cookie["expires"]]
    assert [key for key in lasting if not key.startswith("lti_state_")] == []


def test_session_ends_by_itself_all_the_same(platform: PlatformDouble, visitor: Client) -> None:
    platform.open_page(visitor)

    left = LaunchSession.objects.get().expires_at - timezone.now()
    assert timedelta(hours=11) < left <= timedelta(hours=12)


def test_who_leaves_is_signed_out_and_finds_back(platform: PlatformDouble, visitor: Client) -> None:
    path = platform.open_page(visitor, **presented(COURSE))
    secret = visitor.cookies[access.COOKIE].value

    page = visitor.post(f"{path}leave/", secure=True)

    assert page.status_code == 200
    text = page.content.decode()
    assert "It is safe to close this page" in text
    assert 'href="https://moodle.example/mod/lti/return.php?course=2&amp;launch_container=3&amp;instanceid=1"' in text
    cookie = page.cookies[access.COOKIE]
    assert (cookie.value, cookie["path"], cookie["max-age"]) == ("", path, 0)
    assert "Partitioned" in cookie.output(), "a deletion must name the same cookie"
    visitor.cookies[access.COOKIE] = secret  # as whoever wrote it down
    assert visitor.get(path, secure=True).status_code == 404


def test_leaving_ends_the_launch_and_its_windows_from_wherever(platform: PlatformDouble, visitor: Client) -> None:
    path = platform.open_page(visitor)
    first, first_path = full_window(visitor, path)
    second, second_path = full_window(first, first_path)

    second.post(f"{second_path}leave/", secure=True)

    for client, where in ((visitor, path), (first, first_path), (second, second_path)):
        assert client.get(where, secure=True).status_code == 404


def test_leaving_one_launch_leaves_the_others_open(platform: PlatformDouble, visitor: Client) -> None:
    other = Client(HTTP_HOST="tool.example")
    kept = platform.open_page(other)
    path = platform.open_page(visitor)

    visitor.post(f"{path}leave/", secure=True)

    assert other.get(kept, secure=True).status_code == 200


def test_ticket_of_a_launch_that_was_left_opens_no_window(platform: PlatformDouble, visitor: Client) -> None:
    path = platform.open_page(visitor)
    address = json.loads(visitor.post(f"{path}window/", secure=True).content)["url"]
    visitor.post(f"{path}leave/", secure=True)

    assert Client(HTTP_HOST="tool.example").get(address, secure=True).status_code == 400
    assert LaunchSession.objects.count() == 1


def test_only_the_launchs_own_browser_leaves_it(platform: PlatformDouble, visitor: Client) -> None:
    path = platform.open_page(visitor)

    assert Client(HTTP_HOST="tool.example").post(f"{path}leave/", secure=True).status_code == 404
    assert visitor.get(f"{path}leave/", secure=True).status_code == 405
    assert visitor.get(path, secure=True).status_code == 200


@pytest.mark.parametrize("dest", ["document", None])
def test_whole_window_has_a_way_back(platform: PlatformDouble, visitor: Client, dest: str | None) -> None:
    path = platform.open_page(visitor, **presented(COURSE))

    page = visitor.get(path, secure=True, headers={"Sec-Fetch-Dest": dest} if dest else {}).content.decode()

    assert 'href="https://moodle.example/mod/lti/return.php?course=2&amp;launch_container=3' in page
    assert "Back to Moodle" in page


def test_full_window_has_the_way_back_of_its_launch(platform: PlatformDouble, visitor: Client) -> None:
    window, path = full_window(visitor, platform.open_page(visitor, **presented(COURSE)))

    assert b"Back to Moodle" in window.get(path, secure=True, headers={"Sec-Fetch-Dest": "document"}).content


def test_frame_has_the_platform_around_it(platform: PlatformDouble, visitor: Client) -> None:
    path = platform.open_page(visitor, **presented(COURSE))

    page = visitor.get(path, secure=True, headers={"Sec-Fetch-Dest": "iframe"}).content
    assert b"Back to Moodle" not in page
    assert b"Full window" in page
    assert b"Leave" in page


def test_other_platforms_are_not_called_moodle(platform: PlatformDouble, visitor: Client) -> None:
    about = {f"{LTI}tool_platform": {"product_family_code": "canvas"}}

    page = visitor.get(platform.open_page(visitor, **presented(COURSE), **about), secure=True).content
    assert b"Back to the course" in page


UNFIT: list[Any] = [
    "javascript:alert(1)",
    " javascript:alert(1)",
    "JAVASCRIPT:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "//evil.example/",
    "/course/2",
    "https://",
    "https://[bad",
    "https://moodle.example@evil.example/",
    "https://moodle.example/\nx",
    "https://moodle.example/" + "x" * 2000,
    "",
    None,
    [],
    7,
]


@pytest.mark.parametrize("return_url", UNFIT)
def test_way_back_is_a_web_address_or_none(platform: PlatformDouble, visitor: Client, return_url: Any) -> None:
    path = platform.open_page(visitor, **presented(return_url))

    page = visitor.get(path, secure=True).content
    assert b"Back to" not in page
    assert b"alert(1)" not in page
    left = visitor.post(f"{path}leave/", secure=True).content
    assert b"open the activity from your course" in left
    assert b"Back to" not in left


def test_address_that_was_kept_before_it_was_looked_at_is_no_way_back(
    platform: PlatformDouble, visitor: Client
) -> None:
    path = platform.open_page(visitor)
    LaunchSession.objects.update(return_url="javascript:alert(1)")

    assert b"alert(1)" not in visitor.get(path, secure=True).content
