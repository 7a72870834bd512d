"""Files and audio feedback that go back with a mark: uploaded by the browser, verified, then offered.

Whatever is attached or taken away after a release is seen by the student when the mark is released again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from config.queue import enqueue
from lti_tool.models import LaunchSession
from video import events, integrity
from video.deletion import NOTHING_ELSE
from video.feedback import audio, file_types
from video.media.probe import Unreadable
from video.models import Attachment, Attempt, Event
from video.models.attachment import AttachmentQuerySet
from video.problems import Problem, storage_problems
from video.storage import storage
from video.storage.base import (
    Backend,
    FormTicket,
    ObjectChanged,
    PartsTicket,
    Playback,
    SignedParts,
    StorageError,
    StoredObject,
    StoredPart,
)
from video.submissions import locking
from video.uploads import parts
from video.uploads.copies import Copies, arrived
from video.uploads.file_names import new_key, shown_name
from video.uploads.open_uploads import check_room_for_file, tickets_over

log = structlog.get_logger(__name__)

_CLAIM = timedelta(minutes=5)
_MOST_LOOKS = 3  # that ended in nothing: a recording that kills its worker must not do so for ever
_ARRIVED = (Attachment.State.CHECKING, Attachment.State.READY, Attachment.State.ERROR)


@dataclass(frozen=True)
class NewFile:
    """What a browser says of a file before it sends it. `size` in bytes; `fingerprint` as that of a video."""

    name: str
    size: int
    kind: Attachment.Kind = Attachment.Kind.FILE
    fingerprint: str = ""


@dataclass(frozen=True)
class Begun:
    """An upload and how to go on with it: a form, or parts of which `received` are there already."""

    attachment: Attachment
    form: FormTicket | None = None
    received: list[StoredPart] = field(default_factory=list)
    resumed: bool = False


def begin(*, launch: LaunchSession, attempt: Attempt, file: NewFile) -> Begun:
    """Start to send a file to go with the mark of a handed-in attempt, or go on with an unfinished one of this file.

    Args:
        attempt: with its submission and assignment.

    Raises:
        Problem: too large, empty, of a type not allowed, there are as many as may be, or storage fails.
    """
    content_type = _checked(file)
    if resumed := _resumed(launch, attempt, file):
        return resumed
    _check_room(attempt)
    key = new_key(launch.person, file.name)
    attachment = Attachment(
        attempt=attempt,
        author=launch.person,
        kind=file.kind,
        backend=attempt.submission.assignment.storage_name,
        key=key,
        name=shown_name(file.name),
        size=file.size,
        content_type=content_type,
        fingerprint=file.fingerprint,
    )
    ticket = _ticket(attachment, key)
    form = None
    if isinstance(ticket, PartsTicket):
        attachment.upload_id, attachment.part_bytes = ticket.upload_id, ticket.part_bytes
    else:
        form = ticket
        attachment.incoming_key = key
    _remember(attachment, launch=launch)
    return Begun(attachment=attachment, form=form)


def renew(*, attachment: Attachment) -> Begun:
    """A new ticket for an upload whose first one ran out, or what has arrived of one in parts. Raises Problem."""
    _check_under_way(attachment)
    _touch(attachment)
    if attachment.upload_id:
        return Begun(attachment=attachment, received=received(attachment))
    ticket = _ticket(attachment, attachment.incoming_key)
    assert isinstance(ticket, FormTicket), "the same backend answers a file of one size in one way"
    return Begun(attachment=attachment, form=ticket)


def received(attachment: Attachment) -> list[StoredPart]:
    """What storage has of an upload in parts. Raises Problem, also where storage has lost it: it is ended then."""
    there = parts.arrived(attachment)
    if there is None:
        problem = parts.gone()
        _refuse(attachment, launch=None, problem=problem)
        raise problem
    return there


def sign(*, attachment: Attachment, sizes: Mapping[int, int]) -> SignedParts:
    """Addresses for parts, by number; each good for exactly that many bytes. Raises Problem."""
    _check_under_way(attachment)
    parts.check_sizes(attachment, sizes)
    _touch(attachment)
    with storage_problems():
        return storage(attachment.backend).sign_parts(
            key=attachment.key,
            upload_id=attachment.upload_id,
            sizes=sizes,
            seconds=settings.UPLOAD_TICKET_SECONDS,
        )


def complete(*, launch: LaunchSession, attachment: Attachment) -> Attachment:
    """Look at storage, and attach the file only if what is there is what was announced. Again changes nothing, however
    long ago `attachment` was read.

    Raises:
        Problem: 409 `not_arrived`; 410 it was taken away meanwhile; 422 with the reason, and the object is deleted;
            503 storage does not answer.
    """
    attachment.refresh_from_db(from_queryset=Attachment.objects.select_related("attempt__submission__assignment"))
    if attachment.state in _ARRIVED:
        return attachment
    _check_under_way(attachment)
    with storage_problems():
        if attachment.upload_id:
            parts.put_together(attachment, None)
        with Copies(attachment) as copies:
            if found := _looked_at(attachment, copies, launch=launch):
                _attach(attachment, *found, launch=launch)
            attachment.refresh_from_db()
    if attachment.state == Attachment.State.PENDING:
        raise _not_arrived()
    if attachment.state not in _ARRIVED:
        enqueue("video.cleanup.tasks.delete_attachment", str(attachment.pk))
        raise _over(attachment)
    return attachment


def give_up(*, launch: LaunchSession, attachment: Attachment) -> None:
    """The browser gave up. What goes in parts can go on later, so nothing is done about it yet."""
    if attachment.state == Attachment.State.PENDING and not attachment.upload_id:
        _refuse(attachment, launch=launch, problem=Problem("given_up", "The upload was stopped.", "Choose it again."))


def remove(*, launch: LaunchSession, attachment: Attachment) -> None:
    """Take it away, from the student too; a worker removes its object. Again changes nothing."""
    with transaction.atomic():
        locking.locked(attachment.attempt)
        found = Attachment.objects.select_for_update().get(pk=attachment.pk)
        if found.deleted_at is not None:
            return
        _delete(found)
        if found.attached_at is not None:
            locking.touch(found.attempt)
        events.record(Event.Kind.FILE_REMOVED, launch=launch, attachment=str(found.pk))


def address(*, launch: LaunchSession, attachment: Attachment) -> Playback:
    """A signed address for one fetched by `Attachment.objects.visible_to(launch)`, written down for audit.

    Raises:
        Problem: 409 while it is prepared, or where it is not what was attached any more; or storage fails.
    """
    if attachment.state == Attachment.State.CHECKING:
        raise Problem("being_prepared", "This recording is being prepared.", "Try again in a moment.", status=409)
    if attachment.state != Attachment.State.READY:
        raise Problem("unavailable", "This file cannot be opened.", "Ask for it to be sent again.", status=422)
    with storage_problems():
        integrity.compare(attachment, launch=launch)
        signed = storage(attachment.backend).playback(
            attachment.key, content_type=attachment.content_type, seconds=settings.PLAYBACK_SECONDS
        )
    events.record(Event.Kind.FILE_OPENED, launch=launch, attachment=str(attachment.pk))
    return signed


# --- a worker -----------------------------------------------------------------------------------------------------
def claim(attachment_id: str) -> Attachment | None:
    """A recording for one worker to rewrite; None where another is at it, or nothing is left to do."""
    free = Attachment.objects.unclaimed().filter(pk=attachment_id)
    attachment = free.first()
    until = timezone.now() + _CLAIM
    if attachment is None or not free.filter(key=attachment.key).update(claimed_until=until, looks=F("looks") + 1):
        return None
    attachment.claimed_until = until
    if attachment.looks < _MOST_LOOKS:
        return attachment
    log.error("looks_used_up", attachment=str(attachment.pk))
    _spoil(attachment, "It could not be looked into.")
    return None


def prepare(attachment: Attachment) -> None:
    """Give audio feedback its duration, and an index to seek by.

    Raises:
        StorageUnavailable, StorageRefused: nothing is changed, so that a later run tries again.
    """
    as_it_was = Attachment.objects.filter(pk=attachment.pk, state=Attachment.State.CHECKING, key=attachment.key)
    with Copies(attachment) as copies:
        try:
            prepared = audio.prepare(attachment, copies)
        except StorageError:
            mine = as_it_was.filter(claimed_until=attachment.claimed_until)
            mine.update(claimed_until=None, looks=F("looks") - 1)
            raise
        except Unreadable as unreadable:
            told = unreadable.code in ("too_long", "no_sound", "altered")  # the others speak of a video
            _spoil(attachment, unreadable.reason if told else "This recording cannot be played.")
            return
        as_it_was.update(
            state=Attachment.State.READY,
            key=prepared.key,
            incoming_key=attachment.incoming_key or (attachment.key if prepared.key != attachment.key else ""),
            size=prepared.stored.size,
            checksum=prepared.stored.checksum,
            duration=prepared.seconds,
        )


# --- the steps ----------------------------------------------------------------------------------------------------
def _checked(file: NewFile) -> str:
    """The content type. Raises Problem."""
    if file.size <= 0:
        raise Problem("empty", "This file is empty.", "Choose another file.")
    if file.size > settings.ATTACHMENT_MAX_BYTES:
        limit = filesizeformat(settings.ATTACHMENT_MAX_BYTES)
        raise Problem(
            "too_large", f"This file is {filesizeformat(file.size)}; the limit is {limit}.", "Choose a smaller one."
        )
    content_type = file_types.accepted(file.name)
    recorded = file.kind == Attachment.Kind.AUDIO
    if content_type is None or (recorded and content_type not in file_types.RECORDED):
        raise Problem("wrong_type", "A file of this type cannot be attached.", f"Choose a {file_types.IN_WORDS} file.")
    return content_type


def _check_room(attempt: Attempt, *, but: Attachment | None = None) -> None:
    """Raises Problem where there are as many as may be, those on their way counted."""
    under_way = Attachment.objects.filter(attempt=attempt, state=Attachment.State.PENDING, active_at__gt=tickets_over())
    others = Attachment.objects.attached().filter(attempt=attempt) | under_way
    if but is not None:
        others = others.exclude(pk=but.pk)
    if others.count() >= settings.ATTACHMENTS_PER_ATTEMPT:
        most = settings.ATTACHMENTS_PER_ATTEMPT
        raise Problem("too_many", f"There are {most} files already, as many as may be.", "Remove one first.")


def _resumed(launch: LaunchSession, attempt: Attempt, file: NewFile) -> Begun | None:
    same = Attachment.objects.filter(
        attempt=attempt,
        author=launch.person,
        state=Attachment.State.PENDING,
        fingerprint=file.fingerprint,
        size=file.size,
        kind=file.kind,
        name=shown_name(file.name),
    ).exclude(upload_id="")
    unfinished = same.order_by("-created_at").first() if file.fingerprint else None
    if unfinished is None or (there := parts.arrived(unfinished)) is None:
        return None
    still = Attachment.objects.filter(pk=unfinished.pk, state=Attachment.State.PENDING)
    if not still.update(active_at=timezone.now()):
        return None  # it was finished or removed meanwhile, in another tab
    return Begun(attachment=unfinished, received=there, resumed=True)


def _ticket(attachment: Attachment, key: str) -> FormTicket | PartsTicket:
    with storage_problems():
        return storage(attachment.backend).begin_upload(
            key=key,
            content_type=attachment.content_type,
            size=attachment.size,
            max_bytes=settings.ATTACHMENT_MAX_BYTES,
            seconds=settings.UPLOAD_TICKET_SECONDS,
            save_as=attachment.name,
        )


def _remember(attachment: Attachment, *, launch: LaunchSession) -> None:
    """Store a new one, unless there is no place for it any more. Raises Problem."""
    try:
        with transaction.atomic():
            check_room_for_file(launch.person)
            locking.locked(attachment.attempt)
            _check_handed_in(attachment)
            _check_room(attachment.attempt)
            attachment.save(force_insert=True)
            events.record(Event.Kind.FILE_STARTED, launch=launch, attachment=str(attachment.pk), size=attachment.size)
    except Problem:
        if attachment.upload_id:
            with storage_problems():
                storage(attachment.backend).abort_parts(key=attachment.key, upload_id=attachment.upload_id)
        raise


def _looked_at(attachment: Attachment, copies: Copies, *, launch: LaunchSession) -> tuple[str, StoredObject] | None:
    """What has arrived, by a key that no ticket is good for; None where nothing has. Raises Problem, StorageError."""
    try:
        found = arrived(attachment, copies)
        problem = _why_not(storage(attachment.backend), *found, attachment) if found else None
    except ObjectChanged:  # another tab sends it again, or another look has taken it
        return None
    if problem is None:
        return found
    if _refuse(attachment, launch=launch, problem=problem):
        raise problem
    return None


def _why_not(backend: Backend, key: str, stored: StoredObject, attachment: Attachment) -> Problem | None:
    if stored.size != attachment.size:
        return Problem(
            "wrong_size",
            f"{filesizeformat(stored.size)} arrived, but your file has {filesizeformat(attachment.size)}.",
            "Choose the file again.",
        )
    if stored.content_type.split(";")[0].strip().lower() != attachment.content_type or not stored.saved:
        return Problem("wrong_type", "The file arrived as another type than announced.", "Choose the file again.")
    file = file_types.opened(backend, key, stored.size)
    if not file_types.is_what_it_says(file, attachment.content_type):
        return Problem(
            "not_what_it_says",
            "What is in this file is not what its name says.",
            "Open it on your device to see, save it anew, and choose it again.",
        )
    return None


def _attach(attachment: Attachment, key: str, stored: StoredObject, *, launch: LaunchSession) -> None:
    """From now on it goes with the mark, unless it was taken away or attached while it was looked at."""
    recorded = attachment.kind == Attachment.Kind.AUDIO
    state = Attachment.State.CHECKING if recorded else Attachment.State.READY
    now = timezone.now()
    with transaction.atomic():
        locking.locked(attachment.attempt)
        _check_handed_in(attachment)
        _check_room(attachment.attempt, but=attachment)
        attached = _as_it_was(attachment).update(
            state=state, key=key, size=stored.size, checksum=stored.checksum, attached_at=now, active_at=now
        )
        if attached:
            locking.touch(attachment.attempt)
            events.record(
                Event.Kind.FILE_ATTACHED, launch=launch, attachment=str(attachment.pk), kind_of=attachment.kind
            )
            if recorded:
                enqueue("video.feedback.tasks.check_attachment", str(attachment.pk))


def _as_it_was(attachment: Attachment) -> AttachmentQuerySet:
    """Its row, if it is still under way as when it was read."""
    return Attachment.objects.filter(
        pk=attachment.pk,
        state=Attachment.State.PENDING,
        key=attachment.key,
        incoming_key=attachment.incoming_key,
    )


def _touch(attachment: Attachment) -> None:
    """Its browser was heard of. Raises Problem where the upload has ended since it was read."""
    if not _as_it_was(attachment).update(active_at=timezone.now()):
        attachment.refresh_from_db()
        raise _over(attachment)


def _check_under_way(attachment: Attachment) -> None:
    if attachment.state != Attachment.State.PENDING:
        raise _over(attachment)


def _check_handed_in(attachment: Attachment) -> None:
    if not Attempt.objects.submitted().filter(pk=attachment.attempt_id).exists():
        raise Problem(
            "taken_back", "The attempt was taken back by its student.", "Reload the page to see what there is to mark."
        )


def _refuse(attachment: Attachment, *, launch: LaunchSession | None, problem: Problem, where: Q = NOTHING_ELSE) -> bool:
    """End an upload that came to nothing, if its row is as it was; the reason stays with it. Says whether it was."""
    with transaction.atomic():
        found = _as_it_was(attachment).select_for_update().filter(where).first()
        if found is not None:
            found.error_message = f"{problem.message} {problem.action}"[:300]
            _delete(found)
            events.record(Event.Kind.FILE_REFUSED, launch=launch, attachment=str(attachment.pk), reason=problem.code)
    return found is not None


def end_unfinished(attachment: Attachment, *, idle_since: datetime) -> bool:
    """Nobody has gone on with it for long. Says whether that is still so."""
    told = Problem("abandoned", "The upload was not finished.", "Choose it again.")
    return _refuse(attachment, launch=None, problem=told, where=Q(active_at__lt=idle_since))


def _spoil(attachment: Attachment, reason: str) -> None:
    """It has arrived, and nobody will hear it: whoever sent it is told in the room."""
    with transaction.atomic():
        spoilt = Attachment.objects.filter(
            pk=attachment.pk, state=Attachment.State.CHECKING, key=attachment.key
        ).update(state=Attachment.State.ERROR, error_message=f"{reason} Remove it, and record it again."[:300])
        if spoilt:
            events.record(Event.Kind.FILE_REFUSED, launch=None, attachment=str(attachment.pk), reason="unreadable")


def _delete(attachment: Attachment) -> None:
    attachment.state = Attachment.State.DELETED
    attachment.deleted_at = timezone.now()
    attachment.save(update_fields=["state", "deleted_at", "error_message"])
    enqueue("video.cleanup.tasks.delete_attachment", str(attachment.pk))


def _not_arrived() -> Problem:
    return Problem("not_arrived", "The file has not arrived in storage yet.", "Try again in a moment.", status=409)


def _over(attachment: Attachment) -> Problem:
    told = attachment.error_message or "This upload has ended. Choose the file again."
    message, _, action = told.partition(". ")
    return Problem("upload_over", f"{message.rstrip('.')}.", action or "Choose the file again.", status=410)
