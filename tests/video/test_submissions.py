"""Handing in: once, with a receipt, and with news for Moodle in the same transaction."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lti_tool import outbox
from lti_tool.models import Person, ScoreDelivery
from tests.films import film
from tests.video.visitor import Visitor
from video.models import Assignment, Attempt, Submission


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
    again = student.post("submit/", {"attempt": str(first.pk)})

    assert again["Location"].endswith(f"/receipts/{first.pk}/")
    second = Attempt.objects.get()
    assert (second.submitted_at, second.receipt_number) == (first.submitted_at, first.receipt_number)
    assert ScoreDelivery.objects.get().wanted_version == 1


def test_draft_without_a_confirmed_video_is_not_handed_in(student: Visitor) -> None:
    student.begin("a.mp4", film())
    response = student.post("submit/", {"attempt": str(Attempt.objects.get().pk)})

    assert response["Location"] == student.home
    assert "no uploaded video" in student.text()
    assert Attempt.objects.get().submitted_at is None


@pytest.mark.parametrize(("hours", "late"), [(1, False), (-1, True)])
def test_late_is_by_the_servers_clock(student: Visitor, assignment: Assignment, hours: int, late: bool) -> None:
    assignment.due_at = datetime.now(UTC) + timedelta(hours=hours)
    assignment.save()
    student.upload("a.mp4", film())
    student.submit()

    assert Attempt.objects.get().late is late


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


@pytest.mark.parametrize("attempt", ["", "x", "01900000-0000-7000-8000-000000000000"])
def test_unknown_attempt_is_a_404(student: Visitor, attempt: str) -> None:
    assert student.post("submit/", {"attempt": attempt}).status_code == 404


def test_nobody_hands_in_or_reads_the_receipt_of_another(student: Visitor, visit: Any) -> None:
    student.upload("a.mp4", film())
    attempt = Attempt.objects.get()
    others = [visit("student", "99"), visit("teacher", "3"), visit("admin", "2")]

    for other in others:
        assert other.post("submit/", {"attempt": str(attempt.pk)}).status_code == 404
    student.submit()
    for other in others:
        assert other.get(f"receipts/{attempt.pk}/").status_code == 404


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
    response = student.browser.post(f"{student.home}submit/", {"attempt": "x"}, secure=True)

    assert response.status_code == 403
    assert b"session in this tab has ended" in response.content
