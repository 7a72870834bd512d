"""Uploads: their tickets, what has arrived, and their end; `verification.py` then looks at the bytes.

What has arrived is asked of storage, never of the browser; so an upload goes on after a reload, from another device, or
in a new launch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lti_tool.models import LaunchSession
from video import deletion, events
from video.assignments.openings import check_open, open_draft
from video.media import media_types
from video.models import Assignment, Attempt, Event, Video
from video.problems import Problem, storage_problems, too_large
from video.storage import storage
from video.storage.base import FormTicket, PartsTicket, SignedParts, StoredPart
from video.submissions import locking
from video.uploads import open_uploads, parts, verification
from video.uploads.file_names import new_key, shown_name

log = structlog.get_logger(__name__)

MOST_PARTS_AT_ONCE = 50


@dataclass(frozen=True)
class Announced:
    """What a browser says of a video before it sends it.

    Args:
        name: the file's name on the person's device.
        size: bytes; None for a recording, which is only beginning.
        claimed_type: the browser's word for its type.
        fingerprint: SHA-256 of the file's first and last megabyte, in hex; empty where nobody will ask for it again.
        sender: a name that the browser's tab has given itself.
    """

    name: str
    size: int | None
    claimed_type: str
    fingerprint: str = ""
    sender: str = ""

    @property
    def recorded(self) -> bool:
        return self.size is None


@dataclass(frozen=True)
class Begun:
    """An upload and how to go on with it: a form, or parts of which `received` are there already."""

    video: Video
    form: FormTicket | None = None
    received: list[StoredPart] = field(default_factory=list)
    resumed: bool = False


def begin(*, launch: LaunchSession, assignment: Assignment, file: Announced) -> Begun:
    """Start an upload into the person's draft (made if there is none), or go on with an unfinished one of this file.

    An earlier video of the draft stays until this one has arrived: a failed replacement loses nothing.

    Raises:
        Problem: too large, empty, of a type not allowed, no attempt is open, the person has too many uploads open, or
            storage fails.
    """
    content_type = _checked_type(assignment, file)
    # First: what was begun in time goes on after the assignment has closed, as long as its grace lasts.
    for unfinished in _unfinished(launch, assignment, file):
        _check_going_on(unfinished)
        if resumed := _resumed(unfinished, launch=launch, sender=file.sender):
            return resumed
    with transaction.atomic():
        open_uploads.check_room(launch.person, file.size)  # asked again when it is stored; storage is not troubled
        attempt = open_draft(assignment=assignment, person=launch.person)
    key = new_key(launch.person, file.name, anonymous=assignment.anonymous)
    video = Video(
        attempt=attempt,
        backend=assignment.storage_name,
        key=key,
        name=shown_name(file.name),
        size=file.size or 0,
        content_type=content_type,
        fingerprint=file.fingerprint,
        sender=file.sender,
        recorded=file.recorded,
    )
    with storage_problems():
        ticket = storage(video.backend).begin_upload(
            key=key,
            content_type=content_type,
            size=file.size,
            max_bytes=assignment.max_bytes,
            seconds=settings.UPLOAD_TICKET_SECONDS,
        )
    form = None
    if isinstance(ticket, PartsTicket):
        video.upload_id, video.part_bytes = ticket.upload_id, ticket.part_bytes
    else:
        form = ticket
        video.incoming_key = key
    _remember(video, launch=launch, way=ticket.way)
    return Begun(video=video, form=form)


def renew(*, launch: LaunchSession, video: Video) -> Begun:
    """A new ticket for an upload whose first one ran out, or what has arrived of one in parts.

    Raises:
        Problem: the upload is over, or no attempt is open to it any more.
    """
    _check_going_on(video)
    if video.upload_id:
        return Begun(video=video, received=parts.received(video))
    _touch(video)  # before there is a ticket: what it sends is cleared away two lives of a ticket from here
    with storage_problems():
        ticket = storage(video.backend).begin_upload(
            key=video.incoming_key,
            content_type=video.content_type,
            size=video.size,
            max_bytes=video.attempt.submission.assignment.max_bytes,
            seconds=settings.UPLOAD_TICKET_SECONDS,
        )
    assert isinstance(ticket, FormTicket), "the same backend answers a file of one size in one way"
    events.record(Event.Kind.UPLOAD_RENEWED, launch=launch, video=video)
    return Begun(video=video, form=ticket)


def sign(*, video: Video, sizes: Mapping[int, int], sender: str = "") -> SignedParts:
    """Addresses for parts, by number; each good for exactly that many bytes.

    Raises:
        Problem: the upload is over, closed, has no such parts, or goes on in another tab; storage fails.
    """
    _check_going_on(video)
    if sender != video.sender:
        # Asked here and not of the browser: in a frame of another site it may not tell tabs of each other.
        raise Problem(
            "other_tab", "This upload goes on in another tab or on another device.", "Watch it there.", status=423
        )
    parts.check_sizes(video, sizes)
    _touch(video)
    with storage_problems():
        return storage(video.backend).sign_parts(
            key=video.key, upload_id=video.upload_id, sizes=sizes, seconds=settings.UPLOAD_TICKET_SECONDS
        )


def complete(*, launch: LaunchSession | None, video: Video, count: int | None = None) -> Video:
    """Look at storage, and go on only if what is there is what was announced.

    The browser's word that it has finished is a reason to look, nothing more. Calling it again changes nothing, however
    long ago `video` was read: a request may be held back, and a periodic task reads many rows at once.

    Args:
        count: how many parts a recording has, which announced no size; None takes those that have arrived.

    Raises:
        Problem: 409 `not_arrived`; 422 with the reason, and the object is deleted; 503 storage does not answer.
    """
    video.refresh_from_db(from_queryset=Video.objects.checkable())
    if video.state in (Video.State.READY, Video.State.CHECKING):
        return video
    if video.state != Video.State.PENDING:
        raise verification.over(video)
    with storage_problems():
        if video.upload_id:
            parts.put_together(video, count)
        return verification.look(video, launch=launch)


def fail(*, launch: LaunchSession, video: Video, reason: str) -> None:
    """The browser gave up. A form's upload is ended; one in parts can go on later, so it is only noted."""
    with transaction.atomic():
        pending = Video.objects.filter(pk=video.pk, state=Video.State.PENDING)
        if video.upload_id:
            noted = pending.exists()
        else:
            noted = bool(
                pending.update(
                    state=Video.State.ERROR,
                    error_message="The upload was stopped before it finished.",
                    submit_requested_at=None,
                )
            )
        if noted:
            events.record(Event.Kind.UPLOAD_FAILED, launch=launch, video=video, reason=reason)


