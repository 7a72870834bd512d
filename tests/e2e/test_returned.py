"""What came back, on its student's screen; and two markers who agree, each in a browser of their own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, ASSISTANT, TEACHER, launch, wait_for
from tests.e2e.test_accessibility import assert_accessible, open_as
from tests.e2e.test_main_job import ARRIVES_WITHIN

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]


@pytest.fixture(scope="module", params=[(320, 640)], ids=["phone"])
def page(request: pytest.FixtureRequest, playwright: Playwright) -> Iterator[Page]:
    width, height = request.param
    with private_window(playwright, width=width, height=height) as context:
        yield context.new_page()


def set_up(page: Page, demo: Demo, title: str, *ticked: str) -> int:
    link = demo.add_activity(title)
    teacher = launch(page, demo, TEACHER, link)
    for label in ticked:
        teacher.get_by_label(label).check()
    teacher.get_by_role("button", name="Save").click()
    expect(teacher.get_by_text("Students can now hand in")).to_be_visible()
    return link


def mark(page: Page, demo: Demo, link: int, attempt: int, points: str, feedback: str) -> None:
    open_room(page, demo, link, TEACHER)
    page.goto(f"{page.url}?attempt={attempt}")
    page.locator("#id_points").fill(points)
    page.get_by_role("textbox", name="Feedback").fill(feedback)
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("Saved the mark")).to_be_visible()


def open_room(page: Page, demo: Demo, link: int, person: str) -> None:
    open_as(page, demo, link, person)
    page.locator("table.roster a[href*='/submissions/']").first.click()
    page.locator("[data-feedback][data-ready]").wait_for()


def test_student_sees_what_came_back_and_teacher_that_they_did(page: Page, demo: Demo) -> None:
    link = set_up(page, demo, "Interview, twice")
    demo.hand_in(link, ANA)
    mark(page, demo, link, 1, "40", "Again, please: the ending is missing.")
    demo.hand_in(link, ANA)
    mark(page, demo, link, 2, "87.5", "Well told.")
    open_room(page, demo, link, TEACHER)
    expect(page.get_by_text("Not seen yet")).to_be_visible()

    open_as(page, demo, link, ANA)
    newest = page.locator("section.attempt")
    expect(newest.get_by_text("87.5")).to_be_visible()
    expect(newest.get_by_text("Well told.")).to_be_visible()
    first = page.locator("details.attempt")
    expect(first.get_by_text("Again, please")).to_be_hidden()
    expect(page.locator("[data-live=attempts] video")).to_have_count(1)
    assert_accessible(page)

    newest.locator(".mark-points").scroll_into_view_if_needed()
    wait_for(page, lambda: newest.locator("[data-seen-url]").count() == 0, "saying that it was seen")
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(first.locator(".mark-points")).to_have_text("40 of 100")
    expect(first.get_by_text("Again, please")).to_be_visible()
    first.get_by_role("button", name="Show the video of attempt 1").press("Enter")
    expect(page.locator("[data-live=attempts] video")).to_have_count(2)
    expect(first.locator("video")).to_have_js_property("videoWidth", 640, timeout=ARRIVES_WITHIN)
    assert_accessible(page)

    open_room(page, demo, link, TEACHER)
    expect(page.locator(".seen")).to_contain_text("Seen ")


def test_in_a_fold_it_was_not_seen(page: Page, demo: Demo) -> None:
    """A mark of the attempt before, changed after the newest was marked: nobody has looked there."""
    link = set_up(page, demo, "Interview, folded")
    for _ in range(2):
        demo.hand_in(link, ANA)
    mark(page, demo, link, 2, "87.5", "Well told.")
    mark(page, demo, link, 1, "40", "Again, please.")

    open_as(page, demo, link, ANA)
    page.locator("section.attempt .mark-points").scroll_into_view_if_needed()
    wait_for(page, lambda: page.locator("section.attempt [data-seen-url]").count() == 0, "saying that it was seen")
    assert page.locator("details.attempt [data-seen-url]").count() == 1


def test_two_markers_agree(page: Page, demo: Demo, playwright: Playwright) -> None:
    link = set_up(page, demo, "Interview, marked twice", "Two markers, then an agreed mark")
    demo.hand_in(link, ANA)

    open_room(page, demo, link, ASSISTANT)
    own = page.locator("#own-marks")
    expect(page.locator("#id_points")).to_be_hidden()
    own.get_by_label("My points").fill("64")
    own.get_by_label("Note").fill("Sound is thin.")
    expect(own.get_by_text("Kept; it does not count before you give it.")).to_be_visible()
    page.reload()
    expect(own.get_by_label("My points")).to_have_value("64")
    assert_accessible(page)
    own.get_by_role("button", name="Give my own mark").click()
    expect(own.get_by_text("Waiting for another marker")).to_be_visible()
    own.get_by_role("button", name="Change it").click()
    expect(own.get_by_label("My points")).to_have_value("64")
    own.get_by_role("button", name="Give my own mark").press("Enter")
    expect(own.get_by_text("Waiting for another marker")).to_be_visible()
    assert_accessible(page)

    with private_window(playwright) as context:
        teacher = context.new_page()
        open_room(teacher, demo, link, TEACHER)
        expect(teacher.get_by_text("1 other marker has given one")).to_be_visible()
        assert "64" not in teacher.locator("#own-marks").inner_text()
        teacher.get_by_label("Agree on one mark alone").check()
        expect(teacher.locator("#id_points")).to_be_visible()
        teacher.get_by_label("Agree on one mark alone").uncheck()
        expect(teacher.locator("#id_points")).to_be_hidden()
        teacher.get_by_role("textbox", name="Feedback").fill("Typed before the own mark.")
        teacher.get_by_label("My points").fill("71")
        teacher.get_by_role("button", name="Give my own mark").click()
        expect(teacher.get_by_text("7 points apart")).to_be_visible()
        expect(teacher.get_by_text("Sound is thin.")).to_be_visible()
        assert_accessible(teacher)
        expect(teacher.get_by_role("textbox", name="Feedback")).to_have_text("Typed before the own mark.")
        teacher.get_by_role("button", name="Take this one", exact=False).first.click()
        expect(teacher.locator("#id_points")).to_have_value("64")
        teacher.get_by_role("button", name="Take the mean").click()
        expect(teacher.locator("#id_points")).to_have_value("67.5")
        teacher.get_by_role("button", name="Save").first.click()
        expect(teacher.get_by_text("Saved the mark")).to_be_visible()
        teacher.reload()  # and once more, what is given back by now
        teacher.locator("[data-feedback][data-ready]").wait_for()
        teacher.locator("#id_points").fill("68")
        teacher.get_by_role("button", name="Save", exact=True).click()
        expect(teacher.get_by_text("Saved the mark")).to_be_visible()
        expect(teacher.locator(".room-marked")).to_have_text("1 of 1 marked")

    page.reload()
    expect(own.get_by_text("7 points apart")).to_be_visible()
    expect(page.locator(".room-marked")).to_have_text("1 of 1 marked")
    assert_accessible(page)
    open_as(page, demo, link, ANA)
    expect(page.locator(".mark-points")).to_contain_text("68")
    expect(page.locator("main")).not_to_contain_text("Sound is thin.")
