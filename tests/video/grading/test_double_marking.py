"""Two markers, each alone; then the mark that they agree on."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lti_tool.models import LaunchSession, Person
from tests.films import film
from tests.video.student_page.test_returned import RUBRIC
from tests.video.visitor import Visitor
from video.grading import double_marking
from video.models import Assignment, Attempt, Event, Grade, OwnMark, Submission
from video.rubrics.rubrics import Rubric


@pytest.fixture(autouse=True)
def double(assignment: Assignment) -> None:
    Assignment.objects.update(double_marking=True)


@pytest.fixture
def attempt(student: Visitor) -> Attempt:
    student.upload("a.mp4", film())
    student.submit()
    return Attempt.objects.get()


@pytest.fixture
def second(visit: Any, assignment: Assignment) -> Visitor:
    visited: Visitor = visit("assistant", "4", name="Sam Second")
    return visited


def give(marker: Visitor, attempt: Attempt, **fields: str) -> HttpResponse:
    """Press *Give my own mark*; `points_sound` is `own-points-sound`."""
    typed = {f"own-{name.replace('_', '-')}": value for name, value in fields.items()}
    return marker.post(f"attempts/{attempt.pk}/own-mark/", {**typed, "give": "1"})


def type_in(marker: Visitor, attempt: Attempt, **fields: str) -> HttpResponse:
    """As the page's script does while somebody types."""
    browser = Client(HTTP_HOST="tool.example", headers={"Accept": "application/json"})
    browser.cookies = marker.browser.cookies
    path = f"{marker.home}attempts/{attempt.pk}/own-mark/"
    answer: Any = browser.post(path, {f"own-{name}": value for name, value in fields.items()}, secure=True)
    assert isinstance(answer, HttpResponse)
    return answer


def room(marker: Visitor, attempt: Attempt) -> str:
    return marker.text(f"submissions/{attempt.submission_id}/")


def panel(marker: Visitor, attempt: Attempt) -> str:
    found = re.search(r'<section class="own-marks".*?</section>', room(marker, attempt), re.DOTALL)
    assert found, "the room has no own marks"
    return found.group()


def takes(marker: Visitor, attempt: Attempt) -> dict[str, dict[str, str]]:
    found = re.search(r'<script id="own-mark-takes"[^>]*>(.*?)</script>', panel(marker, attempt))
    assert found, "there is nothing to take"
    read: dict[str, dict[str, str]] = json.loads(found.group(1))
    return read


def agree(marker: Visitor, attempt: Attempt, version: int = 0, **fields: Any) -> HttpResponse:
    return marker.send(f"attempts/{attempt.pk}/mark/", {"version": version, **fields})


