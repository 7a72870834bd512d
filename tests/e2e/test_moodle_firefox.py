"""A real Moodle's frame in Firefox: as shipped, and where third-party cookies are rejected.

Skipped unless MOODLE_URL is set. Also read: MOODLE_ACTIVITY (course module id of a set-up activity), and `moodle.py`'s.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.firefox import DEFAULT, THIRD_PARTY_COOKIES_REJECTED, Page, Prefs, firefox
from tests.e2e.moodle import MOODLE, SHOTS, STUDENT

ACTIVITY = os.environ.get("MOODLE_ACTIVITY", "2")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not MOODLE, reason="MOODLE_URL is not set")]


@contextmanager
def student(prefs: Prefs) -> Iterator[Page]:
    name, _, password = STUDENT.partition(":")
    with firefox(prefs, any_certificate=True) as page:
        page.goto(f"{MOODLE}/login/index.php")
        page.fill("#username", name)
        page.fill("#password", password)
        page.click("#loginbtn")
        page.find("#user-menu-toggle", seconds=120)
        yield page


def open_activity(page: Page) -> None:
    page.goto(f"{MOODLE}/mod/lti/view.php?id={ACTIVITY}")
    page.frame("iframe#contentframe")


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(Path(SHOTS) / f"firefox-{name}.png")


def test_as_shipped_the_frame_works() -> None:
    with student(DEFAULT) as page:
        open_activity(page)
        page.find("body[data-role=student]")
        page.sees("Attempts")
        shoot(page, "1-frame")


def test_where_the_frame_gets_no_cookies_a_new_window_opens_the_activity() -> None:
    with student(THIRD_PARTY_COOKIES_REJECTED) as page:
        open_activity(page)
        page.sees("did not keep this activity's sign-in")
        shoot(page, "2-no-cookies")
        page.press("Open in a new window")
        page.switch_to_new_window()
        page.find("body[data-role=student]")
        page.sees("Attempts")
        shoot(page, "3-new-window")
