"""Handing in: once, with a receipt, and with news for Moodle in the same transaction."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lti_tool.gradebook import outbox
from lti_tool.models import Person, ScoreDelivery
from tests.films import film
from tests.video.visitor import Visitor
from video import tasks
from video.models import Assignment, Attempt, Event, Grade, Submission, Video


def test_submitting_gives_a_receipt(student: Visitor) -> None:
    content = film()
    student.upload("Été.mp4", content)
    response = student.submit()

    attempt = Attempt.objects.get()
    assert response.status_code == 302
    assert response["Location"].endswith(f"/receipts/{attempt.pk}/")
    assert attempt.submitted_at is not None
    page = student.text(response["Location"])
    assert attempt.receipt_number
    assert attempt.receipt_number in page
    assert "Été.mp4" in page
    assert attempt.video
    assert attempt.video.checksum in page


def test_status_for_moodle_is_written_with_it(student: Visitor) -> None:
    student.upload("a.mp4", film())
    assert not ScoreDelivery.objects.exists()
    student.submit()

    delivery = ScoreDelivery.objects.get()
    assert (delivery.activity_progress, delivery.grading_progress) == ("Submitted", "PendingManual")
    assert delivery.points is None
    assert "Attempt 1 handed in" in delivery.comment
    assert str(Attempt.objects.get().receipt_number) in delivery.comment


def test_nothing_is_handed_in_when_moodles_news_can_not_be_written(
    student: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    student.upload("a.mp4", film())

    def fail(**kwargs: Any) -> None:
        raise RuntimeError("the database is full")

    monkeypatch.setattr(outbox, "wish_submitted", fail)
    with pytest.raises(RuntimeError):
        student.submit()

    assert Attempt.objects.get().submitted_at is None
    assert Submission.objects.get().state == "draft"


def test_pressing_submit_twice_hands_in_once(student: Visitor) -> None:
    student.upload("a.mp4", film())
    student.submit()
    first = Attempt.objects.get()
    again = student.post("submit/", {"video": str(Video.objects.get().pk)})

    assert again["Location"].endswith(f"/receipts/{first.pk}/")
    second = Attempt.objects.get()
    assert (second.submitted_at, second.receipt_number) == (first.submitted_at, first.receipt_number)
    assert ScoreDelivery.objects.get().wanted_version == 1


@pytest.mark.parametrize(("hours", "late"), [(1, False), (-1, True)])
def test_late_is_by_the_servers_clock(student: Visitor, assignment: Assignment, hours: int, late: bool) -> None:
    assignment.due_at = datetime.now(UTC) + timedelta(hours=hours)
    assignment.save()
    student.upload("a.mp4", film())
    student.submit()

    assert Attempt.objects.get().late is late


@pytest.mark.parametrize(("hours", "late"), [(1, False), (-1, True)])
def test_extension_moves_a_persons_own_due_date(
    student: Visitor, assignment: Assignment, hours: int, late: bool
) -> None:
    now = datetime.now(UTC)
    Assignment.objects.update(due_at=now - timedelta(days=2), closes_at=now - timedelta(days=1))
    student.get()
    assert "closed" in student.text()
    Submission.objects.update(extended_to=now + timedelta(hours=hours))
    if late:
        Assignment.objects.update(closes_at=now + timedelta(days=1))

    student.upload("a.mp4", film())
    student.submit()
    assert Attempt.objects.get().late is late


def test_extra_attempts_are_a_persons_own(student: Visitor, assignment: Assignment) -> None:
    Assignment.objects.update(attempts_allowed=1)
    student.upload("a.mp4", film())
    student.submit()
    body = {"name": "b.mp4", "size": 5, "type": "video/mp4"}
    assert student.send("uploads/", body).status_code == 422
    Submission.objects.update(extra_attempts=1)

    assert student.send("uploads/", body).status_code == 201


def test_statement_has_to_be_ticked(student: Visitor, assignment: Assignment) -> None:
    Assignment.objects.update(statement="This is my own work.")
    student.upload("a.mp4", film())
    assert "This is my own work." in student.text()
    student.submit()
    assert "not ticked" in student.text()
    assert Attempt.objects.get().submitted_at is None

    student.submit(statement="1")
    assert Attempt.objects.get().submitted_at is not None


class TestAskedWhileUnderWay:
    """Submit pressed while the upload runs takes effect when the bytes are verified."""

    def begun(self, student: Visitor) -> Any:
        ticket = student.begin("a.mp4", film())
        answer = student.post("submit/", {"video": ticket["video"]})
        assert answer["Location"] == student.home
        assert Attempt.objects.get().submitted_at is None
        return ticket

    def arrives(self, student: Visitor, ticket: Any) -> None:
        student.hand_over(ticket, film())
        student.send(ticket["urls"]["complete"])
        tasks.verify_upload(ticket["video"])

    def test_it_is_handed_in_when_it_is_ready(self, student: Visitor) -> None:
        self.arrives(student, self.begun(student))

        attempt = Attempt.objects.get()
        assert attempt.submitted_at is not None
        assert f"Receipt {attempt.receipt_number}" in student.text()
        assert ScoreDelivery.objects.get().activity_progress == "Submitted"
        assert Event.objects.filter(kind__in=["submit_asked", "submitted"]).count() == 2

    def test_it_can_be_taken_back_until_then(self, student: Visitor) -> None:
        ticket = self.begun(student)
        student.post("submit/cancel/", {"video": ticket["video"]})
        self.arrives(student, ticket)

        assert Attempt.objects.get().submitted_at is None

    def test_it_is_told_when_it_is_too_late_for_that(self, student: Visitor) -> None:
        ticket = self.begun(student)
        self.arrives(student, ticket)
        student.post("submit/cancel/", {"video": ticket["video"]})

        page = student.text()
        assert "It is not handed in by itself" not in page
        assert "was handed in already" in page

    def test_file_that_is_refused_is_not_handed_in_and_the_next_not_by_itself(self, student: Visitor) -> None:
        ticket = student.begin("a.mp4", b"<html>" * 100)
        student.post("submit/", {"video": ticket["video"]})
        student.hand_over(ticket, b"<html>" * 100)
        student.send(ticket["urls"]["complete"])
        student.upload("b.mp4", film())

        assert Attempt.objects.get().submitted_at is None

    def test_our_workers_delay_makes_nobody_late(self, student: Visitor, assignment: Assignment, visit: Any) -> None:
        ticket = self.begun(student)
        student.hand_over(ticket, film())
        student.send(ticket["urls"]["complete"])
        long_ago = datetime.now(UTC) - timedelta(hours=3)
        Video.objects.update(created_at=long_ago, confirmed_at=long_ago, submit_requested_at=long_ago)
        due = long_ago + timedelta(minutes=1)
        Assignment.objects.update(due_at=due, closes_at=due)
        tasks.verify_upload(ticket["video"])

        attempt = Attempt.objects.get()
        assert attempt.submitted_at == long_ago
        assert not attempt.late
        Submission.objects.update(extended_to=datetime.now(UTC) + timedelta(days=1))
        teacher = visit("teacher", "3")
        teacher.post(f"people/{Person.objects.get(sub='6').pk}/more-time/", {"remove": "1"})
        assert not Attempt.objects.get().late, "an extension that was given and removed changes nothing"

    def test_what_arrives_after_the_grace_is_told_and_stays_a_draft(
        self, student: Visitor, assignment: Assignment
    ) -> None:
        ticket = self.begun(student)
        student.hand_over(ticket, film())
        student.send(ticket["urls"]["complete"])
        now = datetime.now(UTC)
        Video.objects.update(created_at=now - timedelta(hours=3), submit_requested_at=now - timedelta(hours=3))
        Assignment.objects.update(closes_at=now - timedelta(hours=1))
        tasks.verify_upload(ticket["video"])

        assert Attempt.objects.get().submitted_at is None
        assert "so it was not handed in" in student.text()

    def test_statement_is_asked_for_then_too(self, student: Visitor, assignment: Assignment) -> None:
        Assignment.objects.update(statement="My own.")
        ticket = student.begin("a.mp4", film())
        student.post("submit/", {"video": ticket["video"]})
        assert Video.objects.get().submit_requested_at is None
        student.post("submit/", {"video": ticket["video"], "statement": "1"})
        assert Video.objects.get().submit_requested_at is not None

    def test_script_is_answered_in_json(self, student: Visitor) -> None:
        ticket = student.begin("a.mp4", film())
        headers = {"Accept": "application/json", "X-CSRFToken": student.token()}
        answer = student.browser.post(
            f"{student.home}submit/",
            {"video": ticket["video"]},
            secure=True,
            headers={**headers, "Referer": f"https://tool.example{student.home}"},
        )
        assert (answer.status_code, answer.json()) == (200, {"receipt": ""})


class TestWithdrawing:
    def handed_in(self, student: Visitor) -> Attempt:
        student.upload("a.mp4", film())
        student.submit()
        return Attempt.objects.get()

    def test_it_becomes_a_draft_again(self, student: Visitor) -> None:
        attempt = self.handed_in(student)
        assert "Take it back" in student.text()
        student.post(f"attempts/{attempt.pk}/withdraw/")

        attempt.refresh_from_db()
        assert (attempt.submitted_at, attempt.receipt_number) == (None, None)
        assert Submission.objects.get().state == "draft"
        delivery = ScoreDelivery.objects.get()
        assert (delivery.activity_progress, delivery.grading_progress) == ("Started", "NotReady")
        assert "taken back" in delivery.comment
        student.submit()
        assert ScoreDelivery.objects.get().activity_progress == "Submitted"

    @pytest.mark.parametrize("what", ["past due", "marked", "another begun"])
    def test_it_stays_once_others_count_on_it(self, student: Visitor, assignment: Assignment, what: str) -> None:
        attempt = self.handed_in(student)
        if what == "past due":
            Assignment.objects.update(due_at=datetime.now(UTC) - timedelta(minutes=1))
        elif what == "marked":
            Grade.objects.create(attempt=attempt, points=50)
        else:
            student.upload("b.mp4", film())
        assert "Take it back" not in student.text()
        student.post(f"attempts/{attempt.pk}/withdraw/")

        attempt.refresh_from_db()
        assert attempt.submitted_at is not None

    def test_grade_of_an_earlier_attempt_stays_in_moodle(self, student: Visitor) -> None:
        first = self.handed_in(student)
        Grade.objects.create(attempt=first, points=80)
        ScoreDelivery.objects.update(
            grading_progress="FullyGraded", activity_progress="Completed", points=80, maximum=100
        )
        student.upload("b.mp4", film())
        student.submit()
        second = Attempt.objects.get(number=2)
        student.post(f"attempts/{second.pk}/withdraw/")

        delivery = ScoreDelivery.objects.get()
        assert (delivery.grading_progress, delivery.points) == ("FullyGraded", Decimal(80))
        assert Submission.objects.get().state == "graded"


def test_page_is_asked_whether_it_would_look_otherwise(student: Visitor) -> None:
    def state() -> Any:
        return json.loads(student.get("state/").content)

    before = state()
    assert before["every"] == 30
    assert state() == before
    ticket = student.begin("a.mp4", film())
    student.hand_over(ticket, film())
    student.send(ticket["urls"]["complete"])
    checking = state()
    assert checking["version"] != before["version"]
    assert checking["every"] == 2
    tasks.verify_upload(ticket["video"])
    assert state()["version"] not in (before["version"], checking["version"])
    assert f'data-version="{state()["version"]}"' in student.text()


def test_attempts_are_counted_and_kept(student: Visitor, assignment: Assignment) -> None:
    assignment.attempts_allowed = 2
    assignment.save()
    for name in ("first.mp4", "second.mp4"):
        student.upload(name, film())
        student.submit()

    assert list(Attempt.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    refused = student.send("uploads/", {"name": "third.mp4", "size": 5, "type": "video/mp4"})
    assert refused.status_code == 422
    assert b"no_attempts_left" in refused.content
    assert "You have used all your attempts." in student.text()


@pytest.mark.parametrize("video", ["", "x", "01900000-0000-7000-8000-000000000000"])
def test_unknown_video_is_a_404(student: Visitor, video: str) -> None:
    assert student.post("submit/", {"video": video}).status_code == 404


def test_nobody_hands_in_or_reads_the_receipt_of_another(student: Visitor, visit: Any) -> None:
    student.upload("a.mp4", film())
    attempt, video = Attempt.objects.get(), Video.objects.get()
    others = [visit("student", "99"), visit("teacher", "3"), visit("admin", "2")]

    for other in others:
        assert other.post("submit/", {"video": str(video.pk)}).status_code == 404
        assert other.post("submit/cancel/", {"video": str(video.pk)}).status_code == 404
    student.submit()
    for other in others:
        assert other.get(f"receipts/{attempt.pk}/").status_code == 404
        assert other.post(f"attempts/{attempt.pk}/withdraw/").status_code == 404


def test_opening_the_page_is_remembered(student: Visitor) -> None:
    assert not Submission.objects.exists()
    student.get()

    assert Submission.objects.get().person == Person.objects.get(sub="6")
    assert Submission.objects.get().state == "opened"


def test_page_before_set_up_says_so(student: Visitor) -> None:
    Assignment.objects.all().delete()

    assert student.get().status_code == 200
    assert not Submission.objects.exists()


def test_form_without_its_token_is_refused_in_words(student: Visitor) -> None:
    response = student.browser.post(f"{student.home}submit/", {"video": "x"}, secure=True)

    assert response.status_code == 403
    assert b"session in this tab has ended" in response.content
