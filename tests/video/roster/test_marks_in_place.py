"""A mark that is typed in the roster itself: its points alone, at once, and never over somebody else's."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lti_tool.models import Course, Person, ScoreDelivery
from tests.lti_tool.platform_double import LTI, PlatformDouble
from tests.video.conftest import Visit
from tests.video.course import enrol, hand_in, mark
from tests.video.visitor import Visitor
from video.models import Assignment, Attempt, Event, Grade, Release, Submission

RUBRIC = {
    "criteria": [
        {"id": "c1", "title": "Sound", "points": "10"},
        {"id": "c2", "title": "Picture", "points": "10"},
    ]
}
SCORES = {"c1": {"points": "5", "note": "Quiet."}, "c2": {"points": "10"}}


@pytest.fixture
def attempt(assignment: Assignment) -> Attempt:
    Course.objects.update(roster_refreshed_at=timezone.now())
    return hand_in(assignment, enrol(assignment, "6", "Ana Student"))


def save(visitor: Visitor, attempt: Attempt, body: Any) -> tuple[int, dict[str, Any]]:
    response = visitor.send(f"attempts/{attempt.pk}/points/", body)
    is_json = response["Content-Type"] == "application/json"
    return response.status_code, json.loads(response.content) if is_json else {}


def test_points_are_saved_given_back_and_owed_to_moodle(teacher: Visitor, attempt: Attempt) -> None:
    status, told = save(teacher, attempt, {"points": "87,5", "version": 0})

    assert status == 200
    assert (told["version"], told["points"], told["in_words"]) == (1, "87.5", "87.5 of 100")
    assert (told["status"]["label"], told["delivery"]["code"]) == ("Returned", "waiting")
    assert Release.objects.get().points == Decimal("87.5")
    assert ScoreDelivery.objects.get().points == Decimal("87.5")
    assert Submission.objects.get().state == "graded"
    assert Event.objects.filter(kind="released").count() == 1


def test_held_back_it_is_marked_and_not_released(teacher: Visitor, attempt: Attempt) -> None:
    Assignment.objects.update(hold_grades=True)
    _, told = save(teacher, attempt, {"points": 0, "version": 0})

    assert (told["points"], told["status"]["label"]) == ("0", "Marked, not released")
    assert not Release.objects.exists()
    assert Submission.objects.get().state == "graded"


def test_the_rest_of_the_mark_stays(teacher: Visitor, attempt: Attempt) -> None:
    Assignment.objects.update(grading="rubric", rubric=RUBRIC, hold_grades=True)
    kept = {**SCORES, "gone": {"points": "3", "level": "l1"}}  # of a criterion that the rubric has no more
    mark(attempt, "75", feedback="<p>Well told.</p>", private_note="Look again.", scores=kept)

    status, told = save(teacher, attempt, {"points": "90", "version": 1})

    assert status == 200
    assert (told["overridden"], told["rubric_points"]) == (True, "75")
    grade = Grade.objects.get()
    assert (grade.points, grade.overridden, grade.version) == (Decimal(90), True, 2)
    assert (grade.feedback, grade.private_note, grade.scores) == ("<p>Well told.</p>", "Look again.", kept)
    page = teacher.text()
    assert "Overrides 75" in page


@pytest.mark.parametrize(("typed", "points", "overridden"), [("", "75", False), ("75.00", "75", False)])
def test_what_is_the_rubrics_own_overrides_nothing(
    teacher: Visitor, attempt: Attempt, typed: str, points: str, overridden: bool
) -> None:
    Assignment.objects.update(grading="rubric", rubric=RUBRIC, hold_grades=True)
    mark(attempt, "90", scores=SCORES, overridden=True)
    _, told = save(teacher, attempt, {"points": typed, "version": 1})

    assert (told["points"], told["overridden"]) == (points, overridden)


def test_emptied_it_is_to_be_marked_again(teacher: Visitor, attempt: Attempt) -> None:
    mark(attempt, "90", feedback="<p>Hm.</p>", released=True)
    _, told = save(teacher, attempt, {"points": " ", "version": 1})

    assert (told["points"], told["in_words"]) == ("", "not marked")
    assert Submission.objects.get().state == "submitted"
    assert Grade.objects.get().feedback == "<p>Hm.</p>"
    assert Release.objects.get().points == 90, "what its student has seen stays until the next release"


@pytest.mark.parametrize(("verdict", "points"), [("pass", "100"), ("fail", "0"), ("", "")])
def test_pass_or_fail(teacher: Visitor, attempt: Attempt, verdict: str, points: str) -> None:
    Assignment.objects.update(grading="pass_fail")
    mark(attempt, "50")
    status, told = save(teacher, attempt, {"verdict": verdict, "version": 1})

    assert (status, told["points"]) == (200, points)


def test_somebody_elses_mark_is_not_overwritten(teacher: Visitor, attempt: Attempt, visit: Visit) -> None:
    save(visit("assistant", "4", name="Tom Assistant"), attempt, {"points": "70", "version": 0})
    status, told = save(teacher, attempt, {"points": "60", "version": 0})

    assert status == 409
    theirs = told["theirs"]
    assert (theirs["points"], theirs["in_words"], theirs["grader"]) == ("70", "70 of 100", "Tom Assistant")
    assert Grade.objects.get().points == 70
    assert save(teacher, attempt, {"points": "60", "version": theirs["version"]})[0] == 200
    assert Grade.objects.get().points == 60


@pytest.mark.parametrize(
    "typed",
    ["-1", "100.01", "1.234", "NaN", "sNaN", "Infinity", "1e400", "9" * 5000, "x", [], {}, True, ["5"], None],
    ids=lambda typed: repr(typed)[:12],
)
def test_nonsense_is_told_and_changes_nothing(teacher: Visitor, attempt: Attempt, typed: Any) -> None:
    mark(attempt, "50")
    status, told = save(teacher, attempt, {"points": typed, "version": 1})

    assert status == 422
    assert told["fields"]["points"]
    assert Grade.objects.get().points == 50


@pytest.mark.parametrize("version", [-1, 2, "x", "9" * 5000, 1.0, True, None, [], "١"[:0], 10**30])
def test_a_version_that_was_never_shown_changes_nothing(teacher: Visitor, attempt: Attempt, version: Any) -> None:
    mark(attempt, "50")

    assert save(teacher, attempt, {"points": "60", "version": version})[0] == 409
    assert Grade.objects.get().points == 50


@pytest.mark.parametrize("body", [[], "x", 5, None])
def test_what_is_no_object_is_refused(teacher: Visitor, attempt: Attempt, body: Any) -> None:
    assert save(teacher, attempt, body)[0] == 400


@pytest.mark.parametrize("verdict", ["x", None, 1, []])
def test_a_verdict_is_one_of_two(teacher: Visitor, attempt: Attempt, verdict: Any) -> None:
    Assignment.objects.update(grading="pass_fail")

    assert save(teacher, attempt, {"verdict": verdict, "version": 0})[0] == 422


def test_an_attempt_that_was_taken_back_takes_no_mark(teacher: Visitor, attempt: Attempt) -> None:
    Attempt.objects.update(submitted_at=None)

    assert save(teacher, attempt, {"points": "5", "version": 0})[0] == 404


def test_two_markers_mark_in_the_room(teacher: Visitor, attempt: Attempt) -> None:
    Assignment.objects.update(double_marking=True)

    assert "data-points" not in teacher.text()
    status, told = save(teacher, attempt, {"points": "5", "version": 0})
    assert (status, told["error"]["code"]) == (422, "two_markers")


def test_saving_writes_six_statements_at_most(teacher: Visitor, attempt: Attempt) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert save(teacher, attempt, {"points": "5", "version": 0})[0] == 200
    written = [one["sql"] for one in captured if one["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]

    assert len(written) <= 6, written


OTHER = {f"{LTI}resource_link": {"id": "2", "title": "Essay"}, f"{LTI}context": {"id": "77", "title": "Physics"}}


@pytest.mark.parametrize(
    ("role", "sub", "changes", "status"),
    [
        ("student", "6", {}, 404),
        ("student", "99", {}, 404),
        ("assistant", "4", {}, 200),
        ("teacher", "3", {}, 200),
        ("admin", "2", {}, 200),
        ("teacher", "5", OTHER, 404),
    ],
)
def test_who_may(attempt: Attempt, visit: Visit, role: str, sub: str, changes: dict[str, Any], status: int) -> None:
    assert save(visit(role, sub, **changes), attempt, {"points": "5", "version": 0})[0] == status


def test_not_from_another_platform(attempt: Attempt, visit: Visit, platform: PlatformDouble) -> None:
    twin = PlatformDouble(platform.answers, host="twin.example")

    assert save(visit("admin", "2", platform=twin), attempt, {"points": "5", "version": 0})[0] == 404


def test_anonymous_answers_name_nobody(teacher: Visitor, attempt: Attempt) -> None:
    Assignment.objects.update(anonymous=True, hold_grades=True)
    ana = Person.objects.get(name="Ana Student")
    response = teacher.send(f"attempts/{attempt.pk}/points/", {"points": "5", "version": 0})

    assert response.status_code == 200
    for secret in ("Ana", str(ana.pk)):
        assert secret not in response.content.decode()
