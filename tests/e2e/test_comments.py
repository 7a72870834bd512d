"""Comments at moments of a film, by keyboard alone; nothing that was typed is lost; their student jumps and replies."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Playwright, expect

from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, TEACHER, wait_for
from tests.e2e.test_accessibility import assert_accessible, open_as, press_to

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]


PAUSED = "document.querySelector('video').paused"
TIME = "document.querySelector('video').currentTime"


@pytest.fixture(params=[(1280, 900)], ids=["desktop"])
def page(request: pytest.FixtureRequest, playwright: Playwright) -> Iterator[Page]:
    width, height = request.param
    with private_window(playwright, width=width, height=height) as context:
        yield context.new_page()


@pytest.fixture
def link(page: Page, demo: Demo) -> int:
    """An activity that takes replies, with Ana's film handed in."""
    new = demo.add_activity("Interview")
    demo.set_up(new, replies="on")
    demo.hand_in(new, ANA)
    return new


@pytest.fixture
def room(page: Page, demo: Demo, link: int) -> Page:
    """Tara in the room, with the film there."""
    open_as(page, demo, link, TEACHER)
    page.get_by_role("link", name="Mark Ana").click()
    expect(page.locator("[data-player][data-state=ready]")).to_be_visible()
    return page


def items(page: Page) -> Locator:
    return page.get_by_role("region", name="Comments").locator("li.comment")


def undo(page: Page) -> Locator:
    """That of the comments, not of the feedback's editor."""
    return page.get_by_role("button", name="Undo", exact=True).and_(page.locator(":not([data-format])"))


def say(page: Page, text: str, *, at: str = "", until: str = "") -> None:
    """C, the text, the times where there are any, Ctrl+Enter."""
    page.keyboard.press("c")
    expect(page.locator("[data-composer] textarea")).to_be_focused()
    page.keyboard.type(text)
    for name, typed in (("at", at), ("until", until)):
        if typed:
            press_to(page, f"[data-composer] [name={name}]")
            page.keyboard.press("Control+a")
            page.keyboard.type(typed)
    page.keyboard.press("Control+Enter")


def test_the_film_waits_and_goes_on(room: Page) -> None:
    address = room.url
    press_to(room, ".vjs-big-play-button")
    room.keyboard.press("Enter")
    wait_for(room, lambda: room.evaluate(TIME) > 1.2, "playing")
    room.keyboard.press("c")
    expect(room.get_by_role("textbox", name="Comment", exact=True)).to_be_focused()
    assert room.evaluate(PAUSED)
    stopped = room.evaluate(TIME)

    room.keyboard.type("Look up.\nAnd smile.")
    room.keyboard.press("Control+Enter")
    expect(items(room)).to_have_count(1)
    expect(items(room)).to_contain_text("Look up.")
    wait_for(room, lambda: room.evaluate(TIME) > stopped + 0.3, "going on")
    assert room.url == address, "the mark was not saved, and nobody else's film is shown"
    expect(room.get_by_text("Saved the mark")).to_have_count(0)
    button = items(room).get_by_role("button", name=f"Comment by Tara Teacher at 0:0{int(stopped)}")
    expect(button).to_be_visible()
    room.reload()
    expect(items(room).locator(".comment-text")).to_have_text("Look up.\nAnd smile.", use_inner_text=True)


