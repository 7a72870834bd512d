"""How much a usual launch asks of the database: login, launch and landing page together."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lti_tool.models import Course, Membership, Person, ScoreDelivery
from tests.films import film
from tests.lti_tool.platform_double import PlatformDouble
from tests.video.visitor import ROLES, Visitor

MOST = {"student": 8, "teacher": 8}


def statements(platform: PlatformDouble, role: str, sub: str, name: str) -> list[str]:
    """Those of a whole launch; beginning and ending a transaction asks nothing."""
    browser = Client(HTTP_HOST="tool.example")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        page = platform.open_page(browser, roles=ROLES[role], sub=sub, name=name)
        assert browser.get(page, secure=True).status_code == 200
    every = [str(query["sql"]) for query in captured.captured_queries]
    return [sql for sql in every if not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]


@pytest.fixture
def handed_in(student: Visitor, teacher: Visitor) -> None:
    student.upload("a.mp4", film())
    student.submit()
    Course.objects.update(roster_refreshed_at=timezone.now())
    ScoreDelivery.objects.update(state=ScoreDelivery.State.SENT)


@pytest.mark.parametrize(("role", "sub", "name"), [("student", "6", "Ana Student"), ("teacher", "3", "Tara Teacher")])
def test_usual_launch_needs_few_statements_and_none_for_each_member(
    handed_in: None, platform: PlatformDouble, role: str, sub: str, name: str
) -> None:
    statements(platform, role, sub, name)

    warm = statements(platform, role, sub, name)
    assert len(warm) <= MOST[role], "\n".join(warm)

    course = Course.objects.get()
    people = [Person(platform=platform.row, sub=str(n), name=f"Student {n}") for n in range(1000, 1200)]
    Person.objects.bulk_create(people)
    Membership.objects.bulk_create(Membership(course=course, person=person, role="student") for person in people)
    assert len(statements(platform, role, sub, name)) == len(warm)


def test_changed_name_is_written(handed_in: Any, platform: PlatformDouble) -> None:
    statements(platform, "student", "6", "Ana Renamed")

    assert Person.objects.get(sub="6").name == "Ana Renamed"
