"""Does storage still hold the bytes that were verified? Asked at hand-in, and before each playback grant.

A difference is noted on the row, and goes away by itself where storage holds the right thing again: a bucket that was
set up wrong for an hour must not spoil a course's work.
"""

import structlog
from django.db import transaction
from django.utils import timezone

from lti_tool.models import LaunchSession
from video import events
from video.models import Attachment, Event, Video
from video.problems import Problem
from video.storage import storage
from video.storage.base import StoredObject

log = structlog.get_logger(__name__)

Upload = Video | Attachment


def compare(upload: Upload, *, launch: LaunchSession | None) -> None:
    """One question to storage, so never inside a transaction.

    Rows without a checksum (files of markers that were attached before there was one) are let through.

    Raises:
        Problem: 422 `altered` or `gone`. StorageUnavailable, StorageRefused.
    """
    if not upload.checksum:
        return
    stored = storage(upload.backend).inspect(upload.key)
    if is_same(upload, stored):
        if upload.altered_at is not None:
            _note(upload, launch=launch, found="")
        return
    found = "gone" if stored is None else "altered"
    _note(upload, launch=launch, found=found)
    raise altered(found)


def is_same(upload: Upload, stored: StoredObject | None) -> bool:
    return stored is not None and (stored.checksum, stored.size) == (upload.checksum, upload.size)


def altered(found: str = "altered") -> Problem:
    words = "is no longer in storage" if found == "gone" else "has been changed in storage since it was checked"
    return Problem(
        found,
        f"This file {words}, so it is not shown.",
        "Tell your teacher or Moodle admin: the log names it.",
    )


def _note(upload: Upload, *, launch: LaunchSession | None, found: str) -> None:
    """On the row as it is now, and only when it is news."""
    same_file = type(upload).objects.filter(pk=upload.pk, key=upload.key, checksum=upload.checksum)
    with transaction.atomic():
        if not same_file.filter(altered_at__isnull=bool(found)).update(altered_at=timezone.now() if found else None):
            return
        of = {"video": upload} if isinstance(upload, Video) else {"attachment": str(upload.pk)}
        events.record(Event.Kind.ALTERED, launch=launch, found=found or "as it was", **of)
    if found:
        log.error("stored_object_differs", row=str(upload.pk), found=found)
