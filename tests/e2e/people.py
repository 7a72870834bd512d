"""What people of the demo course do, step by step."""

from collections.abc import Callable

from playwright.sync_api import FrameLocator, Page, expect

from demo.lms.schema import FIRST_COURSE
from tests.e2e.demo_run import TEACHER as TEACHER
from tests.e2e.demo_run import Demo

ADMIN, ASSISTANT, ANA, BEN = "2", "4", "6", "7"


def set_up(page: Page, demo: Demo, link: int) -> None:
    teacher = launch(page, demo, TEACHER, link)
    teacher.get_by_role("button", name="Save").click()
    expect(teacher.get_by_text("Students can now hand in")).to_be_visible()


def launch(page: Page, demo: Demo, person: str, link: int) -> FrameLocator:
    """Open the activity as somebody; the tool's frame."""
    page.goto(f"{demo.lms}/open/{link}/{person}")
    frame = page.frame_locator("iframe")
    frame.locator("body[data-role]").wait_for()
    return frame


def select_content(page: Page, demo: Demo, *, course: int = FIRST_COURSE, more: str = "") -> FrameLocator:
    """Tara adds content to the course: the tool's form, in the LMS's dialog."""
    page.goto(f"{demo.lms}/select/{TEACHER}?course={course}{more}")
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Add to Moodle").wait_for()
    return frame


def hand_in(frame: FrameLocator, demo: Demo) -> str:
    """Upload the sample, check it, submit; the receipt's number."""
    frame.locator("input[type=file]").set_input_files(demo.sample)
    expect(frame.get_by_role("heading", name="Check your video")).to_be_visible()
    frame.get_by_role("button", name="Submit video").click()
    frame.get_by_role("button", name="Yes, submit").click()
    expect(frame.get_by_role("heading", name="Your video is handed in")).to_be_visible()
    return frame.locator(".receipt-number").inner_text()


def wait_for(page: Page, happened: Callable[[], object], what: str) -> None:
    """Look again and again for what a worker does in its own time; a bound only keeps a broken run from hanging."""
    for _ in range(200):
        if happened():
            return
        page.wait_for_timeout(300)
    raise AssertionError(f"{what} did not happen within a minute")
