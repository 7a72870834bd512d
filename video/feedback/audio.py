"""Remuxes audio feedback: browsers record it without a duration and an index, so that no player can seek."""

from dataclasses import dataclass

import structlog

from video import integrity
from video.media import probe, remux
from video.media.durations import clock
from video.models import Attachment
from video.storage import storage
from video.storage.base import ObjectChanged, StoredObject
from video.uploads.copies import Copies

log = structlog.get_logger(__name__)

MOST_SECONDS = 600
_SPARE_SECONDS = 5.0  # the recorder's clock is not the file's


@dataclass(frozen=True)
class Prepared:
    """Where and what a recording is in storage; None `seconds` where the file does not say."""

    key: str
    stored: StoredObject
    seconds: float | None


def prepare(attachment: Attachment, copies: Copies) -> Prepared:
    """As it is, where it has a length and an index already; else a copy that has them.

    Raises:
        Unreadable: there is no sound in it, or too much, or it is not what was attached. StorageUnavailable,
            StorageRefused.
    """
    backend, content_type = storage(attachment.backend), attachment.content_type
    stored = backend.inspect(attachment.key)
    if stored is None:
        raise probe.Unreadable("altered", "It is no longer in storage.")
    if attachment.checksum and not integrity.is_same(attachment, stored):
        raise probe.Unreadable("altered", "It was changed in storage after it had arrived.")
    key = attachment.key
    found = probe.read_sound(backend, key, stored.size, content_type)
    if found.streamed:
        seekable = copies.new_key()
        try:
            size = remux.make_seekable(
                backend,
                key,
                to=seekable,
                size=stored.size,
                content_type=content_type,
                sound_only=True,
                save_as=attachment.name,
            )
        except OSError:  # our disk is full: a recording that one cannot seek in is better than none
            log.exception("not_made_seekable", key_of="attachment")
            return Prepared(key, stored, found.duration)
        there = backend.inspect(seekable)
        if there is None or there.size != size:
            raise ObjectChanged("The copy is gone.")  # it was taken away meanwhile
        key, stored = seekable, there
        found = probe.read_sound(backend, key, size, content_type)
    if found.duration is not None and found.duration > MOST_SECONDS + _SPARE_SECONDS:
        raise probe.Unreadable("too_long", f"It is {clock(found.duration)} long; the limit is {clock(MOST_SECONDS)}.")
    return Prepared(key, stored, found.duration)
