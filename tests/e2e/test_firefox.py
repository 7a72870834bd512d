"""The other engine: Firefox as shipped gives the frame cookies of its own; without cookies there is a page to read."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from demo.lms.site import CLIENT_ID
from tests.e2e import demo_run
from tests.e2e.demo_run import Demo
from tests.e2e.firefox import (
    ALL_COOKIES_BLOCKED,
    DEFAULT,
    THIRD_PARTY_COOKIES_REJECTED,
    Page,
    firefox,
    program,
    wait_until,
)
from tests.e2e.people import ANA, TEACHER
from tests.films import padded

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Firefox ESR is not installed")]

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def like_moodle(tmp_path: Path) -> Iterator[Demo]:
    """A demo that has Moodle's two addresses before the LMS's own, and the tool registered for them."""
    with demo_run.running(tmp_path) as run, moodles_addresses(run) as moodle:
        run.manage(
            "register_platform",
            "--name=Like Moodle",
            f"--issuer={run.lms}",
            f"--client-id={CLIENT_ID}",
            "--deployment-id=1",
            f"--authorization-url={moodle}/mod/lti/auth.php",
            f"--token-url={run.lms}/token",
            f"--jwks-url={run.lms}/jwks",
        )
        yield run


@contextlib.contextmanager
def moodles_addresses(demo: Demo) -> Iterator[str]:
    """auth.php, and launch.php, which anybody who is signed in may open again; both lead on to the LMS."""

    class Moodle(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/mod/lti/auth.php":
                to = f"{demo.lms}/auth?{parts.query}"
            else:
                assert parts.path == "/mod/lti/launch.php"
                to = f"{demo.lms}/open/{parse_qs(parts.query)['id'][0]}/{TEACHER}?window=new"
            self.send_response(302)
            self.send_header("Location", to)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Moodle) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


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


@pytest.mark.parametrize("size", [1, 24], ids=["by a form", "in parts"])
def test_a_student_hands_in(page: Page, demo: Demo, activity: int, tmp_path: Path, size: int) -> None:
    set_up(page, demo, activity)
    launch(page, demo, ANA, activity)
    film = tmp_path / "Interview.mp4"
    film.write_bytes(padded(size * 1024 * 1024))
    page.choose_file(film)
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


def test_without_any_cookie_the_whole_window_says_what_to_allow(demo: Demo, activity: int) -> None:
    with firefox(ALL_COOKIES_BLOCKED) as page:
        page.goto(f"{demo.lms}/open/{activity}/{TEACHER}?window=new")
        page.find("body[data-role='']")

        assert page.status == 403
        page.sees("Allow cookies for localhost")
        assert "Open in a new window" not in page.text, "one more window would end here again"


def test_a_frame_without_cookies_leads_to_the_login_in_a_window(demo: Demo, activity: int) -> None:
    """This LMS takes a login once, so there it ends; a Moodle's is below."""
    with firefox(THIRD_PARTY_COOKIES_REJECTED) as page:
        page.goto(f"{demo.lms}/open/{activity}/{TEACHER}")
        page.frame("iframe[name=tool]")
        page.sees("Open in a new window")
        assert page.status == 403
        assert page.cookies() == []
        page.press("Open in a new window")

        page.switch_to_new_window()
        page.sees("This launch was used already")
        assert page.url.startswith(f"{demo.lms}/auth?")
        assert {cookie["partition"] for cookie in page.cookies()} == {"(http,localhost)"}, "on top it may keep its own"


def test_from_a_moodle_the_window_opens_the_activity(like_moodle: Demo) -> None:
    link = like_moodle.add_activity("Interview")
    with firefox(THIRD_PARTY_COOKIES_REJECTED) as page:
        page.goto(f"{like_moodle.lms}/open/{link}/{TEACHER}")
        page.frame("iframe[name=tool]")
        page.press("Open in a new window")

        left = page.switch_to_new_window()
        page.sees("Set up this assignment")
        assert page.url.startswith(f"{like_moodle.tool}/l/")
        page.press("Save")
        page.sees("Students can now hand in")
        page.close_window(left)
        assert page.url.startswith(like_moodle.lms)
