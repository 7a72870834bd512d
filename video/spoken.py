"""Recorded words made ready to hear: browsers write them without a length and an index, so that no player can jump."""

from dataclasses import dataclass

import structlog

from video import examine, remux
from video.durations import clock
from video.storage.base import Backend

log = structlog.get_logger(__name__)

MOST_SECONDS = 600
_SPARE_SECONDS = 5.0  # the recorder's clock is not the file's


@dataclass(frozen=True)
class Word:
    """`size` in bytes, as it is in storage now; None `seconds` where the file does not say."""

    size: int
    seconds: float | None


def prepare(backend: Backend, key: str, *, size: int, content_type: str, save_as: str) -> Word:
    """Rewrite it in its place, unless it has a length and an index already.

    Raises:
        Unreadable: there is no sound in it, or too much. StorageUnavailable, StorageRefused.
    """
    size = _size_now(backend, key, size)
    found = examine.read_sound(backend, key, size, content_type)
    if found.streamed:
        try:
            size = remux.make_seekable(
                backend, key, size=size, content_type=content_type, sound_only=True, save_as=save_as
            )
        except OSError:  # our disk is full: a word that one cannot jump in is better than none
            log.exception("not_made_seekable", key_of="attachment")
            return Word(size, found.duration)
        found = examine.read_sound(backend, key, size, content_type)
    if found.duration is not None and found.duration > MOST_SECONDS + _SPARE_SECONDS:
        raise examine.Unreadable("too_long", f"It is {clock(found.duration)} long; the limit is {clock(MOST_SECONDS)}.")
    return Word(size, found.duration)


def _size_now(backend: Backend, key: str, size: int) -> int:
    """A worker that died may have put another in its place."""
    stored = backend.inspect(key)
    return stored.size if stored else size
