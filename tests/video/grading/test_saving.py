"""Marks that save themselves: versions, two markers at once, when a mark is done, and what it costs."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from lti_tool.models import Person, ScoreDelivery
from tests.films import film
from tests.video.course import hand_in
from tests.video.visitor import Visitor
from video.models import Assignment, Attempt, Event, Grade, Release, Submission, Video

RUBRIC = {
    "criteria": [
        {
            "id": "c1",
            "title": "Structure",
            "description": "",
            "points": "4",
            "levels": [
                {"id": "l1", "title": "Good", "points": "4", "description": ""},
                {"id": "l2", "title": "Poor", "points": "1", "description": ""},
            ],
        },
        {"id": "c2", "title": "Sound", "description": "", "points": "6", "levels": []},
    ]
}


@pytest.fixture
def attempt(student: Visitor) -> Attempt:
    return hand_in(Assignment.objects.get(), Person.objects.get(sub="6"), name="a.mp4")


@pytest.fixture
def assistant(visit: Any, assignment: Assignment) -> Visitor:
    visitor: Visitor = visit("assistant", "4", name="Toni Tutor")
    return visitor


def save(visitor: Visitor, attempt: Attempt, version: object = 0, **fields: object) -> HttpResponse:
    return visitor.send(f"attempts/{attempt.pk}/mark/", {"version": version, **fields})


def answer(response: HttpResponse, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.content.decode()
    found: dict[str, Any] = json.loads(response.content)
    return found


def room(attempt: Attempt) -> str:
    return f"submissions/{attempt.submission_id}/"


class TestAsItIsTyped:
    def test_each_save_goes_on_from_the_version_of_the_last(self, teacher: Visitor, attempt: Attempt) -> None:
        first = answer(save(teacher, attempt, points="7"))
        second = answer(save(teacher, attempt, first["version"], points="70", feedback="<p>Well told.</p>"))

        assert (first["version"], second["version"]) == (1, 2)
        assert (Grade.objects.get().points, Grade.objects.get().feedback) == (Decimal(70), "<p>Well told.</p>")
        assert second["status"]["code"] == "unreleased"
        assert second["grader"] == "Tara Teacher"

    def test_nothing_is_not_saved(self, teacher: Visitor, attempt: Attempt) -> None:
        assert answer(save(teacher, attempt, points="", feedback="  ")) == {"version": 0}
        assert not Grade.objects.exists()

    def test_its_student_sees_nothing_of_it(self, student: Visitor, teacher: Visitor, attempt: Attempt) -> None:
        answer(save(teacher, attempt, points="73.5", feedback="<p>Half a thought</p>", private_note="Plagiarism?"))

        page = student.text()
        assert not any(words in page for words in ("73.5", "Half a thought", "Plagiarism?"))
        assert not ScoreDelivery.objects.exists()

    def test_what_is_wrong_is_told_by_field_and_nothing_is_saved(self, teacher: Visitor, attempt: Attempt) -> None:
        answer(save(teacher, attempt, points="5"))
        refused = answer(save(teacher, attempt, 1, points="1000", feedback="Typed for an hour."), 422)

        assert list(refused["fields"]) == ["points"]
        assert Grade.objects.get().version == 1

    @pytest.mark.parametrize(
        "body",
        [
            {"points": ["7"]},
            {"points": {"a": 1}},
            {"points": "1e999999"},
            {"points": "NaN"},
            {"points": "9" * 5000},
            {"version": "9" * 5000},
            {"version": 10**30},
            {"version": -1},
            {"version": None},
            {"version": 1.5},
            {"feedback": "\ud800"},
            {"feedback": "x" * 50_001},
            {"private_note": "y" * 50_001},
            {"feedback": "\x00a\x00"},
            {"verdict": ["pass"], "finish": "yes"},
            {"level-c1": {"x": 1}, "points-c1": True},
        ],
    )
    def test_hostile_input_is_no_fault(self, teacher: Visitor, attempt: Attempt, body: dict[str, Any]) -> None:
        answer(save(teacher, attempt, points="5"))

        assert save(teacher, attempt, **{"version": 1, **body}).status_code in (200, 400, 409, 422)
        assert Grade.objects.get().points in (Decimal(5), None)
        assert "\x00" not in Grade.objects.get().feedback

    @pytest.mark.parametrize("body", ["[]", "7", '"a"', "{"])
    def test_what_is_no_object_of_text_is_refused(self, teacher: Visitor, attempt: Attempt, body: str) -> None:
        headers = {"X-CSRFToken": teacher.token(), "Referer": f"https://tool.example{teacher.home}"}
        sent = teacher.browser.post(
            f"{teacher.home}attempts/{attempt.pk}/mark/",
            body,
            content_type="application/json",
            secure=True,
            headers=headers,
        )
        assert sent.status_code == 400

    def test_markup_that_could_act_is_taken_out(self, teacher: Visitor, attempt: Attempt) -> None:
        answer(save(teacher, attempt, feedback='<p onclick="x()">Hi<script>alert(1)</script></p>'))

        assert Grade.objects.get().feedback == "<p>Hi</p>"


class TestDone:
    def test_done_with_it_gives_it_back(self, student: Visitor, teacher: Visitor, attempt: Attempt) -> None:
        done = answer(save(teacher, attempt, points="70", finish=True))

        assert (done["unreleased"], done["status"]["code"]) == (False, "returned")
        assert done["delivery"]["code"] == "waiting"
        assert "70" in student.text()

    @pytest.mark.parametrize("finish", [False, None, 1, "true"])
    def test_anything_else_is_not_done(self, teacher: Visitor, attempt: Attempt, finish: object) -> None:
        assert answer(save(teacher, attempt, points="70", finish=finish))["unreleased"] is True
        assert not Release.objects.exists()

    def test_without_points_there_is_nothing_to_give_back(self, teacher: Visitor, attempt: Attempt) -> None:
        done = answer(save(teacher, attempt, feedback="<p>Hm.</p>", finish=True))

        assert (done["points"], done["unreleased"]) == (None, True)
        assert not Release.objects.exists()

    def test_held_marks_wait(self, teacher: Visitor, attempt: Attempt) -> None:
        Assignment.objects.update(hold_grades=True)

        assert answer(save(teacher, attempt, points="70", finish=True))["unreleased"] is True
        released = teacher.post(f"{room(attempt)}release/")
        assert released.status_code == 302
        assert Release.objects.get().points == Decimal(70)

    def test_what_was_saved_before_is_given_back_once_it_is_done(self, teacher: Visitor, attempt: Attempt) -> None:
        answer(save(teacher, attempt, points="70"))
        done = answer(save(teacher, attempt, 1, points="70", finish=True))

        assert (done["version"], done["unreleased"]) == (1, False)

    def test_a_later_change_is_not_seen_before_it_is_done(
        self, student: Visitor, teacher: Visitor, attempt: Attempt
    ) -> None:
        answer(save(teacher, attempt, points="70", finish=True))
        changed = answer(save(teacher, attempt, 1, points="33"))

        assert changed["status"]["label"] == "Changed since released"
        assert Release.objects.get().points == Decimal(70)
        assert ScoreDelivery.objects.get().points == Decimal(70)

    def test_an_assistant_marks_and_a_teacher_releases(
        self, assistant: Visitor, teacher: Visitor, attempt: Attempt
    ) -> None:
        done = answer(save(assistant, attempt, points="70", finish=True))

        assert done["unreleased"] is True
        assert "release-form" not in assistant.text(room(attempt))
        assert assistant.post(f"{room(attempt)}release/").status_code == 404
        assert teacher.post(f"{room(attempt)}release/").status_code == 302

    def test_an_assistant_who_may_releases(self, assistant: Visitor, attempt: Attempt) -> None:
        Assignment.objects.update(assistants_release=True)

        assert answer(save(assistant, attempt, points="70", finish=True))["unreleased"] is False


class TestRelease:
    def test_the_rooms_script_gets_the_mark(self, teacher: Visitor, attempt: Attempt) -> None:
        answer(save(teacher, attempt, points="70"))
        page = teacher.text(room(attempt))
        assert re.search(r"data-release-button(?! hidden)", page)

        released = by_script(teacher, attempt, str(attempt.pk))
        assert (released["unreleased"], released["status"]["code"]) == (False, "returned")
        assert "data-release-button hidden" in teacher.text(room(attempt))

    @pytest.mark.parametrize("other", ["", "x", "00000000-0000-4000-8000-000000000000"])
    def test_an_attempt_that_is_not_there_is_not_found(self, teacher: Visitor, attempt: Attempt, other: str) -> None:
        by_script(teacher, attempt, other, status=404)


def by_script(visitor: Visitor, attempt: Attempt, attempt_id: str, *, status: int = 200) -> dict[str, Any]:
    headers = {"Referer": f"https://tool.example{visitor.home}", "Accept": "application/json"}
    fields = {"csrfmiddlewaretoken": visitor.token(), "attempt_id": attempt_id}
    sent = visitor.browser.post(f"{visitor.home}{room(attempt)}release/", fields, secure=True, headers=headers)
    assert sent.status_code == status
    found: dict[str, Any] = json.loads(sent.content) if status == 200 else {}
    return found


class TestTwoAtOnce:
    def test_the_second_sees_both_and_nothing_is_lost(
        self, teacher: Visitor, assistant: Visitor, attempt: Attempt
    ) -> None:
        answer(save(assistant, attempt, points="40", feedback="<p>Too short.</p>", private_note="Watch out"))
        refused = answer(save(teacher, attempt, 0, points="70", feedback="<p>Well told.</p>"), 409)

        assert refused["error"]["code"] == "changed"
        assert refused["theirs"]["version"] == 1
        assert refused["theirs"]["feedback"] == "<p>Too short.</p>"
        for words in ("40 of 100", "70 of 100", "Too short.", "Well told.", "Watch out", "Toni Tutor"):
            assert words in refused["html"]
        assert Grade.objects.get().points == Decimal(40)

    def test_who_chose_goes_on_from_the_others_version(
        self, teacher: Visitor, assistant: Visitor, attempt: Attempt
    ) -> None:
        answer(save(assistant, attempt, points="40"))
        theirs = answer(save(teacher, attempt, 0, points="70"), 409)["theirs"]

        assert answer(save(teacher, attempt, theirs["version"], points="70"))["version"] == 2

    def test_rubric_choices_are_told_in_words(self, teacher: Visitor, assistant: Visitor, attempt: Attempt) -> None:
        Assignment.objects.update(grading="rubric", rubric=RUBRIC)
        answer(save(assistant, attempt, **{"level-c1": "l2", "points-c2": "5", "note-c2": "Wind."}))
        html = answer(save(teacher, attempt, 0, **{"level-c1": "l1", "points-c2": "5"}), 409)["html"]

        assert "Good (4)" in html
        assert "Poor (1)" in html
        assert "Wind." in html

    def test_markup_in_both_is_shown_as_text(self, teacher: Visitor, assistant: Visitor, attempt: Attempt) -> None:
        answer(save(assistant, attempt, private_note="<img src=x onerror=alert(1)>"))
        html = answer(save(teacher, attempt, 0, points="70"), 409)["html"]

        assert "<img" not in html

    def test_the_same_is_no_change(self, teacher: Visitor, attempt: Attempt) -> None:
        """Whose answer was lost on its way sends it once more."""
        answer(save(teacher, attempt, 0, points="70"))
        again = answer(save(teacher, attempt, 0, points="70", finish=True))

        assert (again["version"], again["unreleased"]) == (1, False)

    def test_a_mark_that_is_gone_is_told(self, teacher: Visitor, attempt: Attempt) -> None:
        answer(save(teacher, attempt, 0, points="70"))
        Grade.objects.all().delete()
        refused = answer(save(teacher, attempt, 1, points="71"), 409)

        assert refused["theirs"] == {"version": 0}
        assert "taken away" in refused["html"]

    def test_without_a_script_both_are_shown_and_the_form_goes_on(
        self, teacher: Visitor, assistant: Visitor, attempt: Attempt
    ) -> None:
        answer(save(assistant, attempt, points="40", feedback="<p>Too short.</p>"))
        refused = teacher.post(room(attempt), {"points": "70", "feedback": "Well told.", "version": "0"})

        page = refused.content.decode()
        assert refused.status_code == 409
        for words in ("40 of 100", "70 of 100", "Too short.", "Toni Tutor", "take theirs"):
            assert words in page
        assert 'name="version" value="1"' in page
        assert re.search(r'name="points"[^>]* value="70"', page)
        assert teacher.post(room(attempt), {"points": "70", "version": "1"}).status_code == 302
        assert Grade.objects.get().points == Decimal(70)


class TestTakenBack:
    def test_is_told_and_nothing_is_saved(self, student: Visitor, teacher: Visitor, attempt: Attempt) -> None:
        student.post(f"attempts/{attempt.pk}/withdraw/")

        assert answer(save(teacher, attempt, points="70"), 409)["error"]["code"] == "taken_back"
        assert not Grade.objects.exists()

    @pytest.mark.parametrize(("role", "sub"), [("student", "6"), ("student", "99")])
    def test_a_student_saves_no_mark(self, visit: Any, attempt: Attempt, role: str, sub: str) -> None:
        assert save(visit(role, sub), attempt, points="100").status_code == 404
        assert not Grade.objects.exists()


def test_moving_on_is_told_on_the_next_page(teacher: Visitor, attempt: Attempt) -> None:
    answer(save(teacher, attempt, points="70", finish=True, moving=True))

    assert "Saved the mark of Ana Student." in teacher.text(room(attempt))


def test_moving_on_names_nobody_who_is_hidden(teacher: Visitor, attempt: Attempt) -> None:
    Assignment.objects.update(anonymous=True, hold_grades=True)
    answer(save(teacher, attempt, points="70", finish=True, moving=True))

    page = teacher.text(room(attempt))
    assert "Saved the mark of Student " in page
    assert "Ana Student" not in page


def test_private_note_is_for_markers(student: Visitor, teacher: Visitor, assistant: Visitor, attempt: Attempt) -> None:
    answer(save(teacher, attempt, points="70", private_note="Ask Toni.", finish=True))

    assert "Ask Toni." in assistant.text(room(attempt))
    assert "Ask Toni." not in student.text()


@pytest.mark.parametrize("again", [False, True])
def test_a_save_writes_six_statements_at_most(
    teacher: Visitor, attempt: Attempt, django_capture_on_commit_callbacks: Callable[..., Any], again: bool
) -> None:
    if again:
        answer(save(teacher, attempt, points="1", finish=True))
    with CaptureQueriesContext(connection) as captured:
        answer(save(teacher, attempt, int(again), points="70", feedback="<p>Well told.</p>", finish=True))

    written = [q["sql"] for q in captured.captured_queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert 3 <= len(written) <= 6, "\n".join(written)


class TestPeek:
    def address(self, attempt: Attempt) -> str:
        return f"{room(attempt)}peek/"

    def test_gives_the_next_video_without_counting_it_as_watched(self, teacher: Visitor, attempt: Attempt) -> None:
        video = Video.objects.get()
        found = answer(teacher.get(self.address(attempt)))

        assert found["for"] == f"{teacher.home}videos/{video.pk}/playback/"
        assert found["src"].startswith(f"https://cdn.example/{video.key}?Expires=")
        assert not Event.objects.filter(kind="playback").exists()
        assert teacher.get(found["for"]).status_code == 200
        assert Event.objects.filter(kind="playback").count() == 1

    def test_nothing_where_nothing_plays(self, teacher: Visitor, attempt: Attempt) -> None:
        Video.objects.update(state="deleted")

        assert teacher.get(self.address(attempt)).status_code == 204

    def test_a_draft_is_not_looked_at(self, visit: Any, teacher: Visitor, attempt: Attempt) -> None:
        visit("student", "7").upload("b.mp4", film())
        draft = Submission.objects.get(person__sub="7")

        assert teacher.get(f"submissions/{draft.pk}/peek/").status_code == 404

    @pytest.mark.parametrize(("role", "sub"), [("student", "6"), ("student", "99")])
    def test_students_peek_at_nothing(self, visit: Any, attempt: Attempt, role: str, sub: str) -> None:
        assert visit(role, sub).get(self.address(attempt)).status_code == 404

    def test_the_room_names_the_next_students(self, visit: Any, teacher: Visitor, attempt: Attempt) -> None:
        ben = visit("student", "7", name="Ben Second")
        ben.upload("b.mp4", film())
        ben.submit()
        second = Submission.objects.get(person__sub="7")

        assert f'data-peek="{teacher.home}submissions/{second.pk}/peek/"' in teacher.text(room(attempt))
        assert "data-peek" not in teacher.text(f"submissions/{second.pk}/")


def test_the_list_stays_small_in_a_large_course(
    teacher: Visitor, attempt: Attempt, monkeypatch: pytest.MonkeyPatch, visit: Any
) -> None:
    monkeypatch.setattr("video.grading_room.page.NEAREST", 0)
    ben = visit("student", "7", name="Ben Second")
    ben.upload("b.mp4", film())
    ben.submit()

    page = teacher.text(room(attempt))
    assert "Ben Second" not in page
    assert "1 more after" in page
    assert "1 of 2" in page


def test_another_attempt_is_shown_in_the_same_view(student: Visitor, teacher: Visitor, attempt: Attempt) -> None:
    student.upload("b.mp4", film())
    student.submit()

    page = teacher.text(room(attempt), show="to_mark", q="Ana")
    form = page.partition('<form class="attempts">')[2].partition("</form>")[0]
    assert '<input type="hidden" name="show" value="to_mark">' in form
    assert '<input type="hidden" name="q" value="Ana">' in form