def test_span_order_markers_and_the_current_one(room: Page) -> None:
    say(room, "All of this.", at="0:04", until="0:08.5")
    say(room, "First.", at="2")
    expect(items(room)).to_have_count(2)
    expect(items(room).nth(0)).to_contain_text("First.")
    expect(room.get_by_role("button", name="Comment by Tara Teacher at 0:04 to 0:08")).to_be_visible()

    length = room.evaluate("document.querySelector('video').duration")
    left, width = room.evaluate(
        "(() => { const { style } = document.querySelector('.marker.span');"
        " return [style.left, style.width].map(parseFloat) })()"
    )
    assert left == pytest.approx(100 * 4 / length, abs=0.1)
    assert width == pytest.approx(100 * 4.5 / length, abs=0.1)
    expect(room.locator(".marker")).to_have_count(2)

    press_to(room, "li.comment:nth-child(2) [data-jump]")
    room.keyboard.press("Enter")
    expect(items(room).nth(1)).to_have_attribute("aria-current", "true")
    assert room.evaluate(TIME) == pytest.approx(4, abs=0.3)
    press_to(room, "[data-compose]")
    place = room.locator(".marker:not(.span)").bounding_box()
    assert place
    room.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    expect(items(room).nth(0)).to_have_attribute("aria-current", "true")
    expect(items(room).nth(1)).not_to_have_attribute("aria-current", "true")
    assert room.evaluate(TIME) == pytest.approx(2, abs=0.1), "not where the line itself was pressed"


def test_wrong_times_are_told(room: Page) -> None:
    for at, until, words in (
        ("soon", "", "Type the time"),
        ("9:00:00", "", "The video ends at"),
        ("5", "3", "comes after its beginning"),
    ):
        say(room, "x", at=at, until=until)
        alert = room.locator("[data-composer] [data-error]")
        expect(alert).to_contain_text(words)
        expect(room.locator("[data-composer] input:focus")).to_have_attribute("aria-invalid", "true")
        room.keyboard.press("Escape")
    expect(items(room)).to_have_count(0)


def test_edit_delete_and_undo(room: Page) -> None:
    say(room, "Look up.", at="3")
    expect(items(room)).to_have_count(1)
    press_to(room, "li.comment [data-edit]")
    room.keyboard.press("Enter")
    room.keyboard.press("Control+a")
    room.keyboard.type("Look down.")
    room.keyboard.press("Control+Enter")
    expect(items(room)).to_contain_text("Look down.")
    expect(items(room)).to_contain_text("edited")
    expect(room.locator("li.comment [data-edit]")).to_be_focused()

    press_to(room, "li.comment [data-delete]")
    room.keyboard.press("Enter")
    expect(items(room)).to_have_count(0)
    expect(undo(room)).to_be_focused()
    room.keyboard.press("Enter")
    expect(items(room)).to_contain_text("Look down.")
    expect(room.locator(".marker")).to_have_count(1)
    expect(room.get_by_text("It is back.")).to_be_visible()
    room.reload()
    expect(items(room)).to_contain_text("Look down.")

    press_to(room, "li.comment [data-delete]")
    room.keyboard.press("Enter")
    expect(items(room)).to_have_count(0)
    room.wait_for_load_state("networkidle")
    room.reload()
    expect(room.get_by_text("No comments yet.")).to_be_visible()


def test_bank_on_keys_and_in_the_composer(room: Page) -> None:
    room.keyboard.press("1")
    expect(room.get_by_text("There is no comment on key 1.")).to_be_visible()
    press_to(room, "[data-opens-bank]")
    room.keyboard.press("Enter")
    dialog = room.get_by_role("dialog")
    for key, text in (("1", "Good eye contact."), ("2", "Slower, please.")):
        press_to(room, "[data-bank-form] textarea")
        room.keyboard.type(text)
        press_to(room, "#bank-key")
        room.keyboard.type(key)
        press_to(room, "[data-bank-save]")
        room.keyboard.press("Enter")
        expect(dialog.locator("[data-bank-list] li").filter(has_text=text)).to_contain_text(key)
    assert_accessible(room)
    room.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    room.keyboard.press("2")
    expect(items(room)).to_contain_text("Slower, please.")
    expect(room.get_by_text("Added “Slower, please.” at 0:00.")).to_be_visible()
    press_to(room, "[data-undo]")
    room.keyboard.press("Enter")
    expect(items(room)).to_have_count(0)

    room.keyboard.press("c")
    room.keyboard.type("Here:")
    press_to(room, "[data-composer] [data-insert] button")
    room.keyboard.press("Enter")
    expect(room.locator("[data-composer] textarea")).to_have_value("Here: Good eye contact.")
    press_to(room, "[data-composer] [data-to-bank]")
    room.keyboard.press("Enter")
    expect(room.get_by_text("Saved to your bank.")).to_be_visible()
    press_to(room, "[data-composer] textarea")
    room.keyboard.press("Control+Enter")
    expect(items(room)).to_contain_text("Here: Good eye contact.")
    expect(room.locator("[data-bank-list] li")).to_have_count(3)


