"""Set-up, roster, grading room, and what the student sees of it."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from lti_tool.models import Course, Membership, Person, ScoreDelivery
from tests.films import film
from tests.video.visitor import Visitor
from video.models import Assignment, Event, Grade, Submission

FORM = {"title": "Interview", "points": "50", "max_size_gb": "0.5"}


@pytest.fixture
def submission(student: Visitor) -> Submission:
    student.upload("a.mp4", film())
    student.submit()
    return Submission.objects.get(person__sub="6")


def room(submission: Submission) -> str:
    return f"submissions/{submission.pk}/"


class TestSetUp:
    def test_first_teacher_launch_leads_to_the_form_with_moodles_own_title(self, visit: Any) -> None:
        teacher = visit("teacher", "3")
        response = teacher.get()

        assert response.status_code == 302
        assert response["Location"] == f"{teacher.home}settings/"
        page = teacher.text("settings/")
        assert 'value="Interview"' in page
        assert "Film an interview." in page

    def test_save_alone_gives_a_working_assignment(self, visit: Any) -> None:
        teacher = visit("teacher", "3")
        response = teacher.post("settings/", {"title": "Interview", "points": "100", "max_size_gb": "5"})

        assert response.status_code == 302
        assignment = Assignment.objects.get()
        assert (assignment.points, assignment.attempts_allowed, assignment.max_bytes) == (
            Decimal(100),
            None,
            5 * 1024**3,
        )
        assert assignment.set_up_by == Person.objects.get()
        assert visit("student", "6").send("uploads/", {"name": "a.mp4", "size": 5, "type": ""}).status_code == 201

    def test_dates_are_read_in_the_teachers_zone(self, teacher: Visitor) -> None:
        teacher.post("settings/", {**FORM, "due_at": "2026-12-01T23:59", "time_zone": "Europe/Berlin"})

        assert Assignment.objects.get().due_at == datetime(2026, 12, 1, 22, 59, tzinfo=UTC)
        assert 'data-utc="2026-12-01T22:59:00Z"' in teacher.text("settings/")

    @pytest.mark.parametrize(("zone", "hour"), [("Asia/Calcutta", 18), ("+05:30", 18), ("Europe/Kiev", 21), ("", 23)])
    def test_zone_is_known_by_every_name_that_browsers_give(self, teacher: Visitor, zone: str, hour: int) -> None:
        teacher.post("settings/", {**FORM, "due_at": "2026-12-01T23:59", "time_zone": zone})

        due = Assignment.objects.get().due_at
        assert due is not None
        assert due.hour == hour

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "Etc/Unknown", "../../etc/passwd", "\x00", "x" * 3000, "+25:00"])
    def test_unknown_zone_is_refused_in_words(self, teacher: Visitor, zone: str) -> None:
        teacher.post("settings/", FORM)

        response = teacher.post("settings/", {**FORM, "due_at": "2026-12-01T12:00", "time_zone": zone})

        assert response.status_code == 422
        assert Assignment.objects.get().due_at is None
        assert "which is not known here" in response.content.decode() or zone == "\x00"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"title": ""},
            {"points": "0"},
            {"points": "-1"},
            {"points": "many"},
            {"max_size_gb": "6"},
            {"max_size_gb": "0"},
            {"attempts_allowed": "0"},
            {"due_at": "soon"},
            {"opens_at": "2026-12-02T00:00", "due_at": "2026-12-01T00:00"},
            {"due_at": "2026-12-02T00:00", "closes_at": "2026-12-01T00:00"},
        ],
    )
    def test_wrong_values_are_told_and_not_saved(self, teacher: Visitor, wrong: dict[str, str]) -> None:
        before = Assignment.objects.values().get()
        response = teacher.post("settings/", {**FORM, **wrong})

        assert response.status_code == 422
        assert Assignment.objects.values().get() == before

    @pytest.mark.parametrize("role", ["student", "assistant"])
    def test_only_teachers_and_admins_change_it(self, assignment: Assignment, visit: Any, role: str) -> None:
        other = visit(role, "9")

        assert other.get("settings/").status_code == 404
        assert other.post("settings/", FORM).status_code == 404


class TestRoster:
    def test_everybody_is_listed_with_how_far_they_are(
        self, teacher: Visitor, submission: Submission, visit: Any
    ) -> None:
        visit("student", "7", name="Ben Opened").get()
        visit("student", "8", name="Cia Drafted").upload("c.mp4", film())
        absent = Person.objects.create(platform=submission.person.platform, sub="9", name="Dan Absent")
        Membership.objects.create(course=Course.objects.get(), person=absent, role="student")

        page = teacher.text()

        for name in ("Ana Student", "Ben Opened", "Cia Drafted", "Dan Absent"):
            assert name in page
        assert "Tara Teacher" not in page.partition("<main")[2]
        for show, names in {
            "to_mark": ["Ana Student"],
            "draft": ["Cia Drafted"],
            "missing": ["Ben Opened", "Cia Drafted", "Dan Absent"],
            "not_started": ["Ben Opened"],
            "not_opened": ["Dan Absent"],
            "marked": [],
        }.items():
            shown = teacher.text(show=show)
            for name in ("Ana Student", "Ben Opened", "Cia Drafted", "Dan Absent"):
                assert (name in shown) is (name in names)
        counted = dict(re.findall(r'href="\?show=(\w+)"[^>]*><strong>(\d+)<', page))
        assert counted == {
            "all": "4",
            "to_mark": "1",
            "late": "0",
            "marked": "0",
            "unreleased": "0",
            "returned": "0",
            "problem": "0",
            "missing": "3",
            "draft": "1",
            "uploading": "0",
            "not_started": "1",
            "not_opened": "1",
        }

    def test_late_and_refused_are_counted(self, teacher: Visitor, submission: Submission) -> None:
        submission.attempts.update(late=True)
        ScoreDelivery.objects.update(state=ScoreDelivery.State.REFUSED)

        counted = dict(re.findall(r'href="\?show=(\w+)"[^>]*><strong>(\d+)<', teacher.text()))
        assert (counted["late"], counted["problem"]) == ("1", "1")
        for show in ("late", "problem"):
            assert "Ana Student" in teacher.text(show=show)

    def test_search(self, teacher: Visitor, submission: Submission, visit: Any) -> None:
        visit("student", "7", name="Ben Opened").get()

        page = teacher.text(q="ben")
        assert "Ben Opened" in page
        assert "Ana Student" not in page

    @pytest.mark.parametrize("query", [{"page": "99"}, {"page": "x"}, {"show": "?"}, {"q": "\x00%_'"}])
    def test_strange_addresses_show_a_page(
        self, teacher: Visitor, submission: Submission, query: dict[str, str]
    ) -> None:
        assert teacher.get(**query).status_code == 200

    def test_who_left_the_course_with_work_stays(self, teacher: Visitor, submission: Submission) -> None:
        Membership.objects.filter(person=submission.person).update(active=False)

        assert "Ana Student" in teacher.text()

    def test_missing_names_are_told_with_what_to_ask_for(self, teacher: Visitor, visit: Any) -> None:
        advice = "Share launcher's name with tool"
        visit("student", "6", name="Ana Student").get()
        assert advice not in teacher.text()

        nobody = {"name": ..., "given_name": ..., "family_name": ..., "email": ...}
        visit("student", "7", **nobody).get()
        assert advice in teacher.text()

    def test_failed_roster_says_why(self, teacher: Visitor) -> None:
        Course.objects.update(roster_problem="moodle.example answered 403.")

        assert "moodle.example answered 403." in teacher.text()


def shown_version(visitor: Visitor, address: str) -> str:
    path, _, query = address.partition("?")
    found = re.search(r'name="version" value="(\d+)"', visitor.text(path, **dict(parse_qsl(query))))
    assert found
    return found.group(1)


class TestRoom:
    def test_grade_is_saved_and_owed_to_moodle_in_one_go(self, teacher: Visitor, submission: Submission) -> None:
        response = teacher.post(room(submission), {"points": "87.5", "feedback": "Well told."})

        assert response.status_code == 302
        grade = Grade.objects.get()
        assert grade.grader is not None
        assert (grade.points, grade.feedback, grade.grader.name) == (
            Decimal("87.5"),
            "<p>Well told.</p>",
            "Tara Teacher",
        )
        delivery = ScoreDelivery.objects.get()
        assert (delivery.grading_progress, delivery.points, delivery.maximum) == (
            "FullyGraded",
            Decimal("87.5"),
            Decimal(100),
        )
        assert delivery.comment == "Well told."
        assert Submission.objects.get(pk=submission.pk).state == "graded"

    def test_student_sees_grade_and_feedback(self, teacher: Visitor, student: Visitor, submission: Submission) -> None:
        teacher.post(room(submission), {"points": "87.5", "feedback": "Well told."})

        page = student.text()
        assert "87.5" in page
        assert "Well told." in page

    @pytest.mark.parametrize("points", ["-1", "100.5", "many", "NaN", "Infinity", "1e400", "1.234"])
    def test_wrong_points_are_told_and_not_saved(self, teacher: Visitor, submission: Submission, points: str) -> None:
        response = teacher.post(room(submission), {"points": points, "feedback": "Typed for an hour."})

        assert response.status_code == 422
        assert b"Typed for an hour." in response.content
        assert not Grade.objects.exists()
        assert ScoreDelivery.objects.get().grading_progress == "PendingManual"

    def test_resubmission_keeps_the_grade_in_moodle(
        self, teacher: Visitor, student: Visitor, submission: Submission
    ) -> None:
        teacher.post(room(submission), {"points": "40", "feedback": "Again, please."})
        student.upload("better.mp4", film())
        student.submit()

        delivery = ScoreDelivery.objects.get()
        assert (delivery.grading_progress, delivery.points) == ("FullyGraded", Decimal(40))
        assert "Again, please." in delivery.comment
        assert "Attempt 2 handed in" in delivery.comment

    def test_moodle_is_owed_the_newest_attempt_that_has_a_mark(
        self, teacher: Visitor, student: Visitor, submission: Submission
    ) -> None:
        student.upload("better.mp4", film())
        student.submit()

        def mark(attempt: int, points: str) -> tuple[Decimal | None, str, str]:
            address = f"{room(submission)}?attempt={attempt}"
            teacher.post(address, {"points": points, "feedback": "Hm.", "version": shown_version(teacher, address)})
            delivery = ScoreDelivery.objects.get()
            return delivery.points, delivery.comment, Submission.objects.get(pk=submission.pk).state

        assert mark(1, "10") == (Decimal(10), "Hm.\n\nA newer attempt is waiting to be marked.", "submitted")
        assert mark(1, "20") == (Decimal(20), "Hm.\n\nA newer attempt is waiting to be marked.", "submitted")
        assert mark(2, "30") == (Decimal(30), "Hm.", "graded")
        assert mark(1, "40") == (Decimal(30), "Hm.", "graded")

    def test_next_leads_to_the_next_name(self, teacher: Visitor, submission: Submission, visit: Any) -> None:
        ben = visit("student", "7", name="Ben Second")
        ben.upload("b.mp4", film())
        ben.submit()
        second = Submission.objects.get(person__sub="7")

        response = teacher.post(room(submission), {"points": "1", "feedback": "", "next": "1"})
        assert response["Location"] == f"{teacher.home}{room(second)}"
        last = teacher.post(room(second), {"points": "1", "feedback": "", "next": "1"})
        assert last["Location"] == f"{teacher.home}{room(second)}"

    def test_draft_is_nobodys_business(self, teacher: Visitor, student: Visitor) -> None:
        student.upload("a.mp4", film())

        assert teacher.get(room(Submission.objects.get(person__sub="6"))).status_code == 404

    @pytest.mark.parametrize("number", ["7", "x", "-1"])
    def test_unknown_attempt_shows_the_newest(self, teacher: Visitor, submission: Submission, number: str) -> None:
        assert teacher.get(room(submission), attempt=number).status_code == 200

    def test_grading_is_logged_without_words(self, teacher: Visitor, submission: Submission) -> None:
        teacher.post(room(submission), {"points": "5", "feedback": "Private."})

        event = Event.objects.get(kind="released")
        assert event.actor == Person.objects.get(sub="3")
        assert "Private" not in str(event.data)


def test_mark_is_for_the_attempt_that_was_shown(student: Visitor, teacher: Visitor, submission: Submission) -> None:
    """Its student may hand in another while a teacher watches this one."""
    page = teacher.text(room(submission))
    shown = re.search(r'name="attempt_id" value="([^"]+)"', page)
    assert shown
    student.upload("b.mp4", film())
    student.submit()
    teacher.post(room(submission), {"points": "50", "feedback": "Good.", "attempt_id": shown.group(1)})

    assert Grade.objects.get().attempt.number == 1


def test_mark_of_an_attempt_that_was_taken_back_is_told_and_not_given_to_another(
    student: Visitor, teacher: Visitor, submission: Submission
) -> None:
    student.upload("b.mp4", film())
    student.submit()
    second = submission.attempts.get(number=2)
    student.post(f"attempts/{second.pk}/withdraw/")
    answer = teacher.post(room(submission), {"points": "50", "feedback": "So good.", "attempt_id": str(second.pk)})

    assert not Grade.objects.exists()
    assert answer.status_code == 409
    assert "taken back" in answer.content.decode()
    assert "So good." in answer.content.decode(), "what was typed is not lost"
