"""Points are changed while there are marks: the teacher is asked, and the student's page agrees."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, TEACHER
from tests.e2e.test_accessibility import assert_accessible, open_as

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]


@pytest.fixture
def page(playwright: Playwright) -> Iterator[Page]:
    with private_window(playwright, width=390, height=800) as context:
        yield context.new_page()


def test_question_is_answered_and_pages_agree(page: Page, demo: Demo) -> None:
    link = demo.add_activity("Interview")
    demo.set_up(link)
    demo.hand_in(link, ANA)
    open_as(page, demo, link, TEACHER)
    page.get_by_role("link", name="Mark Ana").click()
    page.locator("[data-feedback][data-ready]").wait_for()
    page.get_by_label("Points", exact=True).fill("87.5")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".save-state")).to_contain_text("released it")

    page.get_by_role("link", name="All students").click()
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Points").first.fill("50")
    page.get_by_label("Due").fill("2030-05-04T10:00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="What becomes of the marks?")).to_be_visible()
    expect(page.get_by_text("87.5 of 100 becomes 43.75 of 50")).to_be_visible()
    assert_accessible(page)
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/points-change-390.png", full_page=True)
        page.set_viewport_size({"width": 885, "height": 577})
        page.screenshot(path=f"{folder}/points-change-885.png", full_page=True)
    page.get_by_role("button", name="Back to the settings").click()
    expect(page.get_by_label("Due")).to_have_value("2030-05-04T10:00")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    open_as(page, demo, link, ANA)
    expect(page.locator("main")).to_contain_text("43.75 of 50")
