"""The roster as a teacher works with it: marks down a column by keyboard, many at once, a pasted list, the room's order."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.e2e import demo_run
from tests.e2e.browser import chromium, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import set_up
from tests.e2e.test_accessibility import open_as

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]

# Work of the first of the course's students, by the ids they have in the LMS: handed in, or marked with these points.
_FILL = """
from datetime import timedelta
from django.utils import timezone
from lti_tool.models import Person
from tests.video.course import hand_in, mark, owed
from video.models import Assignment
assignment = Assignment.objects.get(resource_link__title={title!r})
Assignment.objects.filter(pk=assignment.pk).update(**{settings!r})
assignment.refresh_from_db()
for number, sub in enumerate({handed_in!r}):
    attempt = hand_in(assignment, Person.objects.get(sub=sub), at=timezone.now() - timedelta(hours=number), length=60 * number)
    if sub in {marked!r}:
        mark(attempt, {marked!r}[sub])
        owed(attempt, "refused", last_answer="Moodle has no grade column for this activity any more.")
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_run.running(tmp_path_factory.mktemp("demo")) as run:
        yield run


@pytest.fixture(scope="module", params=[(1280, 900), (320, 640)], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, playwright: Playwright) -> Iterator[Page]:
    width, height = request.param
    with chromium(playwright, width=width, height=height) as context:
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())  # "Leave site?"
        yield page


@pytest.fixture
def activity(page: Page, demo: Demo, request: pytest.FixtureRequest) -> Iterator[int]:
    """A new one whose marks are held back, with eight videos handed in, two of them marked; open as Tara."""
    title = f"{request.node.name} {page.viewport_size}"
    link = demo.add_activity(title)
    set_up(page, demo, link)
    open_as(page, demo, link, "3")
    expect(page.get_by_text("Ben Smith & Sons")).to_be_visible()  # the course list has been read
    fill(demo, title, settings={"hold_grades": True, "attempts_allowed": 1})
    open_as(page, demo, link, "3")
    yield link
    page.unroute_all()


def fill(demo: Demo, title: str, *, settings: dict[str, object]) -> None:
    handed_in = [str(number) for number in range(6, 14)]
    demo.python(_FILL.format(title=title, settings=settings, handed_in=handed_in, marked={"6": "70", "7": "80"}))


def field(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.get_by_label(f"Mark of {name}")
