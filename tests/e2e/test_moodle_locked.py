"""Moodle's gradebook with something locked: one row's error is that row's, and a teacher reads what to do.

Skipped unless MOODLE_URL is set. MOODLE_COURSE, and MOODLE_OTHER_COURSE (by default the same), are courses with the
tool in their activity chooser where the teacher, student01 and student02 are enrolled; new activities are added and
stay there.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, Playwright, expect

from tests.e2e import moodle
from tests.e2e.moodle import MOODLE, open_activity, row_of, shoot_narrow
from tests.films import film

COURSE = os.environ.get("MOODLE_COURSE", "2")
OTHER_COURSE = os.environ.get("MOODLE_OTHER_COURSE", COURSE)
NOW = int(time.time())
COLUMN, ONE, OTHER = f"Column locked {NOW}", f"One grade locked {NOW}", f"Nothing locked {NOW}"
SAID_WITHIN = 60  # looks: after five tries with pauses between them

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not MOODLE, reason="MOODLE_URL is not set")]


@pytest.fixture
def computer(playwright: Playwright) -> Iterator[BrowserContext]:
    with moodle.computer(playwright) as context:
        yield context


def test_what_is_locked_in_moodle_holds_up_nothing_else(computer: BrowserContext, tmp_path: Path) -> None:
    small = tmp_path / "Interview.mp4"
    small.write_bytes(film())
    teacher = moodle.change_to(computer, moodle.TEACHER)
    column, one = moodle.select_activity(teacher, COURSE, COLUMN), moodle.select_activity(teacher, COURSE, ONE)
    other = moodle.select_activity(teacher, OTHER_COURSE, OTHER)
    names = []
    for account in moodle.students(2):
        student = moodle.change_to(computer, account)
        names.append(moodle.name_of(student))
        for activity in (column, one, other):
            moodle.hand_in(student, activity, small)
    first, second = names

    teacher = moodle.change_to(computer, moodle.TEACHER)
    moodle.in_gradebook(teacher, COURSE, ONE, lambda shown: all(shown[name].feedback for name in names))
    moodle.change_column(teacher, COURSE, COLUMN, "Lock")
    moodle.change_grade(teacher, COURSE, ONE, first, "Lock")
    moodle.mark(teacher, column, {first: 60, second: 61})
    moodle.mark(teacher, one, {first: 70, second: 71})
    moodle.mark(teacher, other, {first: 80, second: 81})

    arrive(teacher, OTHER_COURSE, OTHER, {first: 80, second: 81})
    arrive(teacher, COURSE, ONE, {second: 71})
    row_says_what_to_do(teacher, one, first, "locked-grade")
    row_says_what_to_do(teacher, column, second, "locked-column")
    assert moodle.gradebook(teacher, COURSE, COLUMN)[second].points == "-"

    moodle.change_column(teacher, COURSE, COLUMN, "Unlock")
    moodle.change_grade(teacher, COURSE, ONE, first, "Unlock")
    for activity, name in ((column, second), (one, first)):
        roster = open_activity(teacher, activity)
        row_of(roster, name).get_by_role("button", name="Send again").click()
    arrive(teacher, COURSE, ONE, {first: 70, second: 71})
    arrive(teacher, COURSE, COLUMN, {first: 60, second: 61})


def row_says_what_to_do(teacher: Page, activity: str, name: str, picture: str) -> None:
    roster = look_until_it_says(teacher, activity, name, "Moodle has an error")
    expect(roster.get_by_text("Moodle does not answer.")).to_have_count(0)
    row = row_of(roster, name)
    row.get_by_text("Moodle has an error").click()
    expect(row.get_by_text("Probably the grade item or this grade is locked there")).to_be_visible()
    expect(row.get_by_text("Unlock it, then press “Send again”")).to_be_visible()
    row.scroll_into_view_if_needed()
    shoot_narrow(teacher, f"p-{picture}")


def look_until_it_says(teacher: Page, activity: str, name: str, words: str) -> FrameLocator:
    for _ in range(SAID_WITHIN):
        roster = open_activity(teacher, activity)
        if row_of(roster, name).get_by_text(words).count():
            return roster
        teacher.wait_for_timeout(2000)
    raise AssertionError(f"“{words}” is not said of {name}")


def arrive(teacher: Page, course: str, title: str, marks: dict[str, int]) -> None:
    moodle.in_gradebook(
        teacher,
        course,
        title,
        lambda shown: all(shown[name].points == f"{points:.2f}" for name, points in marks.items()),
    )
