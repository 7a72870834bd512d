"""The main job in a real Moodle, where the tool is registered and an activity of it is in a course.

Skipped unless MOODLE_URL is set. Also read: MOODLE_ACTIVITY (course module id), MOODLE_COURSE (id), and the accounts
that `moodle.py` names. The student's attempt and grade stay there.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from demo import sample
from tests.e2e import moodle
from tests.e2e.moodle import MOODLE, STUDENT, TEACHER, open_activity, shoot, signed_in

ACTIVITY, COURSE = os.environ.get("MOODLE_ACTIVITY", "2"), os.environ.get("MOODLE_COURSE", "2")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not MOODLE, reason="MOODLE_URL is not set")]


@pytest.fixture(scope="module", params=["desktop", "phone"])
def size(request: pytest.FixtureRequest) -> dict[str, int]:
    return {"desktop": moodle.DESKTOP, "phone": moodle.PHONE}[request.param]


@pytest.fixture(scope="module")
def teacher(playwright: Playwright, size: dict[str, int]) -> Iterator[Page]:
    with signed_in(playwright, size, TEACHER) as page:
        yield page


@pytest.fixture(scope="module")
def student(playwright: Playwright, size: dict[str, int]) -> Iterator[Page]:
    with signed_in(playwright, size, STUDENT) as page:
        yield page


def test_the_main_job(teacher: Page, student: Page, tmp_path: Path) -> None:
    film = tmp_path / "Été à la mer.mp4"
    sample.make(film)

    room = open_activity(teacher, ACTIVITY)
    assert room.locator("body").get_attribute("data-role") == "teacher"
    if room.get_by_role("heading", name="Set up this assignment").count():
        shoot(teacher, "1-set-up")
        room.get_by_role("button", name="Save").click()
        expect(room.get_by_text("Students can now hand in")).to_be_visible()
    shoot(teacher, "2-roster")

    work = open_activity(student, ACTIVITY)
    assert work.locator("body").get_attribute("data-role") == "student"
    work.locator("input[type=file]").set_input_files(film)
    expect(work.get_by_role("heading", name="Check your video")).to_be_visible(timeout=30_000)
    expect(work.locator("video").first).to_have_js_property("videoWidth", 640)
    shoot(student, "3-check")
    work.get_by_role("button", name="Submit video").click()
    work.get_by_role("button", name="Yes, submit").click()
    expect(work.get_by_role("heading", name="Your video is handed in")).to_be_visible()
    receipt = work.locator(".receipt-number").inner_text()
    shoot(student, "4-receipt")

    expect_in_gradebook(student, receipt, "5-status-in-gradebook")

    room = open_activity(teacher, ACTIVITY)
    room.locator("table a.button", has_text="Mark").first.click()
    expect(room.locator("video").first).to_have_js_property("videoWidth", 640)
    room.get_by_role("spinbutton", name="Points", exact=True).fill("87.5")
    room.get_by_role("textbox", name="Feedback").fill(f"Well told ({receipt}).")
    shoot(teacher, "6-room")
    room.get_by_role("button", name="Save", exact=True).click()
    expect(room.get_by_text("Saved the mark of")).to_be_visible()

    expect_in_gradebook(student, f"Well told ({receipt}).", "7-grade-in-gradebook")
    expect(student.locator("table.user-grade")).to_contain_text("87.50")
    work = open_activity(student, ACTIVITY)
    expect(work.get_by_text(f"Well told ({receipt}).")).to_be_visible()
    shoot(student, "8-returned")
    with student.context.expect_page() as opened:
        work.get_by_role("button", name="Full window").click()
    expect(opened.value.get_by_text(f"Well told ({receipt}).")).to_be_visible()
    opened.value.close()


def expect_in_gradebook(page: Page, text: str, picture: str) -> None:
    """Look into the student's own report until the worker's post shows."""
    for _ in range(30):
        page.goto(f"{MOODLE}/grade/report/user/index.php?id={COURSE}")
        if text in page.locator("table.user-grade").inner_text():
            shoot(page, picture)
            return
        page.wait_for_timeout(1000)
    raise AssertionError(f"“{text}” did not appear in the gradebook")
