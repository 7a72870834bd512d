"""The roster by NRPS, as Moodle sends it: pages, escaped names, roles that must not lower a launch's."""

import json
from datetime import timedelta
from typing import Any

import pytest
import requests
import time_machine
from django.test import Client
from django.utils import timezone
from responses import matchers

import lti_tool.platform
from lti_tool import paging
from lti_tool.models import Course, Membership, Person
from lti_tool.roster import nrps
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


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (None, "without a list of members"),
        ("all", "without a list of members"),
        ({}, "without a list of members"),
        ([1, None, {"name": "Ben"}, {"user_id": True}, {"user_id": " "}, {"user_id": "x" * 300}], "none of its 6"),
    ],
)
def test_list_of_which_nothing_can_be_used_changes_nothing(
    platform: PlatformDouble, course: Course, members: Any, said: str
) -> None:
    enrolled = platform.answers.get(MEMBERS, json={"members": [member("3", "Tara"), member("7", "Ben")]})
    at = refresh(course).roster_refreshed_at
    platform.answers.remove(enrolled)
    platform.answers.get(MEMBERS, json={"members": members})

    course = refresh(course)

    assert said in course.roster_problem
    assert course.roster_refreshed_at == at
    assert Membership.objects.filter(active=True).count() == 2, "it is no empty course"


@pytest.mark.parametrize(
    "entry",
    [
        {"user_id": 1656398401, "status": "Active", "roles": ["Learner"]},
        {"user_id": 1656398401.0, "roles": "Learner"},
        {"user_id": "1656398401", "status": None, "roles": "urn:something:unknown,Learner"},
        {"user_id": "1656398401", "status": "ACTIVE ", "roles": {"0": "learner"}},
        {"user_id": "1656398401", "status": "http://purl.imsglobal.org/vocab/lis/v2/membership/status#Active"},
        {"user_id": "1656398401", "status": [], "roles": None},
        {"user_id": "1656398401", "status": "", "roles": [None, 7, {"x": 1}]},
        {"user_id": "1656398401", "status": "Enrolled", "roles": [LEARNER]},
    ],
)
def test_member_in_the_shapes_that_platforms_send_is_a_student(
    platform: PlatformDouble, course: Course, entry: dict[str, Any]
) -> None:
    platform.answers.get(MEMBERS, json={"members": [entry]})

    assert refresh(course).roster_problem == ""
    assert Membership.objects.filter(person__sub="1656398401", role="student", active=True).exists()


@pytest.mark.parametrize("roles", [["instructor"], "Instructor", "Learner, Instructor", {"1": INSTRUCTOR}])
def test_member_in_the_shapes_that_platforms_send_is_a_teacher(
    platform: PlatformDouble, course: Course, roles: Any
) -> None:
    platform.answers.get(MEMBERS, json={"members": [{"user_id": 7, "roles": roles}]})

    refresh(course)

    assert Membership.objects.get(person__sub="7").role == "teacher"


@pytest.mark.parametrize("status", ["Inactive", "INACTIVE", " deleted", "liss:Inactive", False, "Suspended"])
def test_who_is_not_active_in_any_spelling_is_none_of_the_course(
    platform: PlatformDouble, course: Course, status: Any
) -> None:
    platform.answers.get(MEMBERS, json={"members": [member("7", "Ben"), {**member("8", "Zoë"), "status": status}]})

    refresh(course)

    assert list(Membership.objects.filter(role="student", active=True).values_list("person__sub", flat=True)) == ["7"]


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"name": 4711}, "4711"),
        ({"name": False}, "Person 7 (no name sent)"),
        ({"name": "  \u200f ", "given_name": "Ben", "family_name": None}, "Ben"),
        ({"name": "&nbsp;", "email": "ben@example.org"}, "ben@example.org"),
        ({"name": " O&#039;Neil "}, "O'Neil"),
        ({"name": ["Ben"], "email": 12}, "Person 7 (no name sent)"),
    ],
)
def test_name_that_cannot_be_read_is_as_absent(
    platform: PlatformDouble, course: Course, told: dict[str, Any], name: str
) -> None:
    platform.answers.get(MEMBERS, json={"members": [{"user_id": "7", **told}]})

    refresh(course)

    assert Person.objects.get(sub="7").name == name


