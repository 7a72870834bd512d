"""What changes in a real Moodle beside the tool: its name, its group, its grades, and what the site shares.

Skipped unless MOODLE_URL is set. MOODLE_COURSE is a course with the tool in its activity chooser where the teacher and
student01 are enrolled, with student01 in the group MOODLE_GROUP (Red) and others not. MOODLE_TOOL is the tool's name in
Manage tools (Reelmark): for a while it is told no e-mail addresses.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, Playwright, expect

from tests.e2e import moodle
from tests.e2e.moodle import MOODLE, open_activity, row_of, shoot_narrow
from tests.films import film

COURSE = os.environ.get("MOODLE_COURSE", "2")
GROUP = os.environ.get("MOODLE_GROUP", "Red")
TOOL = os.environ.get("MOODLE_TOOL", "Reelmark")
TITLE = f"Told by Moodle {int(time.time())}"

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not MOODLE, reason="MOODLE_URL is not set")]


@pytest.fixture
def computer(playwright: Playwright) -> Iterator[BrowserContext]:
    with moodle.computer(playwright) as context:
        yield context


def test_the_tool_follows_what_moodle_says(computer: BrowserContext, tmp_path: Path) -> None:
    small = tmp_path / "Interview.mp4"
    small.write_bytes(film())
    teacher = moodle.change_to(computer, moodle.TEACHER)
    activity = moodle.select_activity(teacher, COURSE, TITLE)
    student = moodle.change_to(computer, moodle.STUDENT)
    name = moodle.name_of(student)
    moodle.hand_in(student, activity, small)

    teacher = moodle.change_to(computer, moodle.TEACHER)
    renamed(teacher, activity)
    only_the_group_is_listed(teacher, activity, name)
    a_reset_of_the_course_is_found(teacher, activity, name)
    addresses_that_are_not_shared_are_forgotten(computer, activity)


def renamed(teacher: Page, activity: str) -> None:
    moodle.rename(teacher, activity, f"{TITLE}, renamed")
    roster = open_activity(teacher, activity)
    expect(roster.get_by_role("banner").get_by_text(f"{TITLE}, renamed")).to_be_visible()


def only_the_group_is_listed(teacher: Page, activity: str, name: str) -> None:
    moodle.restrict_to_group(teacher, activity, GROUP)
    roster = refreshed(teacher, activity)
    expect(roster.get_by_text("cannot open this activity in Moodle")).to_be_visible()
    of_group, everybody = set(moodle.members_of(teacher, COURSE, GROUP)), set(moodle.members_of(teacher, COURSE))
    roster = open_activity(teacher, activity)
    listed = set(roster.locator("table.roster tbody th").all_inner_texts())
    assert name in of_group < everybody
    assert listed & everybody == of_group  # Moodle lists a non-editing teacher who never came here as a student
    shoot_narrow(teacher, "q1-group")


def a_reset_of_the_course_is_found(teacher: Page, activity: str, name: str) -> None:
    """Each night by itself; here by *Compare*, which asks the same."""
    moodle.mark(teacher, activity, {name: 66})
    title = f"{TITLE}, renamed"
    moodle.in_gradebook(teacher, COURSE, title, lambda shown: shown[name].points == "66.00")
    moodle.reset_grades(teacher, COURSE)
    moodle.in_gradebook(teacher, COURSE, title, lambda shown: shown[name].points == "-")
    page = open_activity(teacher, activity)
    page.get_by_role("link", name="Moodle's gradebook", exact=True).click()
    page.get_by_role("button", name="Compare").first.click()
    expect(page.get_by_text("Moodle shows no grade any more for 1")).to_be_visible()
    shoot_narrow(teacher, "q2-reset")
    roster = open_activity(teacher, activity)
    expect(row_of(roster, name).get_by_text("No grade in Moodle")).to_be_visible()
    row_of(roster, name).get_by_role("button", name="Send again").click()
    moodle.in_gradebook(teacher, COURSE, title, lambda shown: shown[name].points == "66.00")


def addresses_that_are_not_shared_are_forgotten(computer: BrowserContext, activity: str) -> None:
    teacher = moodle.change_to(computer, moodle.TEACHER)
    assert "@" in addresses(refreshed(teacher, activity))
    with no_addresses_shared(computer):
        teacher = moodle.change_to(computer, moodle.TEACHER)
        roster = refreshed(teacher, activity)
        assert "@" not in addresses(roster)
        shoot_narrow(teacher, "q3-no-addresses")


@contextmanager
def no_addresses_shared(computer: BrowserContext) -> Iterator[None]:
    moodle.share_email(moodle.change_to(computer, moodle.ADMIN), TOOL, "Never")
    try:
        yield
    finally:
        moodle.share_email(moodle.change_to(computer, moodle.ADMIN), TOOL, "Always")


def refreshed(teacher: Page, activity: str) -> FrameLocator:
    roster = open_activity(teacher, activity)
    roster.get_by_role("button", name="Refresh").click()
    expect(roster.get_by_text("The list is up to date")).to_be_visible()
    return roster


def addresses(roster: FrameLocator) -> str:
    """Of those who have not handed in; empty where there are none."""
    roster.get_by_role("link", name="Addresses of those missing").click()
    roster.get_by_role("heading", name="Addresses").first.wait_for()
    field = roster.get_by_label("E-mail addresses")
    return field.input_value() if field.count() else ""
