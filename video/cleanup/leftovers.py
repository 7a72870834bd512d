"""Cleanup of uploads whose browser vanished, of those that nobody will finish, and of objects that no row names.

Each is safe to run at any time, any number of times, by any number of workers.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from video import deletion
from video.feedback import attachments
from video.models import Attachment, Video
from video.problems import Problem
from video.storage import storage
from video.storage.base import Listed, StorageError
from video.uploads import tickets
from video.uploads.file_names import PREFIX, folder_of
from video.uploads.open_uploads import tickets_over

log = structlog.get_logger(__name__)

Stored = Video | Attachment
KEPT_BY: tuple[type[Video] | type[Attachment], ...] = (Video, Attachment)  # rows that know what storage holds
_AT_ONCE = 200
_ATTACHMENT_ABANDONED = timedelta(days=1)  # whoever marks has it at hand, and is told that it did not arrive
_FOLDER_LEFT = timedelta(days=1)  # a worker is at one for minutes
_QUIET = timedelta(minutes=2)  # a browser that still sends has asked for something since


def find_vanished(*, within: timedelta) -> int:
    """Confirm uploads that have arrived though nobody said so: a closed laptop, a lost answer. How many were found.

    Args:
        within: only those whose browser was heard of so lately; storage is asked about each.
    """
    now = timezone.now()
    pending = Video.objects.checkable().filter(
        state=Video.State.PENDING, active_at__lt=now - _QUIET, active_at__gt=now - within, recorded=False
    )
    return sum(bool(_confirmed(video)) for video in pending.order_by("-active_at")[:_AT_ONCE])


def abort_abandoned() -> int:
    """End uploads that nobody has touched for UPLOAD_ABANDONED_DAYS. How many.

    A recording whose browser vanished may be the only one there is: what has arrived of it is taken in rather. Where
    storage does not tell what has, the next run will.
    """
    oldest = timezone.now() - timedelta(days=settings.UPLOAD_ABANDONED_DAYS)
    abandoned = Video.objects.checkable().filter(state=Video.State.PENDING, active_at__lt=oldest)
    problem = Problem(
        "abandoned",
        f"The upload was not finished within {settings.UPLOAD_ABANDONED_DAYS} days.",
        "Choose the file again.",
    )
    ended = 0
    for video in abandoned.order_by("active_at")[:_AT_ONCE]:
        if not video.recorded or _confirmed(video) is False:
            # Its student may have gone on with it since the list was read.
            ended += deletion.refuse(video, launch=None, problem=problem, where=Q(active_at__lt=oldest))
    return ended


def end_unfinished_attachments() -> int:
    """How many there were that nobody has touched for a day."""
    oldest = timezone.now() - _ATTACHMENT_ABANDONED
    abandoned = Attachment.objects.filter(state=Attachment.State.PENDING, active_at__lt=oldest)
    found = abandoned.order_by("active_at")[:_AT_ONCE]
    return sum(attachments.end_unfinished(attachment, idle_since=oldest) for attachment in found)


def remove_from_storage(ended: Stored) -> None:
    """The object, the parts, what a form may have sent, and every copy that a look has made, of what has ended."""
    backend = storage(ended.backend)
    if ended.upload_id:
        backend.abort_parts(key=ended.incoming_key or ended.key, upload_id=ended.upload_id)
    for key in filter(None, (ended.incoming_key, ended.key)):
        backend.delete(key)
    _clear_folder(ended, but="")
    type(ended).objects.filter(pk=ended.pk).update(object_deleted_at=timezone.now())


def clear_incoming() -> None:
    """Delete what was sent to a form's key after its first object had been taken from there, and forgotten copies."""
    for model in KEPT_BY:
        done = model.objects.filter(active_at__lt=tickets_over()).exclude(incoming_key="")
        # Nobody looks at these any more, so no copy of them is on its way to be named.
        for row in done.exclude(state__in=["pending", "checking"]).order_by("active_at")[:_AT_ONCE]:
            try:
                storage(row.backend).delete(row.incoming_key)
                _clear_folder(row, but=row.key)
            except StorageError as error:
                log.warning("folder_not_cleared", row=str(row.pk), reason=error.reason)
                continue
            model.objects.filter(pk=row.pk, key=row.key).update(incoming_key="")


def _clear_folder(row: Stored, *, but: str) -> None:
    """What else was stored of this upload: a worker that was killed leaves a copy that no row names."""
    folder, backend = folder_of(row.key), storage(row.backend)
    if not folder:
        return
    for found in backend.listed(folder):
        if found.key != but:
            backend.delete(found.key)
    for unfinished in backend.unfinished(folder):
        backend.abort_parts(key=unfinished.key, upload_id=unfinished.upload_id)


def remove_left_folders() -> None:
    """Folders that former versions rewrote recordings in, where their worker was killed. (Now nothing is left.)"""
    before = time.time() - _FOLDER_LEFT.total_seconds()
    for folder in Path(tempfile.gettempdir()).glob("reelmark-remux-*"):
        with suppress(OSError):  # another account's, or another worker was first
            if folder.lstat().st_mtime < before:
                shutil.rmtree(folder)
                log.info("left_folder_removed")


def orphans(name: str, *, older_than: timedelta) -> Iterator[Listed]:
    """Objects and unfinished uploads in that storage which no row knows, or whose row says that they are gone."""
    backend = storage(name)
    before = timezone.now() - older_than
    for found in backend.listed(PREFIX):
        if found.since < before and not _known(name, found):
            yield found
    for found in backend.unfinished(PREFIX):
        if found.since < before and not _known(name, found):
            yield found


def remove_orphan(name: str, orphan: Listed) -> None:
    backend = storage(name)
    if orphan.upload_id:
        backend.abort_parts(key=orphan.key, upload_id=orphan.upload_id)
    else:
        backend.delete(orphan.key)
    log.info("orphan_removed", backend=name, unfinished=bool(orphan.upload_id), size=orphan.size)


def _known(name: str, found: Listed) -> bool:
    known = Q(key=found.key, upload_id=found.upload_id, state="pending")
    if not found.upload_id:
        known = Q(key=found.key) | Q(incoming_key=found.key)
    return any(model.objects.filter(known, backend=name, object_deleted_at=None).exists() for model in KEPT_BY)


def _confirmed(video: Video) -> bool | None:
    """Whether it has arrived; None where storage did not tell."""
    try:
        tickets.complete(launch=None, video=video)
    except Problem as problem:
        # Most often it has not arrived; a refusal has been written down with its reason.
        log.debug("not_confirmed", video=str(video.pk), code=problem.code)
        return None if problem.status >= 500 else False
    except StorageError as error:
        log.warning("storage_failed", reason=error.reason)
        return None
    log.info("vanished_upload_found", video=str(video.pk))
    return True