class TestBlind:
    def test_others_are_seen_only_once_ones_own_is_given(
        self, teacher: Visitor, second: Visitor, attempt: Attempt
    ) -> None:
        give(teacher, attempt, points="71.25", note="Rushed ending.")
        before = room(second, attempt)
        assert "71.25" not in before
        assert "Rushed" not in before
        assert "1 other marker has given one" in before
        type_in(second, attempt, points="64")
        assert "71.25" not in room(second, attempt), "typed is not given"
        launch = LaunchSession.objects.filter(person__sub="4").latest("created_at")
        inside = double_marking.panel(
            launch=launch, assignment=attempt.submission.assignment, attempt=attempt, rubric=Rubric()
        )
        assert [*inside.given, *inside.takes, inside.difference] == [0], "not even where no template shows it"

        give(second, attempt, points="64", note="Good start.")
        for marker in (teacher, second):
            shown = panel(marker, attempt)
            for said in ("Tara Teacher", "Sam Second", "71.25 of 100", "64 of 100", "Rushed ending.", "Good start."):
                assert said in shown
            assert "7.25 points apart" in shown

    def test_what_is_typed_is_kept_for_oneself(self, teacher: Visitor, second: Visitor, attempt: Attempt) -> None:
        answer = type_in(teacher, attempt, points="71.25", note="Rushed ending.")

        assert json.loads(answer.content)["given"] is False
        assert 'value="71.25"' in panel(teacher, attempt)
        give(second, attempt, points="64")
        assert "71.25" not in room(second, attempt)
        assert "Waiting for another marker" in panel(second, attempt)
        assert not Event.objects.filter(kind="own_mark", actor__sub="3").exists()

    def test_nothing_typed_makes_no_mark(self, teacher: Visitor, attempt: Attempt) -> None:
        assert json.loads(type_in(teacher, attempt, points="").content) == {"given": False, "saved_at": None}
        assert not OwnMark.objects.exists()

    def test_a_mark_can_be_changed_until_another_has_seen_it(
        self, teacher: Visitor, second: Visitor, attempt: Attempt
    ) -> None:
        give(teacher, attempt, points="71")
        assert type_in(teacher, attempt, points="1").status_code == 409
        assert "Change it" in panel(teacher, attempt)
        teacher.post(f"attempts/{attempt.pk}/own-mark/", {"change": "1"})
        assert 'value="71"' in panel(teacher, attempt)
        assert "1 other marker" not in panel(second, attempt), "it counts no more"
        give(teacher, attempt, points="75")

        give(second, attempt, points="64")
        assert "Change it" not in panel(teacher, attempt)
        teacher.post(f"attempts/{attempt.pk}/own-mark/", {"change": "1"})
        give(teacher, attempt, points="64")
        assert set(OwnMark.objects.given().values_list("points", flat=True)) == {Decimal(75), Decimal(64)}

    def test_students_see_nothing_of_it(
        self, teacher: Visitor, second: Visitor, student: Visitor, attempt: Attempt
    ) -> None:
        give(teacher, attempt, points="71.25", note="Rushed ending.")
        give(second, attempt, points="64.75", note="Good start.")
        agree(teacher, attempt, points="70", finish=True)
        page = student.text() + student.text("state/") + student.text(f"receipts/{attempt.pk}/")

        for hidden in ("71.25", "64.75", "Rushed", "Good start", "own"):
            assert hidden not in re.sub(
                r'"[A-Za-z0-9]{64}"|[0-9a-f-]{36}|unknown|down|shown', "", page.partition("<main")[2]
            )
        assert "70" in page

    def test_marked_by_nobody_but_in_hand_is_not_taken_back(
        self, teacher: Visitor, student: Visitor, attempt: Attempt
    ) -> None:
        assert "Take it back" in student.text()
        type_in(teacher, attempt, points="50")

        assert "Take it back" not in student.text()
        student.post(f"attempts/{attempt.pk}/withdraw/")
        assert Attempt.objects.get().submitted_at is not None


