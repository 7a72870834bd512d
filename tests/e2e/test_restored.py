"""An activity that is deleted in the LMS and comes out of its recycle bin, with everybody's work and its grades."""

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, TEACHER, hand_in, launch, select_content, wait_for
from tests.e2e.test_accessibility import assert_accessible, open_as
from tests.e2e.test_returned import open_room

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]
SIDEWAYS = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


@pytest.fixture(params=[(885, 577)], ids=["Moodle's frame"])
def page(request: pytest.FixtureRequest, playwright: Playwright) -> Iterator[Page]:
    width, height = request.param
    with private_window(playwright, width=width, height=height) as context:
        yield context.new_page()


def chosen(page: Page, demo: Demo, title: str) -> int:
    """An activity that was selected in the tool; its id in the LMS."""
    form = select_content(page, demo)
    form.get_by_label("Title").fill(title)
    form.get_by_role("button", name="Add to Moodle").click()
    address = page.get_by_role("navigation", name="Activities").get_by_role("link", name=title).get_attribute("href")
    return int(str(address).rpartition("=")[2])


def test_work_and_grade_come_back_by_keyboard(page: Page, demo: Demo) -> None:
    link = chosen(page, demo, "Oral exam, restored")
    receipt = hand_in(launch(page, demo, ANA, link), demo)
    open_room(page, demo, link, TEACHER)
    page.locator("#id_points").fill("87")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("Saved the mark")).to_be_visible()
    wait_for(page, lambda: demo.score(link, ANA).get("grade") == 87, "the grade")

    requests.post(f"{demo.lms}/links/{link}/delete", timeout=10)
    again = requests.post(f"{demo.lms}/links/{link}/restore", timeout=10).url
    restored = int(again.rpartition("=")[2])

    student = launch(page, demo, ANA, restored)
    expect(student.get_by_role("heading", name="Your teacher has to look at this activity first")).to_be_visible()
    expect(student.get_by_text(receipt)).to_be_visible()
    open_as(page, demo, restored, TEACHER)
    expect(page.get_by_role("heading", name="Is this the same activity as before?")).to_be_visible()
    expect(page.get_by_text("Moodle says that its activity is not there any more")).to_be_visible()
    for width in (1280, 885, 390):
        page.set_viewport_size({"width": width, "height": 577})
        assert page.evaluate(SIDEWAYS) <= 0
        assert_accessible(page)
    posts = demo.score(restored, ANA)["posts"]
    page.get_by_role("button", name="Yes, the same: bring the work back").press("Enter")

    expect(page.get_by_text("Everybody's work is here again")).to_be_visible()
    expect(page.locator("table.roster").get_by_role("link", name="Ana García", exact=True)).to_be_visible()
    wait_for(page, lambda: demo.score(restored, ANA)["posts"] > posts, "the grade in the new column")
    assert demo.score(restored, ANA)["grade"] == 87
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Where this activity's work came from").click()
    expect(page.get_by_role("button", name="Not the same: send the work back")).to_be_visible()
    assert_accessible(page)
    student = launch(page, demo, ANA, restored)
    expect(student.locator(".mark-points")).to_contain_text("87")
    expect(student.get_by_text(receipt)).to_be_visible()
