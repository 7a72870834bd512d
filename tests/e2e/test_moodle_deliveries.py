"""Grades on their way to a real Moodle: many at once, past one that is down, beside grades typed there.

Skipped unless MOODLE_URL is set. MOODLE_COURSE is a course with the tool in its activity chooser, and with the teacher
and the first MOODLE_STUDENTS (12) of student01, student02… enrolled; a new activity is added to it and stays there.
MOODLE_STOP and MOODLE_START are commands that stop Moodle (and not this tool) and start it; without them it is not
stopped. It stays away for MOODLE_DOWN_SECONDS (20).
"""

import logging
import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Locator, Page, Playwright, expect

from tests.e2e import moodle
from tests.e2e.moodle import MOODLE, Grade, open_activity, shoot
from tests.films import film

COURSE = os.environ.get("MOODLE_COURSE", "2")
COUNT = int(os.environ.get("MOODLE_STUDENTS", "12"))
STOP, START = os.environ.get("MOODLE_STOP", ""), os.environ.get("MOODLE_START", "")
DOWN_SECONDS = int(os.environ.get("MOODLE_DOWN_SECONDS", "20"))
LONGEST_PAUSE = 400  # seconds until a Moodle that was down is tried again (PLATFORM_PAUSE_SECONDS and a quarter)
TITLE = f"Deliveries {int(time.time())}"

log = logging.getLogger(__name__)
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not MOODLE, reason="MOODLE_URL is not set")]


@pytest.fixture
def computer(playwright: Playwright) -> Iterator[BrowserContext]:
    with moodle.computer(playwright) as context:
        yield context


def test_grades_arrive_and_are_not_lost(computer: BrowserContext, tmp_path: Path) -> None:
    small = tmp_path / "Interview.mp4"
    small.write_bytes(film())
    activity = set_up(moodle.change_to(computer, moodle.TEACHER))
    handed_in = {}
    for account in moodle.students(COUNT):
        student = moodle.change_to(computer, account)
        handed_in[moodle.name_of(student)] = moodle.hand_in(student, activity, small)
    names = list(handed_in)

    teacher = moodle.change_to(computer, moodle.TEACHER)
    status_without_a_grade_is_feedback(teacher, handed_in)
    all_at_once(teacher, activity, names)
    if STOP:
        past_a_moodle_that_is_down(teacher, activity, names)
    another_grade_is_not_overwritten(teacher, activity, names[0], names[1])

    student = moodle.change_to(computer, moodle.students(3)[2])
    receipt = moodle.hand_in(student, activity, small)
    resubmission_keeps_the_grade(moodle.change_to(computer, moodle.TEACHER), names[2], receipt)
    moodle.hand_in(moodle.change_to(computer, moodle.students(2)[1]), activity, small)
    and_one_typed_in_moodle(moodle.change_to(computer, moodle.TEACHER), activity, names[1])


def set_up(teacher: Page) -> str:
    """By Select content, so that Moodle makes the column; marks are held. The activity's course module id."""
    dialog = moodle.select_content(teacher, COURSE)
    dialog.get_by_label("Title").fill(TITLE)
    dialog.get_by_label("Keep marks back until somebody releases them").check()
    dialog.get_by_role("button", name="Add to Moodle").click()
    teacher.locator("#contentitem-page-iframe").wait_for(state="hidden")
    expect(teacher.locator("#id_name")).to_have_value(TITLE)
    teacher.get_by_role("button", name="Save and return to course").click()
    return moodle.activity_named(teacher, COURSE, TITLE)


def status_without_a_grade_is_feedback(teacher: Page, handed_in: dict[str, str]) -> None:
    def right(shown: dict[str, Grade]) -> bool:
        return all(receipt.rpartition(" ")[2] in shown[name].feedback for name, receipt in handed_in.items())

    shown = moodle.in_gradebook(teacher, COURSE, TITLE, right)
    assert {shown[name].points for name in handed_in} == {"-"}
    scroll_to_activity(teacher)
    shoot(teacher, "o01-status")


def all_at_once(teacher: Page, activity: str, names: list[str]) -> None:
    mark(teacher, activity, {name: 50 + at for at, name in enumerate(names)})
    shoot(teacher, "o02-marked")
    release(teacher, activity, len(names))
    begun = time.monotonic()
    arrive(teacher, {name: 50 + at for at, name in enumerate(names)})
    log.info("%d grades released at once were in the gradebook after %.1f s", len(names), time.monotonic() - begun)
    scroll_to_activity(teacher)
    shoot(teacher, "o03-all-there")


