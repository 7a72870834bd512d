"""The roster by NRPS, as Moodle sends it: pages, escaped names, roles that must not lower a launch's."""

import json
from datetime import timedelta
from typing import Any

import pytest
import requests
import time_machine
from django.test import Client
from django.utils import timezone

from lti_tool import nrps
from lti_tool.models import Course, Membership, Person
from tests.lti_tool.platform_double import CONTEXT_ROLE, INSTRUCTOR, LEARNER, PlatformDouble

ADMINISTRATOR = f"{CONTEXT_ROLE}Administrator"
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


@pytest.mark.parametrize(
    ("launched", "listed", "kept"),
    [
        (INSTRUCTOR, "Learner", "teacher"),  # Moodle's non-editing teachers
        (INSTRUCTOR, "Instructor", "teacher"),
        (LEARNER, "Instructor", "teacher"),  # a teacher who looked as a student ("Switch role to…")
        (LEARNER, "Learner", "student"),
        (ADMINISTRATOR, "Instructor", "admin"),
    ],
)
def test_roster_never_lowers_a_role_seen_at_launch(
    platform: PlatformDouble, course: Course, browser: Client, launched: str, listed: str, kept: str
) -> None:
    platform.open_page(browser, roles=[launched], sub="7")
    platform.answers.get(MEMBERS, json={"members": [member("7", "Ben", listed)]})

    refresh(course)

    assert Membership.objects.get(person__sub="7").role == kept


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

    course = refresh(course)

    assert Person.objects.count() == 1
    if not isinstance(members, list):
        assert "without a list of members" in course.roster_problem
        assert Membership.objects.get().active, "what is no list is no empty course"


def test_token_does_not_follow_a_next_page_to_another_site(platform: PlatformDouble, course: Course) -> None:
    evil = platform.answers.get("https://evil.example/members", json={"members": []})
    platform.answers.get(MEMBERS, json={"members": []}, headers={"Link": '<https://evil.example/members>; rel="next"'})

    assert "another site" in refresh(course).roster_problem
    assert evil.call_count == 0


def test_service_that_is_not_granted_is_told_in_words(platform: PlatformDouble, course: Course) -> None:
    platform.answers.upsert("POST", platform.token_url, json={"error": "invalid_scope"}, status=400)

    assert "does not let this tool use that service" in refresh(course).roster_problem


def test_roster_never_empties_what_a_launch_said(platform: PlatformDouble, course: Course) -> None:
    platform.answers.get(MEMBERS, json={"members": [{"user_id": "3", "roles": ["Instructor"], "status": "Active"}]})

    refresh(course)

    person = Person.objects.get()
    assert (person.name, person.email) == ("Tara Teacher", "ana@example.org")


@pytest.mark.parametrize("size", [3, 1203])
def test_statements_do_not_grow_with_each_member(
    platform: PlatformDouble, course: Course, django_assert_max_num_queries: Any, size: int
) -> None:
    everybody = [member(str(1000 + n), f"Student {n}") for n in range(size)]
    platform.answers.get(MEMBERS, json={"members": everybody})

    with django_assert_max_num_queries(30):
        refresh(course)
    assert Membership.objects.filter(role="student", active=True).count() == size

    platform.answers.upsert("GET", MEMBERS, json={"members": [member("1000", "Renamed")]})
    with django_assert_max_num_queries(30):
        refresh(course)
    assert Membership.objects.filter(role="student", active=True).get().person.name == "Renamed"


def test_broken_letters_in_one_name_lose_nobody(platform: PlatformDouble, course: Course) -> None:
    platform.answers.get(
        MEMBERS, json={"members": [member("7", "Ben"), member("8", "Bad \ud83d"), member("9\x00", "X")]}
    )

    assert refresh(course).roster_problem == ""
    assert sorted(Membership.objects.filter(role="student").values_list("person__sub", flat=True)) == ["7", "8"]


def test_who_launches_while_the_list_is_read_is_not_gone(platform: PlatformDouble, course: Course) -> None:
    platform.open_page(Client(HTTP_HOST="tool.example"), sub="77", name="Nora New")
    Membership.objects.filter(person__sub="77").update(active=False)

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        platform.open_page(Client(HTTP_HOST="tool.example"), sub="77", name="Nora New")
        return 200, {}, json.dumps({"members": [member("7", "Ben")]})

    platform.answers.add_callback("GET", MEMBERS, callback=answer)
    refresh(course)

    assert Membership.objects.get(person__sub="77").active


def test_half_a_list_hides_nobody(platform: PlatformDouble, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nrps, "_MOST_PAGES", 2)
    platform.answers.get(MEMBERS, json={"members": []}, headers={"Link": f'<{MEMBERS}>; rel="next"'})

    assert "more than 2 pages" in refresh(course).roster_problem
    assert Membership.objects.get().active


class TestSweep:
    def test_course_in_use_is_asked_a_few_times_a_day(self, platform: PlatformDouble, course: Course) -> None:
        platform.answers.get(MEMBERS, status=500)
        assert nrps.stale() == [str(course.pk)]

        refresh(course)
        assert nrps.stale() == [], "a failure is not hammered either"

        with time_machine.travel(timezone.now() + nrps.FRESH + timedelta(minutes=1)):
            assert nrps.stale() == [str(course.pk)]

    def test_course_that_nobody_opens_is_left_alone(self, course: Course) -> None:
        with time_machine.travel(timezone.now() + nrps.IN_USE + timedelta(days=1)):
            assert nrps.stale() == []

    def test_closed_platform_and_missing_service_are_left_alone(self, platform: PlatformDouble, course: Course) -> None:
        platform.row.active = False
        platform.row.save()
        assert nrps.stale() == []

        platform.row.active = True
        platform.row.save()
        Course.objects.update(memberships_url="")
        assert nrps.stale() == []


def test_role_of_who_never_launched_follows_the_roster(platform: PlatformDouble, course: Course) -> None:
    for role, ours in (("Learner", "student"), ("Instructor", "teacher"), ("Learner", "student")):
        platform.answers.upsert("GET", MEMBERS, json={"members": [member("7", "Ben", role)]})
        refresh(course)
        assert Membership.objects.get(person__sub="7").role == ours
