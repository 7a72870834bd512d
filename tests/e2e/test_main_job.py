"""The main job in a real browser: a cross-site frame, third-party cookies blocked, twice.

Once as `make demo` runs it (SQLite, files as broker), once on PostgreSQL, Redis and the same real worker.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import BrowserContext, Frame, FrameLocator, Page, Playwright, expect

from tests import services
from tests.e2e import demo_run
from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, ASSISTANT, BEN, TEACHER, hand_in, launch, set_up, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]

ARRIVES_WITHIN = 150_000  # ms: longer than a connection that says nothing is waited for (uppy-run.ts)


@pytest.fixture(scope="module")
def in_production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """With the database and the queue that an installation has."""
    with (
        services.postgres() as database_url,
        services.redis() as redis_url,
        demo_run.running(tmp_path_factory.mktemp("demo"), database_url=database_url, redis_url=redis_url) as run,
    ):
        yield run


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[BrowserContext]:
    with private_window(playwright) as context:
        yield context


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    opened = browser.new_page()
    yield opened
    opened.close()


@pytest.fixture
def activity(demo: Demo) -> int:
    """An activity that nobody has opened."""
    return demo.add_activity("Interview")


@pytest.fixture
def assignment(page: Page, demo: Demo, activity: int) -> int:
    """An activity that the teacher has set up."""
    demo.set_up(activity)
    return activity


def tool_frame(page: Page, demo: Demo) -> Frame:
    return next(frame for frame in page.frames if frame.url.startswith(demo.tool))


def plays(frame: FrameLocator) -> None:
    """The video's pictures arrive by the signed address, and its clock moves."""
    video = frame.locator("video").first
    expect(video).to_have_js_property("videoWidth", 640, timeout=ARRIVES_WITHIN)
    frame.locator(".vjs-big-play-button").first.click()
    expect(frame.locator(".vjs-has-started").first).to_be_visible()
    expect(frame.locator(".vjs-current-time-display").first).not_to_have_text("0:00", timeout=ARRIVES_WITHIN)


def test_the_main_job(page: Page, demo: Demo, activity: int) -> None:
    the_main_job(page, demo, activity)


def test_the_main_job_on_postgresql_and_redis(page: Page, in_production: Demo) -> None:
    the_main_job(page, in_production, in_production.add_activity("Interview"))


def the_main_job(page: Page, demo: Demo, activity: int) -> None:
    # The frame is third-party, and the browser means it.
    early = launch(page, demo, ANA, activity)
    expect(early.get_by_role("heading", name="not set up yet")).to_be_visible()
    assert tool_frame(page, demo).evaluate("document.body.dataset.role") == "student"
    assert tool_frame(page, demo).evaluate("document.hasStorageAccess()") is False

    set_up(page, demo, activity)

    student = launch(page, demo, ANA, activity)
    receipt = hand_in(student, demo)
    teacher = launch(page, demo, TEACHER, activity)
    # The label changes when the worker has sent the status; the roster comes by the worker too.
    row = teacher.get_by_role("row", name="Ana García")

    def arrived() -> bool:
        teacher.get_by_role("link", name="All", exact=False).first.click()
        table = teacher.locator("table").inner_text()
        return "Moodle knows" in row.inner_text() and "Lina Øst" in table

    wait_for(page, arrived, "the status and the roster")
    sent = demo.score(activity, ANA)
    assert (sent["activity"], sent["grading"], sent["grade"]) == ("Submitted", "PendingManual", None)
    assert receipt in str(sent["comment"])

    row.get_by_role("link", name="Mark").click()
    teacher.locator("[data-feedback][data-ready]").wait_for()
    plays(teacher)
    teacher.get_by_role("spinbutton", name="Points", exact=True).fill("87.5")
    teacher.get_by_role("textbox", name="Feedback").fill("Well told. Mind the sound.")
    teacher.get_by_role("button", name="Save", exact=False).first.click()
    expect(teacher.get_by_text("Saved the mark of Ana García")).to_be_visible()
    wait_for(page, lambda: demo.score(activity, ANA).get("grading") == "FullyGraded", "the grade in the gradebook")
    assert (demo.score(activity, ANA)["grade"], demo.score(activity, ANA)["comment"]) == (
        87.5,
        "Well told. Mind the sound.",
    )

    student = launch(page, demo, ANA, activity)
    expect(student.get_by_text("87.5")).to_be_visible()
    expect(student.get_by_text("Well told. Mind the sound.")).to_be_visible()
    expect(student.get_by_text("In Moodle's gradebook")).to_be_visible()
    page.goto(f"{demo.lms}/gradebook")
    expect(page.get_by_role("row", name="Ana García").get_by_text("87.5").first).to_be_visible()


