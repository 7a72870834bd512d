"""An activity that was deleted in a real Moodle and comes back, out of its recycle bin or by a backup of the course.

Skipped unless MOODLE_URL is set. MOODLE_COURSE is a course with the tool in its activity chooser where the teacher and
student01 are enrolled, and whose recycle bin is on (Site administration > Plugins > Admin tools > Recycle bin). Needs
MOODLE_CRON (see `moodle.py`).
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.e2e import moodle
from tests.e2e.moodle import CRON, MOODLE, open_activity, row_of, shoot, shoot_narrow
from tests.films import film

COURSE = os.environ.get("MOODLE_COURSE", "2")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (MOODLE and CRON), reason="MOODLE_URL and MOODLE_CRON are not both set"),
]


@pytest.fixture
def computer(playwright: Playwright) -> Iterator[BrowserContext]:
    with moodle.computer(playwright) as context:
        yield context


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "Interview.mp4"
    path.write_bytes(film())
    return path


@pytest.mark.parametrize("way", ["recycle bin", "backup of the course"])
def test_work_and_grades_come_back(way: str, computer: BrowserContext, small: Path) -> None:
    title = f"Restored from {way} {int(time.time())}"
    teacher = moodle.change_to(computer, moodle.TEACHER)
    activity = moodle.select_activity(teacher, COURSE, title)
    student = moodle.change_to(computer, moodle.STUDENT)
    name, receipt = moodle.name_of(student), moodle.hand_in(student, activity, small)
    teacher = moodle.change_to(computer, moodle.TEACHER)
    moodle.mark(teacher, activity, {name: 87})
    moodle.in_gradebook(teacher, COURSE, title, lambda shown: shown[name].points == "87.00")

    restored = deleted_and_restored(teacher, activity, title, way)
    assert restored != activity
    student_is_told_to_wait(moodle.change_to(computer, moodle.STUDENT), restored, receipt)
    teacher = moodle.change_to(computer, moodle.TEACHER)
    teacher_brings_the_work_back(teacher, restored, name)
    moodle.in_gradebook(teacher, COURSE, title, lambda shown: shown[name].points == "87.00")
    moodle.mark(teacher, restored, {name: 88})  # Moodle's own backup may have kept the first
    moodle.in_gradebook(teacher, COURSE, title, lambda shown: shown[name].points == "88.00")
    shoot(teacher, "r4-new-column")

    work = open_activity(moodle.change_to(computer, moodle.STUDENT), restored)
    expect(work.locator(".mark-points")).to_contain_text("88")
    expect(work.get_by_text(receipt)).to_be_visible()


def deleted_and_restored(teacher: Page, activity: str, title: str, way: str) -> str:
    """The course module id that the activity has then."""
    if way == "recycle bin":
        moodle.delete_activity(teacher, COURSE, activity)
        return moodle.restore_from_bin(teacher, COURSE, title)
    moodle.backup(teacher, COURSE)
    moodle.delete_activity(teacher, COURSE, activity)
    return moodle.restore_backup(teacher, COURSE, title)


def student_is_told_to_wait(student: Page, activity: str, receipt: str) -> None:
    work = open_activity(student, activity)
    expect(work.get_by_role("heading", name="Your teacher has to look at this activity first")).to_be_visible()
    expect(work.get_by_text(receipt)).to_be_visible()
    shoot_narrow(student, "r1-student-waits")


def teacher_brings_the_work_back(teacher: Page, activity: str, name: str) -> None:
    page = open_activity(teacher, activity)
    expect(page.get_by_role("heading", name="Is this the same activity as before?")).to_be_visible()
    shoot_narrow(teacher, "r2-teacher-is-asked")
    page.get_by_role("button", name="Yes, the same: bring the work back").click()
    expect(page.get_by_text("Everybody's work is here again")).to_be_visible()
    expect(row_of(page, name)).to_contain_text("87")
    shoot_narrow(teacher, "r3-brought-back")