def test_who_is_missing_from_a_list_with_an_unread_entry_may_be_that_entry(
    platform: PlatformDouble, course: Course
) -> None:
    platform.answers.get(MEMBERS, json={"members": [member("7", "Ben"), member("8", "Zoë")]})
    refresh(course)
    platform.answers.upsert(
        "GET", MEMBERS, json={"members": [member("7", "Ben"), {**member("8", "Zoë"), "user_id": []}]}
    )

    refresh(course)

    assert Membership.objects.get(person__sub="8").active


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


@pytest.mark.parametrize(
    ("page_2", "said"),
    [
        ({"status": 500}, "could not be read"),
        ({"status": 404}, "could not be read"),
        ({"json": {"members": None}}, "without a list of members"),
        ({"json": {"members": []}, "headers": {"Link": f'<{MEMBERS}?page=3>; rel="next"'}}, "more than 2 pages"),
        ({"json": {"members": []}, "headers": {"Link": f'<{MEMBERS}?page=1>; rel="next"'}}, "goes in a circle"),
    ],
)
def test_list_that_ends_too_early_says_so_and_hides_nobody(
    platform: PlatformDouble, course: Course, monkeypatch: pytest.MonkeyPatch, page_2: dict[str, Any], said: str
) -> None:
    everybody = platform.answers.get(MEMBERS, json={"members": [member("3", "Tara"), member("8", "Zoë")]})
    refresh(course)
    platform.answers.remove(everybody)
    monkeypatch.setattr(paging, "MOST_PAGES", 2)
    Course.objects.update(memberships_url=f"{MEMBERS}?page=1")
    first = {"json": {"members": [member("7", "Ben")]}, "headers": {"Link": f'<{MEMBERS}?page=2>; rel = "last next"'}}
    for page, answer in (("1", first), ("2", page_2)):
        platform.answers.get(MEMBERS, **answer, match=[matchers.query_param_matcher({"page": page})])

    assert said in refresh(Course.objects.select_related("platform").get()).roster_problem
    assert Membership.objects.filter(active=True).count() == 2


@pytest.mark.parametrize(
    "link",
    [
        '<{}>; rel = "next"',
        '<{}>; rel="last next"',
        '<{}>;title="a, b; c";rel=NEXT',
        "</first>; rel=first, <{}>; rel=next",
    ],
)
def test_every_way_to_name_the_next_page_is_read(platform: PlatformDouble, course: Course, link: str) -> None:
    following = f"{MEMBERS}/2"
    platform.answers.get(MEMBERS, json={"members": [member("7", "Ben")]}, headers={"Link": link.format(following)})
    platform.answers.get(following, json={"members": [member("8", "Zoë")]})

    refresh(course)

    assert sorted(Membership.objects.filter(role="student").values_list("person__sub", flat=True)) == ["7", "8"]


def test_twenty_thousand_members_in_one_answer(platform: PlatformDouble, course: Course) -> None:
    """As large as a Moodle answers with; how many rows are written is another test's."""
    everybody = [member("7", "Ben"), *({"user_id": None, "name": "x" * 330} for _ in range(20_000))]
    platform.answers.get(MEMBERS, json={"members": everybody})

    assert refresh(course).roster_problem == ""
    assert Membership.objects.filter(person__sub="7").exists()


def test_answer_beyond_all_measure_says_why(
    platform: PlatformDouble, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lti_tool.platform, "LARGEST_LIST", 1000)
    platform.answers.get(MEMBERS, json={"members": [member(str(n), "Ben") for n in range(100)]})

    assert "more than 0.001 MB in one answer" in refresh(course).roster_problem


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
