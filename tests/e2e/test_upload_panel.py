"""What a student can do while a large file is on its way: on a phone, and looked at by axe."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Error, Page, Playwright, Route, expect

from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import wait_for
from tests.e2e.test_accessibility import assert_accessible, open_as
from tests.films import padded

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]

MIB = 1024 * 1024
ARRIVES_WITHIN = 150_000  # ms: longer than a connection that says nothing is waited for (uppy-run.ts)


@pytest.fixture(scope="module", params=[(320, 640)], ids=["phone"])
def page(request: pytest.FixtureRequest, playwright: Playwright) -> Iterator[Page]:
    width, height = request.param
    with private_window(playwright, width=width, height=height) as context:
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())  # "Leave site?"
        yield page


@pytest.fixture(scope="module")
def link(page: Page, demo: Demo) -> int:
    """An activity that asks for a statement."""
    new = demo.add_activity("Interview")
    demo.set_up(new)
    open_as(page, demo, new, "3")
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Statement").fill("This is my own work.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    return new


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "interview.mp4"
    path.write_bytes(padded(40 * MIB))
    return path


_CANNOT_SAY_DONE = """
const answers = window.fetch;
window.fetch = (url, ...rest) =>
  String(url).endsWith("/complete/") ? Promise.reject(new TypeError("gone")) : answers(url, ...rest);
"""


class Held:
    """The last two parts do not leave the browser until `go`: the upload stands at 60 %."""

    def __init__(self, page: Page) -> None:
        self.waiting: list[Route] = []
        self.sent: list[int] = []
        self.open = False
        page.unroute_all()
        page.route("**/reelmark-demo/**", self._at)

    def _at(self, route: Route) -> None:
        number = int((parse_qs(urlsplit(route.request.url).query).get("partNumber") or ["0"])[0])
        if route.request.method == "PUT":
            if not self.open and number in (4, 5):
                self.waiting.append(route)
                return
            self.sent.append(number)
        route.continue_()

    def go(self) -> None:
        self.open = True
        for route in self.waiting:
            with contextlib.suppress(Error):  # the page has given some up
                route.continue_()


def send(page: Page, demo: Demo, link: int, person: str, file: Path) -> Held:
    open_as(page, demo, link, person)
    held = Held(page)
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator("[data-upload=percent]")).to_have_text("60 %", timeout=ARRIVES_WITHIN)
    return held


def test_submit_pressed_while_it_runs_takes_effect_when_it_is_there(
    page: Page, demo: Demo, link: int, large: Path
) -> None:
    held = send(page, demo, link, "6", large)
    assert_accessible(page)
    page.get_by_role("button", name="Submit as soon as it has arrived").click()
    assert_accessible(page)
    page.get_by_role("button", name="Yes, submit").click()
    expect(page.get_by_role("heading", name="Hand it in as soon as it has arrived?")).to_be_visible()  # not ticked
    page.get_by_label("This is my own work.").check()
    page.get_by_role("button", name="Yes, submit").click()
    expect(page.get_by_text("It is handed in by itself as soon as it has arrived")).to_be_visible()
    assert_accessible(page)
    held.go()

    expect(page.get_by_role("link", name="Receipt RM-").first).to_be_visible(timeout=ARRIVES_WITHIN)
    expect(page.get_by_role("heading", name="Send another attempt")).to_be_visible()
    wait_for(page, lambda: demo.score(link, "6").get("activity") == "Submitted", "the status in the gradebook")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Taken back")).to_be_visible()
    assert_accessible(page)


def test_paused_upload_goes_on_and_leaves_no_trace_in_what_is_sent(
    page: Page, demo: Demo, link: int, large: Path
) -> None:
    held = send(page, demo, link, "7", large)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # the page looks what is new
    unfinished = page.locator("[data-live=unfinished] .unfinished")
    expect(unfinished).to_be_attached()
    expect(unfinished, "it would offer to give up what is just being sent").to_be_hidden()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-upload=stage]")).to_contain_text("Paused")
    expect(page.get_by_role("button", name="Go on")).to_be_focused()
    assert_accessible(page)
    held.go()
    page.get_by_role("button", name="Go on").click()

    expect(page.get_by_role("heading", name="Check your video")).to_be_visible(timeout=ARRIVES_WITHIN)
    assert sorted(held.sent) == [1, 2, 3, 4, 5]


def test_giving_up_is_asked_about_and_then_nothing_is_left(page: Page, demo: Demo, link: int, large: Path) -> None:
    send(page, demo, link, "8", large)
    page.get_by_role("button", name="Cancel").click()
    assert_accessible(page)
    page.get_by_role("button", name="Keep going").click()
    expect(page.locator("[data-upload=stage]")).to_contain_text("Uploading")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Give it up").click()

    expect(page.get_by_label("Choose a video")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Send your video")).to_be_visible()
    expect(page.get_by_text("is not all here yet")).to_have_count(0)


def test_page_that_is_opened_again_says_how_to_go_on(page: Page, demo: Demo, link: int, large: Path) -> None:
    held = send(page, demo, link, "9", large)
    open_as(page, demo, link, "9")
    expect(page.get_by_text("is not all here yet")).to_contain_text("60 %")
    assert_accessible(page)
    held.go()
    page.locator("input[type=file]").set_input_files(demo.sample)
    expect(page.get_by_role("heading", name="This is another file")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Choose again").click()
    page.locator("input[type=file]").set_input_files(large)

    expect(page.get_by_role("heading", name="Check your video")).to_be_visible(timeout=ARRIVES_WITHIN)
    expect(page.get_by_text("is not all here yet")).to_have_count(0)


def test_upload_that_is_all_there_is_finished_by_opening_the_page(
    page: Page, demo: Demo, link: int, large: Path
) -> None:
    """Its browser died between the last part and saying so."""
    page.unroute_all()  # an interceptor would have to let 40 MB through
    dying = page.context.new_page()
    dying.add_init_script(_CANNOT_SAY_DONE)
    open_as(dying, demo, link, "11")
    dying.locator("input[type=file]").set_input_files(large)
    expect(dying.locator("[data-upload=stage]")).to_contain_text("trying again", timeout=ARRIVES_WITHIN)
    dying.close()
    open_as(page, demo, link, "11")

    expect(page.get_by_role("heading", name="Check your video")).to_be_visible(timeout=ARRIVES_WITHIN)