class TestAgreed:
    def test_points_wait_for_two_own_marks(self, teacher: Visitor, second: Visitor, attempt: Attempt) -> None:
        for given, said in ((0, "0 are given"), (1, "1 is given")):
            if given:
                give(second, attempt, points="64")
            answer = agree(teacher, attempt, points="70", finish=True)
            assert answer.status_code == 422
            assert said in json.loads(answer.content)["error"]["message"]
            assert "data-waits" in room(teacher, attempt)
        assert not Grade.objects.exists()

        give(teacher, attempt, points="71")
        assert agree(teacher, attempt, points="70", finish=True).status_code == 200
        grade = Grade.objects.get()
        assert (grade.points, grade.grader) == (Decimal(70), Person.objects.get(sub="3"))
        assert grade.returned
        assert not Event.objects.filter(data__alone=True).exists()
        assert "data-waits" not in room(teacher, attempt)

    def test_typed_but_not_given_does_not_count(self, teacher: Visitor, second: Visitor, attempt: Attempt) -> None:
        give(second, attempt, points="64")
        type_in(teacher, attempt, points="71")

        assert agree(teacher, attempt, points="70").status_code == 422

    def test_feedback_does_not_wait(self, teacher: Visitor, attempt: Attempt) -> None:
        assert agree(teacher, attempt, points="", feedback="<p>Well told.</p>").status_code == 200
        assert Grade.objects.get().feedback == "<p>Well told.</p>"

    def test_form_without_a_script_is_refused_in_words_and_keeps_what_was_typed(
        self, teacher: Visitor, attempt: Attempt
    ) -> None:
        answer = teacher.post(
            f"submissions/{attempt.submission_id}/", {"points": "70", "feedback": "Typed for an hour."}
        )

        assert answer.status_code == 422
        assert "needs 2 own marks" in answer.content.decode()
        assert "Typed for an hour." in answer.content.decode()
        assert not Grade.objects.exists()

    @pytest.mark.parametrize("finish", [True, False])
    def test_teacher_may_agree_on_one_alone_and_that_is_recorded(
        self, teacher: Visitor, attempt: Attempt, finish: bool
    ) -> None:
        assert agree(teacher, attempt, points="70", alone="1", finish=finish).status_code == 200
        assert Grade.objects.get().points == 70
        event = Event.objects.get(data__alone=True)
        assert (event.kind, event.actor) == ("graded", Person.objects.get(sub="3"))

        assert agree(teacher, attempt, 1, points="70", feedback="Fair.").status_code == 200, "its points stay"
        assert agree(teacher, attempt, 2, points="71").status_code == 422, "another one is to be said again"

    def test_form_without_a_script_may_agree_alone(self, teacher: Visitor, attempt: Attempt) -> None:
        answer = teacher.post(f"submissions/{attempt.submission_id}/", {"points": "70", "alone": "1"})

        assert answer.status_code == 302
        assert Event.objects.get(data__alone=True).kind == "graded"

    def test_assistant_may_not_agree_alone(self, second: Visitor, attempt: Attempt) -> None:
        assert 'name="alone"' not in room(second, attempt)
        assert agree(second, attempt, points="70", alone="1").status_code == 422
        assert not Grade.objects.exists()

    def test_marked_once_needs_no_own_marks_and_takes_none(self, teacher: Visitor, attempt: Attempt) -> None:
        Assignment.objects.update(double_marking=False)

        assert "own-marks" not in room(teacher, attempt).partition("<main")[2]
        assert type_in(teacher, attempt, points="70").status_code == 409
        assert agree(teacher, attempt, points="70").status_code == 200

    def test_attempt_that_was_taken_back_takes_no_own_mark(
        self, teacher: Visitor, second: Visitor, student: Visitor, attempt: Attempt
    ) -> None:
        student.post(f"attempts/{attempt.pk}/withdraw/")

        assert type_in(teacher, attempt, points="70").status_code == 409
        assert not OwnMark.objects.exists()


