"""The grading room as a marker meets it: it saves by itself, and loses nothing that was typed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Dialog, Frame, Page, Playwright, expect

from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, ASSISTANT, BEN, TEACHER, launch, wait_for
from tests.e2e.test_accessibility import assert_accessible, open_as, press_to

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]

# What a page sends as it goes away is past Playwright's routes, so the line breaks inside the page.
_BREAKS = """
const answers = window.fetch;
window.fetch = (url, ...rest) =>
  String(url).endsWith("/mark/") && window.name === "broken"
    ? Promise.reject(new TypeError("gone")) : answers(url, ...rest);
"""
LAST = "11"  # after Ana and Ben in the list


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[BrowserContext]:
    with private_window(playwright) as context:
        yield context


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    opened = browser.new_page()
    opened.add_init_script(_BREAKS)
    yield opened
    opened.close()


@pytest.fixture
def framed(playwright: Playwright) -> Iterator[Page]:
    """For the tool in the LMS's frame, where its cookies are a third party's."""
    with private_window(playwright) as context:
        opened = context.new_page()
        opened.add_init_script(_BREAKS)
        yield opened


@pytest.fixture
def link(page: Page, demo: Demo) -> int:
    """An activity with work of Ana, Ben and a third."""
    new = demo.add_activity("Interview")
    demo.set_up(new)
    demo.hand_in(new, ANA, BEN, LAST)
    return new


def room(page: Page, demo: Demo, link: int, name: str = "Ana García", person: str = TEACHER) -> None:
    open_as(page, demo, link, person)
    page.locator("table").get_by_role("link", name=name, exact=True).click()
    in_room(page, name)


def in_room(page: Page, name: str) -> None:
    expect(page.locator("h1")).to_have_text(name)
    page.locator("[data-feedback][data-ready]").wait_for()


def break_line(page: Page | Frame) -> None:
    """Saves get no answer in this tab, from page to page."""
    page.evaluate("window.name = 'broken'")


def mend_line(page: Page) -> None:
    page.evaluate("window.name = ''")


def said(page: Page, words: str) -> None:
    expect(page.locator(".save-state")).to_contain_text(words)


def test_what_is_typed_is_there_after_a_reload(page: Page, demo: Demo, link: int) -> None:
    room(page, demo, link)
    page.get_by_role("spinbutton", name="Points", exact=True).fill("70")
    page.get_by_text("Private note").click()
    page.get_by_label("Private note").fill("Ask Toni.")
    said(page, "Saved ")
    expect(page.locator("span[data-status]")).to_have_text("Marked, not released")
    expect(page.locator(".room-marked")).to_have_text("1 of 3 marked")
    page.reload()

    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("70")
    expect(page.get_by_label("Private note")).to_have_value("Ask Toni.")
    page.locator("[data-feedback][data-ready]").wait_for()
    said(page, "Saved by itself as you go.")  # nothing was typed: nothing is saved
    assert demo.score(link, ANA).get("grade") is None


def test_what_is_typed_in_the_last_moment_is_not_lost(page: Page, demo: Demo, link: int) -> None:
    room(page, demo, link)
    page.get_by_role("spinbutton", name="Points", exact=True).press_sequentially("71")
    page.goto("about:blank")
    room(page, demo, link)

    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("71")


def test_next_saves_and_gives_back_and_the_next_page_says_so(page: Page, demo: Demo, link: int) -> None:
    room(page, demo, link)
    page.get_by_role("spinbutton", name="Points", exact=True).fill("70")
    page.keyboard.press("Tab")
    page.get_by_role("link", name="Next").click()

    in_room(page, "Ben Smith & Sons")
    expect(page.get_by_text("Saved the mark of Ana García.")).to_be_visible()
    expect(page.locator(".room-place")).to_have_text("2 of 3")
    page.get_by_role("link", name="Previous").click()
    in_room(page, "Ana García")
    expect(page.locator("span[data-status]")).to_have_text("Returned")


def test_without_a_connection_nothing_is_lost_by_next_and_back(page: Page, demo: Demo, link: int) -> None:
    room(page, demo, link)
    break_line(page)
    page.get_by_role("spinbutton", name="Points", exact=True).fill("72")
    page.get_by_role("textbox", name="Feedback").fill("Well told.")
    page.get_by_role("link", name="Next").click()
    said(page, "no connection. What you typed is kept on this device; it tries again by itself.")
    page.get_by_role("button", name="Go on anyway").click()
    in_room(page, "Ben Smith & Sons")

    page.get_by_role("link", name="Previous").click()
    in_room(page, "Ana García")
    expect(page.get_by_text("Restored what you had typed")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("72")
    expect(page.get_by_role("textbox", name="Feedback")).to_have_text("Well told.")
    mend_line(page)
    said(page, "Saved ")  # by itself
    page.reload()
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("72")
    expect(page.get_by_text("Restored what you had typed")).to_be_hidden()


def test_what_was_restored_can_be_undone(page: Page, demo: Demo, link: int) -> None:
    room(page, demo, link)
    page.get_by_role("spinbutton", name="Points", exact=True).fill("50")
    said(page, "Saved ")
    break_line(page)
    page.get_by_role("spinbutton", name="Points", exact=True).fill("5")
    said(page, "no connection")
    page.reload()
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("5")
    mend_line(page)
    page.locator("[data-kept-undo]").click()

    page.wait_for_url("**attempt=**")
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("50")
    expect(page.get_by_text("Restored what you had typed")).to_be_hidden()


def test_after_the_session_has_ended_a_new_launch_brings_it_back(
    page: Page, browser: BrowserContext, demo: Demo, link: int
) -> None:
    room(page, demo, link)
    browser.clear_cookies()
    page.get_by_role("spinbutton", name="Points", exact=True).fill("73")
    said(page, "your session has ended. Open the assignment from Moodle again.")
    said(page, "kept on this device, and comes back")

    room(page, demo, link)
    expect(page.get_by_text("Restored what you had typed")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("73")
    said(page, "Saved ")


def test_wrong_points_are_marked_and_the_rest_is_kept(page: Page, demo: Demo, link: int) -> None:
    room(page, demo, link)
    page.get_by_role("textbox", name="Feedback").fill("Typed for an hour.")
    page.get_by_role("spinbutton", name="Points", exact=True).fill("1000")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("The mark takes points from 0 to 100")).to_be_visible()
    page.get_by_role("spinbutton", name="Points", exact=True).fill("100")
    said(page, "Saved ")
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.get_by_role("textbox", name="Feedback")).to_have_text("Typed for an hour.")


def conflict(page: Page, other: Page, demo: Demo, link: int) -> None:
    """Tara has Ana's room open while Toni marks in another browser; then she saves."""
    room(page, demo, link)
    room(other, demo, link, person=ASSISTANT)
    other.get_by_role("spinbutton", name="Points", exact=True).fill("40")
    other.get_by_role("textbox", name="Feedback").fill("Too short.")
    said(other, "Saved ")
    page.get_by_role("spinbutton", name="Points", exact=True).fill("70")
    page.get_by_role("textbox", name="Feedback").fill("Well told.")
    dialog = page.get_by_role("dialog", name="Two marks for the same work")
    expect(dialog).to_be_visible()
    for words in ("Toni Tutor", "40 of 100", "70 of 100", "Too short.", "Well told."):
        expect(dialog).to_contain_text(words)


