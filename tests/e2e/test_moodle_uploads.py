"""Large uploads and recordings in a real Moodle's frame, at desktop and phone size.

Skipped unless MOODLE_URL is set; MOODLE_ACTIVITY is the course module id of an activity that is set up. What is handed
in stays there.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, Playwright, Route, expect

from tests.e2e.browser import chromium
from tests.e2e.moodle import MOODLE, OTHER_STUDENT, STUDENT, open_activity, shoot, sign_in, signed_in
from tests.films import padded

ACTIVITY, COURSE = os.environ.get("MOODLE_ACTIVITY", "2"), os.environ.get("MOODLE_COURSE", "2")
PRETENDED = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--ignore-certificate-errors")
MIB = 1024 * 1024
ARRIVES_WITHIN = 150_000  # ms: longer than a connection that says nothing is waited for (uppy-run.ts)

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not MOODLE, reason="MOODLE_URL is not set")]


@pytest.fixture(scope="module", params=["desktop", "phone"])
def size(request: pytest.FixtureRequest) -> dict[str, int]:
    return {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 780}}[request.param]


@pytest.fixture
def student(playwright: Playwright, size: dict[str, int]) -> Iterator[Page]:
    with signed_in(playwright, size, STUDENT) as page:
        page.on("dialog", lambda dialog: dialog.accept())  # "Leave site?"
        yield page


@pytest.fixture
def filming(playwright: Playwright, size: dict[str, int]) -> Iterator[Page]:
    """Another student, whose camera and microphone Chromium pretends to have."""
    with chromium(playwright, **size, flags=PRETENDED) as context:
        yield sign_in(context, OTHER_STUDENT)


def test_large_file_goes_on_after_the_page_was_left(student: Page, tmp_path: Path) -> None:
    film = tmp_path / "Interview.mp4"
    film.write_bytes(padded(40 * MIB))
    work = with_nothing_begun(student)
    hold_back(student, 4, 5)
    work.locator("input[type=file]").set_input_files(film)
    expect(work.locator("[data-upload=percent]")).to_have_text("60 %", timeout=ARRIVES_WITHIN)
    shoot(student, "u1-uploading")

    work = open_activity(student, ACTIVITY)  # a new launch
    student.unroute_all()
    expect(work.get_by_text("is not all here yet")).to_contain_text("60 %")
    shoot(student, "u2-unfinished")
    hold_back(student, 5)
    work.locator("input[type=file]").set_input_files(film)
    work.get_by_role("button", name="Submit as soon as it has arrived").click()
    work.get_by_role("button", name="Yes, submit").click()
    expect(work.get_by_text("It is handed in by itself as soon as it has arrived")).to_be_visible()
    shoot(student, "u3-asked")
    student.unroute_all()

    receipt = work.get_by_role("link", name="Receipt RM-").first
    expect(receipt).to_be_visible(timeout=ARRIVES_WITHIN)
    shoot(student, "u4-handed-in")
    in_gradebook(student, receipt.inner_text())
    work = open_activity(student, ACTIVITY)
    work.get_by_role("button", name="Take it back").first.click()
    expect(work.get_by_text("Taken back")).to_be_visible()
    in_gradebook(student, "was taken back")
    with_nothing_begun(student)


def test_recording_is_made_in_moodles_frame(filming: Page) -> None:
    work = with_nothing_begun(filming)
    work.get_by_role("button", name="Camera and microphone").click()
    expect(work.locator("[data-record=heard]")).to_have_text("We heard you.")
    shoot(filming, "u5-camera")
    work.get_by_role("button", name="Start recording").click()
    work.get_by_role("button", name="Start now").click()
    expect(work.locator("[data-record=state-text]")).to_have_text("Recording")
    filming.wait_for_timeout(4000)
    shoot(filming, "u6-recording")
    work.get_by_role("button", name="Stop").click()

    expect(work.get_by_role("heading", name="Check your video")).to_be_visible(timeout=ARRIVES_WITHIN)
    plays(work)
    shoot(filming, "u7-recorded")
    work.get_by_role("button", name="Submit video").click()
    work.get_by_role("button", name="Yes, submit").click()
    expect(work.get_by_role("heading", name="Your video is handed in")).to_be_visible()
    in_gradebook(filming, work.locator(".receipt-number").inner_text())


def with_nothing_begun(page: Page) -> FrameLocator:
    """The student's page, once what an earlier run has left is removed."""
    work = open_activity(page, ACTIVITY)
    while not work.get_by_role("heading", name="Send ").count() or work.get_by_text("is not all here").count():
        if work.get_by_role("button", name="Give it up").count():
            work.get_by_role("button", name="Give it up").first.click()
        else:
            work.get_by_role("button", name="Remove").first.click()
            work.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(work.get_by_text("The video was removed")).to_be_visible()
    return work


def hold_back(page: Page, *numbers: int) -> None:
    """These parts do not leave the browser."""

    def at(route: Route) -> None:
        held = route.request.method == "PUT" and any(f"partNumber={n}&" in f"{route.request.url}&" for n in numbers)
        if not held:
            route.continue_()

    page.route("**/*partNumber=*", at)


def plays(work: FrameLocator) -> None:
    """It has a length that is known, as a recording comes without one from the browser."""
    expect(work.locator("[data-player]").first).to_have_attribute("data-state", "ready", timeout=ARRIVES_WITHIN)
    assert work.locator("[data-player] video").first.evaluate("video => Number.isFinite(video.duration)")


def in_gradebook(page: Page, text: str) -> None:
    for _ in range(30):
        page.goto(f"{MOODLE}/grade/report/user/index.php?id={COURSE}")
        if text.removeprefix("Receipt ") in page.locator("table.user-grade").inner_text():
            return
        page.wait_for_timeout(1000)
    raise AssertionError(f"“{text}” did not appear in the gradebook")
