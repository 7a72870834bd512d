"""Duration, picture size and codecs of a stored video, read with a few ranged reads (some MB of any size of file)."""

import re
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from video.media import container
from video.media.container import Container, Family
from video.storage.base import Backend, StorageError
from video.storage.stored_file import StoredFile, TooMuch

_MIB = 1 << 20
_BLOCK = _MIB
_BLOCKS = 16  # the head, the index and the places looked at between them
_BUFFER = 1 << 18  # what the library asks for at a time
_MOST = 64 * _MIB  # the index of a day of video has about half of that
_MEMORY = 1024 * _MIB  # of the same: a quarter

# Named, never guessed: a playlist (hls, concat, dash …) would have the library open the addresses in it.
_DEMUXERS: Mapping[Family, str] = {"mp4": "mov", "matroska": "matroska", "avi": "avi", "asf": "asf"}
_FAMILIES: Mapping[str, Family] = {
    "video/mp4": "mp4",
    "video/quicktime": "mp4",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "video/x-ms-wmv": "asf",
    "audio/webm": "matroska",
    "audio/mp4": "mp4",
}
_OPTIONS = {
    "protocol_whitelist": "none",
    "probesize": str(5 * _MIB),
    "analyzeduration": "10000000",  # microseconds
    "max_streams": "64",
    "max_pixels": str(16384 * 8640),
}
_REASONS = {
    "unknown": "The file is not a video of a kind that is known here.",
    "no_picture": "The file has no moving picture.",
    "no_sound": "There is no sound in it.",
    "cut_off": "The file is cut off: a part of it is missing.",
    "damaged": "The file is damaged: no video can be read from it.",
    "too_costly": "The file is put together in such a way that it cannot be read with reasonable effort.",
}


@dataclass(frozen=True)
class Findings:
    """Seconds and pixels; None or empty where the file does not say.

    `streamed`: without a length or an index, as MediaRecorder writes files, so that players cannot jump in it;
    `remux.make_seekable` mends that.
    """

    duration: float | None
    width: int | None
    height: int | None
    video_codec: str
    audio_codec: str
    streamed: bool


class Unreadable(Exception):
    """Nobody will see a video in this file. `code` is stable; `reason` is a sentence for people."""

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason or _REASONS[code]


def read(backend: Backend, key: str, size: int, content_type: str) -> Findings:
    """What the file says of itself, after a look whether all of it is there.

    Raises:
        Unreadable. StorageUnavailable, StorageRefused: nothing is known of the file.
    """
    file = StoredFile(backend, key, size, block=_BLOCK, blocks=_BLOCKS, most=_MOST)
    with opened(file, content_type) as (container, outer):
        picture, sound = picture_of(container), next(iter(container.streams.audio), None)
        if outer.family == "mp4" and not outer.streamed:
            _look_for_the_end(container, size)
        if not any(packet.size for packet in container.demux(picture)):
            raise Unreadable("damaged")
        size_known = picture.codec_context is not None
        return Findings(
            duration=_duration(container, outer),
            width=(picture.codec_context.width or None) if size_known else None,
            height=(picture.codec_context.height or None) if size_known else None,
            video_codec=_codec(picture),
            audio_codec=_codec(sound),
            streamed=outer.streamed,
        )


def read_sound(backend: Backend, key: str, size: int, content_type: str) -> Findings:
    """The same of a recording of sound alone; whatever pictures are beside it. Raises as `read`."""
    file = StoredFile(backend, key, size, block=_BLOCK, blocks=_BLOCKS, most=_MOST)
    with opened(file, content_type) as (container, outer):
        sound = sound_of(container)
        if not any(packet.size for packet in container.demux(sound)):
            raise Unreadable("damaged")
        return Findings(
            duration=_duration(container, outer),
            width=None,
            height=None,
            video_codec="",
            audio_codec=_codec(sound),
            streamed=outer.streamed,
        )


@contextmanager
def opened(file: StoredFile, content_type: str) -> Iterator[tuple[InputContainer, Container]]:
    """The file taken apart, with its container. What goes wrong inside is the file's fault, unless storage's it was.

    Raises:
        Unreadable. StorageUnavailable, StorageRefused.
    """
    try:
        outer = _container(file, content_type)
        options = dict(_OPTIONS)
        if outer.family == "mp4" and outer.streamed:
            options["fflags"] = "+ignidx"  # else every fragment of the recording would be looked up first
        with (
            _memory_bounded(),
            av.open(
                file,
                mode="r",
                format=_DEMUXERS[outer.family],
                options=options,
                metadata_errors="replace",
                buffer_size=_BUFFER,
                io_open=_refuse,
            ) as container,
        ):
            yield container, outer
            file.check()  # the library may have taken a failed read for the end
    except _FILE_FAULTS as error:
        cause = _cause(file.failure or error)
        if cause is error:
            raise
        raise cause from error


_FILE_FAULTS = (av.error.FFmpegError, ValueError, ArithmeticError, MemoryError, RuntimeError, TooMuch, Unreadable)


def _cause(error: Exception) -> Exception:
    if isinstance(error, (StorageError, Unreadable)):
        return error
    return Unreadable("too_costly" if isinstance(error, (TooMuch, MemoryError)) else "damaged")


def _container(file: StoredFile, content_type: str) -> Container:
    """By the first bytes, which say more than the type it was given. Raises Unreadable."""
    by_head = container.family_of(file.at(0, 16))
    family = by_head or _FAMILIES.get(content_type)
    try:
        found = container.read(file, family) if family else None
    except container.NotThis:
        raise Unreadable("damaged" if by_head else "unknown") from None
    if found is None:
        raise Unreadable("unknown")
    if not found.whole:
        raise Unreadable("cut_off")
    return found


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError("A video has no business with other files.")


@contextmanager
def _memory_bounded() -> Iterator[None]:
    """Two kilobytes of MP4 can announce a billion pictures, and the library makes a table for them all.

    It takes a refused allocation well. The bound is this process's, so it holds for the other threads meanwhile.
    """
    used = re.search(r"^VmData:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = (int(used.group(1)) << 10) + _MEMORY if used else soft
    if hard != resource.RLIM_INFINITY:
        bound = min(bound, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def picture_of(container: InputContainer) -> VideoStream:
    """The first moving picture; the cover of a song is none. Raises Unreadable."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise Unreadable("no_picture")


def sound_of(container: InputContainer) -> AudioStream:
    """The first sound. Raises Unreadable."""
    for stream in container.streams.audio:
        return stream
    raise Unreadable("no_sound")


def _look_for_the_end(container: InputContainer, size: int) -> None:
    """Every sample that the index names lies inside the file, as far as the last of each track and some others tell."""
    for stream in container.streams:
        entries = stream.index_entries
        some = entries[:: len(entries) // 1000 + 1] + entries[-100:]
        if any(entry.pos + entry.size > size for entry in some):
            raise Unreadable("cut_off")


def _duration(container: InputContainer, outer: Container) -> float | None:
    """Seconds. Of a recording in fragments only the first was looked at."""
    if not container.duration or container.duration < 0 or (outer.family == "mp4" and outer.streamed):
        return None
    return container.duration / av.time_base


def _codec(stream: VideoStream | AudioStream | None) -> str:
    """As browsers and people call it, not the decoder of it that is installed here."""
    if stream is None or stream.codec_context is None:
        return ""
    return stream.codec_context.codec.canonical_name
