"""Registration by one address, Deep Linking, submission review and copies of courses, all in a third-party frame."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests
from playwright.sync_api import BrowserContext, Frame, FrameLocator, Page, Playwright, Route, expect

from demo.lms.schema import FIRST_COURSE
from tests.e2e import demo_run
from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ADMIN, ANA, BEN, TEACHER, hand_in, launch, select_content, set_up, wait_for
from tests.e2e.test_accessibility import assert_accessible

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]

EVA = "10"  # with the longest name
REGISTERED = "Moodle and Reelmark know each other"
NOTHING_YET = re.compile("has not handed in anything yet")
SIDEWAYS = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


@pytest.fixture
def new_demo(tmp_path: Path) -> Iterator[Demo]:
    """One of its own, for what changes how the LMS and the tool know each other."""
    with demo_run.running(tmp_path) as run:
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


@pytest.fixture(params=[(766, 575), (390, 844)], ids=["Moodle's dialog", "phone"])
def sized_page(page: Page, request: pytest.FixtureRequest) -> Page:
    width, height = request.param
    page.set_viewport_size({"width": width, "height": height})
    return page


# Moodle shows the frame of Select content when it has loaded, and not before.
HIDDEN_UNTIL_LOADED = """addEventListener("DOMContentLoaded", () => {
  const frame = document.querySelector("iframe")
  if (!frame) return
  frame.style.display = "none"
  frame.addEventListener("load", () => { frame.style.display = "" })
})"""


def test_a_frame_that_is_hidden_until_it_has_loaded_loads(page: Page, demo: Demo) -> None:
    def late(route: Route) -> None:
        page.wait_for_timeout(300)  # as over a network: what comes at once hides what a page waits for
        route.continue_()

    page.add_init_script(HIDDEN_UNTIL_LOADED)
    page.route("**/*.svg", late)
    select_content(page, demo)


# --- registration -------------------------------------------------------------------------------------------------


def invitation(demo: Demo) -> str:
    return demo.manage("invite_platform").strip()


def register(page: Page, demo: Demo, address: str) -> FrameLocator:
    """Ada pastes the address; the tool's page, in the LMS's frame."""
    page.goto(f"{demo.lms}/tools")
    page.get_by_label("Registration address of a tool").fill(address)
    page.get_by_role("button", name="Register").click()
    return page.frame_locator("iframe")


def registration_address(demo: Demo) -> str:
    """What the LMS opens for a new invitation."""
    framed = requests.post(f"{demo.lms}/tools/register", data={"url": invitation(demo)}, timeout=10).text
    found = re.search(r'src="([^"]+)"', framed)
    assert found
    return found[1].replace("&amp;", "&")


def tool_frame(page: Page, demo: Demo) -> Frame:
    return next(frame for frame in page.frames if frame.url.startswith(demo.tool))


def test_a_pasted_address_registers_the_tool(page: Page, new_demo: Demo) -> None:
    address = invitation(new_demo)
    tool = register(page, new_demo, address)
    expect(tool.get_by_role("heading", name=REGISTERED)).to_be_visible()
    expect(tool.get_by_role("list")).to_contain_text("Activate")
    assert_accessible(tool_frame(page, new_demo))

    tool.get_by_role("button", name="Close").click()
    page.wait_for_url(f"{new_demo.lms}/tools")
    row = page.get_by_role("row", name=re.compile("^Reelmark"))
    expect(row).to_contain_text("pending")
    row.get_by_role("button", name="Activate Reelmark").click()
    expect(row).to_contain_text("active")
    expect(row.get_by_role("button")).to_have_count(0)

    link = new_demo.add_activity("Interview")
    set_up(page, new_demo, link)
    hand_in(launch(page, new_demo, ANA, link), new_demo)
    wait_for(page, lambda: new_demo.score(link, ANA).get("activity") == "Submitted", "the status, by granted scopes")

    again = register(page, new_demo, address)
    expect(again.get_by_text("was used already")).to_be_visible()
    assert_accessible(tool_frame(page, new_demo))
    renewed = register(page, new_demo, invitation(new_demo))
    expect(renewed.get_by_text("It was in use before")).to_be_visible()
    assert_accessible(tool_frame(page, new_demo))


def test_an_address_that_is_over_or_unknown_registers_nothing(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.lms}/tools")
    before = page.get_by_role("table").inner_text()
    address = invitation(demo)
    with closing(sqlite3.connect(demo.folder / "reelmark.sqlite3")) as tables, tables:
        tables.execute("UPDATE lti_tool_invitation SET expires_at = '2020-01-01 00:00:00' WHERE used_at IS NULL")
    for bad, words in ((address, "has expired"), (f"{address}x", "is not known"), (address[:-5], "is not known")):
        tool = register(page, demo, bad)
        expect(tool.get_by_role("heading", name="Reelmark was not registered")).to_be_visible()
        expect(tool.get_by_text(words)).to_be_visible()
        expect(tool.get_by_text("What to do:")).to_be_visible()

    page.goto(f"{demo.lms}/tools")
    assert page.get_by_role("table").inner_text() == before


def test_opening_the_address_by_itself_uses_nothing_up(sized_page: Page, demo: Demo) -> None:
    address = invitation(demo)
    for _ in range(2):
        sized_page.goto(address)
        expect(sized_page.get_by_text("Opening it here has used nothing up")).to_be_visible()
        expect(sized_page.locator("#invitation")).to_have_text(address)
    assert_fits(sized_page)


def test_the_values_for_registering_by_hand(sized_page: Page, demo: Demo) -> None:
    sized_page.goto(f"{demo.tool}/lti/register/by-hand/")
    expect(sized_page.locator("#v-login")).to_have_text(f"{demo.tool}/lti/login/")
    sized_page.get_by_label("What to call this Moodle").fill("O'Hara's Moodle")
    sized_page.get_by_label("Platform ID").fill("https://moodle.example.org")
    expect(sized_page.locator("#command")).to_contain_text(
        "register_platform --name 'O'\\''Hara'\\''s Moodle' --issuer https://moodle.example.org --client-id …"
    )
    assert_fits(sized_page)


def test_the_page_while_it_registers(page: Page, demo: Demo) -> None:
    """An answer without content leaves it there."""
    page.route(
        "**/lti/register/?*",
        lambda route: route.fulfill(status=204) if route.request.method == "POST" else route.continue_(),
    )
    page.goto(registration_address(demo), wait_until="commit")
    expect(page.get_by_role("heading", name="Registering Reelmark")).to_be_visible()
    assert_fits(page)


def test_the_registered_page_in_a_window(sized_page: Page, demo: Demo) -> None:
    """Some platforms open it so."""
    sized_page.goto(registration_address(demo))
    expect(sized_page.get_by_role("heading", name=REGISTERED)).to_be_visible()
    assert_fits(sized_page)


# --- Deep Linking -------------------------------------------------------------------------------------------------


def titles(page: Page, demo: Demo, course: int = FIRST_COURSE) -> list[str]:
    page.goto(f"{demo.lms}/?course={course}")
    return page.get_by_role("navigation", name="Activities").get_by_role("link").all_inner_texts()


def link_of(page: Page, title: str) -> int:
    """The activity's id, on the course page."""
    tab = page.get_by_role("navigation", name="Activities").get_by_role("link", name=title, exact=True).last
    return int((tab.get_attribute("href") or "").rpartition("=")[2])


