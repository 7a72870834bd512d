"""Duration, picture size and codecs of a stored video, read with a few ranged reads (some MB of any size of file)."""

import io
from dataclasses import dataclass

import av
import structlog
from django.utils import timezone

from video.models import Video
from video.storage import storage
from video.storage.base import Backend

log = structlog.get_logger(__name__)

_BLOCK = 1 << 20  # an index is read in small steps; each would else be a request


@dataclass(frozen=True)
class Findings:
    """Seconds and pixels; None or empty where the file does not say."""

    duration: float | None
    width: int | None
    height: int | None
    video_codec: str
    audio_codec: str


def examine(video: Video) -> None:
    """Store what the file says of itself. A file nothing can be read from keeps its row; the error message tells.

    Raises:
        StorageUnavailable, StorageRefused: nothing is stored, so that a later sweep looks again.
    """
    try:
        found = read(storage(video.backend), video.key, video.size)
    except (av.error.FFmpegError, ValueError) as error:
        # A student's work is not thrown away for our reader's sake: the teacher's browser may still play it.
        log.warning("video_unreadable", video=str(video.pk), error=type(error).__name__)
        found = Findings(None, None, None, "", "")
    Video.objects.filter(pk=video.pk).update(
        duration=found.duration,
        width=found.width,
        height=found.height,
        video_codec=found.video_codec,
        audio_codec=found.audio_codec,
        examined_at=timezone.now(),
    )


def read(backend: Backend, key: str, size: int) -> Findings:
    """What the object's container says.

    Raises:
        av.error.FFmpegError: it cannot be read as a video. StorageUnavailable, StorageRefused.
    """
    with av.open(io.BufferedReader(_StoredFile(backend, key, size), _BLOCK), mode="r") as container:
        picture = next(iter(container.streams.video), None)
        sound = next(iter(container.streams.audio), None)
        duration = container.duration / av.time_base if container.duration and container.duration > 0 else None
        return Findings(
            duration=duration,
            width=picture.codec_context.width if picture else None,
            height=picture.codec_context.height if picture else None,
            video_codec=picture.codec_context.name if picture else "",
            audio_codec=sound.codec_context.name if sound else "",
        )


class _StoredFile(io.RawIOBase):
    """An object in storage as a file that can be read and sought."""

    def __init__(self, backend: Backend, key: str, size: int) -> None:
        self._backend = backend
        self._key = key
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        if self._at >= self._size:
            return 0
        part = self._backend.read(self._key, self._at, len(buffer))
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)
