"""A rubric from its first criterion to the student who reads what was scored on it: all by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, TEACHER, select_content
from tests.e2e.test_accessibility import assert_accessible_at_every_size, open_as, press_to

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]


@pytest.fixture(scope="module")
def page(playwright: Playwright) -> Iterator[Page]:
    with private_window(playwright, width=1280, height=900) as context:
        yield context.new_page()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def write(page: Page, *texts: str) -> None:
    """Into the field that has the focus, and the next ones."""
    for at, text in enumerate(texts):
        if at:
            page.keyboard.press("Tab")
        page.keyboard.insert_text(text)


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.name || document.activeElement.value || ''"))


def build(page: Page) -> None:
    """Content with three levels, and Voice with any score up to 7.5; Voice is moved to the front."""
    press_to(page, "input[name=grading]")
    press(page, "ArrowDown")
    press_to(page, "[data-add-criterion]")
    press(page, "Enter")
    expect(page.get_by_label("Criterion")).to_be_focused()
    write(page, "Content", "What is said")
    for _ in range(2):
        page.get_by_role("button", name="Remove level").last.focus()
        press(page, "Enter")
    expect(page.locator("[data-levels] > li")).to_have_count(3)
    page.get_by_label("Worth").first.focus()
    press(page, "Control+a")
    write(page, "12.5")
    press_to(page, ".rubric-editor > [data-editor] > .actions [data-add-criterion]")
    press(page, "Enter")
    write(page, "Voice")
    press_to(page, "li:nth-child(2) [data-kind]")
    press(page, "ArrowDown")
    press_to(page, "li:nth-child(2) [data-range] input")
    write(page, "7.5")
    expect(page.locator("[data-sum]")).to_have_text("20 rubric points, scaled to 100")
    page.get_by_role("button", name="Move up Voice").focus()
    press(page, "Enter")
    expect(page.locator("[data-said]")).to_have_text("“Voice” is now number 1 of 2.")
    expect(page.get_by_role("button", name="Move up Voice")).to_be_focused()


def test_rubric_is_built_scored_overridden_and_read(page: Page, demo: Demo) -> None:
    link = demo.add_activity("Interview with a rubric")
    open_as(page, demo, link, TEACHER)
    build(page)
    assert_accessible_at_every_size(page)
    press_to(page, "button.primary")
    press(page, "Enter")
    expect(page.get_by_text("Students can now hand in")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_label("Criterion").first).to_have_value("Voice")
    expect(page.locator("[data-sum]")).to_have_text("20 rubric points, scaled to 100")

    open_as(page, demo, link, ANA)
    page.get_by_text("How it is marked").click()
    expect(page.locator(".rubric-before")).to_contain_text("Voice")
    expect(page.locator(".rubric-before")).to_contain_text("0 to 7.5")
    assert_accessible_at_every_size(page)
    demo.hand_in(link, ANA)

    open_as(page, demo, link, TEACHER)
    page.get_by_role("link", name="Mark Ana").click()
    score(page)
    assert_accessible_at_every_size(page)
    press(page, "Control+Enter")
    expect(page.get_by_text("Saved the mark")).to_be_visible()
    expect(page.locator("[data-overridden]")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Points", exact=True)).to_have_value("80")

    open_as(page, demo, link, ANA)
    result = page.locator(".rubric-result")
    expect(result).to_contain_text("17.5 of 20 rubric points")
    expect(result).to_contain_text("Other points given")
    expect(result.locator(".level.chosen")).to_contain_text("Excellent")
    expect(result).to_contain_text("Speak up, please.")
    assert_accessible_at_every_size(page)


def score(page: Page) -> None:
    points, source = page.get_by_role("spinbutton", name="Points", exact=True), page.locator("[data-source]")
    expect(points).to_have_value("")
    page.locator("body").press("r")
    assert focused(page).startswith("points-")
    write(page, "5")
    expect(source).to_contain_text("1 of 2 criteria scored")
    press_to(page, ".criterion-note summary")
    press(page, "Space", "Tab")
    write(page, "Speak up, please.")
    press_to(page, "input[name^=level-]")
    press(page, "Space")
    expect(points).to_have_value("87.5")
    expect(source).to_contain_text("17.5 of 20")
    press(page, "ArrowDown")
    expect(points).to_have_value("40")
    press(page, "ArrowUp")
    press_to(page, "input[name=points]")
    press(page, "Control+a")
    write(page, "60")
    expect(page.locator("[data-overridden]")).to_be_visible()
    expect(source).to_have_text("The rubric says 87.5.")
    press_to(page, "[data-use-rubric]")
    press(page, "Enter")
    expect(points).to_have_value("87.5")
    expect(points).to_be_focused()
    expect(page.locator("[data-overridden]")).to_be_hidden()
    press(page, "Control+a")
    write(page, "80")


def test_table_is_taken_in_put_right_taken_out_and_undone(page: Page, demo: Demo, tmp_path: Path) -> None:
    link = demo.add_activity("Interview by a table")
    open_as(page, demo, link, TEACHER)
    page.get_by_role("radio", name="Rubric").check()
    page.get_by_text("From elsewhere, and to a file").click()
    file = tmp_path / "rubric.csv"
    file.write_bytes("criterion;points;level;level points\nÜbung;;Gut;zehn\n;;Schwach;2\n".encode("cp1252"))
    page.get_by_label("Import a table").set_input_files(file)
    expect(page.get_by_role("alert")).to_contain_text("Row 2: Level 1 of “Übung” needs points")
    assert_accessible_at_every_size(page)

    file.write_bytes("criterion;points;level;level points\nÜbung;;Gut;10\n;;Schwach;2\n".encode("cp1252"))
    page.get_by_label("Import a table").set_input_files(file)
    expect(page.get_by_label("Criterion")).to_have_value("Übung")
    expect(page.get_by_role("alert")).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert download.value.suggested_filename == "rubric.csv"
    written = Path(download.value.path()).read_bytes()
    assert written.startswith(b"\xef\xbb\xbf")
    assert "Übung" in written.decode()

    page.get_by_role("button", name="Remove Übung").click()
    expect(page.get_by_text("No criteria yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Criterion")).to_have_value("Übung")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Students can now hand in")).to_be_visible()

    other = demo.add_activity("Another by the same rubric")
    open_as(page, demo, other, TEACHER)
    page.get_by_role("radio", name="Rubric").check()
    page.get_by_text("From elsewhere, and to a file").click()
    page.get_by_label("Take over the rubric of").select_option(index=0)
    page.get_by_role("button", name="Take over").click()
    expect(page.get_by_label("Criterion")).to_have_value("Übung")


def test_what_the_server_refuses_is_marked_where_it_is(page: Page, demo: Demo) -> None:
    link = demo.add_activity("Interview with a wrong rubric")
    demo.set_up(link)
    open_as(page, demo, link, TEACHER)
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("radio", name="Rubric").check()
    page.get_by_role("button", name="Add a criterion").click()
    page.get_by_label("What it is about").fill("Only words")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Criterion 1 has no name")).to_be_visible()
    expect(page.get_by_label("Criterion")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("What it is about")).to_have_value("Only words")
    assert_accessible_at_every_size(page)
    page.get_by_label("Criterion").fill("Words")
    expect(page.get_by_label("Criterion")).to_have_attribute("aria-invalid", "false")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def test_rubric_is_built_while_content_is_selected(page: Page, demo: Demo) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    frame = select_content(page, demo)
    expect(frame.locator(".rubric-editor")).to_be_hidden()
    frame.get_by_role("radio", name="Rubric").check()
    frame.get_by_role("button", name="Add a criterion").click()
    frame.get_by_role("button", name="Add to Moodle").click()
    expect(frame.get_by_text("The rubric has no criteria yet")).to_be_visible()
    frame.get_by_role("button", name="Add a criterion").click()
    frame.get_by_label("Criterion").fill("Content")
    expect(frame.locator("[data-sum]")).to_have_text("4 rubric points, scaled to 100")
    frame.get_by_role("button", name="Save, and set up another").click()
    expect(frame.get_by_text("1 assignment ready to add")).to_be_visible()
    frame.get_by_role("radio", name="Rubric").check()
    frame.get_by_text("From elsewhere, and to a file").click()
    frame.get_by_label("Take over the rubric of").select_option(index=0)
    frame.get_by_role("button", name="Take over").click()
    expect(frame.get_by_label("Criterion")).to_have_value("Content")
