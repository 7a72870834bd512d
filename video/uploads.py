"""The life of an upload: a ticket, the browser's own sending, and a look at storage before anything is believed."""

import re
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

import structlog
from django.conf import settings
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from config.queue import enqueue
from lti_tool.models import LaunchSession, Person
from video import events, media_types, tasks
from video.models import Assignment, Attempt, Event, Submission, Video
from video.problems import Problem, storage_refused, storage_unavailable
from video.storage import storage
from video.storage.base import StorageRefused, StorageUnavailable, StoredObject, UploadTicket

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Begun:
    video: Video
    ticket: UploadTicket


def begin(*, launch: LaunchSession, assignment: Assignment, name: str, size: int, claimed_type: str) -> Begun:
    """Start an upload into the person's draft (made if there is none), and hand out its ticket.

    An earlier video of the draft stays until this one has arrived: a failed replacement loses nothing.

    Args:
        name: the file's name on the person's device. size: bytes. claimed_type: the browser's word for it.

    Raises:
        Problem: too large, empty, of a type not allowed, no attempt is open, or storage fails.
    """
    content_type = _checked_type(assignment, name=name, size=size, claimed_type=claimed_type)
    with _storage_problems(), transaction.atomic():
        attempt = open_draft(assignment=assignment, person=launch.person)
        video = Video.objects.create(
            attempt=attempt,
            backend=assignment.storage_name,
            key=new_key(launch.person, name),
            name=shown_name(name),
            size=size,
            content_type=content_type,
        )
        events.record(Event.Kind.UPLOAD_STARTED, launch=launch, video=video, size=size)
        ticket = _ticket(video, assignment)  # inside: without a ticket there is no upload to remember
    return Begun(video=video, ticket=ticket)


def renew(*, launch: LaunchSession, video: Video) -> Begun:
    """A new ticket for an upload whose first one ran out.

    Raises:
        Problem: the upload is over, or no attempt is open to it any more.
    """
    assignment = video.attempt.submission.assignment
    if video.state != Video.State.PENDING:
        raise Problem("upload_over", "This upload has already ended.", "Reload the page.", status=409)
    check_open(assignment, begun_at=video.created_at)
    with _storage_problems():
        ticket = _ticket(video, assignment)
    events.record(Event.Kind.UPLOAD_RENEWED, launch=launch, video=video)
    return Begun(video=video, ticket=ticket)


def complete(*, launch: LaunchSession, video: Video) -> Video:
    """Look at storage, and take the video for uploaded only if what is there is what was announced.

    The browser's word that it has finished is a reason to look, nothing more. Calling it again changes nothing.

    Raises:
        Problem: 409 `not_arrived`; 422 with the reason, and the object is deleted; 503 storage does not answer.
    """
    if video.state == Video.State.READY:
        return video
    if video.state != Video.State.PENDING:
        raise Problem("upload_over", video.error_message or "This upload has ended.", "Choose the file again.")
    with _storage_problems():
        backend = storage(video.backend)
        stored = backend.inspect(video.key)
        if stored is None:
            raise Problem(
                "not_arrived", "The file has not arrived in storage yet.", "Try again in a moment.", status=409
            )
        problem = _why_not(video, stored, backend.read(video.key, 0, media_types.HEAD_BYTES))
    if problem is not None:
        refuse(video, launch=launch, problem=problem)
        raise problem
    return _believe(video, launch=launch, stored=stored)


def fail(*, launch: LaunchSession, video: Video, reason: str) -> None:
    """The browser gave up: logged, and the upload ended, unless it has arrived after all."""
    with transaction.atomic():
        ended = Video.objects.filter(pk=video.pk, state=Video.State.PENDING).update(
            state=Video.State.ERROR, error_message="The upload was stopped before it finished."
        )
        if ended:
            events.record(Event.Kind.UPLOAD_FAILED, launch=launch, video=video, reason=reason)


def refuse(video: Video, *, launch: LaunchSession | None, problem: Problem) -> None:
    """End an upload whose object is not what it should be; the object is deleted, the reason kept."""
    with transaction.atomic():
        Video.objects.filter(pk=video.pk).update(
            state=Video.State.ERROR, current=False, error_message=f"{problem.message} {problem.action}"[:300]
        )
        events.record(Event.Kind.UPLOAD_FAILED, launch=launch, video=video, reason=problem.code)
        enqueue(tasks.delete_object, str(video.pk))


def remove_draft(*, launch: LaunchSession, video: Video) -> None:
    """Take a video out of a draft. What was handed in stays.

    Raises:
        Problem: the attempt was handed in meanwhile.
    """
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update().get(pk=video.attempt_id)
        if attempt.submitted_at is not None:
            raise Problem("handed_in", "This video was already handed in.", "Reload the page.", status=409)
        _delete(video, launch=launch, why="removed")


