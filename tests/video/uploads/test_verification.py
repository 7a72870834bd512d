"""What arrived is believed once a worker has looked into it."""

import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string

from tests.films import film, recording
from tests.video.visitor import Visitor
from video import tasks
from video.media import remux
from video.models import Assignment, Attempt, Event, Video
from video.storage import storage
from video.storage.base import StorageUnavailable
from video.storage.s3 import S3
from video.uploads import verification
from video.uploads.file_names import folder_of, kept_key


def arrived(student: Visitor, content: bytes, name: str = "a.mp4", content_type: str = "video/mp4") -> Video:
    """Sent and looked at first; no worker has come yet."""
    ticket = student.begin(name, content, content_type)
    student.hand_over(ticket, content)
    response = student.send(ticket["urls"]["complete"])
    assert response.status_code == 200, response.content
    video = Video.objects.get(pk=ticket["video"])
    assert video.state == "checking"
    return video


@pytest.mark.parametrize(
    ("name", "container", "codec", "found"),
    [("a.mp4", "mp4", "libx264", "h264"), ("a.webm", "webm", "libvpx", "vp8"), ("a.mov", "mov", "mpeg4", "mpeg4")],
)
def test_what_the_film_says_is_stored(student: Visitor, name: str, container: str, codec: str, found: str) -> None:
    mime = {"mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime"}[container]
    student.upload(name, film(container, codec, seconds=3), mime)

    video = Video.objects.get()
    assert video.duration == pytest.approx(3, abs=0.3)
    assert (video.width, video.height, video.video_codec) == (160, 90, found)
    assert video.examined_at is not None


def test_page_says_that_it_is_being_checked_and_then_shows_it(student: Visitor) -> None:
    video = arrived(student, film())
    page = student.text()
    assert "Checking your video" in page
    assert f"uploads/{video.pk}/remove/" in page, "every state has a way out"
    tasks.verify_upload(str(video.pk))

    page = student.text()
    assert "Check your video" in page
    assert 'data-news="Your video is checked and ready. It is not handed in yet."' in page


@pytest.mark.parametrize(
    ("content", "reason"),
    [(film(seconds=3)[:-700], "cut off"), (film()[:40] + b"\x00" * 3000, "")],
    ids=["cut off", "garbage behind a good beginning"],
)
def test_film_that_nobody_can_watch_is_refused_with_the_reason(student: Visitor, content: bytes, reason: str) -> None:
    video = arrived(student, content)
    tasks.verify_upload(str(video.pk))

    video.refresh_from_db()
    assert (video.state, video.current) == ("error", False)
    assert reason in video.error_message
    assert video.error_message in student.text()
    assert Event.objects.get(kind="upload_failed").data == {"reason": "unreadable"}
    tasks.delete_object(str(video.pk))
    assert storage("s3").inspect(video.key) is None


@pytest.mark.parametrize(("limit", "state"), [(2, "error"), (3, "ready"), (None, "ready")])
def test_longest_video_is_kept_to(student: Visitor, assignment: Assignment, limit: int | None, state: str) -> None:
    Assignment.objects.update(max_seconds=limit)
    student.upload("a.mp4", film(seconds=3.5))

    video = Video.objects.get()
    assert video.state == state
    if state == "error":
        assert "the limit is 0:02" in video.error_message


def test_recording_gets_a_length_and_an_index(student: Visitor) -> None:
    content = recording(seconds=4)
    video = arrived(student, content, "r.webm", "video/webm;codecs=vp8,opus")
    tasks.verify_upload(str(video.pk))

    before, video = video, Video.objects.get()
    assert video.duration == pytest.approx(4, abs=0.3)
    assert (video.state, video.checksum == before.checksum) == ("ready", False)
    stored = storage("s3").inspect(video.key)
    assert stored is not None
    assert (stored.size, stored.checksum) == (video.size, video.checksum)


