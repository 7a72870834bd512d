"""What was looked at is what is stored, handed in and played, whoever holds an old ticket, however late a request is.

A request is held at a step of its work; meanwhile everything else happens, and then it goes on with what it had read.
"""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.films import film, recording
from tests.video.feedback.test_attachments import PDF, attach, sent
from tests.video.visitor import Visitor
from video import deletion, rate_limits, tasks
from video.cleanup import leftovers
from video.feedback import attachments
from video.media import remux
from video.models import Attachment, Attempt, Event, Submission, Video
from video.storage import storage
from video.storage.base import StorageUnavailable
from video.storage.s3 import S3
from video.uploads import tickets, verification
from video.uploads import views as upload_views
from video.uploads.file_names import folder_of

FILM = film()
OTHER = FILM[:-1] + bytes([FILM[-1] ^ 1])  # of the same size, and as good to look at
RECORDED = {"name": "r.webm", "type": "video/webm", "recorded": True}

Run = Callable[[], Any]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers do what they are given when it is given, but for the looking into: that has its time in each test."""
    later = {"video.uploads.tasks.verify_upload", "video.feedback.tasks.check_attachment"}

    def publish(task: Any, args: tuple[Any, ...]) -> None:
        if task.name.startswith("video.") and task.name not in later:
            task(*args)

    monkeypatch.setattr("config.queue._publish", publish)
    monkeypatch.setattr(transaction, "on_commit", lambda work, *args, **more: work())


def held(monkeypatch: pytest.MonkeyPatch, where: Any, step: str, meanwhile: Run, *, after: bool = False) -> list[str]:
    """The next who comes to this step waits there while everything of `meanwhile` happens. Says whether one came."""
    original = getattr(where, step)
    came: list[str] = []

    def hold(*args: Any, **kwargs: Any) -> Any:
        first = not came
        if first:
            came.append(step)
        if first and not after:
            meanwhile()
        result = original(*args, **kwargs)
        if first and after:
            meanwhile()
        return result

    monkeypatch.setattr(where, step, hold)
    return came


def stored(row: Video | Attachment) -> list[str]:
    """Every key of an upload that holds something."""
    return sorted(found.key for found in storage("s3").listed(folder_of(row.key)))


def played(who: Visitor, video: Video) -> bytes:
    """What an address plays that is given now."""
    answer = who.get(f"videos/{video.pk}/playback/")
    assert answer.status_code == 200, answer.content.decode()
    key = unquote(urlsplit(json.loads(answer.content)["src"]).path).lstrip("/")
    return storage("s3").read(key, 0, 10_000_000)


def checksum(row: Video | Attachment) -> str:
    found = storage("s3").inspect(row.key)
    assert found is not None
    return found.checksum


# --- a form's ticket lives on -------------------------------------------------------------------------------------
STEPS = [
    (upload_views, "json_body", False),
    (verification, "look", False),
    (S3, "inspect", False),
    (S3, "inspect", True),
    (S3, "settle", False),
    (S3, "settle", True),
    (S3, "read", False),
    (verification, "_why_not", True),
    (verification, "_take_in", False),
]
STEP_IDS = [f"{'after' if after else 'before'} {step}" for _, step, after in STEPS]


@pytest.mark.parametrize(("where", "step", "after"), STEPS, ids=STEP_IDS)
def test_form_that_is_sent_again_while_a_complete_is_held(
    student: Visitor, teacher: Visitor, monkeypatch: pytest.MonkeyPatch, where: Any, step: str, after: bool
) -> None:
    ticket = student.begin("a.mp4", FILM)
    student.hand_over(ticket, FILM)

    def meanwhile() -> None:
        assert student.send(ticket["urls"]["complete"]).status_code == 200
        tasks.verify_upload(ticket["video"])
        assert student.post("submit/", {"video": ticket["video"]}).status_code == 302
        student.hand_over(ticket, OTHER)

    with monkeypatch.context() as patch:
        came = held(patch, where, step, meanwhile, after=after)
        answer = student.send(ticket["urls"]["complete"])
    tasks.verify_upload(ticket["video"])

    assert came
    assert answer.status_code == 200, "it is told what has become of it"
    assert json.loads(answer.content)["video"]["state"] == "ready"
    video = Video.objects.get()
    assert played(teacher, video) == FILM
    assert checksum(video) == video.checksum
    attempt = Attempt.objects.get()
    assert video.checksum in student.text(f"receipts/{attempt.pk}/")
    assert [key for key in stored(video) if key != video.incoming_key] == [video.key], "the loser's copy is gone"
    assert video.key not in json.dumps(ticket), "no ticket knew where it is kept"


@pytest.mark.parametrize("bad", [b"\x00" * len(FILM), FILM + b"more"], ids=["no video", "another size"])
def test_what_is_sent_later_ends_nothing_that_was_taken_in(
    student: Visitor, monkeypatch: pytest.MonkeyPatch, bad: bytes
) -> None:
    ticket = student.begin("a.mp4", FILM)
    student.hand_over(ticket, FILM)

    def meanwhile() -> None:
        assert student.send(ticket["urls"]["complete"]).status_code == 200
        student.hand_over(ticket, bad)

    with monkeypatch.context() as patch:
        held(patch, verification, "look", meanwhile)
        answer = student.send(ticket["urls"]["complete"])
    tasks.verify_upload(ticket["video"])

    assert answer.status_code == 200
    assert Video.objects.get().state == "ready"
    assert not Event.objects.filter(kind="upload_failed").exists()


def test_form_that_is_sent_again_while_the_sweep_is_at_rows_it_has_read(
    student: Visitor, teacher: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = [student.begin(f"{name}.mp4", FILM) for name in ("a", "b")]
    for ticket in begun:
        student.hand_over(ticket, FILM)
    Video.objects.update(active_at=timezone.now() - timedelta(minutes=5))

    def meanwhile() -> None:
        for ticket in begun:
            assert student.send(ticket["urls"]["complete"]).status_code == 200
            tasks.verify_upload(ticket["video"])
        student.post("submit/", {"video": begun[1]["video"]})
        for ticket in begun:
            student.hand_over(ticket, OTHER)

    with monkeypatch.context() as patch:
        came = held(patch, tickets, "complete", meanwhile)
        leftovers.find_vanished(within=timedelta(hours=1))
    for ticket in begun:
        tasks.verify_upload(ticket["video"])

    assert came
    video = Video.objects.get(current=True)
    assert str(video.pk) == begun[1]["video"]
    assert played(teacher, video) == FILM
    assert checksum(video) == video.checksum


@pytest.mark.parametrize(("where", "step", "after"), STEPS, ids=STEP_IDS)
def test_video_that_is_removed_while_a_complete_is_held_leaves_nothing(
    student: Visitor, monkeypatch: pytest.MonkeyPatch, where: Any, step: str, after: bool
) -> None:
    ticket = student.begin("a.mp4", FILM)
    student.hand_over(ticket, FILM)
    with monkeypatch.context() as patch:
        came = held(patch, where, step, lambda: student.send(ticket["urls"]["remove"]), after=after)
        answer = student.send(ticket["urls"]["complete"])
    tasks.verify_upload(ticket["video"])

    assert came
    assert answer.status_code == 422
    video = Video.objects.get()
    assert video.state == "deleted"
    assert stored(video) == []


def test_ticket_that_is_asked_for_while_its_upload_ends_is_refused(
    student: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = student.begin("a.mp4", FILM)
    student.hand_over(ticket, FILM)
    with monkeypatch.context() as patch:
        held(patch, rate_limits, "check", lambda: student.send(ticket["urls"]["complete"]), after=True)
        answer = student.send(ticket["urls"]["renew"])

    assert (answer.status_code, json.loads(answer.content)["error"]["code"]) == (410, "upload_over")


def test_abandoned_upload_that_goes_on_while_the_sweep_is_at_it_goes_on(
    student: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = json.loads(
        student.send("uploads/", {"name": "a.mp4", "size": 20_000_000 // 3, "type": "video/mp4"}).content
    )
    Video.objects.update(active_at=timezone.now() - timedelta(days=30))
    with monkeypatch.context() as patch:
        held(patch, deletion, "refuse", lambda: student.send(ticket["urls"]["renew"]))
        assert leftovers.abort_abandoned() == 0

    assert Video.objects.get().state == "pending"


def test_database_knows_that_nobody_plays_what_a_ticket_can_write(student: Visitor) -> None:
    student.upload("a.mp4", FILM)
    video = Video.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Video.objects.update(key=video.incoming_key)


def test_copy_that_a_killed_process_left_is_cleared(student: Visitor) -> None:
    student.upload("a.mp4", FILM)
    video = Video.objects.get()
    left = f"{folder_of(video.key)}kept/0123/a.mp4"
    storage("s3").put(left, io.BytesIO(FILM), content_type="video/mp4")
    tasks.delete_leftover_objects()
    assert left in stored(video), "a ticket still lives, so a look may be at it"
    Video.objects.update(active_at=timezone.now() - timedelta(hours=3))
    tasks.delete_leftover_objects()

    assert stored(video) == [video.key]
    assert Video.objects.get().incoming_key == ""


# --- parts --------------------------------------------------------------------------------------------------------
def in_parts(student: Visitor, content: bytes) -> dict[str, Any]:
    ticket: dict[str, Any] = json.loads(student.send("uploads/", RECORDED).content)
    send_part(student, ticket, content)
    return ticket


def send_part(student: Visitor, ticket: dict[str, Any], content: bytes) -> str:
    body = {"parts": [{"number": 1, "size": len(content)}], "sender": ""}
    url: str = json.loads(student.send(ticket["urls"]["sign"], body).content)["urls"]["1"]
    assert requests.put(url, data=content, timeout=30).status_code == 200
    return url


@pytest.mark.parametrize(
    ("where", "step"), [(upload_views, "json_body"), (S3, "parts"), (S3, "finish_parts"), (verification, "look")]
)
def test_part_that_is_sent_again_while_a_complete_is_held(
    student: Visitor, teacher: Visitor, monkeypatch: pytest.MonkeyPatch, where: Any, step: str
) -> None:
    first, second = recording(seconds=2), recording(seconds=3)
    ticket = in_parts(student, first)

    def meanwhile() -> None:
        url = send_part(student, ticket, second)
        assert student.send(ticket["urls"]["complete"], {"parts": 1}).status_code == 200
        tasks.verify_upload(ticket["video"])
        student.post("submit/", {"video": ticket["video"]})
        assert requests.put(url, data=second, timeout=30).status_code >= 400

    if step == "look":  # it is put together by then, of what had come first

        def meanwhile() -> None:
            assert student.send(ticket["urls"]["complete"], {"parts": 1}).status_code == 200
            tasks.verify_upload(ticket["video"])
            student.post("submit/", {"video": ticket["video"]})

    with monkeypatch.context() as patch:
        came = held(patch, where, step, meanwhile)
        answer = student.send(ticket["urls"]["complete"], {"parts": 1})
    tasks.verify_upload(ticket["video"])

    assert came
    assert answer.status_code == 200
    video = Video.objects.get()
    assert video.state == "ready", "of the one or the other: of two that come in one second, nobody knows the later"
    assert checksum(video) == video.checksum
    assert len(played(teacher, video)) == video.size
    assert stored(video) == [video.key]


def test_two_workers_at_one_recording_leave_one_film(
    student: Visitor, teacher: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first was so slow that its claim ran out."""
    ticket = in_parts(student, recording(seconds=3))
    student.send(ticket["urls"]["complete"], {"parts": 1})

    def meanwhile() -> None:
        Video.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
        tasks.verify_upload(ticket["video"])
        student.post("submit/", {"video": ticket["video"]})

    with monkeypatch.context() as patch:
        came = held(patch, remux, "_copy", meanwhile, after=True)
        tasks.verify_upload(ticket["video"])

    assert came
    video = Video.objects.get()
    assert video.state == "ready"
    assert checksum(video) == video.checksum
    assert len(played(teacher, video)) == video.size
    assert stored(video) == [video.key]