def test_two_launches_in_one_browser_stay_apart(browser: BrowserContext, demo: Demo, assignment: int) -> None:
    first, second = browser.new_page(), browser.new_page()
    launch(first, demo, TEACHER, assignment)
    launch(second, demo, BEN, assignment)

    first.bring_to_front()
    first.frame_locator("iframe").get_by_role("link", name="Settings").click()
    expect(first.frame_locator("iframe").get_by_role("heading", name="Settings")).to_be_visible()
    assert tool_frame(first, demo).evaluate("document.body.dataset.role") == "teacher"
    assert tool_frame(second, demo).evaluate("document.body.dataset.role") == "student"
    for page in (first, second):
        page.close()


def test_the_whole_window_works_though_the_frames_cookie_is_not_there(
    page: Page, browser: BrowserContext, demo: Demo, assignment: int
) -> None:
    teacher = launch(page, demo, TEACHER, assignment)
    teacher.get_by_role("link", name="Settings").click()
    teacher.get_by_role("heading", name="Settings").wait_for()
    with browser.expect_page() as opened:
        teacher.get_by_role("button", name="Full window").click()

    window = opened.value
    expect(window.get_by_role("heading", name="Settings")).to_be_visible()
    assert window.url.startswith(f"{demo.tool}/l/")
    window.get_by_role("button", name="Save").click()
    expect(window.get_by_text("Saved.")).to_be_visible()
    window.close()


def test_wrong_files_are_refused_before_they_are_sent(page: Page, demo: Demo, assignment: int, tmp_path: Path) -> None:
    student = launch(page, demo, BEN, assignment)
    for name, content, words in (("notes.pdf", b"%PDF", "not a video"), ("empty.mp4", b"", "empty")):
        (tmp_path / name).write_bytes(content)
        student.locator("input[type=file]").set_input_files(tmp_path / name)
        expect(student.get_by_role("alert")).to_contain_text(words)


def test_a_page_called_mp4_is_refused_when_it_is_looked_at(
    page: Page, demo: Demo, assignment: int, tmp_path: Path
) -> None:
    student = launch(page, demo, BEN, assignment)
    (tmp_path / "trick.mp4").write_bytes(b"<html><script>alert(1)</script></html>" * 100)
    student.locator("input[type=file]").set_input_files(tmp_path / "trick.mp4")

    expect(student.get_by_role("alert")).to_contain_text("does not begin like a video")
    # And the next file goes through.
    hand_in(launch(page, demo, BEN, assignment), demo)


def test_an_upload_goes_on_when_the_connection_comes_back(page: Page, demo: Demo, assignment: int) -> None:
    student = launch(page, demo, "8", assignment)
    student.get_by_role("heading", name="Send your video").wait_for()
    broken = 0

    def break_twice(route: object) -> None:
        nonlocal broken
        broken += 1
        route.abort("connectionreset") if broken <= 2 else route.continue_()  # type: ignore[attr-defined]

    page.route("**/reelmark-demo", break_twice)
    student.locator("input[type=file]").set_input_files(demo.sample)

    expect(student.locator("[data-upload=stage]")).to_contain_text("trying again by itself")
    expect(student.get_by_role("heading", name="Check your video")).to_be_visible(timeout=ARRIVES_WITHIN)
    assert broken == 3


def test_a_grade_waits_for_a_platform_that_is_down(page: Page, demo: Demo, assignment: int) -> None:
    hand_in(launch(page, demo, "9", assignment), demo)
    requests.post(f"{demo.lms}/pause", data={"paused": "1"}, timeout=10)
    teacher = launch(page, demo, TEACHER, assignment)
    teacher.get_by_role("row", name="Dmitri").get_by_role("link", name="Mark").click()
    teacher.get_by_role("spinbutton", name="Points", exact=True).fill("60")
    teacher.get_by_role("button", name="Save", exact=False).first.click()

    def told() -> bool:
        row = launch(page, demo, TEACHER, assignment).get_by_role("row", name="Dmitri")
        return "Moodle is not reachable" in row.inner_text()

    wait_for(page, told, "the word that the LMS is down")
    requests.post(f"{demo.lms}/pause", data={"paused": "0"}, timeout=10)
    wait_for(page, lambda: demo.score(assignment, "9").get("grade") == 60, "the grade's arrival")


def test_the_assistant_marks_but_does_not_set_up(page: Page, demo: Demo, assignment: int) -> None:
    hand_in(launch(page, demo, BEN, assignment), demo)
    assistant = launch(page, demo, ASSISTANT, assignment)

    expect(assistant.get_by_role("link", name="Mark Ben Smith & Sons")).to_be_visible()
    expect(assistant.get_by_role("link", name="Settings")).to_have_count(0)


def test_an_activity_without_a_grade_column_gets_one(page: Page, demo: Demo) -> None:
    """The launch has no line item, so the tool makes it, as its scope allows."""
    link = demo.add_activity("Practice", graded=False)
    set_up(page, demo, link)
    hand_in(launch(page, demo, ANA, link), demo)

    wait_for(page, lambda: demo.score(link, ANA).get("grading") == "PendingManual", "the new column")
