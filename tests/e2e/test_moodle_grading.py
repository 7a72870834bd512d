"""Ten students are marked in a real Moodle's frame by a rubric, released at once, and find it in the gradebook.

Skipped unless MOODLE_URL is set. MOODLE_COURSE is a course with the tool in its activity chooser, and with the teacher
and student01 to student10 enrolled; a new activity is added to it and stays there.
"""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, Playwright, expect

from tests.e2e import moodle
from tests.e2e.moodle import MOODLE, Grade, open_activity, shoot
from tests.films import film

COURSE = os.environ.get("MOODLE_COURSE", "2")
TITLE = f"Interview {int(time.time())}"
RUBRIC = """criterion;points;level;level points
Content;;Told well;10
;;Told in part;5
;;Not told;0
Voice;;Clear;10
;;Soft;6
;;Not heard;0"""
CONTENT, VOICE = {"Told well": 10, "Told in part": 5, "Not told": 0}, {"Clear": 10, "Soft": 6, "Not heard": 0}
COMMENTED = 3  # of the ten; one of them in a span
TEN = moodle.students(10)

log = logging.getLogger(__name__)
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not MOODLE, reason="MOODLE_URL is not set")]


@pytest.fixture
def computer(playwright: Playwright) -> Iterator[BrowserContext]:
    with moodle.computer(playwright) as context:
        yield context


def test_ten_students_from_set_up_to_seen(computer: BrowserContext, tmp_path: Path) -> None:
    small = tmp_path / "Interview.mp4"
    small.write_bytes(film(seconds=12))
    activity = set_up(moodle.change_to(computer, moodle.TEACHER))
    handed_in = {}
    for account in TEN:
        student = moodle.change_to(computer, account)
        handed_in[moodle.name_of(student)] = moodle.hand_in(student, activity, small)

    teacher = moodle.change_to(computer, moodle.TEACHER)
    status_is_shown(teacher, handed_in)
    begun = time.monotonic()
    marks = mark_all(teacher, activity, len(handed_in))
    log.info("ten were marked in %d s", time.monotonic() - begun)
    assert set(marks) == set(handed_in)

    nothing_is_shown_yet(moodle.change_to(computer, TEN[0]), activity)

    teacher = moodle.change_to(computer, moodle.TEACHER)
    release_all(teacher, activity)
    begun = time.monotonic()
    moodle.in_gradebook(teacher, COURSE, TITLE, lambda shown: all(arrived(shown[name], marks[name]) for name in marks))
    log.info("ten grades were in the gradebook after %d s", time.monotonic() - begun)
    shoot(teacher, "g08-gradebook-of-all")

    returned_is_read(moodle.change_to(computer, TEN[0]), activity, marks)
    was_seen(moodle.change_to(computer, moodle.TEACHER), activity, handed_in)


def set_up(teacher: Page) -> str:
    """By Moodle's own form, and then by the tool's page in its frame; the activity's course module id."""
    activity = moodle.add_activity(teacher, COURSE, TITLE)
    page = open_activity(teacher, activity)
    expect(page.get_by_role("heading", name="Set up this assignment")).to_be_visible()
    page.get_by_role("radio", name="Rubric").check()
    page.get_by_text("From elsewhere, and to a file").click()
    page.get_by_label("Or paste it from a spreadsheet").fill(RUBRIC)
    page.get_by_role("button", name="Read what is pasted").click()
    expect(page.locator("[data-sum]")).to_have_text("20 rubric points, scaled to 100")
    page.get_by_label("Criterion").first.scroll_into_view_if_needed()
    shoot(teacher, "g01-rubric")
    page.get_by_label("Keep marks back until somebody releases them").check()
    shoot(teacher, "g02-hold")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Students can now hand in")).to_be_visible()
    return activity


def status_is_shown(teacher: Page, handed_in: dict[str, str]) -> None:
    """Moodle has no grade yet, and says in its feedback that something was handed in."""

    def right(shown: dict[str, Grade]) -> bool:
        return all(receipt.rpartition(" ")[2] in shown[name].feedback for name, receipt in handed_in.items())

    shown = moodle.in_gradebook(teacher, COURSE, TITLE, right)
    assert {shown[name].points for name in handed_in} == {"-"}
    shoot(teacher, "g03-status")


def mark_all(teacher: Page, activity: str, count: int) -> dict[str, Grade]:
    """One after the other by Next; what should come to stand in Moodle's gradebook."""
    roster = open_activity(teacher, activity)
    expect(roster.get_by_text(f"0 of {count} marked")).to_be_visible()
    shoot(teacher, "g04-roster")
    roster.get_by_role("link", name="Next to mark").click()
    marks, room = {}, roster
    for number in range(count):
        # Whom one has just marked stays among those to mark.
        expect(room.locator(".room-place")).to_have_text(f"{number + 1} of {count}")
        expect(room.locator(".room-marked")).to_have_text(f"{number} of {count} marked")
        room.locator("[data-feedback][data-ready]").wait_for()
        name = room.locator("#student-name").inner_text()
        points = score(room, number)
        if number < COMMENTED:
            comment(room, f"Look up here, {name}.", until="0:08" if number == 1 else "")
        feedback = f"Thank you, {name}: {points} points."
        room.get_by_role("textbox", name="Feedback").fill(feedback)
        marks[name] = Grade(f"{points:.2f}", feedback)
        if number < 2:
            shoot(teacher, f"g05-room-{number + 1}")
        if number + 1 < count:
            room.get_by_role("button", name="Save and next").click()
    room.get_by_role("button", name="Save", exact=True).click()
    expect(room.locator(".save-state")).to_contain_text(f"Saved the mark of {name}. It is held until it is released.")
    expect(room.locator("span[data-status]")).to_have_text("Marked, not released")
    expect(room.locator(".room-marked")).to_have_text(f"{count} of {count} marked")
    shoot(teacher, "g06-all-marked")
    return marks


