"""The roster by NRPS, as Moodle sends it: pages, escaped names, roles that must not lower a launch's."""

from typing import Any

import pytest
import requests
from django.test import Client

from lti_tool import nrps
from lti_tool.models import Course, Membership, Person
from tests.lti_tool.platform_double import INSTRUCTOR, PlatformDouble

MEMBERS = "https://moodle.example/members"


@pytest.fixture
def course(platform: PlatformDouble, browser: Client) -> Course:
    platform.open_page(browser, roles=[INSTRUCTOR], sub="3", name="Tara Teacher")
    platform.answers.post(platform.token_url, json={"access_token": "t", "expires_in": 3600})
    return Course.objects.select_related("platform").get()


def member(sub: str, name: str, role: str = "Learner", **more: Any) -> dict[str, Any]:
    return {"user_id": sub, "name": name, "roles": [role], "status": "Active", **more}


def refresh(course: Course) -> Course:
    nrps.refresh_roster(course)
    return Course.objects.get()


def test_every_page_is_read_and_names_are_unescaped(platform: PlatformDouble, course: Course) -> None:
    # The address of the next page is case-sensitive.
    platform.answers.get(
        MEMBERS,
        json={"members": [member("7", "Ben Smith &amp; Sons")]},
        headers={"Link": f'<{MEMBERS}?from=1&Page=aBc>; rel="next"'},
    )
    platform.answers.get(f"{MEMBERS}?from=1&Page=aBc", json={"members": [member("8", "Zoë")]})

    assert refresh(course).roster_refreshed_at is not None
    students = Membership.objects.filter(role="student", active=True)
    assert sorted(students.values_list("person__name", flat=True)) == ["Ben Smith & Sons", "Zoë"]


def test_roster_never_changes_a_role_seen_at_launch(platform: PlatformDouble, course: Course) -> None:
    platform.answers.get(MEMBERS, json={"members": [member("3", "Tara Teacher", "Learner")]})

    refresh(course)

    assert Membership.objects.get().role == "teacher"


def test_who_left_is_no_longer_active_and_may_come_back(platform: PlatformDouble, course: Course) -> None:
    both = [member("7", "Ben"), member("8", "Zoë")]
    first = platform.answers.get(MEMBERS, json={"members": both})
    refresh(course)
    platform.answers.remove(first)
    platform.answers.get(MEMBERS, json={"members": [both[0], {**both[1], "status": "Inactive"}]})
    refresh(course)
    assert not Membership.objects.get(person__sub="8").active

    platform.answers.upsert("GET", MEMBERS, json={"members": both})
    refresh(course)
    assert Membership.objects.get(person__sub="8").active


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 403},
        {"body": requests.Timeout()},
        {"body": "<html>", "content_type": "text/html"},
    ],
)
def test_failed_roster_is_told_and_keeps_the_one_we_have(
    platform: PlatformDouble, course: Course, answer: dict[str, Any]
) -> None:
    platform.answers.get(MEMBERS, **answer)

    course = refresh(course)

    assert "could not be read" in course.roster_problem
    assert Membership.objects.filter(active=True).count() == 1


def test_course_without_the_service_says_so(platform: PlatformDouble, course: Course) -> None:
    course.memberships_url = ""

    assert "did not offer" in refresh(course).roster_problem


@pytest.mark.parametrize("members", [None, "all", [1, None, {"user_id": 7}, {"user_id": "x" * 300}]])
def test_nonsense_in_a_roster_is_passed_over(platform: PlatformDouble, course: Course, members: Any) -> None:
    platform.answers.get(MEMBERS, json={"members": members})

    refresh(course)

    assert Person.objects.count() == 1


def test_role_of_who_never_launched_follows_the_roster(platform: PlatformDouble, course: Course) -> None:
    for role, ours in (("Learner", "student"), ("Instructor", "teacher"), ("Learner", "student")):
        platform.answers.upsert("GET", MEMBERS, json={"members": [member("7", "Ben", role)]})
        refresh(course)
        assert Membership.objects.get(person__sub="7").role == ours