def remove_draft(*, launch: LaunchSession, video: Video) -> None:
    """Take a video out of a draft, or give up an upload. What was handed in stays.

    Raises:
        Problem: the attempt was handed in meanwhile.
    """
    with transaction.atomic():
        locking.locked_by_video(video)
        attempt = Attempt.objects.get(pk=video.attempt_id)
        if attempt.submitted_at is not None:
            raise Problem("handed_in", "This video was already handed in.", "Reload the page.", status=409)
        deletion.delete(video, launch=launch, why="removed")


def _checked_type(assignment: Assignment, file: Announced) -> str:
    if file.size is not None and file.size <= 0:
        raise Problem("empty", "This file is empty.", "Choose another file.")
    if file.size is not None and file.size > assignment.max_bytes:
        raise too_large(file.size, assignment.max_bytes)
    unwanted = Assignment.Ways.UPLOAD if file.recorded else Assignment.Ways.RECORD
    if assignment.ways == unwanted:
        how = "upload a file" if file.recorded else "record your video here"
        raise Problem("wrong_way", f"For this assignment you {how}.", "Reload the page.")
    content_type = media_types.accepted(file.name, file.claimed_type)
    if content_type is None:
        raise Problem("wrong_type", "This file is not a video we can take.", f"Choose a {media_types.IN_WORDS} file.")
    return content_type


def _remember(video: Video, *, launch: LaunchSession, way: str) -> None:
    """Store a new upload, unless its person has too many, or its attempt was handed in or dropped while storage was
    asked. Raises Problem.
    """
    try:
        with transaction.atomic():
            open_uploads.check_room(launch.person, None if video.recorded else video.size)
            if not Attempt.objects.drafts().select_for_update().filter(pk=video.attempt_id).exists():
                raise Problem("handed_in", "This attempt was handed in meanwhile.", "Reload the page.", status=410)
            video.save(force_insert=True)
            events.record(Event.Kind.UPLOAD_STARTED, launch=launch, video=video, size=video.size, way=way)
    except Problem:
        if video.upload_id:
            with storage_problems():
                storage(video.backend).abort_parts(key=video.key, upload_id=video.upload_id)
        raise


def _unfinished(launch: LaunchSession, assignment: Assignment, file: Announced) -> list[Video]:
    """Uploads of the very same file into the person's draft that can go on, newest first."""
    if not file.fingerprint or file.size is None:
        return []
    drafts = Attempt.objects.drafts().filter(submission__assignment=assignment, submission__person=launch.person)
    same = Video.objects.checkable().filter(
        attempt__in=drafts, state=Video.State.PENDING, fingerprint=file.fingerprint, size=file.size
    )
    return list(same.exclude(upload_id="").order_by("-created_at"))


def _resumed(video: Video, *, launch: LaunchSession, sender: str) -> Begun | None:
    try:
        there = parts.received(video)
    except Problem as problem:
        if problem.code == "upload_gone":
            return None
        raise
    if not Video.objects.filter(pk=video.pk, state=Video.State.PENDING).update(active_at=timezone.now(), sender=sender):
        return None  # it was finished or removed meanwhile, in another tab
    arrived = sum(part.size for part in there)
    events.record(Event.Kind.UPLOAD_RESUMED, launch=launch, video=video, arrived=arrived)
    return Begun(video=video, received=there, resumed=True)


def _check_going_on(video: Video) -> None:
    if video.state != Video.State.PENDING or video.attempt.submitted_at is not None:
        raise _ended()
    check_open(video.attempt.submission, begun_at=video.created_at)


def _touch(video: Video) -> None:
    """Its browser was heard of. Raises Problem where the upload has ended since it was read."""
    still = Video.objects.filter(pk=video.pk, state=Video.State.PENDING, attempt__submitted_at=None)
    if not still.update(active_at=timezone.now()):
        raise _ended()


def _ended() -> Problem:
    return Problem("upload_over", "This upload has already ended.", "Reload the page.", status=410)
