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

MOST = {"student": 6, "teacher": 8}


def statements(platform: PlatformDouble, role: str, sub: str, name: str) -> list[str]:
    """Those of a whole launch; beginning and ending a transaction asks nothing."""
    return [sql for sql in whole_launch(platform, role, sub, name) if not is_of_a_transaction(sql)]


def is_of_a_transaction(sql: str) -> bool:
    return sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))


def whole_launch(platform: PlatformDouble, role: str, sub: str, name: str) -> list[str]:
    browser = Client(HTTP_HOST="tool.example")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        page = platform.open_page(browser, roles=ROLES[role], sub=sub, name=name)
        assert browser.get(page, secure=True).status_code == 200
    return [str(query["sql"]) for query in captured.captured_queries]


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


@pytest.mark.django_db(transaction=True)
def test_usual_launch_of_a_student_begins_one_transaction(handed_in: None, platform: PlatformDouble) -> None:
    whole_launch(platform, "student", "6", "Ana Student")

    warm = whole_launch(platform, "student", "6", "Ana Student")
    begins_and_ends = [sql.removesuffix(" IMMEDIATE") for sql in warm if is_of_a_transaction(sql)]  # as SQLite begins
    assert begins_and_ends == ["BEGIN", "COMMIT"]
    assert len(warm) <= 8, "\n".join(warm)


def test_changed_name_is_written(handed_in: Any, platform: PlatformDouble) -> None:
    statements(platform, "student", "6", "Ana Renamed")

    assert Person.objects.get(sub="6").name == "Ana Renamed"
