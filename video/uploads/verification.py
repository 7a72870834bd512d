"""Verification of uploads: first size, type and first bytes; then, by a worker, container, duration and codecs.

A state and what follows from it are one transaction: a verified video replaces the draft's former one, and is handed in
if its student asked for that while it was still under way.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import F
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from config.queue import enqueue
from lti_tool.models import LaunchSession
from video import deletion, events, integrity, signals
from video.media import media_types, probe, remux
from video.media.durations import clock
from video.models import Attempt, Event, Video
from video.problems import Problem, too_large
from video.storage import storage
from video.storage.base import Backend, ObjectChanged, StorageError, StoredObject
from video.submissions import handing_in, locking
from video.uploads.copies import Copies, arrived

log = structlog.get_logger(__name__)

MOST_LOOKS = 3  # that ended in nothing: a film that kills its worker must not do so for ever
_CLAIM = timedelta(minutes=3)  # and longer for what takes longer to be read and rewritten:
_SLOWEST = 5 << 20  # bytes a second
_SPARE_SECONDS = 1.0  # containers round, and a recorder stops a moment after its limit


def look(video: Video, *, launch: LaunchSession | None) -> Video:
    """The first look, while the person waits: is it there, whole, and does it begin like what it was announced as?

    What passes is `checking` from then on; a worker looks into it. Of several looks at once, one decides; the others
    answer what has become of it.

    Raises:
        Problem: 409 `not_arrived`; 422 with the reason, and the object is deleted.
        StorageUnavailable, StorageRefused.
    """
    with Copies(video) as copies:
        try:
            found = arrived(video, copies)
            head = storage(video.backend).read(found[0], 0, media_types.HEAD_BYTES) if found else b""
        except ObjectChanged:
            found = None  # it is sent again just now, or another look has taken it: the next one will tell
        if found is None:
            return _moved_on(video)
        key, there = found
        if problem := _why_not(video, there, head):
            if deletion.refuse(video, launch=launch, problem=problem):
                raise problem
        elif not _take_in(video, key, there):
            _clear_if_over(video)
        return _moved_on(video)


def over(video: Video) -> Problem:
    """What is told of an upload that came to nothing."""
    return Problem("upload_over", video.error_message or "This upload has ended.", "Choose the file again.")


def claim(video_id: str) -> Video | None:
    """A video for one worker to look into: while one rewrites it, another would read pieces of both films.

    None where another is at it, or nothing is left to do; one that was claimed too often in vain is refused.
    """
    free = Video.objects.unclaimed().filter(pk=video_id)
    video = free.checkable().first()
    if video is None:
        return None
    until = timezone.now() + _CLAIM + timedelta(seconds=video.size / _SLOWEST)
    if not free.filter(key=video.key).update(claimed_until=until, looks=F("looks") + 1):
        return None
    video.claimed_until = until
    if video.looks < MOST_LOOKS:
        return video
    log.error("looks_used_up", video=str(video.pk))
    told = Problem("unreadable", "This file could not be looked into.", "Choose another file, or convert it first.")
    deletion.refuse(video, launch=None, problem=told)
    return None


def check(video: Video) -> None:
    """The second look, by a worker: can it be read, how long is it, can one seek in it? Then it is believed.

    Raises:
        StorageUnavailable, StorageRefused: nothing is changed, so that a later run looks again.
    """
    with Copies(video) as copies:
        try:
            film = _read(storage(video.backend), video, copies)
        except StorageError:
            mine = Video.objects.filter(pk=video.pk, state=Video.State.CHECKING, claimed_until=video.claimed_until)
            mine.update(claimed_until=None, looks=F("looks") - 1)
            raise
        except probe.Unreadable as unreadable:
            told = Problem("unreadable", unreadable.reason, "Play it on your device to see; then choose another file.")
            deletion.refuse(video, launch=None, problem=told)
        except Problem as gone:
            deletion.refuse(video, launch=None, problem=gone)
        else:
            if problem := _too_long(video, film.found.duration):
                deletion.refuse(video, launch=None, problem=problem)
            else:
                _believe(video, film)
    _clear_if_over(video)


@dataclass(frozen=True)
class _Film:
    """What can be played: what it says of itself, and where and what it is in storage."""

    found: probe.Findings
    key: str
    stored: StoredObject


def _read(backend: Backend, video: Video, copies: Copies) -> _Film:
    """What was taken in, or a copy of it with a length and an index."""
    stored = backend.inspect(video.key)
    if stored is None:
        raise Problem("upload_gone", "The file is no longer in storage.", "Choose it again.")
    if not integrity.is_same(video, stored):
        log.error("stored_object_differs", row=str(video.pk), found="altered")
        raise Problem("altered", "The file was changed in storage after it had arrived.", "Choose it again.")
    found = probe.read(backend, video.key, video.size, video.content_type)
    if not found.streamed:
        return _Film(found, video.key, stored)
    seekable = copies.new_key()
    try:
        size = remux.make_seekable(backend, video.key, to=seekable, size=video.size, content_type=video.content_type)
    except OSError:  # our disk is full: a film that one cannot jump in is better than none
        log.exception("not_made_seekable", video=str(video.pk))
        return _Film(found, video.key, stored)
    there = backend.inspect(seekable)
    if there is None or there.size != size:
        raise ObjectChanged("The copy is not there.")  # its student has removed it; else the next look makes another
    return _Film(probe.read(backend, seekable, size, video.content_type), seekable, there)


def _why_not(video: Video, stored: StoredObject, head: bytes) -> Problem | None:
    assignment = video.attempt.submission.assignment
    if stored.size > assignment.max_bytes:
        return too_large(stored.size, assignment.max_bytes)
    if not video.recorded and stored.size != video.size:
        return Problem(
            "wrong_size",
            f"{filesizeformat(stored.size)} arrived, but your file has {filesizeformat(video.size)}.",
            "Choose the file again.",
        )
    if stored.content_type.split(";")[0].strip().lower() != video.content_type:
        return Problem("wrong_type", "The file arrived as another type than announced.", "Choose the file again.")
    found = media_types.sniff(head)
    if found is None or not media_types.same_family(found, video.content_type):
        return Problem(
            "not_a_video",
            "What arrived does not begin like a video of this type.",
            f"Choose a {media_types.IN_WORDS} file; one that plays on your device.",
        )
    return None


def _too_long(video: Video, seconds: float | None) -> Problem | None:
    limit = video.attempt.submission.assignment.max_seconds
    if limit is None or seconds is None or seconds <= limit + _SPARE_SECONDS:
        return None
    return Problem(
        "too_long",
        f"This video is {clock(seconds)} long; the limit is {clock(limit)}.",
        "Choose or record a shorter one.",
    )


def _take_in(video: Video, key: str, stored: StoredObject) -> bool:
    """Of the row as it was when the look began; False where somebody else has decided meanwhile."""
    now = timezone.now()
    as_it_was = Video.objects.filter(
        pk=video.pk, state=Video.State.PENDING, key=video.key, incoming_key=video.incoming_key
    )
    with transaction.atomic():
        taken = as_it_was.update(
            state=Video.State.CHECKING,
            key=key,
            size=stored.size,
            checksum=stored.checksum,
            confirmed_at=now,
            active_at=now,
        )
        if taken:
            enqueue("video.uploads.tasks.verify_upload", str(video.pk))
    return bool(taken)


def _moved_on(video: Video) -> Video:
    """The video as its row is now. Raises Problem where it has not arrived yet, or has ended."""
    video.refresh_from_db(from_queryset=Video.objects.checkable())
    if video.state == Video.State.PENDING:
        raise _not_arrived()
    if video.state not in (Video.State.CHECKING, Video.State.READY):
        raise over(video)
    return video


def _believe(video: Video, film: _Film) -> None:
    """Ready: in place of the draft's former video, and handed in if that was asked for."""
    with transaction.atomic():
        locking.locked_by_video(video)
        attempt = Attempt.objects.get(pk=video.attempt_id)
        now = Video.objects.select_for_update().get(pk=video.pk)
        if now.state != Video.State.CHECKING or now.key != video.key:
            return  # two workers looked, or its student has removed it meanwhile
        if attempt.submitted_at is not None:
            deletion.delete(video, launch=None, why="handed in without it")
            return
        for replaced in attempt.videos.filter(current=True):
            deletion.delete(replaced, launch=None, why="replaced")
        if film.key != video.key:
            video.incoming_key = video.incoming_key or video.key  # until both are gone from storage
        video.key, video.size, video.checksum = film.key, film.stored.size, film.stored.checksum
        video.duration, video.width, video.height = film.found.duration, film.found.width, film.found.height
        video.video_codec, video.audio_codec = film.found.video_codec, film.found.audio_codec
        video.state = Video.State.READY
        video.current = True
        video.examined_at = timezone.now()
        video.save(
            update_fields=[
                "state",
                "current",
                "key",
                "incoming_key",
                "size",
                "checksum",
                "duration",
                "width",
                "height",
                "video_codec",
                "audio_codec",
                "examined_at",
            ]
        )
        events.record(Event.Kind.UPLOAD_SUCCEEDED, launch=None, video=video, size=video.size)
        signals.send_on_commit(signals.video_uploaded, Video, video_id=video.pk)
        if now.submit_requested_at:
            handing_in.submit_as_asked(video=video, asked_at=now.submit_requested_at)


def _clear_if_over(video: Video) -> None:
    """Remove its object once more where it has ended meanwhile: it may have been put there after it was removed."""
    if Video.objects.filter(pk=video.pk, state__in=[Video.State.DELETED, Video.State.ERROR]).exists():
        enqueue("video.cleanup.tasks.delete_object", str(video.pk))


def _not_arrived() -> Problem:
    return Problem("not_arrived", "The file has not arrived in storage yet.", "Try again in a moment.", status=409)