def past_a_moodle_that_is_down(teacher: Page, activity: str, names: list[str]) -> None:
    marks = {name: 70 + at for at, name in enumerate(names)}
    mark(teacher, activity, marks)
    tool = release(teacher, activity, len(names), then=STOP)
    stopped = time.monotonic()
    with started_again():
        expect(tool.get_by_text(re.compile("^Released: "))).to_be_visible()
        what_waits_is_shown(teacher, tool)
        teacher.wait_for_timeout(max(0, DOWN_SECONDS - (time.monotonic() - stopped)) * 1000)
        what_waits_is_shown(teacher, tool, "-at-the-end")
    begun = time.monotonic()
    before = moodle.gradebook(teacher, COURSE, TITLE)
    log.info("%d of %d had arrived before", sum(before[n].points == f"{p:.2f}" for n, p in marks.items()), len(marks))
    arrive(teacher, marks, within=LONGEST_PAUSE)
    log.info("all were there %.1f s after a Moodle that was down was back", time.monotonic() - begun)
    ledger = open_ledger(open_activity(teacher, activity))
    expect(ledger.locator("tbody tr", has_text=TITLE)).to_have_count(0)
    shoot(teacher, "o06-nothing-waits")


@contextmanager
def started_again() -> Iterator[None]:
    """Moodle, whatever happens while it is down."""
    try:
        yield
    finally:
        subprocess.run(shlex.split(START), check=True)


def what_waits_is_shown(teacher: Page, tool: FrameLocator, when: str = "") -> None:
    """In the frame that is open already: Moodle opens no other."""
    ledger = open_ledger(tool)
    for _ in range(moodle.ARRIVES_WITHIN):  # until it was tried in vain
        if ledger.get_by_text("Moodle does not answer.").count():
            break
        teacher.wait_for_timeout(1000)
        ledger.get_by_role("link", name="All students").first.click()
        ledger = open_ledger(tool)
    expect(ledger.get_by_text(re.compile(r"\d+ grades or statuses wait here"))).to_be_visible()
    shoot(teacher, f"o04-ledger-while-down{when}")
    ledger.get_by_role("link", name="All students").first.click()
    expect(tool.get_by_role("heading", name="Students and their videos")).to_be_attached()
    expect(tool.get_by_text("Moodle does not answer.")).to_be_visible()
    expect(tool.get_by_text("Moodle is not reachable").first).to_be_visible()
    shoot(teacher, f"o05-roster-while-down{when}-top")
    tool.locator("table.roster").scroll_into_view_if_needed()
    shoot(teacher, f"o05-roster-while-down{when}")


def another_grade_is_not_overwritten(teacher: Page, activity: str, first: str, second: str) -> None:
    for name, typed in ((first, "33.00"), (second, "44.00")):
        moodle.type_grade(teacher, COURSE, TITLE, name, typed)
    shoot(teacher, "o07-typed-in-moodle")
    mark(teacher, activity, {first: 95, second: 96})
    release(teacher, activity, 2)
    ledger = both_are_shown(teacher, activity, first, second)
    arrive(teacher, {first: 33, second: 44})

    keep_moodles(teacher, activity, second)
    shoot(teacher, "o09-kept")

    # Ours goes out. Moodle takes it, and shows it once the other is no longer “Overridden”.
    ledger = decide(teacher, activity, first)
    ledger.get_by_role("button", name="Send mine (95 of 100)").click()
    expect(ledger.get_by_text(f"{first}: 95 of 100 is sent over what Moodle has.")).to_be_visible()
    shoot(teacher, "o10-sent-over")
    ledger = told(teacher, activity, first, "untick “Overridden” for this student")
    shoot(teacher, "o11-overridden-there")
    arrive(teacher, {first: 33, second: 44})
    moodle.stop_overriding(teacher, COURSE, TITLE, first)
    ledger = open_history(teacher, activity, first)
    ledger.get_by_role("button", name="Send again").click()
    arrive(teacher, {first: 95, second: 44})
    scroll_to_activity(teacher)
    shoot(teacher, "o12-decided")
    ledger = open_ledger(open_activity(teacher, activity))
    expect(ledger.locator("tbody tr", has_text=TITLE)).to_have_count(0)


def keep_moodles(teacher: Page, activity: str, name: str) -> None:
    ledger = decide(teacher, activity, name)
    ledger.get_by_role("button", name="Keep Moodle's (44 of 100)").click()
    expect(ledger.get_by_text(f"{name}: Moodle's grade stays.")).to_be_visible()


