"""Addresses that end: the player replaces them, and nobody who watches notices."""

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Page, Playwright, expect

from tests.e2e import demo_run
from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, launch, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]

LIFE = 8  # seconds
STATE = "([...document.querySelectorAll('video')].map(v => [v.currentSrc, v.currentTime, v.paused, v.playbackRate]))[0]"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_run.running(tmp_path_factory.mktemp("demo"), settings={"PLAYBACK_SECONDS": str(LIFE)}) as run:
        yield run


@pytest.fixture
def page(playwright: Playwright, demo: Demo) -> Iterator[Page]:
    """Ana's page in the whole window, with her draft's player."""
    with private_window(playwright) as context:
        page = context.new_page()
        link = demo.add_activity("Interview")
        demo.set_up(link)
        frame = launch(page, demo, ANA, link)
        frame.locator("input[type=file]").set_input_files(demo.sample)
        expect(frame.get_by_role("heading", name="Check your video")).to_be_visible()
        page.goto(f"{demo.lms}/open/{link}/{ANA}?window=new")
        page.wait_for_url(f"{demo.tool}/l/**")
        yield page


def test_a_new_address_takes_over_while_it_plays(page: Page) -> None:
    expect(page.locator("[data-player] video")).to_have_js_property("videoWidth", 640)
    page.evaluate("document.querySelector('video').playbackRate = 0.5")
    page.locator(".vjs-big-play-button").click()
    wait_for(page, lambda: page.evaluate(STATE)[1] > 0.5, "playing")
    first, before, _, _ = page.evaluate(STATE)

    def replaced() -> bool:
        src, at, _, _ = page.evaluate(STATE)
        return bool(src != first and at > before)

    wait_for(page, replaced, "a new address")
    second, after, paused, rate = page.evaluate(STATE)

    assert second.split("?")[0] == first.split("?")[0]
    assert not paused
    assert rate == 0.5
    assert after < 11, "it went on where it was, not from the end"


def test_an_address_that_ended_is_dead(page: Page) -> None:
    """So that what is tested above is needed."""
    expect(page.locator("[data-player] video")).to_have_js_property("videoWidth", 640)
    address = page.evaluate(STATE)[0]
    assert requests.get(address, timeout=10, stream=True).status_code == 200

    page.wait_for_timeout((LIFE + 1) * 1000)
    assert requests.get(address, timeout=10).status_code == 403


def test_a_video_that_cannot_be_loaded_says_so_and_comes_back(page: Page) -> None:
    page.route("**/playback/", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("did not answer")

    page.unroute("**/playback/")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("[data-player] video")).to_have_js_property("videoWidth", 640)
    expect(page.get_by_role("alert")).to_be_hidden()