def test_what_cannot_be_sent_is_kept_and_sent_later(room: Page) -> None:
    leaving: list[str] = []

    def leave(dialog: object) -> None:
        leaving.append(dialog.type)  # type: ignore[attr-defined]
        dialog.accept()  # type: ignore[attr-defined]

    room.on("dialog", leave)
    room.context.set_offline(True)
    say(room, "Without a line.", at="5")
    expect(items(room)).to_contain_text("Not saved yet.")
    assert_accessible(room)
    room.context.set_offline(False)
    expect(room.locator(".not-saved")).to_have_count(0)
    expect(items(room)).to_have_count(1)

    room.route("**/comments/", lambda route: route.abort())
    say(room, "Over a reload.", at="6")
    expect(items(room).nth(1)).to_contain_text("Not saved yet.")
    room.reload()
    assert leaving == ["beforeunload"]
    expect(items(room).nth(1)).to_contain_text("Over a reload.")
    expect(items(room).nth(1)).to_contain_text("Not saved yet.")
    room.unroute("**/comments/")
    press_to(room, "li.comment:nth-child(2) [data-again]")
    room.keyboard.press("Enter")
    expect(room.locator(".not-saved")).to_have_count(0)

    room.keyboard.press("c")
    room.keyboard.type("Half a sen")
    room.keyboard.press("Escape")
    expect(room.locator("[data-composer]")).to_be_hidden()
    room.reload()
    expect(room.locator("[data-composer] textarea")).to_have_value("Half a sen")
    expect(items(room)).to_have_count(2)
    assert leaving == ["beforeunload"]


def test_an_answer_that_was_lost_makes_no_second_comment(room: Page) -> None:
    """The server has it, and the browser does not know."""

    def lose(route: object) -> None:
        route.fetch()  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    room.route("**/comments/", lose, times=1)
    say(room, "Once.", at="5")
    expect(items(room)).to_contain_text("Not saved yet.")
    press_to(room, "li.comment [data-again]")
    room.keyboard.press("Enter")
    expect(room.locator(".not-saved")).to_have_count(0)
    answer = room.evaluate(
        "fetch(JSON.parse(document.querySelector('#comments-config').textContent).url).then(answer => answer.text())"
    )
    assert [comment["text"] for comment in json.loads(answer)["comments"]] == ["Once."]


def test_student_jumps_and_replies(room: Page, demo: Demo, link: int) -> None:
    say(room, "Look up.", at="4")
    say(room, "Thank you.", at="8")
    expect(items(room)).to_have_count(2)
    room.wait_for_load_state("networkidle")
    room.get_by_role("spinbutton", name="Points", exact=True).first.fill("80")
    room.get_by_role("button", name="Save", exact=True).last.click()
    expect(room.get_by_text("Saved the mark")).to_be_visible()

    open_as(room, demo, link, ANA)
    expect(room.locator("[data-player][data-state=ready]")).to_be_visible()
    expect(room.locator(".marker")).to_have_count(2)
    press_to(room, "li.comment:nth-child(2) [data-jump]")
    room.keyboard.press("Enter")
    expect(items(room).nth(1)).to_have_attribute("aria-current", "true")
    assert room.evaluate(TIME) == pytest.approx(8, abs=0.3)
    press_to(room, "li.comment:nth-child(1) .reply-new summary")
    room.keyboard.press("Enter")
    press_to(room, "li.comment:nth-child(1) .reply-new textarea")
    room.keyboard.type("At the cam")
    room.reload()
    expect(room.locator("li.comment:nth-child(1) .reply-new textarea")).to_have_value("At the cam")
    press_to(room, "li.comment:nth-child(1) .reply-new textarea")
    room.keyboard.press("End")
    room.keyboard.type("era?")
    room.keyboard.press("Control+Enter")
    expect(items(room).nth(0).locator(".reply")).to_contain_text("At the camera?")
    expect(room.locator(".marker")).to_have_count(2)
    press_to(room, "[data-reply-delete] button")
    room.keyboard.press("Enter")
    expect(room.locator(".reply")).to_have_count(0)
    expect(undo(room)).to_be_focused()
    room.keyboard.press("Enter")
    expect(room.locator(".reply")).to_contain_text("At the camera?")

    open_as(room, demo, link, TEACHER)
    room.get_by_role("link", name="Open Ana").click()
    expect(items(room).nth(0).locator(".reply")).to_contain_text("At the camera?")
    press_to(room, "li.comment:nth-child(1) [data-reply]")
    room.keyboard.press("Enter")
    room.keyboard.type("Yes.")
    room.keyboard.press("Control+Enter")
    expect(items(room).nth(0).locator(".reply").nth(1)).to_contain_text("Yes.")


