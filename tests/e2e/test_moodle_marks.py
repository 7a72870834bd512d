"""Marks in a real Moodle: other points for marked work, and comments that are open when somebody saves.

Skipped unless MOODLE_URL is set. MOODLE_COURSE is a course with the tool in its activity chooser where the teacher,
student01 and student02 are enrolled; new activities are added and stay there.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, Playwright, expect

from tests.e2e import moodle
from tests.e2e.moodle import MOODLE, open_activity, shoot, shoot_narrow
from tests.films import film

COURSE = os.environ.get("MOODLE_COURSE", "2")
TITLE = f"Points and comments {int(time.time())}"

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not MOODLE, reason="MOODLE_URL is not set")]


@pytest.fixture
def computer(playwright: Playwright) -> Iterator[BrowserContext]:
    with moodle.computer(playwright) as context:
        yield context


def test_nothing_typed_is_lost_and_new_points_agree_everywhere(computer: BrowserContext, tmp_path: Path) -> None:
    small = tmp_path / "Interview.mp4"
    small.write_bytes(film(seconds=12))
    activity = moodle.select_activity(moodle.change_to(computer, moodle.TEACHER), COURSE, TITLE)
    names = []
    for account in moodle.students(2):
        student = moodle.change_to(computer, account)
        names.append(moodle.name_of(student))
        moodle.hand_in(student, activity, small)
    first, second = names

    teacher = moodle.change_to(computer, moodle.TEACHER)
    room = room_of(teacher, activity, first)
    an_open_comment_goes_with_save_and_next(teacher, room, first, second)
    a_later_comment_waits(teacher, room_of(teacher, activity, first))
    moodle.in_gradebook(teacher, COURSE, TITLE, lambda shown: shown[first].points == "87.50")

    points_are_changed_in_proportion(teacher, activity)
    moodle.in_gradebook(teacher, COURSE, TITLE, lambda shown: shown[first].points == "43.75")
    assert moodle.column_maximum(teacher, COURSE, TITLE) == 50
    shoot(teacher, "n4-gradebook-setup")
    student = moodle.change_to(computer, moodle.STUDENT)
    work = open_activity(student, activity)
    expect(work.locator(".mark-points")).to_contain_text("43.75 of 50")
    expect(work.get_by_text("Look at the camera.")).to_be_visible()
    shoot_narrow(student, "n5-student")


def room_of(teacher: Page, activity: str, name: str) -> FrameLocator:
    room = open_activity(teacher, activity)
    room.locator("table").get_by_role("link", name=name, exact=True).click()
    expect(room.get_by_role("heading", name=name)).to_be_visible()
    room.locator("[data-feedback][data-ready]").wait_for()
    expect(room.locator("[data-player][data-state=ready]")).to_be_visible()
    return room


def an_open_comment_goes_with_save_and_next(teacher: Page, room: FrameLocator, first: str, second: str) -> None:
    room.get_by_role("button", name="Add a comment").click()
    room.get_by_role("textbox", name="Comment", exact=True).press_sequentially("Look at the camera.")
    room.get_by_role("spinbutton", name="Points", exact=True).fill("87.5")
    shoot_narrow(teacher, "n1-open-comment")
    room.get_by_role("button", name="Save and next").click()
    expect(room.get_by_role("heading", name=second)).to_be_visible()
    room.get_by_role("link", name="Previous").click()
    expect(room.get_by_role("heading", name=first)).to_be_visible()
    expect(room.locator("li.comment", has_text="Look at the camera.")).to_be_visible()
    expect(room.locator("[data-status]")).to_have_text("Returned")


def a_later_comment_waits(teacher: Page, room: FrameLocator) -> None:
    room.get_by_role("button", name="Add a comment").click()
    words = room.get_by_role("textbox", name="Comment", exact=True)
    words.press_sequentially("And slower.")
    words.press("Control+Enter")
    later = room.locator("li.comment", has_text="And slower.")
    expect(later.locator("[data-not-released]")).to_have_text("Not released")
    expect(room.locator("[data-status]")).to_have_text("Changed since released")
    expect(room.get_by_text("1 comment is not released yet.")).to_be_visible()
    later.scroll_into_view_if_needed()
    shoot_narrow(teacher, "n2-not-released")
    room.get_by_role("button", name="Release changes with these comments").click()
    expect(room.locator("[data-status]")).to_have_text("Returned")
    expect(later.locator("[data-not-released]")).to_be_hidden()


def points_are_changed_in_proportion(teacher: Page, activity: str) -> None:
    page = open_activity(teacher, activity)
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("spinbutton", name="Points", exact=True).fill("50")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="What becomes of the marks?")).to_be_visible()
    expect(page.get_by_text("87.5 of 100 becomes 43.75 of 50")).to_be_visible()
    shoot_narrow(teacher, "n3-asked")
    page.get_by_role("radio", name="keeps its proportion").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