def both_are_shown(teacher: Page, activity: str, first: str, second: str) -> FrameLocator:
    told(teacher, activity, first, "Moodle's gradebook says 33 of 100, which did not come from here.")
    roster = open_activity(teacher, activity)
    expect(row_of(roster, first).get_by_text("Another grade in Moodle")).to_be_visible()
    row_of(roster, first).scroll_into_view_if_needed()
    shoot(teacher, "o08-roster")
    row_of(roster, first).get_by_role("link", name="Decide").click()
    ledger = roster
    for name, here, there in ((first, "95 of 100", "33 of 100"), (second, "96 of 100", "44 of 100")):
        row = entry_of(ledger, name)
        expect(row.get_by_role("cell", name=here, exact=True)).to_be_visible()
        expect(row.get_by_role("cell", name=there, exact=True)).to_be_visible()
    shoot(teacher, "o08-both")
    return ledger


def resubmission_keeps_the_grade(teacher: Page, name: str, receipt: str) -> None:
    before = moodle.gradebook(teacher, COURSE, TITLE)[name].points
    assert before != "-"
    news = receipt.rpartition(" ")[2]
    shown = moodle.in_gradebook(teacher, COURSE, TITLE, lambda shown: news in shown[name].feedback)
    assert shown[name].points == before
    scroll_to_activity(teacher, name)
    shoot(teacher, "o13-handed-in-again")


def and_one_typed_in_moodle(teacher: Page, activity: str, name: str) -> None:
    """It was kept: the teacher hears that there is news which Moodle was not told."""
    told(teacher, activity, name, "Moodle's gradebook says 44 of 100, which did not come from here.")
    arrive(teacher, {name: 44})
    keep_moodles(teacher, activity, name)
    arrive(teacher, {name: 44})


# --- in the tool ------------------------------------------------------------------------------------------------------
def mark(teacher: Page, activity: str, marks: dict[str, int]) -> None:
    """Down the column of the roster."""
    roster = open_activity(teacher, activity)
    for name, points in marks.items():
        roster.get_by_label(f"Mark of {name}", exact=True).fill(str(points))
        roster.get_by_label(f"Mark of {name}", exact=True).press("Enter")
        expect(row_of(roster, name).locator("[data-state]")).to_have_text("Saved")


def release(teacher: Page, activity: str, count: int, *, then: str = "") -> FrameLocator:
    """From the roster; `then` is a command that is run at once."""
    roster = open_activity(teacher, activity)
    roster.get_by_role("button", name=f"Release {count} marks").click()
    roster.get_by_role("dialog").get_by_role("button", name="Yes, release").click()
    if then:
        subprocess.run(shlex.split(then), check=True)
    expect(roster.get_by_text(f"Released: {count} students")).to_be_visible()
    return roster


def open_ledger(tool: FrameLocator) -> FrameLocator:
    tool.get_by_role("link", name="Moodle's gradebook", exact=True).click()
    expect(tool.get_by_role("heading", name="Grades that need a look")).to_be_visible()
    return tool


def open_history(teacher: Page, activity: str, name: str) -> FrameLocator:
    """What was sent of a student, by the ledger."""
    ledger = open_ledger(open_activity(teacher, activity))
    entry_of(ledger, name).get_by_role("link", name=name, exact=True).click()
    expect(ledger.get_by_role("heading", name="What was sent")).to_be_visible()
    return ledger


def decide(teacher: Page, activity: str, name: str) -> FrameLocator:
    ledger = open_history(teacher, activity, name)
    expect(ledger.get_by_role("button", name="Send mine")).to_be_visible()
    expect(ledger.get_by_role("button", name="Keep Moodle's")).to_be_visible()
    return ledger


def told(teacher: Page, activity: str, name: str, words: str) -> FrameLocator:
    """The ledger's row of a student says this; a worker brings it there in its own time."""
    for _ in range(moodle.ARRIVES_WITHIN):
        ledger = open_ledger(open_activity(teacher, activity))
        if entry_of(ledger, name).get_by_text(words).count():
            return ledger
    raise AssertionError(f"“{words}” is not said of {name}")


def entry_of(ledger: FrameLocator, name: str) -> Locator:
    """The ledger is the course's: it has other activities as well."""
    return row_of(ledger, name).filter(has_text=TITLE)


def row_of(page: FrameLocator, name: str) -> Locator:
    return page.locator("tbody tr").filter(has=page.get_by_role("rowheader", name=name, exact=True))


# --- in Moodle --------------------------------------------------------------------------------------------------------
def arrive(teacher: Page, marks: dict[str, int], *, within: int = moodle.ARRIVES_WITHIN) -> None:
    def right(shown: dict[str, Grade]) -> bool:
        return all(shown[name].points == f"{points:.2f}" for name, points in marks.items())

    moodle.in_gradebook(teacher, COURSE, TITLE, right, within=within)


def scroll_to_activity(teacher: Page, name: str = "") -> None:
    """In Moodle's user report: of the first one, or of this student."""
    reports = teacher.locator(f".user-heading:has-text('{name}') + .user-report-container" if name else "body")
    reports.locator("tr", has_text=TITLE).first.scroll_into_view_if_needed()
