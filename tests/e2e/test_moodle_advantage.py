"""Registration, Deep Linking, roles, roster, review and course copy in a real Moodle, each by Moodle's own pages.

Skipped unless MOODLE_URL is set, and MOODLE_INVITATION to an address that `manage.py invite_platform` has just printed.
MOODLE_COURSE is a course without the tool where teacher, tutor (non-editing) and both students are enrolled.
MOODLE_CRON is needed as well (see `moodle.py`).

With MOODLE_INVITATION_AGAIN, a second address, the tool is registered once more at the end, as an update.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, Playwright, expect

from demo import sample
from tests.e2e import moodle
from tests.e2e.moodle import DESKTOP, MOODLE, PHONE, open_activity, shoot

COURSE = os.environ.get("MOODLE_COURSE", "")
INVITATION = os.environ.get("MOODLE_INVITATION", "")
INVITATION_AGAIN = os.environ.get("MOODLE_INVITATION_AGAIN", "")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (MOODLE and INVITATION), reason="MOODLE_URL and MOODLE_INVITATION are not both set"),
]


@dataclass(frozen=True)
class People:
    admin: Page
    teacher: Page
    tutor: Page
    student: Page
    other: Page


@pytest.fixture
def people(playwright: Playwright) -> Iterator[People]:
    with ExitStack() as stack:

        def page(account: str, size: dict[str, int]) -> Page:
            return stack.enter_context(moodle.signed_in(playwright, size, account))

        yield People(
            admin=page(moodle.ADMIN, DESKTOP),
            teacher=page(moodle.TEACHER, DESKTOP),
            tutor=page(moodle.TUTOR, DESKTOP),
            student=page(moodle.STUDENT, PHONE),
            other=page(moodle.OTHER_STUDENT, DESKTOP),
        )


def test_from_registration_to_the_copied_course(people: People, tmp_path: Path) -> None:
    moodle.register(people.admin, INVITATION)
    used_invitation_is_refused(people.admin)
    moodle.show_in_chooser(people.teacher, COURSE)

    activity = one_activity_by_deep_linking(people.teacher)
    several_at_once(people.teacher)
    everybody_gets_their_role(people, activity)
    switched_role_holds_in_the_teachers_own_tab_too(people.teacher, activity)
    roster_is_the_courses(people.teacher, activity)
    checks_are_good(people.admin, activity)

    hand_in(people.student, activity, tmp_path / "Été.mp4")
    review_opens_that_students_work(people.teacher, activity)
    student_sees_nobody_elses_work(people.other, people.teacher, activity)
    copy_is_empty_and_says_so(people, activity)
    if INVITATION_AGAIN:
        moodle.update(people.admin, INVITATION_AGAIN)
        assert open_activity(people.student, activity).locator("body").get_attribute("data-role") == "student"


def used_invitation_is_refused(admin: Page) -> None:
    admin.goto(INVITATION)
    expect(admin.get_by_text("was used already")).to_be_visible()


def one_activity_by_deep_linking(teacher: Page) -> str:
    dialog = moodle.select_content(teacher, COURSE)
    shoot(teacher, "b1-select-content")
    dialog.get_by_label("Title").fill("Interview & présentation")
    dialog.get_by_label("Instructions").fill("Film an interview.\nTen minutes at most.")
    dialog.get_by_role("spinbutton", name="Points", exact=True).fill("12.5")
    dialog.get_by_role("button", name="Add to Moodle").click()
    expect(dialog.get_by_text("A whole number from 1 to 100.", exact=True)).to_be_visible()
    dialog.get_by_role("spinbutton", name="Points", exact=True).fill("20")
    dialog.get_by_role("button", name="Add to Moodle").click()
    teacher.locator("#contentitem-page-iframe").wait_for(state="hidden")
    expect(teacher.locator("#id_name")).to_have_value("Interview & présentation")
    expect(teacher.locator("#id_grade_modgrade_point")).to_have_value("20")
    shoot(teacher, "b2-moodles-form")
    teacher.get_by_role("button", name="Save and return to course").click()
    return moodle.activity_named(teacher, COURSE, "Interview & présentation")


def several_at_once(teacher: Page) -> None:
    dialog = moodle.select_content(teacher, COURSE)
    for title in ("First of two", "Mistake", "Second of two"):
        dialog.get_by_label("Title").fill(title)
        dialog.get_by_role("button", name="Save, and set up another").click()
        expect(dialog.locator(".ready li", has_text=title)).to_be_visible()
    dialog.get_by_role("button", name="Remove Mistake").click()
    expect(dialog.get_by_role("heading", name="2 assignments ready")).to_be_visible()
    shoot(teacher, "b3-several")
    dialog.get_by_role("button", name="Add these to Moodle").click()
    teacher.locator("#contentitem-page-iframe").wait_for(state="hidden")
    expect(teacher.get_by_text("Second of two")).to_be_visible()
    shoot(teacher, "b4-moodles-summary")
    teacher.get_by_role("button", name="Save and return to course").click()
    teacher.wait_for_url("**/course/view.php*")  # Moodle goes there once it has made them
    for title in ("First of two", "Second of two"):
        expect(teacher.locator("a.aalink", has_text=title)).to_be_visible()
    expect(teacher.locator("a.aalink", has_text="Mistake")).to_have_count(0)


def everybody_gets_their_role(people: People, activity: str) -> None:
    # Moodle signs a non-editing teacher as Instructor, as it does a teacher.
    roles = {people.student: "student", people.teacher: "teacher", people.tutor: "teacher", people.admin: "admin"}
    for page, role in roles.items():
        frame = open_activity(page, activity)
        assert frame.locator("body").get_attribute("data-role") == role
        expect(frame.get_by_text("Interview & présentation").first).to_be_visible()


def switched_role_holds_in_the_teachers_own_tab_too(teacher: Page, activity: str) -> None:
    own = open_activity(teacher, activity)
    tab = teacher.context.new_page()
    moodle.switch_to_student(tab, COURSE)
    as_student = open_activity(tab, activity)
    assert as_student.locator("body").get_attribute("data-role") == "student"
    expect(as_student.get_by_role("heading", name="Send your video")).to_be_visible()
    shoot(tab, "c0-switched-role")
    teacher.bring_to_front()
    own.get_by_role("link", name="Settings").click()
    expect(own.get_by_role("heading", name="This page is no longer yours to use")).to_be_visible()
    moodle.switch_back(tab, COURSE)
    assert open_activity(tab, activity).locator("body").get_attribute("data-role") == "teacher"
    tab.close()


def roster_is_the_courses(teacher: Page, activity: str) -> None:
    frame = open_activity(teacher, activity)
    rows = frame.locator("table.roster tbody tr")
    frame.get_by_role("button", name="Refresh").click()
    expect(frame.get_by_text("The list is up to date")).to_be_visible()
    listed = sorted(rows.locator("th").all_inner_texts())
    shoot(teacher, "c1-roster")
    teacher.goto(f"{MOODLE}/user/index.php?id={COURSE}&perpage=5000", wait_until="networkidle")
    students = teacher.locator("#participants tbody tr").filter(has_text="Student")
    # Before the name, initials stand for a picture.
    enrolled = sorted(students.locator("th a").evaluate_all("links => links.map(a => a.lastChild.textContent.trim())"))
    assert listed == enrolled


def checks_are_good(admin: Page, activity: str) -> None:
    frame = open_activity(admin, activity)
    frame.get_by_role("link", name="Check").click()
    expect(frame.locator(".check.good")).to_have_count(6)
    frame.get_by_role("button", name="Try A grade").click()
    expect(frame.locator(".check.good")).to_have_count(7)
    shoot(admin, "c2-check")
    admin.goto(f"{MOODLE}/grade/edit/tree/index.php?id={COURSE}")
    expect(admin.get_by_text("Reelmark check")).to_have_count(0)


def hand_in(student: Page, activity: str, film: Path) -> None:
    sample.make(film)
    frame = open_activity(student, activity)
    frame.locator("input[type=file]").set_input_files(film)
    expect(frame.get_by_role("heading", name="Check your video")).to_be_visible(timeout=30_000)
    frame.get_by_role("button", name="Submit video").click()
    frame.get_by_role("button", name="Yes, submit").click()
    expect(frame.get_by_role("heading", name="Your video is handed in")).to_be_visible()
    shoot(student, "d1-receipt")


def graded_cell(page: Page, name: str) -> str:
    """The gradebook's own link to somebody's work in the deep-linked activity."""
    row = in_grader_report(page, name)
    return str(row.locator("a[href*='mod/lti/grade.php']").first.get_attribute("href"))


def ungraded_cell(page: Page, name: str, activity: str) -> str:
    """The same for somebody of whom Moodle has no row yet, and so shows no link."""
    person = in_grader_report(page, name).get_attribute("data-uid")
    return f"{MOODLE}/mod/lti/grade.php?id={activity}&userid={person}"


def in_grader_report(page: Page, name: str) -> Locator:
    page.goto(f"{MOODLE}/grade/report/grader/index.php?id={COURSE}", wait_until="networkidle")
    return page.locator("tr.userrow", has_text=name)


def name_of(page: Page) -> str:
    page.goto(f"{MOODLE}/user/profile.php")
    return page.locator("h1").first.inner_text().strip()


def tool_frame(page: Page) -> FrameLocator:
    frame = page.frame_locator("iframe#contentframe")
    frame.locator("body[data-role]").wait_for()
    return frame


def review_opens_that_students_work(teacher: Page, activity: str) -> None:
    teacher.bring_to_front()  # a page behind another one loads no film
    teacher.goto(graded_cell(teacher, "Ana García"))
    room = tool_frame(teacher)
    expect(room.locator("video").first).to_have_js_property("videoWidth", 640)
    expect(room.get_by_role("heading", name="Ana García")).to_be_visible()
    shoot(teacher, "d2-review")
    teacher.goto(ungraded_cell(teacher, "Ben Smith", activity))
    expect(tool_frame(teacher).get_by_role("heading", name="has not handed in anything yet")).to_be_visible()


def student_sees_nobody_elses_work(other: Page, teacher: Page, activity: str) -> None:
    """Moodle signs a review of anybody's work for a student who types the address (`moodle.md`, 14)."""
    anas = graded_cell(teacher, "Ana García").rpartition("userid=")[2].partition("&")[0]
    other.goto(f"{MOODLE}/mod/lti/launch.php?id={activity}&action=gradeReport&user={anas}")
    other.locator("body[data-role=student]").wait_for()
    text = other.locator("main").inner_text()
    assert "Été" not in text
    assert "Ana" not in text
    expect(other.get_by_role("heading", name="Send your video")).to_be_visible()
    shoot(other, "d3-students-own-page")