def add(page: Page, demo: Demo, title: str, *, points: str = "40", more: str = "") -> int:
    """Select content as Tara, with these settings; the new activity's id."""
    form = select_content(page, demo, more=more)
    form.get_by_label("Title").fill(title)
    form.get_by_role("spinbutton", name="Points", exact=True).fill(points)
    form.get_by_role("button", name="Add to Moodle").click()
    page.wait_for_url(f"{demo.lms}/?course={FIRST_COURSE}")
    return link_of(page, title)


def has_column(page: Page, demo: Demo, title: str, points: str, course: int = FIRST_COURSE) -> None:
    page.goto(f"{demo.lms}/gradebook?course={course}")
    expect(page.get_by_role("columnheader", name=re.compile(rf"^{re.escape(title)} of {points} "))).to_be_visible()


def ready(form: FrameLocator, title: str) -> None:
    form.get_by_label("Title").fill(title)
    form.get_by_role("button", name="Save, and set up another").click()
    expect(form.get_by_text(f"“{title}” is ready.")).to_be_visible()


def test_what_a_teacher_selects_becomes_an_activity_with_a_grade_column(page: Page, demo: Demo) -> None:
    form = select_content(page, demo)
    form.get_by_label("Title").fill("Portrait of a neighbour")
    form.get_by_label("Instructions").fill("Two minutes, no music.")
    form.get_by_role("spinbutton", name="Points", exact=True).fill("40")
    form.get_by_label("Due").fill("2030-05-31T17:00")
    form.get_by_role("button", name="Add to Moodle").click()
    page.wait_for_url(f"{demo.lms}/?course={FIRST_COURSE}")
    link = link_of(page, "Portrait of a neighbour")
    has_column(page, demo, "Portrait of a neighbour", "40")

    student = launch(page, demo, ANA, link)  # the first to open it binds it
    expect(student.get_by_role("heading", name="Portrait of a neighbour")).to_be_visible()
    expect(student.get_by_text("Two minutes, no music.")).to_be_visible()
    facts = student.locator(".facts")
    expect(facts).to_contain_text("40")
    expect(facts.locator("time")).to_contain_text("2030")
    hand_in(student, demo)
    teacher = launch(page, demo, TEACHER, link)
    expect(teacher.locator(".top-title")).to_have_text("Portrait of a neighbour")
    expect(teacher.get_by_role("link", name="Mark Ana")).to_be_visible()
    wait_for(page, lambda: demo.score(link, ANA).get("activity") == "Submitted", "the status in the selected column")


