"""What has arrived in storage is looked at, then believed: first its size, type and beginning, then the film itself.

A state and what follows from it are one transaction: a film that is believed replaces the draft's former one, and is
handed in if its student asked for that while it was still under way.
"""

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import F
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from config.queue import enqueue
from lti_tool.models import LaunchSession
from video import endings, events, examine, media_types, remux, signals, submissions, tasks
from video.durations import clock
from video.models import Attempt, Event, Video
from video.problems import Problem, too_large
from video.storage import storage
from video.storage.base import Backend, ObjectChanged, StorageError, StoredObject

log = structlog.get_logger(__name__)

MOST_LOOKS = 3  # that ended in nothing: a film that kills its worker must not do so for ever
_CLAIM = timedelta(minutes=3)  # and longer for what takes longer to be read and rewritten:
_SLOWEST = 5 << 20  # bytes a second
_SPARE_SECONDS = 1.0  # containers round, and a recorder stops a moment after its limit


def look(video: Video, *, launch: LaunchSession | None) -> Video:
    """The first look, while the person waits: is it there, whole, and does it begin like what it was announced as?

    What passes is `checking` from then on; a worker looks into it.

    Raises:
        Problem: 409 `not_arrived`; 422 with the reason, and the object is deleted.
        StorageUnavailable, StorageRefused.
    """
    backend = storage(video.backend)
    stored = _found(backend, video)
    if stored is None:
        raise _not_arrived()
    key, there = stored
    try:
        head = backend.read(key, 0, media_types.HEAD_BYTES)
    except ObjectChanged as error:
        raise _not_arrived() from error  # another look has just moved it
    problem = _why_not(video, there, head)
    if problem is not None:
        endings.refuse(video, launch=launch, problem=problem)
        raise problem
    if key != video.key:
        try:
            backend.settle(key=key, to=video.key, checksum=there.checksum)
        except ObjectChanged as error:
            raise _not_arrived() from error  # another tab sends it again just now: the next look will tell
        there = backend.inspect(video.key) or there
    _take_in(video, there)
    return video


def claim(video_id: str) -> Video | None:
    """A video for one worker to look into: while one rewrites it, another would read pieces of both films.

    None where another is at it, or nothing is left to do; one that was claimed too often in vain is refused.
    """
    free = Video.objects.unclaimed().filter(pk=video_id)
    video = free.checkable().first()
    if video is None:
        return None
    until = timezone.now() + _CLAIM + timedelta(seconds=video.size / _SLOWEST)
    if not free.update(claimed_until=until, looks=F("looks") + 1):
        return None
    if video.looks < MOST_LOOKS:
        return video
    log.error("looks_used_up", video=str(video.pk))
    told = Problem("unreadable", "This file could not be looked into.", "Choose another file, or convert it first.")
    endings.refuse(video, launch=None, problem=told)
    return None


def check(video: Video) -> None:
    """The second look, by a worker: can it be read, how long is it, can one seek in it? Then it is believed.

    Raises:
        StorageUnavailable, StorageRefused: nothing is changed, so that a later sweep looks again.
    """
    try:
        found = _read(storage(video.backend), video)
    except StorageError:
        Video.objects.filter(pk=video.pk).update(claimed_until=None, looks=F("looks") - 1)
        raise
    except examine.Unreadable as unreadable:
        told = Problem("unreadable", unreadable.reason, "Play it on your device to see; then choose another file.")
        endings.refuse(video, launch=None, problem=told)
    except Problem as gone:
        endings.refuse(video, launch=None, problem=gone)
    else:
        _judge(video, found)
    _clear_if_over(video)


def _judge(video: Video, found: examine.Findings) -> None:
    if problem := _too_long(video, found.duration):
        endings.refuse(video, launch=None, problem=problem)
        return
    video.duration, video.width, video.height = found.duration, found.width, found.height
    video.video_codec, video.audio_codec = found.video_codec, found.audio_codec
    _believe(video)


def _read(backend: Backend, video: Video) -> examine.Findings:
    """What the film says of itself, once it has a length and an index."""
    _note_stored(backend, video)
    found = examine.read(backend, video.key, video.size, video.content_type)
    if not found.streamed:
        return found
    try:
        remux.make_seekable(backend, video.key, size=video.size, content_type=video.content_type)
    except OSError:  # our disk is full: a film that one cannot jump in is better than none
        log.exception("not_made_seekable", video=str(video.pk))
        return found
    _note_stored(backend, video)
    return examine.read(backend, video.key, video.size, video.content_type)


def _note_stored(backend: Backend, video: Video) -> None:
    """Size and checksum as they are now: a worker that died may have put a film in its place."""
    stored = backend.inspect(video.key)
    if stored is None:
        raise Problem("upload_gone", "The file is no longer in storage.", "Choose it again.")
    video.size, video.checksum = stored.size, stored.checksum


def _found(backend: Backend, video: Video) -> tuple[str, StoredObject] | None:
    """Where the object is: still where its form sent it, or at its own key."""
    for key in filter(None, (video.incoming_key, video.key)):
        if stored := backend.inspect(key):
            return key, stored
    return None


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


def _take_in(video: Video, stored: StoredObject) -> None:
    now = timezone.now()
    with transaction.atomic():
        taken = Video.objects.filter(pk=video.pk, state=Video.State.PENDING).update(
            state=Video.State.CHECKING, size=stored.size, checksum=stored.checksum, confirmed_at=now, active_at=now
        )
        if taken:  # else the browser asked twice
            enqueue(tasks.check_arrival, str(video.pk))
        else:
            _clear_if_over(video)
    video.refresh_from_db(fields=["state", "size", "checksum", "confirmed_at"])


def _believe(video: Video) -> None:
    """Ready: in place of the draft's former video, and handed in if that was asked for."""
    with transaction.atomic():
        submissions.locked(video)
        attempt = Attempt.objects.get(pk=video.attempt_id)
        state = Video.objects.select_for_update().values_list("state", flat=True).get(pk=video.pk)
        if state != Video.State.CHECKING:
            return  # two workers looked, or its student has removed it meanwhile
        if attempt.submitted_at is not None:
            endings.delete(video, launch=None, why="handed in without it")
            return
        for replaced in attempt.videos.filter(current=True):
            endings.delete(replaced, launch=None, why="replaced")
        video.state = Video.State.READY
        video.current = True
        video.examined_at = timezone.now()
        video.save(
            update_fields=[
                "state",
                "current",
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
        if asked := Video.objects.values_list("submit_requested_at", flat=True).get(pk=video.pk):
            submissions.submit_as_asked(video=video, asked_at=asked)


def _clear_if_over(video: Video) -> None:
    """Remove its object once more where it has ended meanwhile: it may have been put there after it was removed."""
    if Video.objects.filter(pk=video.pk, state__in=[Video.State.DELETED, Video.State.ERROR]).exists():
        enqueue(tasks.delete_object, str(video.pk))


def _not_arrived() -> Problem:
    return Problem("not_arrived", "The file has not arrived in storage yet.", "Try again in a moment.", status=409)