def copy_is_empty_and_says_so(people: People, activity: str) -> None:
    copy = copied_course(people.admin)
    copied = moodle.activity_named(people.admin, copy, "Interview & présentation")
    frame = open_activity(people.teacher, copied)
    expect(frame.get_by_text("This is a copy")).to_be_visible()
    assert "Been" not in frame.locator("main").inner_text()
    assert frame.get_by_role("link", name=re.compile("^(Mark|Open) ")).count() == 0, "nobody's work came along"
    shoot(people.teacher, "e1-copy")
    frame = open_activity(people.teacher, copied)
    frame.get_by_role("link", name="Settings").wait_for()
    expect(frame.get_by_text("This is a copy")).to_have_count(0)
    frame.get_by_role("link", name="Settings").click()
    expect(frame.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("20")
    original = open_activity(people.teacher, activity)
    expect(original.get_by_role("link", name=re.compile("^(Mark|Open) "))).to_have_count(1)


def copied_course(admin: Page) -> str:
    """Moodle's own Copy course, with teachers kept; the new course's id."""
    short = f"COPY{int(time.time())}"
    admin.goto(f"{MOODLE}/backup/copy.php?id={COURSE}", wait_until="networkidle")
    admin.locator("#id_fullname").fill(f"Copy {short}")
    admin.locator("#id_shortname").fill(short)
    for role in ("Teacher", "Non-editing teacher"):
        box = admin.get_by_label(role, exact=True)
        if box.count():
            box.check()
    admin.get_by_role("button", name="Copy and return").click()
    admin.wait_for_load_state("networkidle")
    link = admin.locator("a.aalink", has_text=short).first
    for _ in range(30):  # another of Moodle's processes may be at it
        moodle.run_tasks()
        admin.goto(f"{MOODLE}/course/search.php?search={short}")
        if link.count():
            break
        admin.wait_for_timeout(2000)
    return str(link.get_attribute("href")).rpartition("id=")[2]