def test_points_that_moodle_makes_no_column_of_are_refused(page: Page, demo: Demo) -> None:
    before = titles(page, demo)
    form = select_content(page, demo)
    form.get_by_label("Title").fill("Half a point")
    for points, words in (("12.5", "A whole number from 1 to 100."), ("0", "At least 1 point"), ("101", "At most 100")):
        form.get_by_role("spinbutton", name="Points", exact=True).fill(points)
        form.get_by_role("button", name="Add to Moodle").click()
        expect(form.locator(".error-text")).to_contain_text(words)
        expect(form.get_by_role("alert")).to_contain_text("Nothing was saved yet")
        expect(form.get_by_label("Title")).to_have_value("Half a point")
        expect(form.get_by_role("spinbutton", name="Points", exact=True)).to_have_value(points)
    assert titles(page, demo) == before


def test_several_at_once_less_one(page: Page, demo: Demo) -> None:
    before = titles(page, demo)
    form = select_content(page, demo)
    for title in ("Sound walk", "Mistake", "Time lapse"):
        ready(form, title)
    expect(form.get_by_role("heading", name="3 assignments ready to add")).to_be_visible()
    form.get_by_role("button", name="Remove Mistake").click()
    expect(form.get_by_text("“Mistake” was removed.")).to_be_visible()
    form.get_by_role("button", name="Add these to Moodle").click()
    page.wait_for_url(f"{demo.lms}/?course={FIRST_COURSE}")

    assert titles(page, demo) == [*before, "Sound walk", "Time lapse"]
    has_column(page, demo, "Time lapse", "100")


def test_the_last_one_goes_along_with_those_that_are_ready(page: Page, demo: Demo) -> None:
    before = titles(page, demo)
    form = select_content(page, demo)
    ready(form, "First draft")
    form.get_by_label("Title").fill("Second draft")
    form.get_by_role("button", name="Save this one, and add all to Moodle").click()
    page.wait_for_url(f"{demo.lms}/?course={FIRST_COURSE}")

    assert titles(page, demo) == [*before, "First draft", "Second draft"]


