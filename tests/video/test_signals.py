"""What other apps may listen to: once for each change, after it was committed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import transaction
from django.dispatch import Signal

from tests.films import film
from tests.video.visitor import Visitor
from video import deletion, signals, tasks
from video.models import Assignment, Attempt, Submission, Video
from video.submissions import locking

Heard = list[tuple[str, dict[str, Any]]]
Commit = Callable[[], AbstractContextManager[Any]]
Committing = Callable[..., AbstractContextManager[list[Callable[[], Any]]]]
ALL: dict[str, Signal] = {
    "video_uploaded": signals.video_uploaded,
    "submitted": signals.submitted,
    "graded": signals.graded,
    "released": signals.released,
    "deleted": signals.deleted,
}


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Every signal since, in order; what is on commit runs when the test says so."""
    told: Heard = []
    receivers = []
    for name, signal in ALL.items():

        def hear(name: str = name, **named: Any) -> None:
            told.append((name, {key: value for key, value in named.items() if key not in ("signal", "sender")}))

        signal.connect(hear)
        receivers.append((signal, hear))
    yield told
    for signal, hear in receivers:
        signal.disconnect(hear)


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Committing) -> Commit:
    """A block whose end is a commit."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def mark(attempt: Attempt, teacher: Visitor, **typed: Any) -> Any:
    return teacher.send(f"attempts/{attempt.pk}/mark/", {"points": "5", **typed})


@pytest.fixture
def attempt(student: Visitor) -> Attempt:
    student.upload("a.mp4", film())
    student.submit()
    return Attempt.objects.get()


def test_an_upload_is_told_when_it_is_believed_and_no_sooner(student: Visitor, heard: Heard, committed: Commit) -> None:
    with committed():
        ticket = student.begin("a.mp4", film())
        student.hand_over(ticket, film())
        student.send(ticket["urls"]["complete"])
    assert heard == []

    first = Video.objects.get().pk
    with committed():
        tasks.verify_upload(str(first))
        tasks.verify_upload(str(first))
    assert heard == [("video_uploaded", {"video_id": first})]

    heard.clear()
    with committed():
        second = student.upload("b.mp4", film())
    assert [(name, str(named["video_id"])) for name, named in heard] == [
        ("deleted", str(first)),
        ("video_uploaded", second),
    ]


def test_handing_in_is_told_once(student: Visitor, heard: Heard, committed: Commit) -> None:
    student.upload("a.mp4", film())
    with committed():
        video = Video.objects.get()
        student.post("submit/", {"video": str(video.pk)})
        student.post("submit/", {"video": str(video.pk)})

    work = Submission.objects.get()
    told = {"submission_id": work.pk, "attempt_id": work.attempts.get().pk, "late": False}
    assert heard == [("submitted", told)]


def test_a_mark_is_told_when_its_points_change(
    assignment: Assignment, attempt: Attempt, teacher: Visitor, heard: Heard, committed: Commit
) -> None:
    Assignment.objects.update(hold_grades=True)
    told = ("graded", {"submission_id": attempt.submission_id, "attempt_id": attempt.pk})
    for typed, expected in (
        ({"version": 0}, [told]),
        ({"version": 1}, []),
        ({"version": 1, "feedback": "Good."}, []),
        ({"version": 2, "feedback": "Good.", "points": "5.00"}, []),
        ({"version": 2, "feedback": "Good.", "points": "6"}, [told]),
        ({"version": 0, "feedback": "Good.", "points": "7"}, []),  # somebody else's was newer: refused
        ({"version": 3, "feedback": "Good.", "points": ""}, [told]),
    ):
        heard.clear()
        with committed():
            mark(attempt, teacher, **typed)
        assert heard == expected, typed


def test_giving_back_is_told_with_the_attempts_after_the_mark(
    attempt: Attempt, teacher: Visitor, heard: Heard, committed: Commit
) -> None:
    ids = {"submission_id": attempt.submission_id}
    with committed():
        mark(attempt, teacher, version=0, finish=True)
    assert heard == [
        ("graded", {**ids, "attempt_id": attempt.pk}),
        ("released", {**ids, "attempt_ids": [attempt.pk]}),
    ]
    heard.clear()
    with committed():
        mark(attempt, teacher, version=1, finish=True)
        teacher.post(f"submissions/{attempt.submission_id}/release/")
    assert heard == [], "nothing was there to give back"
    with committed():
        mark(attempt, teacher, version=1, feedback="Well told.", finish=True)
    assert heard == [("released", {**ids, "attempt_ids": [attempt.pk]})]


def test_deleting_is_told_once(student: Visitor, heard: Heard, committed: Commit) -> None:
    video = student.upload("a.mp4", film())
    with committed():
        student.post(f"uploads/{video}/remove/")
        student.post(f"uploads/{video}/remove/")

    assert [(name, str(named["video_id"]), named["why"]) for name, named in heard] == [("deleted", video, "removed")]


def test_what_is_rolled_back_is_told_to_nobody(attempt: Attempt, heard: Heard, committed: Commit) -> None:
    video = Video.objects.get()
    with committed(), transaction.atomic():
        deletion.delete(video, launch=None, why="removed")
        transaction.set_rollback(True)
    assert heard == []
    assert Video.objects.get().state == "ready"


def test_nothing_is_told_before_the_commit(attempt: Attempt, heard: Heard, committed: Commit) -> None:
    with committed():
        deletion.delete(Video.objects.get(), launch=None, why="removed")
        assert heard == []
    assert len(heard) == 1


def test_a_failing_receiver_harms_neither_the_page_nor_the_next_receiver(
    attempt: Attempt, teacher: Visitor, committed: Commit, caplog: pytest.LogCaptureFixture
) -> None:
    reached = []

    def fails(**named: Any) -> None:
        raise RuntimeError("not at home")

    def works(**named: Any) -> None:
        reached.append(named["attempt_ids"])

    signals.released.connect(fails)
    signals.released.connect(works)
    try:
        with committed():
            answer = mark(attempt, teacher, version=0, finish=True)
    finally:
        signals.released.disconnect(fails)
        signals.released.disconnect(works)

    assert answer.status_code == 200
    assert reached == [[attempt.pk]]
    assert "receiver_failed" in caplog.text
    assert "fails" in caplog.text


def test_arguments_are_ids_alone(attempt: Attempt, teacher: Visitor, heard: Heard, committed: Commit) -> None:
    """Whoever forwards them to another system gives no personal data away."""
    with committed():
        mark(attempt, teacher, version=0, finish=True, feedback="Private.")
        locking.touch(attempt)
    for _, named in heard:
        for value in named.values():
            for one in value if isinstance(value, list) else [value]:
                assert type(one).__name__ in ("UUID", "bool")
