"""A real browser on a shared computer: leave in the whole window, and find back to the LMS."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.e2e.browser import private_window
from tests.e2e.demo_run import Demo
from tests.e2e.people import TEACHER, launch

pytestmark = pytest.mark.browser


@pytest.fixture
def browser(playwright: Playwright) -> Iterator[BrowserContext]:
    with private_window(playwright) as context:
        yield context


@pytest.fixture
def page(browser: BrowserContext) -> Page:
    return browser.new_page()


def test_leaving_in_the_whole_window_leaves_the_frame_too_and_leads_back(
    page: Page, browser: BrowserContext, demo: Demo
) -> None:
    frame = launch(page, demo, TEACHER, 1)
    expect(frame.get_by_role("link", name="Back to")).to_have_count(0)
    with browser.expect_page() as opened:
        frame.get_by_role("button", name="Full window").click()
    window = opened.value
    expect(window.get_by_role("link", name="Back to the course")).to_be_visible()
    secrets = [cookie for cookie in browser.cookies(window.url) if cookie["name"] == "launch"]
    assert [cookie["expires"] for cookie in secrets] == [-1], "until the browser is closed"

    window.get_by_role("button", name="Leave").click()

    expect(window.get_by_role("heading", name="You have left")).to_be_visible()
    assert not [cookie for cookie in browser.cookies(window.url) if cookie["name"] == "launch" and cookie["value"]]
    window.go_back()
    expect(window.get_by_text("your session in this tab has ended")).to_be_visible()
    frame.get_by_role("button", name="Save").first.click()
    expect(frame.get_by_text("session in this tab has ended")).to_be_visible()
    window.close()