def test_a_new_one_begins_from_an_earlier_one(page: Page, demo: Demo) -> None:
    add(page, demo, "Street interview", points="35")
    form = select_content(page, demo)
    earlier = form.get_by_label("Begin from one of your earlier assignments")
    earlier.select_option(label=earlier.locator("option", has_text="Street interview").first.inner_text())
    form.get_by_role("button", name="Use its settings").click()
    expect(form.get_by_text("The settings below are those of that assignment.")).to_be_visible()
    expect(form.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("35")
    form.get_by_label("Title").fill("Street interview, again")
    form.get_by_role("button", name="Add to Moodle").click()
    page.wait_for_url(f"{demo.lms}/?course={FIRST_COURSE}")

    has_column(page, demo, "Street interview, again", "35")


def test_cancel_closes_the_dialog_and_makes_nothing(page: Page, demo: Demo) -> None:
    before = titles(page, demo)
    form = select_content(page, demo)
    ready(form, "Never mind")
    form.get_by_role("button", name="Cancel").click()
    page.wait_for_url(f"{demo.lms}/?course={FIRST_COURSE}")

    assert titles(page, demo) == before


def test_the_platforms_own_data_comes_back(page: Page, demo: Demo) -> None:
    """The LMS refuses an answer without it."""
    assert add(page, demo, "With data", more="&data=1")


def test_a_platform_that_wants_one_is_offered_one(page: Page, demo: Demo) -> None:
    form = select_content(page, demo, more="&single=1")
    expect(form.get_by_role("button", name="another")).to_have_count(0)
    form.get_by_label("Title").fill("The only one")
    form.get_by_role("button", name="Add to Moodle").click()
    page.wait_for_url(f"{demo.lms}/?course={FIRST_COURSE}")

    assert "The only one" in titles(page, demo)


# --- submission review, course copies, roles ----------------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """An activity that Ana and Ben have handed in for; nothing is marked."""

    link: int
    title: str
    anas_receipt: str
    bens_receipt: str


@pytest.fixture(scope="module")
def work(browser: BrowserContext, demo: Demo) -> Work:
    page = browser.new_page()
    link = add(page, demo, "Documentary", points="30")
    receipts = [hand_in(launch(page, demo, person, link), demo) for person in (ANA, BEN)]
    # A teacher's launch has the course list read, which knows of those who have not come yet.
    listed = lambda: "Chloé" in launch(page, demo, TEACHER, link).locator("main").inner_text()  # noqa: E731
    wait_for(page, listed, "the course list")
    page.close()
    return Work(link, "Documentary", *receipts)


def review(page: Page, demo: Demo, viewer: str, name: str) -> FrameLocator:
    """Follow the gradebook's link to somebody's work as a viewer."""
    page.goto(f"{demo.lms}/gradebook")
    page.get_by_label("Look as").select_option(viewer)
    page.get_by_role("button", name="Look", exact=True).click()
    page.get_by_role("link", name=name).click()
    return page.frame_locator("iframe")


def test_the_gradebook_leads_a_teacher_to_that_students_work(page: Page, demo: Demo, work: Work) -> None:
    room = review(page, demo, TEACHER, f"Review Ana García, {work.title}")
    expect(room.get_by_role("heading", name="Ana García")).to_be_visible()
    expect(room.get_by_role("spinbutton", name="Points", exact=True)).to_be_visible()
    assert "/submissions/" in tool_frame(page, demo).url

    nothing = review(page, demo, TEACHER, f"Review Chloé Dubois, {work.title}")
    expect(nothing.get_by_role("heading")).to_have_text(NOTHING_YET)


def test_the_gradebook_shows_a_student_nobody_elses_work(page: Page, demo: Demo, work: Work) -> None:
    own = review(page, demo, BEN, f"Review Ana García, {work.title}")
    expect(own.get_by_text(work.bens_receipt)).to_be_visible()
    expect(own.locator(".who")).to_contain_text("Ben Smith & Sons")
    shown = tool_frame(page, demo).content()
    assert "Ana" not in shown
    assert work.anas_receipt not in shown

    anas = review(page, demo, ANA, f"Review Ana García, {work.title}")
    expect(anas.get_by_text(work.anas_receipt)).to_be_visible()


def test_a_copied_course_has_the_settings_and_nobodys_work(page: Page, demo: Demo, work: Work) -> None:
    page.goto(demo.lms)
    page.get_by_role("button", name="Copy this course").click()
    page.wait_for_url(re.compile(rf"/\?course=(?!{FIRST_COURSE}$)\d+"))
    course = int(page.url.rpartition("=")[2])
    copied = link_of(page, work.title)
    has_column(page, demo, work.title, "30", course)

    teacher = launch(page, demo, TEACHER, copied)
    expect(teacher.get_by_text("This is a copy")).to_contain_text(f"“{work.title}”")
    expect(teacher.get_by_role("link", name="0 To mark")).to_be_visible()
    expect(teacher.get_by_role("link", name=re.compile("^(Mark|Open) "))).to_have_count(0)
    teacher.get_by_role("link", name="Settings").click()
    expect(teacher.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("30")
    again = launch(page, demo, TEACHER, copied)
    again.get_by_role("heading", name="Students and their videos").wait_for()
    expect(again.get_by_text("This is a copy")).to_have_count(0)
    student = launch(page, demo, ANA, copied)
    expect(student.get_by_role("heading", name="Send your video")).to_be_visible()

    original = launch(page, demo, TEACHER, work.link)
    expect(original.get_by_role("link", name="Mark Ana")).to_be_visible()
    expect(original.get_by_role("link", name="2 To mark")).to_be_visible()


def test_an_administrator_opens_what_a_teacher_made(page: Page, demo: Demo, work: Work) -> None:
    ada = launch(page, demo, ADMIN, work.link)
    expect(ada.locator(".who")).to_have_text(re.compile(r"Ada Admin\s+Admin"))
    assert tool_frame(page, demo).evaluate("document.body.dataset.role") == "admin"
    expect(ada.get_by_role("link", name="Mark Ben")).to_be_visible()
    expect(ada.get_by_role("link", name="Settings")).to_be_visible()


# --- how the pages look to everybody ------------------------------------------------------------------------------


def assert_fits(page: Page) -> None:
    """In the whole window: nothing for axe, nothing to scroll sideways for."""
    assert_accessible(page)
    assert page.evaluate(SIDEWAYS) == 0


def without_frame(page: Page, path: str) -> None:
    """Follow one of the LMS's launches in the window itself."""

    def unframed(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace('target="tool"', ""))

    page.route(path, unframed)
    page.goto(path)
    page.locator("body[data-role]").wait_for()


def wrong(page: Page) -> None:
    page.get_by_label("Title").fill("")
    page.get_by_role("spinbutton", name="Points", exact=True).fill("12.5")
    page.get_by_label("Due").fill("2030-05-31T17:00")
    page.get_by_label("Opens").fill("2031-05-31T17:00")
    page.get_by_role("button", name="Add to Moodle").click()
    expect(page.locator(".error-text")).to_have_count(3)


def two_ready(page: Page) -> None:
    for title in ("Interview with a person of your choice about something that matters to both of you", "Portrait"):
        page.get_by_label("Title").fill(title)
        page.get_by_label("Due").fill("2030-05-31T17:00")
        page.get_by_role("button", name="Save, and set up another").click()
        expect(page.get_by_text("is ready.")).to_contain_text(title)


def two_ready_looked_at_again(page: Page) -> None:
    two_ready(page)
    page.reload()
    expect(page.get_by_role("button", name="Add these to Moodle")).to_be_visible()


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda page: None, id="empty"),
        pytest.param(wrong, id="errors"),
        pytest.param(two_ready_looked_at_again, id="two ready"),
        pytest.param(two_ready, id="two ready, and told so"),
    ],
)
def test_the_form_of_deep_linking_fits(sized_page: Page, demo: Demo, act: Callable[[Page], None]) -> None:
    without_frame(sized_page, f"{demo.lms}/select/{TEACHER}?course={FIRST_COURSE}")
    act(sized_page)

    assert_fits(sized_page)