def test_worker_that_gives_up_leaves_anothers_claim_alone(student: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    video = Video.objects.get(pk=sent_and_looked_at(student))

    def out(*args: Any, **kwargs: Any) -> None:
        Video.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
        assert verification.claim(str(video.pk))
        raise StorageUnavailable("out")

    monkeypatch.setattr(verification, "_read", out)
    with pytest.raises(StorageUnavailable):
        tasks.verify_upload(str(video.pk))

    video.refresh_from_db()
    assert (video.looks, verification.claim(str(video.pk))) == (2, None)


def sent_and_looked_at(student: Visitor) -> str:
    ticket = student.begin("a.mp4", FILM)
    student.hand_over(ticket, FILM)
    assert student.send(ticket["urls"]["complete"]).status_code == 200
    return str(ticket["video"])


# --- compared again -----------------------------------------------------------------------------------------------
def put(row: Video | Attachment, content: bytes) -> None:
    storage("s3").put(row.key, io.BytesIO(content), content_type=row.content_type)


def test_what_was_changed_before_a_worker_came_is_not_believed(student: Visitor) -> None:
    video = Video.objects.get(pk=sent_and_looked_at(student))
    put(video, OTHER)
    tasks.verify_upload(str(video.pk))

    video.refresh_from_db()
    assert (video.state, "changed in storage" in video.error_message) == ("error", True)
    assert stored(video) == []


@pytest.mark.parametrize("found", ["altered", "gone"])
def test_what_is_stored_is_compared_when_it_is_handed_in(student: Visitor, found: str) -> None:
    student.upload("a.mp4", FILM)
    video = Video.objects.get()
    put(video, OTHER) if found == "altered" else storage("s3").delete(video.key)
    answer = student.submit()

    assert answer.status_code == 302
    page = student.text()
    assert "Remove it, and send your video again." in page
    assert "What is in storage is not the video that was checked" in page
    assert Attempt.objects.get().submitted_at is None
    student.submit()
    assert [event.data for event in Event.objects.filter(kind="altered")] == [{"found": found}], "it is news once"

    put(video, FILM)
    student.submit()
    assert Attempt.objects.get().submitted_at is not None
    assert Video.objects.get().altered_at is None
    assert Event.objects.filter(kind="altered").last().data == {"found": "as it was"}  # type: ignore[union-attr]


def test_storage_that_does_not_answer_makes_nobody_late(student: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    student.upload("a.mp4", FILM)
    page = student.text()
    assert "submit/" in page

    def out(*args: Any) -> None:
        raise StorageUnavailable("out")

    monkeypatch.setattr(S3, "inspect", out)
    student.submit()
    assert Attempt.objects.get().submitted_at is not None


@pytest.mark.parametrize("found", ["altered", "gone"])
def test_what_is_stored_is_compared_before_anybody_watches(student: Visitor, teacher: Visitor, found: str) -> None:
    student.upload("a.mp4", FILM)
    student.submit()
    video, work = Video.objects.get(), Submission.objects.get()
    put(video, OTHER) if found == "altered" else storage("s3").delete(video.key)

    for who in (teacher, student):
        answer = who.get(f"videos/{video.pk}/playback/")
        assert answer.status_code == 422
        told = json.loads(answer.content)["error"]
        assert (told["code"], "cdn.example" in answer.content.decode()) == (found, False)
        assert told["action"]
    assert teacher.get(f"submissions/{work.pk}/peek/").status_code == 422
    assert not Event.objects.filter(kind="playback").exists()
    assert "What is in storage is not the video that was handed in" in teacher.text(f"submissions/{work.pk}/")
    assert "What is in storage is not the video that you handed in" in student.text()

    put(video, FILM)
    assert played(teacher, video) == FILM
    assert "What is in storage" not in teacher.text(f"submissions/{work.pk}/")


# --- files of markers ---------------------------------------------------------------------------------------------
OTHER_PDF = PDF[:-1] + b"!"
FILE_STEPS = [
    (rate_limits, "check", True),
    (attachments, "arrived", False),
    (S3, "inspect", True),
    (S3, "settle", True),
    (S3, "read", False),
    (attachments, "_why_not", True),
    (attachments, "_attach", False),
]


@pytest.mark.parametrize(
    ("where", "step", "after"), FILE_STEPS, ids=[f"{'after' if one[2] else 'before'} {one[1]}" for one in FILE_STEPS]
)
def test_file_that_is_sent_again_while_a_complete_is_held(
    teacher: Visitor, handed_in: Submission, monkeypatch: pytest.MonkeyPatch, where: Any, step: str, after: bool
) -> None:
    ticket = sent(teacher, handed_in, "a.pdf", PDF)

    def meanwhile() -> None:
        assert teacher.send(ticket["urls"]["complete"]).status_code == 200
        teacher.hand_over(ticket, OTHER_PDF)

    with monkeypatch.context() as patch:
        came = held(patch, where, step, meanwhile, after=after)
        answer = teacher.send(ticket["urls"]["complete"])

    assert came
    assert answer.status_code == 200
    attachment = Attachment.objects.get()
    assert storage("s3").read(attachment.key, 0, 100) == PDF
    assert checksum(attachment) == attachment.checksum
    assert [key for key in stored(attachment) if key != attachment.incoming_key] == [attachment.key]
    assert attachment.key not in json.dumps(ticket)


def test_file_that_is_exchanged_between_two_looks_is_looked_at_as_it_is_kept(
    teacher: Visitor, handed_in: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A good one while its first bytes are read, another before and after."""
    bad = b"<html>" + PDF[6:]
    ticket = sent(teacher, handed_in, "a.pdf", bad)
    held(monkeypatch, attachments, "_why_not", lambda: teacher.hand_over(ticket, PDF))
    answer = teacher.send(ticket["urls"]["complete"])

    assert answer.status_code == 422
    assert stored(Attachment.objects.get()) == []


def test_file_that_was_changed_in_storage_is_not_opened(teacher: Visitor, handed_in: Submission) -> None:
    attachment = attach(teacher, handed_in)
    put(attachment, OTHER_PDF)
    answer = teacher.browser.get(
        f"{teacher.home}files/{attachment.pk}/address/", secure=True, headers={"Accept": "application/json"}
    )

    assert answer.status_code == 422
    assert json.loads(answer.content)["error"]["code"] == "altered"
    assert Event.objects.get(kind="altered").data["attachment"] == str(attachment.pk)
    assert "What is in storage is not the file that was attached" in teacher.text(f"submissions/{handed_in.pk}/")


def test_file_from_before_there_were_checksums_is_opened(teacher: Visitor, handed_in: Submission) -> None:
    attachment = attach(teacher, handed_in)
    Attachment.objects.update(checksum="")

    assert teacher.get(f"files/{attachment.pk}/address/").status_code == 302