def test_worker_that_died_after_it_had_made_it_seekable_is_followed_by_another(student: Visitor) -> None:
    content = recording(seconds=4)
    video = arrived(student, content, "r.webm", "video/webm")
    left = kept_key(video.key)
    remux.make_seekable(storage("s3"), video.key, to=left, size=video.size, content_type=video.content_type)

    tasks.verify_upload(str(video.pk))
    video = Video.objects.get()
    assert video.duration == pytest.approx(4, abs=0.3)
    Video.objects.update(active_at=timezone.now() - timedelta(hours=3))
    tasks.delete_leftover_objects()
    assert [found.key for found in storage("s3").listed(folder_of(video.key))] == [video.key]


def test_full_disk_of_ours_does_not_stop_the_student(student: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **kwargs: Any) -> int:
        raise OSError("No space left on device")

    monkeypatch.setattr(remux, "make_seekable", full)
    video = arrived(student, recording(), "r.webm", "video/webm")
    tasks.verify_upload(str(video.pk))

    assert Video.objects.get().state == "ready"


def test_sweep_finds_what_a_lost_message_left_unchecked(student: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    video = arrived(student, film())
    queued: list[str] = []
    monkeypatch.setattr("video.cleanup.tasks.enqueue", lambda name, *args: queued.append(*args))
    tasks.check_unchecked()
    assert queued == [], "its message may still come"
    Video.objects.update(active_at=timezone.now() - timedelta(minutes=2))

    tasks.check_unchecked()
    assert queued == [str(video.pk)]


def test_video_that_was_removed_meanwhile_stays_removed(student: Visitor) -> None:
    video = arrived(student, film())
    student.post(f"uploads/{video.pk}/remove/")
    tasks.verify_upload(str(video.pk))

    assert Video.objects.get().state == "deleted"
    assert not Attempt.objects.get().videos.filter(current=True).exists()


def test_replacement_that_comes_after_its_attempt_was_handed_in_is_dropped(student: Visitor) -> None:
    first = student.upload("first.mp4", film())
    late = arrived(student, film(seconds=2), "second.mp4")
    student.post("submit/", {"video": first})
    tasks.verify_upload(str(late.pk))

    assert Attempt.objects.get().video == Video.objects.get(pk=first)
    assert Video.objects.get(pk=late.pk).state == "deleted"


def test_two_workers_are_not_at_one_recording(student: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The periodic task sends a second message for what takes long: it must not be read while it is being replaced."""
    content = recording(seconds=10, noisy=True)
    video = arrived(student, content, "r.webm", "video/webm")
    read = S3.read
    came: list[Any] = []

    def meanwhile(self: S3, key: str, start: int, length: int) -> bytes:
        if start > len(content) // 2 and not came:
            came.append(start)
            tasks.verify_upload(str(video.pk))
        return read(self, key, start, length)

    monkeypatch.setattr(remux, "_BLOCK", 1 << 14)
    monkeypatch.setattr(S3, "read", meanwhile)
    tasks.verify_upload(str(video.pk))

    assert came
    video = Video.objects.get()
    assert video.state == "ready"
    assert video.duration == pytest.approx(10, abs=0.5)
    stored = storage("s3").inspect(video.key)
    assert stored is not None
    assert (stored.size, stored.checksum) == (video.size, video.checksum)


def test_worker_that_vanished_is_followed_by_another_and_not_for_ever(student: Visitor) -> None:
    video = arrived(student, film())
    for times in range(verification.MOST_LOOKS):
        assert verification.claim(str(video.pk)), times
        assert verification.claim(str(video.pk)) is None, "another may be at it"
        Video.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    tasks.verify_upload(str(video.pk))

    video.refresh_from_db()
    assert video.state == "error"
    assert "could not be looked into" in video.error_message


def test_storage_that_does_not_answer_ends_no_upload(student: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    video = arrived(student, film())

    def out(*args: Any, **kwargs: Any) -> bytes:
        raise StorageUnavailable("out")

    with monkeypatch.context() as storm:
        storm.setattr(S3, "read", out)
        for _ in range(verification.MOST_LOOKS + 1):
            with pytest.raises(StorageUnavailable):
                tasks.verify_upload(str(video.pk))
    tasks.verify_upload(str(video.pk))

    assert Video.objects.get().state == "ready"


def test_object_that_is_gone_ends_the_checking(student: Visitor) -> None:
    video = arrived(student, film())
    storage("s3").delete(video.key)
    tasks.verify_upload(str(video.pk))

    assert Video.objects.get().state == "error"
    assert "no longer in storage" in student.text()


def test_recording_that_was_removed_while_it_was_rewritten_leaves_nothing(
    student: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = arrived(student, recording(), "r.webm", "video/webm")
    rewrite = remux.make_seekable

    def meanwhile(*args: Any, **kwargs: Any) -> int:
        student.post(f"uploads/{video.pk}/remove/")
        tasks.delete_object(str(video.pk))
        return rewrite(*args, **kwargs)

    # What was read before is all the worker needs.
    content = storage("s3").read(video.key, 0, video.size)
    monkeypatch.setattr(remux, "make_seekable", meanwhile)
    monkeypatch.setattr(S3, "read", lambda self, key, start, length: content[start : start + length])
    queued: list[Any] = []
    monkeypatch.setattr(verification, "enqueue", lambda name, *args: queued.append((name, args)))
    tasks.verify_upload(str(video.pk))
    for name, args in queued:
        import_string(name)(*args)

    assert Video.objects.get().state == "deleted"
    assert storage("s3").inspect(video.key) is None


def test_upload_that_was_given_up_while_it_was_moved_leaves_nothing(
    student: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = student.begin("a.mp4", film())
    student.hand_over(ticket, film())
    settle = S3.settle

    def meanwhile(self: S3, **asked: str) -> None:
        student.post(f"uploads/{ticket['video']}/remove/")
        Video.objects.update(object_deleted_at=timezone.now())  # its worker came before the copy was there
        settle(self, **asked)

    monkeypatch.setattr(S3, "settle", meanwhile)
    queued: list[Any] = []
    monkeypatch.setattr(verification, "enqueue", lambda name, *args: queued.append((name, args)))
    student.send(ticket["urls"]["complete"])
    for name, args in queued:
        import_string(name)(*args)

    assert storage("s3").inspect(Video.objects.get().key) is None


def test_of_two_that_complete_at_once_both_are_told_what_has_become_of_it(
    student: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = student.begin("a.mp4", film())
    student.hand_over(ticket, film())
    read = S3.read
    came: list[Any] = []

    def meanwhile(self: S3, key: str, start: int, length: int) -> bytes:
        if not came:
            came.append(key)
            assert student.send(ticket["urls"]["complete"]).status_code == 200
        return read(self, key, start, length)

    monkeypatch.setattr(S3, "read", meanwhile)
    assert student.send(ticket["urls"]["complete"]).status_code == 200
    assert Video.objects.get().state == "checking"


def test_folders_that_killed_workers_of_former_versions_left_are_removed(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    old, new, other = (tmp_path / name for name in ("reelmark-remux-old", "reelmark-remux-new", "another"))
    for folder in (old, new, other):
        folder.mkdir()
        (folder / "film").write_bytes(b"a recording")
    (tmp_path / "reelmark-remux-link").symlink_to(other)
    yesterday = time.time() - 25 * 3600
    for folder in (old, other):
        os.utime(folder, (yesterday, yesterday))
    os.utime(tmp_path / "reelmark-remux-link", (yesterday, yesterday), follow_symlinks=False)

    for task in (tasks.delete_leftover_objects, tasks.clear_what_a_killed_worker_left):
        task()
        assert not old.exists()
        assert (new / "film").exists()
        assert (other / "film").exists()