class TestTake:
    def test_points(self, teacher: Visitor, second: Visitor, attempt: Attempt) -> None:
        give(teacher, attempt, points="71.25")
        give(second, attempt, points="64")
        mine = OwnMark.objects.get(marker__sub="3")

        taken = takes(second, attempt)
        assert taken["mean"] == {"points": "67.63"}
        assert taken[str(mine.pk)] == {"points": "71.25"}

    def test_rubric_by_criterion(self, teacher: Visitor, second: Visitor, attempt: Attempt) -> None:
        Assignment.objects.update(grading=Assignment.Grading.RUBRIC, rubric=RUBRIC)
        give(teacher, attempt, level_pace="good", points_sound="3")
        give(second, attempt, level_pace="slow", points_sound="3")
        mine = OwnMark.objects.get(marker__sub="3")
        assert (mine.points, mine.scores["pace"]["level"]) == (Decimal(90), "good")

        shown = panel(second, attempt)
        assert re.search(r'<tr class="differs"><th scope="row">Pace <span class="status-label late">differs', shown)
        assert re.search(r'<tr><th scope="row">Sound</th>', shown)
        taken = takes(second, attempt)
        assert taken["mean"] == {
            "level-pace": "",
            "points-pace": "4",
            "level-sound": "",
            "points-sound": "3",
            "overridden": "",
            "points": "70",
        }
        assert taken[str(mine.pk)]["level-pace"] == "good"
        assert agree(teacher, attempt, **dict[str, Any](taken["mean"])).status_code == 200
        grade = Grade.objects.get()
        assert (grade.points, grade.overridden) == (Decimal(70), False)

    def test_rubric_has_to_be_whole(self, teacher: Visitor, second: Visitor, attempt: Attempt) -> None:
        Assignment.objects.update(grading=Assignment.Grading.RUBRIC, rubric=RUBRIC)
        answer = give(teacher, attempt, level_pace="good")
        assert answer.status_code == 302
        assert "Score every criterion." in teacher.text(answer["Location"])
        assert not OwnMark.objects.exists()
        type_in(teacher, attempt, **{"level-pace": "good"})

        assert '<option value="good" selected>' in panel(teacher, attempt), "what there is, is kept"

    def test_pass_or_fail_has_no_mean(self, teacher: Visitor, second: Visitor, attempt: Attempt) -> None:
        Assignment.objects.update(grading=Assignment.Grading.PASS_FAIL)
        give(teacher, attempt, verdict="pass")
        give(second, attempt, verdict="fail")

        shown, taken = panel(teacher, attempt), takes(teacher, attempt)
        assert "They differ." in shown
        assert "Not passed" in shown
        assert "mean" not in taken
        assert sorted(fields["verdict"] for fields in taken.values()) == ["fail", "pass"]


@pytest.mark.parametrize("points", ["-1", "100.5", "many", "NaN", "Infinity", "1e400", "1.234", "9" * 400])
def test_hostile_points_are_refused_in_words(teacher: Visitor, attempt: Attempt, points: str) -> None:
    answer = type_in(teacher, attempt, points=points)

    assert answer.status_code == 422
    assert json.loads(answer.content)["fields"]["points"]
    assert not OwnMark.objects.exists()


def test_hostile_note(teacher: Visitor, attempt: Attempt) -> None:
    assert type_in(teacher, attempt, note="x" * 50_001).status_code == 422
    assert type_in(teacher, attempt, note="a\x00<script>b").status_code == 200
    assert "a&lt;script&gt;b" in panel(teacher, attempt)


def test_others_work_takes_no_own_mark(student: Visitor, attempt: Attempt, visit: Any) -> None:
    for other in (student, visit("student", "7")):
        assert type_in(other, attempt, points="70").status_code == 404
    assert not OwnMark.objects.exists()


def test_own_marks_of_many_attempts_are_one_statement(
    teacher: Visitor, second: Visitor, attempt: Attempt, visit: Any
) -> None:
    ben = visit("student", "7")
    ben.upload("b.mp4", film())
    ben.submit()
    other = Attempt.objects.exclude(pk=attempt.pk).get()
    give(teacher, attempt, points="71")
    give(second, attempt, points="64")
    type_in(teacher, other, points="5")

    with CaptureQueriesContext(connection) as captured:
        found = double_marking.given([attempt.pk, other.pk])
        assert [(row.marker.name, row.points) for row in found[attempt.pk]] == [
            ("Tara Teacher", Decimal(71)),
            ("Sam Second", Decimal(64)),
        ]
    assert len(captured) == 1
    assert other.pk not in found


def test_room_asks_once_however_many_markers(teacher: Visitor, attempt: Attempt, visit: Any) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            teacher.text(f"submissions/{attempt.submission_id}/")
        return len(captured)

    give(teacher, attempt, points="71")
    with_one = statements()
    for sub in ("40", "41", "42"):
        give(visit("assistant", sub), attempt, points="64")

    assert Submission.objects.count() == 1
    assert statements() == with_one