def score(room: FrameLocator, number: int) -> float:
    """Click a level of each criterion: the tenth gets what the first got, the ninth nothing; the points of 100."""
    content, voice = list(CONTENT)[number % 3], list(VOICE)[number // 3 % 3]
    room.locator(".level", has_text=content).click()
    room.locator(".level", has_text=voice).click()
    points = (CONTENT[content] + VOICE[voice]) * 5
    expect(room.get_by_role("spinbutton", name="Points", exact=True)).to_have_value(str(points))
    return points


def comment(room: FrameLocator, text: str, *, until: str) -> None:
    """At the moment that is shown, by the key; `until` makes it a span."""
    expect(room.locator("[data-player][data-state=ready]")).to_be_visible()
    room.locator("#student-name").click()  # out of the fields
    room.locator("body").press("l")
    room.locator("body").press("c")
    words = room.get_by_role("textbox", name="Comment", exact=True)
    expect(words).to_be_focused()
    words.press_sequentially(text)
    if until:
        composer = room.locator("[data-composer]")
        composer.get_by_label("At", exact=True).fill("0:04")
        composer.get_by_label("Until").fill(until)
    words.press("Control+Enter")
    expect(room.locator("li.comment", has_text=text)).to_be_visible()


def nothing_is_shown_yet(student: Page, activity: str) -> None:
    work = open_activity(student, activity)
    expect(work.get_by_text("Waiting to be marked")).to_be_visible()
    text = work.locator("main").inner_text()
    assert "Thank you" not in text
    assert "Look up" not in text
    shoot(student, "g07-held")
    student.goto(f"{MOODLE}/grade/report/user/index.php?id={COURSE}")
    row = student.locator("table.user-grade tr", has_text=TITLE)
    expect(row).to_contain_text("Receipt")
    assert "Thank you" not in row.inner_text()


def release_all(teacher: Page, activity: str) -> None:
    roster = open_activity(teacher, activity)
    roster.get_by_role("button", name="Release 10 marks").click()
    dialog = roster.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Release the marks of 10 students?")
    shoot(teacher, "g08-release")
    dialog.get_by_role("button", name="Yes, release").click()
    expect(roster.get_by_text("Released: 10 students can see their marks")).to_be_visible()
    shoot(teacher, "g08-released")


def arrived(shown: Grade, wanted: Grade) -> bool:
    return shown.points == wanted.points and wanted.feedback in shown.feedback


def returned_is_read(student: Page, activity: str, marks: dict[str, Grade]) -> None:
    """Mark, feedback, rubric and comments in the frame; and the grade on the student's own page of Moodle's."""
    name = moodle.name_of(student)
    for size, width in (("desktop", 1280), ("phone", 390)):
        student.set_viewport_size({"width": width, "height": 900})
        work = open_activity(student, activity)
        expect(work.get_by_text(marks[name].feedback)).to_be_visible()
        expect(work.locator(".level.chosen")).to_have_count(2)
        expect(work.get_by_text(f"Look up here, {name}.")).to_be_visible()
        work.locator(".mark-points").scroll_into_view_if_needed()
        shoot(student, f"g09-returned-{size}")
        work.locator(".rubric-result").scroll_into_view_if_needed()
        shoot(student, f"g10-rubric-{size}")
        work.locator("[data-player]").first.scroll_into_view_if_needed()
        shoot(student, f"g11-film-{size}")
    student.set_viewport_size({"width": 1280, "height": 900})
    student.goto(f"{MOODLE}/grade/report/user/index.php?id={COURSE}")
    row = student.locator("table.user-grade tr", has_text=TITLE)
    expect(row).to_contain_text(marks[name].points)
    expect(row).to_contain_text(marks[name].feedback)
    shoot(student, "g12-students-gradebook")


def was_seen(teacher: Page, activity: str, handed_in: dict[str, str]) -> None:
    roster = open_activity(teacher, activity)
    shoot(teacher, "g13-roster-after")
    first, second = list(handed_in)[:2]
    roster.locator("table").get_by_role("link", name=first, exact=True).click()
    expect(roster.locator(".seen")).to_contain_text("Seen ")
    shoot(teacher, "g14-seen")
    roster.get_by_role("link", name="All students").click()
    roster.locator("table").get_by_role("link", name=second, exact=True).click()
    expect(roster.locator(".seen")).to_have_text("Not seen yet")
