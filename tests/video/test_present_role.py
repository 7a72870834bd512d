"""What a session may do ends when its person's role or place in the course ends, and nothing typed is lost by that."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from lti_tool.models import ContentSelection, Course, LaunchSession, Membership, Person
from lti_tool.roster import nrps
from tests.lti_tool.platform_double import PlatformDouble, selecting
from tests.lti_tool.roster.test_roster import MEMBERS, member
from tests.video.conftest import Visit
from tests.video.course import mark
from tests.video.visitor import ROLES, Visitor
from video.models import Assignment, Grade, Submission
from video.roster import bulk_actions


@pytest.fixture
def roster(platform: PlatformDouble, assignment: Assignment) -> Any:
    """`roster(entry, …)`: the course's list says so now."""
    platform.answers.post(platform.token_url, json={"access_token": "t", "expires_in": 3600})

    def says(*entries: dict[str, Any]) -> None:
        platform.answers.upsert("GET", MEMBERS, json={"members": [member("6", "Ana Student"), *entries]})
        nrps.refresh_roster(Course.objects.select_related("platform").get())

    return says


def export_of(visitor: Visitor) -> int:
    address = reverse("video:marks-export", args=[visitor.home.split("/")[2]])
    return visitor.browser.get(address, secure=True).status_code


class TestTeacherWhoIsNoMore:
    def test_dropped_by_the_roster(self, teacher: Visitor, roster: Any, visit: Visit) -> None:
        roster(member("3", "Tara", "Instructor"))
        assert export_of(teacher) == 200

        roster()
        assert export_of(teacher) == 404
        assert "Moodle no longer lists you in this course" in teacher.get().content.decode()

        visit("teacher", "3")  # Moodle lets them in again
        assert export_of(teacher) == 200

    def test_said_to_be_inactive(self, teacher: Visitor, roster: Any) -> None:
        roster({**member("3", "Tara", "Instructor"), "status": "Inactive"})

        assert export_of(teacher) == 404

    def test_made_a_student_by_the_roster(self, teacher: Visitor, roster: Any) -> None:
        roster(member("3", "Tara", "Instructor"))
        roster(member("3", "Tara", "Learner"))

        assert export_of(teacher) == 404

    def test_launched_as_a_student(self, teacher: Visitor, visit: Visit) -> None:
        visit("student", "3")

        assert export_of(teacher) == 404
        assert "that you are student there" in teacher.get().content.decode()

    def test_launched_as_a_student_in_another_course(self, teacher: Visitor, visit: Visit) -> None:
        context = "https://purl.imsglobal.org/spec/lti/claim/context"
        link = "https://purl.imsglobal.org/spec/lti/claim/resource_link"
        visit("student", "3", **{context: {"id": "77"}, link: {"id": "78"}})

        assert export_of(teacher) == 200

    def test_session_without_a_membership(self, teacher: Visitor) -> None:
        Membership.objects.filter(person__sub="3").delete()

        assert export_of(teacher) == 404


@pytest.mark.parametrize(("then", "shown"), [("teacher", "teacher"), ("assistant", "assistant"), ("admin", "admin")])
def test_staff_go_on_with_the_lesser_of_both_roles(visit: Visit, assignment: Assignment, then: str, shown: str) -> None:
    first = visit("admin", "2")
    visit(then, "2")

    assert f'data-role="{shown}"' in first.text()
    assert LaunchSession.objects.get(pk=first.home.split("/")[2]).role == "admin", "kept as it was said"


def test_lesser_session_is_not_raised(visit: Visit, assignment: Assignment) -> None:
    as_student = visit("student", "3")
    visit("teacher", "3")

    assert 'data-role="student"' in as_student.text()
    assert export_of(as_student) == 404


def test_student_who_has_left_is_told(student: Visitor, roster: Any, platform: PlatformDouble) -> None:
    roster()
    platform.answers.upsert("GET", MEMBERS, json={"members": [member("3", "Tara", "Instructor")]})
    nrps.refresh_roster(Course.objects.select_related("platform").get())

    assert "no longer lists you" in student.get().content.decode()
    refused = student.browser.get(f"{student.home}state/", secure=True, headers={"Accept": "application/json"})
    assert refused.status_code == 404
    assert json.loads(refused.content)["error"]["code"] == "holds_no_more"


def test_what_was_typed_into_a_form_is_given_back(teacher: Visitor, visit: Visit) -> None:
    teacher.token()
    visit("student", "3")

    typed = {"title": "Renamed", "instructions": "Say <b>who</b> you are.\nThen sing."}
    page = teacher.post("settings/", {**typed, "time_zone": "Europe/Kyiv", "terms": "100 points d41d8cd9"})

    text = page.content.decode()
    assert page.status_code == 404
    assert "What you typed was not saved" in text
    assert "Say &lt;b&gt;who&lt;/b&gt; you are.\nThen sing." in text
    assert ">Renamed</textarea>" in text
    assert not [page_own for page_own in (teacher.token(), "Europe/Kyiv", "d41d8cd9") if page_own in text]
    assert Assignment.objects.get().title == "Interview"


def test_script_is_told_in_words(teacher: Visitor, visit: Visit, handed_in: Submission) -> None:
    teacher.token()
    address = reverse("video:mark", args=[teacher.home.split("/")[2], handed_in.attempts.get().pk])
    visit("student", "3")

    refused = teacher.send(address, {"points": "50", "version": 0})

    assert refused.status_code == 404
    error = json.loads(refused.content)["error"]
    assert error["code"] == "holds_no_more"
    assert "Open the assignment from Moodle again" in error["action"]
    assert not Grade.objects.exists()


def test_content_selection_ends_with_the_role(platform: PlatformDouble, visit: Visit, assignment: Assignment) -> None:
    browser = Client(HTTP_HOST="tool.example")
    path = platform.open_page(browser, roles=ROLES["teacher"], sub="3", **selecting())
    assert browser.get(path, secure=True).status_code == 200

    for role in ("assistant", "student"):
        visit(role, "3")
        told = browser.post(path, {"title": "Half typed"}, secure=True)
        assert told.status_code == 404
        assert b"Half typed" in told.content
        assert b"select content" in told.content

    visit("teacher", "3")
    assert browser.get(path, secure=True).status_code == 200
    assert ContentSelection.objects.count() == 1


def test_ticket_for_a_window_ends_with_the_role(teacher: Visitor, visit: Visit) -> None:
    address = json.loads(teacher.send("window/").content)["url"]
    visit("student", "3")

    assert Client(HTTP_HOST="tool.example").get(address, secure=True).status_code == 400
    assert LaunchSession.objects.filter(person__sub="3", role="teacher").count() == 2


def test_releases_that_wait_for_a_worker_end_with_the_role(
    teacher: Visitor, visit: Visit, handed_in: Submission
) -> None:
    grade = mark(handed_in.attempts.get(), "80")
    asker = LaunchSession.objects.get(pk=teacher.home.split("/")[2])
    Submission.objects.update(release_asked=asker)
    visit("student", "3")

    bulk_actions.release_asked(handed_in.assignment_id)

    grade.refresh_from_db()
    assert grade.unreleased
    assert Submission.objects.get().release_asked is None
    assert Person.objects.filter(sub="3").exists()