def test_what_has_the_focus_is_not_behind_the_buttons(page: Page, demo: Demo) -> None:
    """In Moodle's dialog on a phone."""
    page.set_viewport_size({"width": 358, "height": 575})
    without_frame(page, f"{demo.lms}/select/{TEACHER}?course={FIRST_COURSE}")
    page.get_by_label("Title").focus()
    for _ in range(5):
        page.keyboard.press("Tab")
        field, buttons = page.evaluate(
            "[document.activeElement, document.querySelector('.sticky')].map(one => one.getBoundingClientRect().top)"
        )
        assert field < buttons, page.evaluate("document.activeElement.name")


def test_a_copy_button_keeps_its_icon(page: Page, demo: Demo) -> None:
    page.goto(invitation(demo))
    button = page.get_by_role("button", name="Copy")
    expect(button.locator(".icon")).to_have_count(1)
    button.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    expect(button).to_have_text("Copy")
    expect(button.locator(".icon")).to_have_count(1, timeout=1)


def test_a_form_is_in_the_middle_of_a_wide_page(page: Page, demo: Demo) -> None:
    without_frame(page, f"{demo.lms}/select/{TEACHER}?course={FIRST_COURSE}")
    left, right = page.locator("form.card[data-zone]").evaluate(
        "form => [form.getBoundingClientRect().left, innerWidth - form.getBoundingClientRect().right]"
    )
    assert left == pytest.approx(right, abs=1)


