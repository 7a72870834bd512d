"""One person may have so many uploads open, and no more; and is told what to do about it."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from tests.video.feedback.test_attachments import PDF, begin
from tests.video.visitor import Visitor
from video.models import Assignment, Attachment, Submission, Video
from video.problems import Problem
from video.storage import storage
from video.uploads import open_uploads

GB = 1024**3


@pytest.fixture(autouse=True)
def many(settings: Settings, assignment: Assignment) -> Iterator[None]:
    """It is not the limit of a minute that is tried here."""
    settings.UPLOAD_TICKETS_A_MINUTE = settings.ATTACHMENTS_A_MINUTE = 1000
    settings.UPLOADS_OPEN = 3
    Assignment.objects.update(max_bytes=5 * GB)
    yield
    for row in Video.objects.exclude(upload_id=""):
        storage("s3").abort_parts(key=row.key, upload_id=row.upload_id)


def asked(student: Visitor, size: int | None = GB, **more: Any) -> dict[str, str]:
    """The refusal; empty where it begins."""
    body = {"name": "a.mp4", "type": "video/mp4", **({"size": size} if size else {"recorded": True}), **more}
    answer = student.send("uploads/", body)
    told: dict[str, str] = json.loads(answer.content).get("error", {})
    assert answer.status_code == (422 if told else 201)
    return told


@pytest.mark.parametrize("size", [GB, 1000, None], ids=["parts", "forms", "recordings"])
def test_so_many_may_be_open_and_no_more(student: Visitor, size: int | None) -> None:
    assert [asked(student, size) for _ in range(3)] == [{}, {}, {}]
    told = asked(student, size)

    assert told["code"] == "too_many_open"
    assert told["message"] == "You have 3 uploads that are not finished, as many as may be."
    assert told["action"] == "Finish one or give one up, in “Interview”; then choose this one again."
    assert Video.objects.count() == 3
    mine = {row.upload_id for row in Video.objects.exclude(upload_id="")}
    person = Video.objects.first().attempt.submission.person_id  # type: ignore[union-attr]
    assert {one.upload_id for one in storage("s3").unfinished(f"videos/{person}/")} == mine, (
        "nothing is left in storage"
    )


def test_one_that_is_given_up_makes_room(student: Visitor) -> None:
    for _ in range(3):
        asked(student)
    page = student.text()
    assert page.count('class="unfinished"') == 3
    student.post(f"uploads/{Video.objects.earliest('created_at').pk}/remove/")

    assert asked(student) == {}


def test_all_bytes_together_are_counted_and_one_file_may_always_be_sent(student: Visitor, settings: Settings) -> None:
    settings.UPLOADS_OPEN_BYTES = GB
    assert asked(student, 2 * GB) == {}
    told = asked(student, 1)

    assert (
        told["message"]
        == "With this one, your unfinished uploads would have more than 1.0\xa0GB, the most there may be."
    )


def test_the_same_file_goes_on_where_no_other_may_begin(student: Visitor) -> None:
    for name in "abc":
        asked(student, fingerprint=name * 64)
    body = {"name": "a.mp4", "type": "video/mp4", "size": GB, "fingerprint": "b" * 64}

    assert student.send("uploads/", body).status_code == 200


def test_forms_count_as_long_as_their_tickets_and_can_be_given_up(student: Visitor) -> None:
    for _ in range(3):
        asked(student, 1000)
    assert 'class="unfinished"' not in student.text(), "it is being sent just now"
    Video.objects.update(active_at=timezone.now() - timedelta(minutes=5))
    assert student.text().count('class="unfinished"') == 3
    Video.objects.update(active_at=timezone.now() - timedelta(hours=3))

    assert 'class="unfinished"' not in student.text()
    assert asked(student, 1000) == {}


def test_others_have_their_own(student: Visitor, visit: Any) -> None:
    for _ in range(3):
        asked(student)

    assert asked(visit("student", "7")) == {}


def test_it_counts_over_all_assignments(student: Visitor, visit: Any) -> None:
    for _ in range(3):
        asked(student)
    Assignment.objects.update(title="Elsewhere")
    video = Video.objects.first()
    assert video is not None
    person = video.attempt.submission.person
    with pytest.raises(Problem, match="too_many_open") as caught:
        open_uploads.check_room(person, 1)
    assert "“Elsewhere”" in caught.value.action


def test_markers_too(teacher: Visitor, handed_in: Submission, settings: Settings) -> None:
    settings.ATTACHMENTS_PER_ATTEMPT = 1
    work = handed_in.attempts.get()
    for _ in range(2):
        assert begin(teacher, handed_in, "a.pdf", PDF).status_code == 201
        Attachment.objects.update(attempt=make_another(handed_in))
    answer = begin(teacher, handed_in, "a.pdf", PDF)

    assert (answer.status_code, json.loads(answer.content)["error"]["code"]) == (422, "too_many_open")
    assert work.attachments.count() == 0


def make_another(work: Submission) -> Any:
    number = work.attempts.count() + 1
    return work.attempts.create(number=number, submitted_at=timezone.now())


@pytest.mark.skipif(connection.vendor == "sqlite", reason="a test's SQLite is in memory, where threads wait for ever")
@pytest.mark.django_db(transaction=True)
def test_ten_at_once(transactional_db: None, student: Visitor) -> None:
    barrier = Barrier(10)
    student.token()

    def one(number: int) -> int:
        barrier.wait(timeout=30)
        try:
            return student.send("uploads/", {"name": f"{number}.mp4", "type": "video/mp4", "size": GB}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(one, range(10))) == [201] * 3 + [422] * 7