@pytest.mark.parametrize(
    "page", [(1280, 900), (883, 577), (320, 640)], indirect=True, ids=["desktop", "frame", "phone"]
)
def test_accessible(room: Page, demo: Demo, link: int) -> None:
    assert_accessible(room)
    say(room, "Look up, where the camera is, and say who you are: " + "very " * 40 + "slowly.", at="2", until="4")
    say(room, "Averylongwordwithoutanyplacetobreakit" * 4, at="5")
    expect(items(room)).to_have_count(2)
    press_to(room, "li.comment [data-reply]")
    room.keyboard.press("Enter")
    assert_accessible(room)
    room.keyboard.press("Escape")
    press_to(room, "li.comment [data-edit]")
    room.keyboard.press("Enter")
    assert_accessible(room)
    room.keyboard.press("Escape")
    room.keyboard.press("c")
    assert_accessible(room)
    room.keyboard.press("Escape")
    press_to(room, "li.comment [data-delete]")
    room.keyboard.press("Enter")
    expect(undo(room)).to_be_visible()
    assert_accessible(room)
    room.keyboard.press("Enter")
    expect(items(room)).to_have_count(2)
    room.get_by_role("spinbutton", name="Points", exact=True).first.fill("80")
    room.get_by_role("button", name="Save", exact=True).last.click()
    expect(room.get_by_text("Saved the mark")).to_be_visible()

    open_as(room, demo, link, ANA)
    expect(room.locator(".marker")).to_have_count(2)
    press_to(room, ".reply-new summary")
    room.keyboard.press("Enter")
    assert_accessible(room)


def test_an_open_comment_goes_with_the_mark_and_a_later_one_is_said_to_wait(room: Page) -> None:
    room.keyboard.press("c")
    room.keyboard.type("Look at the camera.")
    room.get_by_label("Points", exact=True).fill("80")
    room.get_by_role("button", name="Save", exact=True).last.click()

    expect(room.locator(".save-state")).to_contain_text("released it")
    expect(items(room)).to_contain_text("Look at the camera.")
    expect(room.locator("[data-status]")).to_have_text("Returned")
    expect(items(room).locator("[data-not-released]")).to_be_hidden()

    say(room, "And slower.", at="5")
    expect(room.locator("[data-status]")).to_have_text("Changed since released")
    expect(room.get_by_text("1 comment is not released yet.")).to_be_visible()
    expect(items(room).filter(has_text="And slower.").locator("[data-not-released]")).to_have_text("Not released")
    assert_accessible(room)

    room.get_by_role("button", name="Release changes with these comments").click()
    expect(room.locator("[data-status]")).to_have_text("Returned")
    expect(items(room).locator("[data-not-released]:visible")).to_have_count(0)
    expect(room.get_by_text("not released yet")).to_be_hidden()
