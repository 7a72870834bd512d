"""The roster as a teacher works with it: marks down a column, many at once, a pasted list, the room's order."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Playwright, expect

from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import wait_for
from tests.e2e.test_accessibility import assert_accessible, assert_accessible_at_every_size, open_as

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]

# Work of the first of the course's students, by the ids they have in the LMS: handed in, or marked with these points.
_FILL = """
from datetime import timedelta
from django.utils import timezone
from lti_tool.models import Person
from lti_tool.tasks import refresh_roster
from tests.video.course import hand_in, mark, delivery_of
from video.models import Assignment
assignment = Assignment.objects.get(resource_link__title={title!r})
Assignment.objects.filter(pk=assignment.pk).update(**{settings!r})
assignment.refresh_from_db()
refresh_roster(str(assignment.course_id))
for number, sub in enumerate({handed_in!r}):
    at = timezone.now() - timedelta(hours=number)
    attempt = hand_in(assignment, Person.objects.get(sub=sub), at=at, length=60 * number)
    if sub in {marked!r}:
        mark(attempt, {marked!r}[sub])
        delivery_of(attempt, "refused", last_answer="Moodle has no grade column for this activity any more.")
"""


@pytest.fixture(scope="module", params=[(1280, 900)], ids=["desktop"])
def page(request: pytest.FixtureRequest, playwright: Playwright) -> Iterator[Page]:
    width, height = request.param
    with private_window(playwright, width=width, height=height) as context:
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())  # "Leave site?"
        yield page


@pytest.fixture
def activity(page: Page, demo: Demo, request: pytest.FixtureRequest) -> Iterator[int]:
    """A new one whose marks are held back, with eight videos handed in, two of them marked; open as Tara."""
    title = f"{request.node.name} {page.viewport_size}"
    link = demo.add_activity(title)
    demo.set_up(link)
    fill(demo, title, settings={"hold_grades": True, "attempts_allowed": 1})
    open_as(page, demo, link, "3")
    yield link
    page.unroute_all()


def fill(demo: Demo, title: str, *, settings: dict[str, object]) -> None:
    handed_in = [str(number) for number in range(6, 14)]
    demo.python(_FILL.format(title=title, settings=settings, handed_in=handed_in, marked={"6": "70", "7": "80"}))


def field(page: Page, name: str) -> Locator:
    return page.get_by_label(f"Mark of {name}", exact=True)


def row(page: Page, name: str) -> Locator:
    return page.locator("tbody tr").filter(has=page.get_by_role("rowheader", name=name))


def names(page: Page) -> list[str]:
    return page.locator("tbody th bdi").all_inner_texts()


def test_a_column_of_marks_by_keyboard(page: Page, demo: Demo, activity: int) -> None:
    assert_accessible_at_every_size(page)
    field(page, "Chloé Dubois").focus()
    for typed in ("55", "66,5", "1000"):
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
    expect(field(page, "Grace O'Neill")).to_be_focused()
    expect(row(page, "Chloé Dubois").locator("[data-state]")).to_have_text("Saved")
    expect(row(page, "Chloé Dubois").get_by_text("Marked, not released")).to_be_visible()
    expect(row(page, "Dmitri Iwanow").locator("[data-state]")).to_have_text("Saved")
    wrong = row(page, "Eva").locator("[data-state]")
    expect(wrong).to_contain_text("from 0 to 100")
    expect(page.locator("[data-counter=marked] strong")).to_have_text("4")
    expect(page.get_by_text("4 of 8 marked")).to_be_visible()
    assert_accessible_at_every_size(page)

    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Escape")
    expect(wrong).to_have_text("")
    expect(field(page, "Eva Müller-Lüdenscheidt von und zu Hohenstein")).to_have_value("")
    page.reload()
    expect(field(page, "Chloé Dubois")).to_have_value("55")
    expect(field(page, "Dmitri Iwanow")).to_have_value("66.5")


def test_without_a_connection_nothing_typed_is_lost(page: Page, demo: Demo, activity: int) -> None:
    page.context.set_offline(True)
    field(page, "Grace O'Neill").fill("44")
    page.keyboard.press("Enter")
    state = row(page, "Grace O'Neill").locator("[data-state]")
    expect(state).to_contain_text("no connection")
    assert_accessible_at_every_size(page)
    page.context.set_offline(False)
    expect(state).to_have_text("Saved")

    page.route("**/points/", lambda route: route.abort())
    field(page, "Grace O'Neill").fill("45")
    page.keyboard.press("Enter")
    expect(state).to_contain_text("no connection")
    page.reload()
    expect(field(page, "Grace O'Neill")).to_have_value("45")
    expect(state).to_contain_text("not saved")
    page.unroute_all()
    field(page, "Grace O'Neill").press("Enter")
    expect(state).to_have_text("Saved")


def test_two_markers_at_once_choose(page: Page, demo: Demo, activity: int) -> None:
    demo.python("from video.models import Grade; Grade.objects.update(points=61, version=9)")
    state = row(page, "Ana García").locator("[data-state]")
    field(page, "Ana García").fill("62")
    page.keyboard.press("Enter")
    expect(state).to_contain_text("“61 of 100”")
    assert_accessible_at_every_size(page)
    state.get_by_role("button", name="Save mine (62)").press("Enter")

    expect(state).to_have_text("Saved")
    page.reload()
    expect(field(page, "Ana García")).to_have_value("62")
    field(page, "Ana García").press("Tab")
    expect(field(page, "Ana García")).not_to_be_focused()


def test_chosen_marks_are_released(page: Page, demo: Demo, activity: int) -> None:
    bar = page.get_by_role("region", name="For the chosen students")
    expect(bar).to_be_hidden()
    for name in ("Ana García", "Chloé Dubois", "Ivo Novák"):
        page.get_by_label(f"Choose {name}").press("Space")
    expect(bar).to_contain_text("3 chosen")
    assert_accessible(page)
    bar.get_by_role("button", name="Release").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Release the marks of 1 student?")
    expect(dialog).to_contain_text("2 have no mark that waits to be released: Chloé Dubois, Ivo Novák")
    assert_accessible_at_every_size(page)
    dialog.get_by_text("Cancel").click()
    expect(dialog).to_be_hidden()
    bar.get_by_role("button", name="Release").press("Enter")
    dialog.get_by_role("button", name="Yes, release").press("Enter")

    expect(page.get_by_text("Released: 1 student can see their marks")).to_be_visible()
    expect(row(page, "Ana García").get_by_text("Returned")).to_be_visible()
    wait_for(page, lambda: demo.score(activity, "6").get("grade") == 70, "the grade in the gradebook")
    assert demo.score(activity, "7") == {}

    row(page, "Ben Smith & Sons").get_by_role("button", name="Send again").click()
    expect(page.get_by_text("On its way to Moodle again: 1 student.")).to_be_visible()


def test_all_that_are_not_released_by_one_button(page: Page, demo: Demo, activity: int) -> None:
    page.get_by_role("button", name="Release 2 marks").click()
    page.get_by_role("button", name="Yes, release").click()

    expect(page.get_by_text("Released: 2 students can see their marks")).to_be_visible()
    expect(page.get_by_role("button", name="Release 2 marks")).to_be_hidden()
    page.goto(f"{page.url.partition('?')[0]}?show=unreleased")
    expect(page.get_by_role("heading", name="Every mark is released")).to_be_visible()
    assert_accessible_at_every_size(page)


def test_chosen_ones_get_another_attempt(page: Page, demo: Demo, activity: int) -> None:
    page.get_by_label("Choose all on this page").check()
    bar = page.get_by_role("region", name="For the chosen students")
    expect(bar).to_contain_text(f"{len(names(page))} chosen")
    bar.get_by_role("button", name="Reopen").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("8 have used up all attempts, and may hand in once more.")
    assert_accessible_at_every_size(page)
    dialog.get_by_role("button", name="Yes, reopen").click()

    expect(page.get_by_text("Reopened: 8 students can hand in again.")).to_be_visible()
    expect(row(page, "Ana García").get_by_text("+1 attempt")).to_be_visible()


def test_a_pasted_list_gets_more_time(page: Page, demo: Demo, activity: int) -> None:
    page.get_by_role("link", name="More time for a list").click()
    assert_accessible_at_every_size(page)
    page.get_by_label("People, one a line").fill("García, Ana\nperson8@school.example\nNobody Known\n8")
    page.get_by_label("Extra attempts").fill("2")
    page.get_by_role("button", name="Look who is meant").click()
    expect(page.get_by_text("2 found, 1 not found.")).to_be_visible()
    assert_accessible_at_every_size(page)
    page.get_by_role("button", name="Give more time").click()

    expect(page.get_by_text("Saved for 2 students.")).to_be_visible()
    expect(page.get_by_text("Nothing was changed for 1 of the lines")).to_be_visible()
    for name in ("Ana García", "Chloé Dubois"):
        expect(row(page, name).get_by_text("+2 attempts")).to_be_visible()
    expect(row(page, "Ben Smith & Sons").get_by_text("+2 attempts")).to_be_hidden()


def test_addresses_of_those_missing_are_copied(page: Page, demo: Demo, activity: int) -> None:
    page.get_by_role("link", name="Addresses of those missing").click()
    dialog = page.get_by_role("dialog")
    area = dialog.get_by_label("E-mail addresses")
    expect(area).to_have_value(re.compile("person14@school.example, person15@school.example"))
    assert_accessible_at_every_size(page)
    dialog.get_by_role("link", name="semicolon").click()
    expect(area).to_have_value(re.compile("person14@school.example; person15@school.example"))
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    dialog.get_by_text("Close").click()
    expect(page.get_by_role("link", name="Addresses of those missing")).to_be_focused()


def test_the_room_follows_the_order_of_the_list(page: Page, demo: Demo, activity: int) -> None:
    page.goto(f"{page.url.partition('?')[0]}?show=to_mark&sort=-length")
    order = names(page)
    assert len(order) == 6
    assert order[-1] == "Chloé Dubois", "two minutes are the shortest of what is to mark"
    page.get_by_role("link", name="Next to mark").click()
    for number, name in enumerate(order, 1):
        expect(page.locator("#student-name")).to_have_text(name)
        expect(page.get_by_text(f"{number} of 6", exact=True)).to_be_visible()
        if number < len(order):
            page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="All students").click()
    assert names(page) == order
    if page.viewport_size and page.viewport_size["width"] > 700:
        heading = page.get_by_role("columnheader", name="Length")
        expect(heading).to_have_attribute("aria-sort", "descending")
        heading.get_by_role("link").click()
        expect(heading).to_have_attribute("aria-sort", "ascending")
        assert names(page) == order[::-1]


def test_without_scripts_it_works_all_the_same(playwright: Playwright, demo: Demo, page: Page, activity: int) -> None:
    """The browser of a careful person, by the address of the session that is open."""
    with private_window(playwright) as context:
        context.route("**/*.js", lambda route: route.abort())
        careful = context.new_page()
        open_as(careful, demo, activity, "3")
        expect(careful.locator("tbody").get_by_text("70").first).to_be_visible()
        expect(field(careful, "Ana García")).to_be_hidden()
        careful.get_by_label("Choose Ana García").check()
        careful.get_by_role("button", name="Release", exact=True).click()
        expect(careful.get_by_role("heading", name="Release the marks of 1 student?")).to_be_visible()
        careful.get_by_role("button", name="Yes, release").click()
        expect(careful.get_by_text("Released: 1 student can see their marks")).to_be_visible()