def test_the_buttons_stay_inside_their_card_on_a_phone(page: Page, demo: Demo) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    without_frame(page, f"{demo.lms}/select/{TEACHER}?course={FIRST_COURSE}")
    card, buttons = page.evaluate(
        "['form.card[data-zone]', '.sticky'].map(one => document.querySelector(one).getBoundingClientRect().left)"
    )
    assert buttons >= card


def test_every_check_is_tried_and_says_what_it_found(sized_page: Page, demo: Demo, work: Work) -> None:
    without_frame(sized_page, f"{demo.lms}/open/{work.link}/{ADMIN}")
    sized_page.get_by_role("link", name="Check").click()

    expect(sized_page.locator(".check.good, .check.warning")).to_have_count(6, timeout=30_000)
    grade = sized_page.locator(".check", has_text="A grade, there and back")
    expect(grade).to_contain_text("Makes a test column")
    for button in ("Try A grade", "Retry A grade"):
        grade.get_by_role("button", name=button).click()
        expect(grade).to_contain_text("a grade sent, read back, and the column deleted again.")
    assert_fits(sized_page)


def test_the_review_of_nothing_fits(sized_page: Page, demo: Demo, work: Work) -> None:
    launch(sized_page, demo, EVA, work.link)
    without_frame(sized_page, f"{demo.lms}/review/{work.link}/{TEACHER}/{EVA}")

    expect(sized_page.get_by_role("heading")).to_have_text(NOTHING_YET)
    assert_fits(sized_page)


def test_a_frame_without_its_cookie_offers_a_window(sized_page: Page, browser: BrowserContext, demo: Demo) -> None:
    link = demo.add_activity("Interview")

    def lose_the_cookie(route: Route) -> None:
        browser.clear_cookies()
        route.continue_()

    sized_page.route("**/lti/launch/", lose_the_cookie)
    sized_page.goto(f"{demo.lms}/open/{link}/{TEACHER}")
    again = sized_page.frame_locator("iframe").get_by_role("link", name="Open in a new window")
    expect(again).to_have_attribute("target", "_blank")
    frame = tool_frame(sized_page, demo)
    assert urljoin(frame.url, again.get_attribute("href")).startswith(f"{demo.tool}/lti/login/?")
    assert_accessible(frame)
    assert frame.evaluate(SIDEWAYS) == 0
