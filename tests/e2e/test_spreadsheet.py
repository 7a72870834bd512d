"""Marks go out as CSV, are changed, come in again, and are put back: in Chromium, at desktop and phone size."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, Playwright, expect

from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, BEN, TEACHER, launch, wait_for
from tests.e2e.test_accessibility import assert_accessible_at_every_size, open_as

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]


@pytest.fixture(scope="module", params=[(1280, 900)], ids=["desktop"])
def page(request: pytest.FixtureRequest, playwright: Playwright) -> Iterator[Page]:
    width, height = request.param
    with private_window(playwright, width=width, height=height) as context:
        yield context.new_page()


@pytest.fixture
def link(page: Page, demo: Demo) -> int:
    """An activity at which Ana and Ben have handed in, and Ana is marked."""
    new = demo.add_activity("Interview")
    demo.set_up(new)
    demo.hand_in(new, ANA, BEN)
    teacher = launch(page, demo, TEACHER, new)
    teacher.get_by_role("link", name="Mark Ana").click()
    teacher.locator("[data-feedback][data-ready]").wait_for()
    teacher.get_by_role("spinbutton", name="Points", exact=True).fill("50")
    teacher.get_by_role("textbox", name="Feedback").fill("Zoë said: 😀")
    teacher.get_by_role("button", name="Save").first.click()
    expect(teacher.get_by_text("Saved the mark")).to_be_visible()
    return new


def export(page: Page, place: Page | FrameLocator, folder: Path, delimiter: str = "comma") -> Path:
    """Through the roster's dialog."""
    place.get_by_role("button", name="Export marks").click()
    place.get_by_label("Between the columns").select_option(delimiter)
    with page.expect_download() as expected:
        place.get_by_role("button", name="Download CSV").click()
    path = folder / expected.value.suggested_filename
    expected.value.save_as(path)
    expect(place.get_by_role("dialog", name="Export marks")).to_be_hidden()
    return path


def rows_of(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


def choose(place: Page | FrameLocator, path: Path) -> None:
    place.get_by_role("link", name="Import marks").click()
    place.get_by_label("CSV file").set_input_files(path)
    place.get_by_role("button", name="Look at the changes").click()


def test_out_changed_in_and_undone(page: Page, demo: Demo, link: int, tmp_path: Path) -> None:
    wait_for(page, lambda: demo.score(link, ANA).get("grade") == 50, "Ana's mark in the gradebook")
    open_as(page, demo, link, TEACHER)
    page.get_by_role("button", name="Export marks").click()
    assert_accessible_at_every_size(page)
    page.get_by_role("button", name="Cancel").click()
    rows = rows_of(export(page, page, tmp_path))
    ana, ben = (next(row for row in rows if row["Name"].startswith(name)) for name in ("Ana", "Ben"))
    assert (ana["Points"], ana["Feedback"]) == ("50", "Zoë said: 😀")
    assert ana["Handed in"][10] == "T"
    ana["Points"], ben["Points"], ben["Feedback"] = "60,5", "70", "Good\nSpeak louder"
    nobody = {**dict.fromkeys(ana, ""), "Name": "Nobody", "Points": "1"}
    changed = tmp_path / "changed.csv"
    write(changed, [*rows, nobody])

    page.get_by_role("link", name="Import marks").click()
    assert_accessible_at_every_size(page)
    page.get_by_label("CSV file").set_input_files(
        {"name": "a.xlsx", "mimeType": "application/zip", "buffer": b"PK\x03\x04"}
    )
    page.get_by_role("button", name="Look at the changes").click()
    expect(page.get_by_role("alert")).to_contain_text("not CSV")
    assert_accessible_at_every_size(page)
    page.get_by_label("CSV file").set_input_files(changed)
    page.get_by_role("button", name="Look at the changes").click()
    expect(page.get_by_role("heading", name="What the file would change")).to_be_visible()
    expect(page.get_by_text("from 50 of 100")).to_be_visible()
    expect(page.get_by_text("to 60.5 of 100")).to_be_visible()
    expect(page.get_by_text(f"Row {len(rows) + 2}:")).to_be_visible()
    assert_accessible_at_every_size(page)
    assert demo.score(link, ANA)["grade"] == 50
    page.get_by_label("Release at once").check()
    page.get_by_role("button", name="Apply 2 changes").click()

    expect(page.get_by_text("Imported 2 marks, released")).to_be_visible()
    expect(page.get_by_text("1 of the marks was released by this import for the first time")).to_be_visible()
    assert_accessible_at_every_size(page)
    wait_for(page, lambda: demo.score(link, ANA).get("grade") == 60.5, "Ana's new mark in the gradebook")
    wait_for(page, lambda: demo.score(link, BEN).get("grade") == 70, "Ben's mark in the gradebook")
    page.get_by_role("link", name="Back to the students").click()
    page.get_by_role("link", name="Undo the import of 2 marks").click()
    page.get_by_role("button", name="Undo the import").click()
    expect(page.get_by_text("2 marks are as they were before.")).to_be_visible()
    assert_accessible_at_every_size(page)
    wait_for(page, lambda: demo.score(link, ANA).get("grade") == 50, "Ana's old mark in the gradebook")
    wait_for(page, lambda: demo.score(link, BEN).get("grade") is None, "no mark of Ben's in the gradebook")
    open_as(page, demo, link, BEN)
    expect(page.get_by_text("Speak louder")).to_have_count(0)


def test_conflict_is_kept_unless_overwritten_in_moodles_frame(
    page: Page, demo: Demo, link: int, tmp_path: Path
) -> None:
    teacher = launch(page, demo, TEACHER, link)
    path = export(page, teacher, tmp_path, "semicolon")
    rows = rows_of(path, ";")
    for row in rows:
        row["Points"] = "80" if row["Attempt"] else ""
    write(path, rows)
    teacher.get_by_role("link", name="Open Ana").click()
    teacher.get_by_role("spinbutton", name="Points", exact=True).fill("55")
    teacher.get_by_role("button", name="Save").first.click()
    expect(teacher.get_by_text("Saved the mark")).to_be_visible()
    teacher.get_by_role("link", name="to the start of this assignment").click()

    choose(teacher, path)
    expect(teacher.get_by_text("Changed since the export").first).to_be_visible()
    teacher.get_by_role("button", name="Apply 1 change").click()
    expect(teacher.get_by_text("1 was left as it was")).to_be_visible()
    teacher.get_by_role("link", name="Back to the students").click()
    choose(teacher, path)
    teacher.get_by_label("Overwrite the 1 mark").check()
    teacher.get_by_role("button", name="Apply").click()
    expect(teacher.get_by_text("Imported 1 mark;")).to_be_visible()