def open_draft(*, assignment: Assignment, person: Person) -> Attempt:
    """The person's draft attempt, made if the assignment is open to one more. Call it in a transaction.

    Raises:
        Problem: not open yet, closed, or no attempts left.
    """
    submission, _ = Submission.objects.get_or_create(assignment=assignment, person=person)
    # The lock makes two tabs that start at once share one draft.
    submission = Submission.objects.select_for_update().get(pk=submission.pk)
    draft = submission.attempts.drafts().first()
    check_open(assignment)
    if draft is not None:
        return draft
    taken = submission.attempts.count()
    if assignment.attempts_allowed is not None and taken >= assignment.attempts_allowed:
        raise Problem("no_attempts_left", "You have used all your attempts.", "Ask your teacher for another one.")
    if submission.state == Submission.State.OPENED:
        submission.state = Submission.State.DRAFT
        submission.save(update_fields=["state"])
    return Attempt.objects.create(submission=submission, number=taken + 1)


def check_open(assignment: Assignment, *, begun_at: datetime | None = None) -> None:
    """Is the assignment open now, or was it when an upload began that is still within its grace?

    Raises:
        Problem: not open yet, or closed.
    """
    now = timezone.now()
    if assignment.opens_at and now < assignment.opens_at:
        raise Problem("not_open", "This assignment is not open yet.", "Come back when it opens.", status=403)
    if assignment.closes_at and now > assignment.closes_at:
        grace = timedelta(minutes=settings.UPLOAD_GRACE_MINUTES)
        in_time = begun_at is not None and begun_at <= assignment.closes_at
        if not (in_time and now <= assignment.closes_at + grace):
            raise Problem("closed", "This assignment is closed.", "Ask your teacher for more time.", status=403)


def shown_name(name: str) -> str:
    """The last part of a file name, without control characters, at most 255 of them; for people to read."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip()
    return clean[-255:] or "video"


def new_key(person: Person, name: str) -> str:
    """`videos/{person}/{timestamp}_{random}/{filename}` (U2), the name made safe for any storage and address."""
    stamp = f"{timezone.now():%Y%m%dT%H%M%SZ}_{secrets.token_hex(8)}"
    plain = unicodedata.normalize("NFKD", shown_name(name)).encode("ascii", "ignore").decode()
    path = PurePosixPath(plain)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-.")[:80] or "video"
    suffix = re.sub(r"[^A-Za-z0-9.]", "", path.suffix.lower())[:10]
    return f"videos/{person.pk}/{stamp}/{stem}{suffix}"


def _checked_type(assignment: Assignment, *, name: str, size: int, claimed_type: str) -> str:
    if size <= 0:
        raise Problem("empty", "This file is empty.", "Choose another file.")
    if size > assignment.max_bytes:
        raise _too_large(assignment, size)
    content_type = media_types.accepted(name, claimed_type)
    if content_type is None:
        raise Problem("wrong_type", "This file is not a video we can take.", f"Choose a {media_types.IN_WORDS} file.")
    return content_type


def _too_large(assignment: Assignment, size: int) -> Problem:
    return Problem(
        "too_large",
        f"This file is {filesizeformat(size)}; the limit is {filesizeformat(assignment.max_bytes)}.",
        "Choose a shorter or more compressed video.",
    )


def _why_not(video: Video, stored: StoredObject, head: bytes) -> Problem | None:
    assignment = video.attempt.submission.assignment
    if stored.size > assignment.max_bytes:
        return _too_large(assignment, stored.size)
    if stored.size != video.size:
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


def _believe(video: Video, *, launch: LaunchSession | None, stored: StoredObject) -> Video:
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update().get(pk=video.attempt_id)
        video = Video.objects.select_for_update().get(pk=video.pk)
        if video.state == Video.State.READY:
            return video  # the browser asked twice
        if attempt.submitted_at is not None:
            raise Problem("handed_in", "This attempt was already handed in.", "Reload the page.", status=409)
        for replaced in attempt.videos.filter(current=True):
            _delete(replaced, launch=launch, why="replaced")
        video.state = Video.State.READY
        video.current = True
        video.checksum = stored.checksum
        video.confirmed_at = timezone.now()
        video.save(update_fields=["state", "current", "checksum", "confirmed_at"])
        events.record(Event.Kind.UPLOAD_SUCCEEDED, launch=launch, video=video, size=stored.size)
        enqueue(tasks.examine_video, str(video.pk))
    return video


def _delete(video: Video, *, launch: LaunchSession | None, why: str) -> None:
    video.current = False
    video.state = Video.State.DELETED
    video.deleted_at = timezone.now()
    video.save(update_fields=["current", "state", "deleted_at"])
    events.record(Event.Kind.DELETED, launch=launch, video=video, why=why)
    enqueue(tasks.delete_object, str(video.pk))


def _ticket(video: Video, assignment: Assignment) -> UploadTicket:
    return storage(video.backend).begin_upload(
        key=video.key,
        content_type=video.content_type,
        max_bytes=assignment.max_bytes,
        seconds=settings.UPLOAD_TICKET_SECONDS,
    )


@contextmanager
def _storage_problems() -> Iterator[None]:
    try:
        yield
    except StorageUnavailable as error:
        log.warning("storage_unavailable", reason=error.reason)
        raise storage_unavailable() from error
    except StorageRefused as error:
        log.error("storage_refused", reason=error.reason)
        raise storage_refused() from error
