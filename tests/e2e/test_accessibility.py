"""Every page of the main job: nothing for axe to find at WCAG 2.2 AA, nothing to scroll sideways for at 320 px.

The pages are opened in the whole window, since axe looks at one document.
"""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page, Playwright, expect

from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, BEN, TEACHER, hand_in, launch, set_up

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]

_AXE = Axe()
_LOOK = "options => axe.run(options).then(found => found.violations)"
SIZES = ((320, 640), (1280, 900))
STANDARD = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module", params=[(320, 640)], ids=["phone"])
def page(request: pytest.FixtureRequest, playwright: Playwright) -> Iterator[Page]:
    width, height = request.param
    with private_window(playwright, width=width, height=height) as context:
        yield context.new_page()


@pytest.fixture(scope="module")
def link(page: Page, demo: Demo) -> int:
    """An activity with a hand-in that is marked (Ana), one that is not (Ben), and a draft (8)."""
    new = demo.add_activity("Interview with a person of your choice about something that matters")
    demo.set_up(new)
    for person in (ANA, BEN):
        hand_in(launch(page, demo, person, new), demo)
    draft = launch(page, demo, "8", new)
    draft.locator("input[type=file]").set_input_files(demo.sample)
    expect(draft.get_by_role("heading", name="Check your video")).to_be_visible()
    teacher = launch(page, demo, TEACHER, new)
    teacher.get_by_role("link", name="Mark Ana").click()
    teacher.locator("[data-feedback][data-ready]").wait_for()
    teacher.get_by_role("spinbutton", name="Points", exact=True).fill("87.5")
    teacher.get_by_role("textbox", name="Feedback").fill("Well told. " * 30)
    teacher.get_by_role("button", name="Save").first.click()
    expect(teacher.get_by_text("Saved the mark")).to_be_visible()
    return new


def open_as(page: Page, demo: Demo, link: int, person: str) -> None:
    page.goto(f"{demo.lms}/open/{link}/{person}?window=new")
    page.wait_for_url(f"{demo.tool}/l/**")
    page.locator("body[data-role]").wait_for()


def upload_problem(page: Page) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
    )
    expect(page.get_by_role("alert")).to_be_visible()


def search_nobody(page: Page) -> None:
    page.get_by_label("Search by name").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nobody is found")).to_be_visible()


def wrong_settings(page: Page) -> None:
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("spinbutton", name="Points", exact=True).fill("-1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()


def too_little_time(page: Page) -> None:
    page.get_by_role("link", name="More time for Ana").click()
    page.get_by_role("link", name="settings").click()
    page.get_by_label("Due").fill("2097-01-31T23:59")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="More time for Ana").click()
    page.get_by_label("New date").fill("2097-01-01T00:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()


def wrong_mark(page: Page) -> None:
    page.get_by_role("link", name="Mark Ben").click()
    page.get_by_role("spinbutton", name="Points", exact=True).fill("1000")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("alert")).to_be_visible()


def click(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("link", name=name).first.click()


# what is looked at: as whom, and what is done first
STATES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "student, nothing yet": ("10", lambda page: None),
    "student, a wrong file": ("10", upload_problem),
    "student, a draft": ("8", lambda page: None),
    "student, the question before handing in": (
        "8",
        lambda page: page.get_by_role("button", name="Submit video").click(),
    ),
    "student, handed in": (BEN, lambda page: None),
    "student, the receipt": (BEN, click("Receipt")),
    "student, marked": (ANA, lambda page: None),
    "teacher, the roster": (TEACHER, lambda page: None),
    "teacher, nobody found": (TEACHER, search_nobody),
    "teacher, the settings": (TEACHER, click("Settings")),
    "teacher, wrong settings": (TEACHER, wrong_settings),
    "teacher, more time that is not needed": (TEACHER, click("More time for Ana")),
    "teacher, more time": (TEACHER, too_little_time),
    "teacher, a mark to give": (TEACHER, click("Mark Ben")),
    "teacher, a wrong mark": (TEACHER, wrong_mark),
    "teacher, a mark given": (TEACHER, click("Open Ana")),
}


@pytest.mark.parametrize(("person", "act"), STATES.values(), ids=STATES.keys())
def test_state(page: Page, demo: Demo, link: int, person: str, act: Callable[[Page], None]) -> None:
    open_as(page, demo, link, person)
    act(page)
    page.wait_for_load_state("networkidle")

    assert_accessible(page)


def test_pages_before_and_outside(page: Page, demo: Demo) -> None:
    new = demo.add_activity("New")
    open_as(page, demo, new, ANA)
    assert_accessible(page)
    open_as(page, demo, new, TEACHER)
    assert_accessible(page)
    for path in ("/", "/l/01900000-0000-7000-8000-000000000000/", "/lti/launch/"):
        page.goto(f"{demo.tool}{path}")
        assert_accessible(page)


def test_the_main_job_by_keyboard_alone(page: Page, demo: Demo) -> None:
    """The file dialog aside, which no browser lets a test press keys in."""
    link = demo.add_activity("By keyboard")
    set_up(page, demo, link)
    open_as(page, demo, link, "11")
    press_to(page, "input[type=file]")
    page.locator("input[type=file]").set_input_files(demo.sample)
    expect(page.get_by_role("heading", name="Check your video")).to_be_visible()
    press_to(page, "button[data-opens=submit-dialog]")
    page.keyboard.press("Enter")
    press_to(page, "#submit-dialog button.primary")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your video is handed in")).to_be_visible()

    open_as(page, demo, link, TEACHER)
    press_to(page, "a.button[href*=submissions]")
    page.keyboard.press("Enter")
    page.locator("[data-feedback][data-ready]").wait_for()
    press_to(page, "input[name=points]")
    page.keyboard.type("70")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Saved the mark")).to_be_visible()


def press_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is on the element, and see that it shows."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never reaches {selector}")


def assert_accessible_at_every_size(page: Page) -> None:
    """On a phone and on a desk; then it is as wide as before."""
    before = page.viewport_size
    assert before is not None
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert_accessible(page)
    page.set_viewport_size(before)


def assert_accessible(page: Page | Frame) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.axe_script)
    # Only what is wrong comes back: listing what is right takes axe a third of its time.
    found = AxeResults({"violations": page.evaluate(_LOOK, {**STANDARD, "resultTypes": ["violations"]})})
    assert found.violations_count == 0, found.generate_report()
    sideways = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert sideways <= 0, f"{page.url} scrolls {sideways} px sideways"
