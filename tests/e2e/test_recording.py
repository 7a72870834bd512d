"""Recording in a real browser, with the camera, microphone and screen that Chromium pretends to have.

The camera and the microphone are recorded in the LMS's frame; the screen in a whole window, since the frame forbids it.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, Playwright, Route, expect

from tests.e2e.browser import chromium, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, BEN, TEACHER, launch
from tests.e2e.test_accessibility import assert_accessible

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]

PRETENDED = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
ARRIVES_WITHIN = 150_000  # ms: longer than a connection that says nothing is waited for (uppy-run.ts)


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[BrowserContext]:
    with chromium(playwright, flags=PRETENDED) as context:
        yield context


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    opened = browser.new_page()
    yield opened
    opened.close()


@pytest.fixture
def assignment(page: Page, demo: Demo) -> int:
    new = demo.add_activity("Tell it in your own words")
    demo.set_up(new)
    return new


def begin(student: FrameLocator | Page, choice: str = "Camera and microphone") -> None:
    """Choose, see that somebody is heard (the pretended microphone beeps), and record."""
    student.get_by_role("button", name=choice, exact=False).first.click()
    start_when_heard(student)


def start_when_heard(student: FrameLocator | Page) -> None:
    expect(student.locator("[data-record=heard]")).to_have_text("We heard you.")
    student.get_by_role("button", name="Start recording").click()
    student.get_by_role("button", name="Start now").click()
    expect(student.locator("[data-record=state-text]")).to_have_text("Recording")


def until(student: FrameLocator | Page, seconds: int) -> None:
    """So long, or longer: on a busy machine not every second is seen."""
    expect(student.locator("[data-record=time]")).to_have_text(re.compile(f"0:(0[{seconds}-9]|[1-5])"))


def arrives(student: FrameLocator | Page) -> None:
    expect(student.get_by_role("heading", name="Check your video")).to_be_visible(timeout=ARRIVES_WITHIN)


def test_a_recording_is_paused_stopped_checked_and_handed_in(page: Page, demo: Demo, assignment: int) -> None:
    student = launch(page, demo, ANA, assignment)
    begin(student)
    until(student, 2)
    student.get_by_role("button", name="Pause").click()
    expect(student.locator("[data-record=state-text]")).to_have_text("Paused")
    held = student.locator("[data-record=time]").inner_text()
    page.wait_for_timeout(1500)
    assert student.locator("[data-record=time]").inner_text() == held
    student.get_by_role("button", name="Go on").click()
    until(student, 4)
    student.get_by_role("button", name="Stop").click()

    arrives(student)
    video = student.locator("video").first
    expect(video).to_have_js_property("videoWidth", 1280, timeout=ARRIVES_WITHIN)
    # Mended on the server: what the browser recorded does not say how long it is.
    assert 3 < video.evaluate("video => video.duration") < 7
    student.get_by_role("button", name="Submit video").click()
    student.get_by_role("button", name="Yes, submit").click()
    expect(student.get_by_role("heading", name="Your video is handed in")).to_be_visible()
    expect(student.get_by_text("Recording 20", exact=False).first).to_be_visible()

    teacher = launch(page, demo, TEACHER, assignment)
    expect(teacher.get_by_role("link", name="Mark Ana García")).to_be_visible()


def test_a_recording_waits_for_a_storage_that_is_out_of_reach(page: Page, demo: Demo, assignment: int) -> None:
    blocked = True
    tried = 0

    def storage(route: Route) -> None:
        nonlocal tried
        tried += 1
        route.abort("connectionreset") if blocked else route.continue_()

    page.route(lambda url: "/reelmark-demo/" in url and "X-Amz-" in url, storage)
    student = launch(page, demo, BEN, assignment)
    begin(student)
    until(student, 2)
    student.get_by_role("button", name="Stop").click()

    expect(student.locator("[data-record=stage-text]")).to_contain_text("trying again by itself")
    expect(student.locator("[data-record=stage-text]")).to_contain_text("Saved on this device")
    with page.expect_download() as saving:
        student.get_by_role("link", name="Save a copy").click()
    assert saving.value.suggested_filename.startswith("Recording 20")
    assert saving.value.path().stat().st_size > 10_000
    assert tried > 0
    blocked = False
    arrives(student)


def test_a_recording_that_may_not_be_sent_is_kept(page: Page, demo: Demo, assignment: int) -> None:
    student = launch(page, demo, "8", assignment)
    refusal = '{"error": {"code": "closed", "message": "This assignment has closed.", "action": "Ask your teacher."}}'
    page.route("**/uploads/", lambda route: route.fulfill(status=403, content_type="application/json", body=refusal))
    begin(student)
    until(student, 1)
    expect(student.locator("[data-record=sent]")).to_contain_text("the rest is saved on this device")
    student.get_by_role("button", name="Stop").click()

    expect(student.get_by_role("alert").filter(has_text="This assignment has closed")).to_be_visible()
    expect(student.get_by_role("link", name="Save a copy")).to_be_visible()
    student.get_by_role("button", name="Record again").click()
    student.get_by_role("button", name="Keep it").click()
    page.unroute("**/uploads/")
    student.get_by_role("button", name="Try again").click()
    arrives(student)


def test_the_screen_is_recorded_in_a_whole_window(
    page: Page, browser: BrowserContext, demo: Demo, assignment: int
) -> None:
    student = launch(page, demo, "9", assignment)
    with browser.expect_page() as opened:
        student.get_by_role("button", name="Screen and camera").click()
    window = opened.value
    window.get_by_role("button", name="Choose what to share").click()
    window.get_by_label("Your picture").select_option("top-left")
    start_when_heard(window)
    until(window, 3)
    window.get_by_role("button", name="Stop").click()

    arrives(window)
    expect(window.locator("video").first).to_have_js_property("videoHeight", 1080, timeout=ARRIVES_WITHIN)
    window.close()


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (320, 640)], ids=["desktop", "phone"])
def test_every_step_is_accessible(playwright: Playwright, demo: Demo, width: int, height: int) -> None:
    with chromium(playwright, width=width, height=height, flags=PRETENDED) as context:
        page = context.new_page()
        link = demo.add_activity("Tell it in your own words")
        demo.set_up(link)
        page.goto(f"{demo.lms}/open/{link}/10?window=new")
        page.wait_for_url(f"{demo.tool}/l/**")
        page.get_by_role("button", name="Camera and microphone").wait_for()
        assert_accessible(page)
        page.get_by_role("button", name="Camera and microphone").click()
        expect(page.locator("[data-record=heard]")).to_have_text("We heard you.")
        assert_accessible(page)
        page.get_by_role("button", name="Start recording").click()
        page.get_by_role("button", name="Start now").click()
        until(page, 1)
        assert_accessible(page)
        page.route(lambda url: "X-Amz-" in url, lambda route: route.abort())
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("[data-record=stage-text]")).to_contain_text("trying again by itself")
        assert_accessible(page)