@pytest.fixture
def other(playwright: Playwright) -> Iterator[Page]:
    with private_window(playwright) as context:
        yield context.new_page()


def test_two_browsers_mark_the_same_student(page: Page, other: Page, demo: Demo, link: int) -> None:
    """Each choice, one after the other; what was not chosen can be had again."""
    conflict(page, other, demo, link)
    page.keyboard.press("Escape")  # undecided: nothing is saved, and one can come back to it
    said(page, "somebody else has changed this mark")
    page.get_by_role("button", name="Choose").click()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Take theirs").press("Enter")
    expect(page.get_by_text("What you had typed is not what is saved now")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("40")

    page.get_by_role("button", name="Look at both").click()
    page.get_by_role("button", name="Take what is kept here").click()
    expect(page.get_by_text("The other mark is not what is saved now")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("70")

    other.get_by_role("spinbutton", name="Points", exact=True).fill("41")
    expect(other.get_by_role("dialog", name="Two marks for the same work")).to_be_visible()
    other.get_by_role("button", name="Keep mine, with both texts").click()
    other.wait_for_url("**attempt=**")
    expect(other.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("41")
    for words in ("Well told.", "Too short."):
        assert words in other.get_by_role("textbox", name="Feedback").inner_text()

    page.get_by_role("spinbutton", name="Points", exact=True).fill("75")
    expect(page.get_by_role("dialog", name="Two marks for the same work")).to_be_visible()
    page.get_by_role("button", name="Keep mine", exact=True).click()
    said(page, "Saved ")
    page.reload()
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("75")


def test_release_is_said_without_a_reload(page: Page, demo: Demo, link: int) -> None:
    room(page, demo, link)
    release = page.get_by_role("button", name="Release")
    expect(release).to_be_hidden()
    page.get_by_role("spinbutton", name="Points", exact=True).fill("70")
    page.evaluate("window.same = true")
    release.click()

    expect(page.locator("span[data-status]")).to_have_text("Returned")
    said(page, "Saved the mark of Ana García and released it.")
    expect(release).to_be_hidden()
    assert page.evaluate("window.same") is True
    wait_for(page, lambda: demo.score(link, ANA).get("grade") == 70, "the grade in the gradebook")


def test_an_assistant_is_told_who_releases(page: Page, demo: Demo, link: int) -> None:
    room(page, demo, link, person=ASSISTANT)
    page.get_by_role("spinbutton", name="Points", exact=True).fill("70")
    page.get_by_role("button", name="Save", exact=True).click()

    said(page, "Saved the mark of Ana García. A teacher releases it.")
    expect(page.get_by_role("button", name="Release")).to_have_count(0)


def test_one_student_is_marked_by_keyboard_alone(page: Page, demo: Demo, link: int) -> None:
    open_as(page, demo, link, TEACHER)
    press_to(page, "table.roster a.button[href*=submissions]")
    page.keyboard.press("Enter")
    in_room(page, "Ana García")
    video = page.locator("[data-player] video")
    expect(video).to_have_js_property("videoWidth", 640)

    page.keyboard.press("Space")
    wait_for(page, lambda: video.evaluate("v => v.currentTime > 0.3"), "playing")
    page.keyboard.press("k")
    expect(video).to_have_js_property("paused", True)
    page.keyboard.press("l")
    at = video.evaluate("v => v.currentTime")
    assert at >= 10
    page.keyboard.press(",")
    assert round(at - video.evaluate("v => v.currentTime"), 2) == 0.04
    page.keyboard.press("j")
    assert video.evaluate("v => v.currentTime") < 2
    page.keyboard.press(">")
    expect(video).to_have_js_property("playbackRate", 1.25)
    page.keyboard.press("<")
    expect(video).to_have_js_property("playbackRate", 1)

    page.keyboard.press("g")
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_be_focused()
    page.keyboard.type("70")
    press_to(page, "[data-feedback-editor] [contenteditable]")
    page.keyboard.type("n is for next, but not in here")
    page.keyboard.press("Control+Enter")
    in_room(page, "Ben Smith & Sons")
    expect(page.get_by_text("Saved the mark of Ana García.")).to_be_visible()
    page.keyboard.press("n")
    expect(page.locator(".room-place")).to_have_text("3 of 3")
    page.locator("[data-feedback][data-ready]").wait_for()
    page.keyboard.press("p")
    in_room(page, "Ben Smith & Sons")


def test_single_keys_can_be_switched_off(page: Page, demo: Demo, link: int) -> None:
    room(page, demo, link)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Next student")
    dialog.get_by_label("Shortcuts of a single key").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    page.reload()
    expect(page.locator("[data-save-quiet]")).to_contain_text("Saved by itself")
    page.keyboard.press("g")
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).not_to_be_focused()

    page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog.get_by_label("Shortcuts of a single key").check()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_be_focused()


def test_the_next_video_is_ready_before_it_is_asked_for(page: Page, demo: Demo, link: int) -> None:
    with page.expect_response("**/peek/") as peeked:
        room(page, demo, link)
        expect(page.locator("[data-next-is-ready]")).to_be_attached()
    address = peeked.value.json()["src"]
    page.get_by_role("link", name="Next").click()
    in_room(page, "Ben Smith & Sons")

    expect(page.locator("[data-player] video")).to_have_js_property("currentSrc", address)
    expect(page.locator("[data-player] video")).to_have_js_property("videoWidth", 640)


def test_in_moodles_frame_without_third_party_cookies(framed: Page, demo: Demo, link: int) -> None:
    """The device keeps what is typed there too; where it does not, it is said, and leaving is asked about."""
    frame = launch(framed, demo, TEACHER, link)
    frame.locator("table").get_by_role("link", name="Ana García", exact=True).click()
    expect(frame.locator("h1")).to_have_text("Ana García")
    tool = tool_frame(framed, demo)
    break_line(tool)
    frame.get_by_role("spinbutton", name="Points", exact=True).fill("74")
    expect(frame.locator(".save-state")).to_contain_text("no connection")
    keeps = tool.evaluate("(() => { try { return !!localStorage } catch { return false } })()")
    words = "is kept on this device" if keeps else "keeps nothing on this device, so leave this page open"
    expect(frame.locator(".save-state")).to_contain_text(words)


def tool_frame(page: Page, demo: Demo) -> Frame:
    return next(frame for frame in page.frames if frame.url.startswith(demo.tool))


def test_where_the_browser_keeps_nothing_it_is_said(page: Page, demo: Demo, link: int) -> None:
    page.add_init_script(
        "for (const kind of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, kind, { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    room(page, demo, link)
    break_line(page)
    page.get_by_role("spinbutton", name="Points", exact=True).fill("74")
    said(page, "This browser keeps nothing on this device, so leave this page open")

    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.evaluate("location.reload()")
    wait_for(page, lambda: asked, "the question before leaving")
    assert asked == ["beforeunload"]
    mend_line(page)
    said(page, "Saved ")


# --- looked at by axe -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("width", "height"), [(883, 577), (320, 640)], ids=["frame", "phone"])
def test_every_state_is_accessible(page: Page, other: Page, demo: Demo, link: int, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    conflict(page, other, demo, link)
    assert_accessible(page)
    page.get_by_role("button", name="Take theirs").click()
    expect(page.get_by_text("What you had typed is not what is saved now")).to_be_visible()
    page.locator(".room-list").evaluate("list => { list.open = true }")
    assert_accessible(page)
    save = page.get_by_role("button", name="Save", exact=True)
    assert_in_sight(page, save.bounding_box())

    break_line(page)
    page.get_by_role("spinbutton", name="Points", exact=True).fill("5")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("button", name="Go on anyway")).to_be_visible()
    assert_accessible(page)
    page.reload()
    expect(page.get_by_text("Restored what you had typed")).to_be_visible()
    assert_accessible(page)
    mend_line(page)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    assert_accessible(page)


def assert_in_sight(page: Page, box: object) -> None:
    """In a frame it is in sight without scrolling; on a phone once the form is."""
    assert isinstance(box, dict)
    size = page.viewport_size
    assert size is not None
    if size["width"] >= 768:
        assert box["y"] + box["height"] <= size["height"]


def test_an_open_comment_is_saved_before_the_next_student_comes(page: Page, demo: Demo, link: int) -> None:
    room(page, demo, link)
    page.get_by_label("Points", exact=True).fill("70")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add a comment").click()
    page.keyboard.type("Stand closer.")
    page.get_by_role("button", name="Save and next").click()
    in_room(page, "Ben Smith & Sons")
    page.get_by_role("link", name="Previous").click()
    in_room(page, "Ana García")

    expect(page.locator("li.comment")).to_contain_text("Stand closer.")
    expect(page.locator("[data-status]")).to_have_text("Returned")
    expect(page.locator("[data-composer] textarea")).to_be_hidden()


def test_a_comment_that_cannot_be_saved_stops_the_next_student_in_words(page: Page, demo: Demo, link: int) -> None:
    room(page, demo, link)
    page.get_by_role("button", name="Add a comment").click()
    page.keyboard.type("When?")
    page.locator("[data-composer]").get_by_label("At").fill("nonsense")
    page.get_by_role("button", name="Save and next").click()

    said(page, "A comment cannot be saved as it is")
    expect(page.locator("h1")).to_have_text("Ana García")
    expect(page.get_by_role("button", name="Go on anyway")).to_be_visible()
    expect(page.locator("[data-composer] textarea")).to_have_value("When?")
