"""The other engine: Firefox as shipped gives the frame cookies of its own; without cookies there is a page to read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import demo_run
from tests.e2e.demo_run import Demo
from tests.e2e.firefox import ALL_COOKIES_BLOCKED, DEFAULT, Page, firefox, program, wait_until
from tests.e2e.people import ANA, TEACHER

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Firefox ESR is not installed")]

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_run.running(tmp_path_factory.mktemp("demo")) as run:
        yield run


@pytest.fixture
def page() -> Iterator[Page]:
    with firefox(DEFAULT) as page:
        yield page


@pytest.fixture
def activity(demo: Demo) -> int:
    """An activity that nobody has opened."""
    return demo.add_activity("Interview")


def launch(page: Page, demo: Demo, person: str, link: int) -> None:
    """Open the activity as somebody; the tool's frame is then the current one."""
    page.goto(f"{demo.lms}/open/{link}/{person}")
    page.frame("iframe[name=tool]")
    page.find("body[data-role]")


def set_up(page: Page, demo: Demo, link: int) -> None:
    launch(page, demo, TEACHER, link)
    page.press("Save")
    page.sees("Students can now hand in")


def partitions(page: Page) -> dict[str, set[str]]:
    kept: dict[str, set[str]] = {}
    for cookie in page.cookies():
        kept.setdefault(cookie["name"], set()).add(cookie["partition"])
    return kept


def test_a_teacher_sets_up_and_sees_the_roster(page: Page, demo: Demo, activity: int, tmp_path: Path) -> None:
    page.goto(f"{demo.lms}/?link={activity}")
    page.press("Tara Teacher")
    page.frame("iframe[name=tool]")
    page.sees("press Save")
    assert page.url.startswith(f"{demo.tool}/l/")
    assert page.status == 200
    assert page.evaluate("document.hasStorageAccess()") is False, "the frame is third-party, and the browser means it"
    page.press("Save")
    page.sees("Students can now hand in")

    def arrived() -> bool:
        page.click(".counters a")  # the list comes by the worker
        return "Lina Øst" in page.text

    wait_until(arrived, "the roster")
    assert "Ana García" in page.text
    assert partitions(page) == {"launch": {"(http,127.0.0.1)"}, "csrftoken": {"(http,127.0.0.1)"}}
    page.screenshot(tmp_path / "roster.png")
    assert (tmp_path / "roster.png").read_bytes().startswith(PNG)
    page.sees("Ana García")  # still in the frame


def test_a_student_hands_in(page: Page, demo: Demo, activity: int) -> None:
    set_up(page, demo, activity)
    launch(page, demo, ANA, activity)
    page.choose_file(demo.sample)
    page.sees("Check your video")
    page.press("Submit video")
    page.press("Yes, submit")
    page.sees("Your video is handed in")


def test_the_whole_window_has_cookies_of_its_own(page: Page, demo: Demo, activity: int) -> None:
    set_up(page, demo, activity)
    page.press("Settings")
    page.find("input[name=title]")
    page.press("Full window")

    frames_window = page.switch_to_new_window()
    page.sees("Settings")
    assert page.url.startswith(f"{demo.tool}/l/")
    assert partitions(page)["launch"] == {"(http,127.0.0.1)", "(http,localhost)"}
    page.fill("input[name=title]", "Portrait")
    page.press("Save")
    page.sees("Portrait")
    page.sees("Saved.")
    page.close_window(frames_window)
    assert page.url.startswith(demo.lms)


def test_without_any_cookie_the_frame_says_what_is_wrong(demo: Demo, activity: int) -> None:
    with firefox(ALL_COOKIES_BLOCKED) as page:
        page.goto(f"{demo.lms}/?link={activity}")
        page.press("Tara Teacher")
        page.frame("iframe[name=tool]")
        page.find("body[data-role='']")

        assert page.url == f"{demo.tool}/lti/launch/"
        assert page.status == 403
        assert "Reelmark" in page.evaluate("document.title")
        assert page.text.strip(), "no blank frame"
        assert page.cookies() == []
