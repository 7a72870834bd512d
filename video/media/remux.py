"""Remuxes recordings: browsers write them without a duration and an index, so that no player can seek."""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import chain, islice
from tempfile import TemporaryFile
from typing import BinaryIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from video.media.container import Family
from video.media.probe import Unreadable, opened, picture_of, sound_of
from video.storage.base import Backend
from video.storage.stored_file import StoredFile

Track = VideoStream | AudioStream

_MIB = 1 << 20
_BLOCK = 8 * _MIB
_BLOCKS = 3  # sound and picture may lie apart
_MARGIN = _MIB  # what is copied may be a little more than what there is, where it was packed
_AHEAD = 200  # packets that are waited for each track's first
_WEBM = {"vp8", "vp9", "av1", "opus", "vorbis"}
_OPTIONS = {
    "mp4": {"movflags": "+faststart"},
    "webm": {"cues_to_front": "1"},
    "matroska": {"cues_to_front": "1"},
}
# The disk's faults, not the file's: a later attempt may do.
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.EMFILE, errno.ENFILE}


def make_seekable(
    backend: Backend, key: str, *, to: str, size: int, content_type: str, sound_only: bool = False, save_as: str = ""
) -> int:
    """Put the same pictures and sounds under the key `to`, from time zero, with a length and an index at the front.

    Nothing is encoded anew. Needs as much room as the file in the temporary folder (TMPDIR). Returns the new size. What
    is at `key` stays as it is.

    Args:
        sound_only: there need be no pictures, and none are kept.
        save_as: as `Backend.begin_upload`.

    Raises:
        Unreadable: there is nothing to keep in it. StorageUnavailable, StorageRefused, OSError (the disk is full).
    """
    # A file without a name: a worker that is killed in the middle leaves nothing of it. (It is opened once more by the
    # library, which knows addresses alone, and reads what it has written to put the index in front.)
    with TemporaryFile() as film:
        path = _address(film)
        file = StoredFile(backend, key, size, block=_BLOCK, blocks=_BLOCKS, most=2 * size + 64 * _MIB)
        with opened(file, content_type) as (source, outer):
            tracks = _tracks(source, sound_only=sound_only)
            _copy(source, tracks, path, _format(outer.family, tracks, content_type), most=2 * size + _MARGIN)
        written = film.seek(0, os.SEEK_END)
        film.seek(0)
        backend.put(to, film, content_type=content_type, save_as=save_as)
        return written


def _address(file: BinaryIO) -> str:
    return f"/proc/self/fd/{file.fileno()}"


def _format(family: Family, tracks: list[Track], content_type: str) -> str:
    """WebM is Matroska with few codecs; browsers put H.264 into what they call WebM."""
    if family == "matroska":
        webm = content_type in ("video/webm", "audio/webm")
        return "webm" if webm and _WEBM.issuperset(map(_codec, tracks)) else family
    if family == "mp4":
        return family
    raise Unreadable("unknown")


def _copy(source: InputContainer, tracks: list[Track], path: str, container_format: str, *, most: int) -> None:
    packets = _packets(source, tracks)
    first = list(islice(packets, _AHEAD))
    if not any(packet.stream is tracks[0] for packet in first):
        raise Unreadable("damaged")
    try:
        with av.open(path, mode="w", format=container_format, options=_OPTIONS[container_format]) as target:
            kept = {track.index: target.add_stream_from_template(track, opaque=True) for track in tracks}
            _write(target, kept, chain(first, packets), starts_at=_start(first), most=most)
    except av.error.FFmpegError as error:
        if error.errno in _OF_THE_DISK:
            raise OSError(error.errno, os.strerror(error.errno)) from error
        raise


def _tracks(source: InputContainer, *, sound_only: bool) -> list[Track]:
    """The picture and every sound whose codec has a name."""
    found: list[Track] = [sound_of(source)] if sound_only else [picture_of(source), *source.streams.audio]
    return [track for track in found if track.codec_context is not None]


def _codec(track: Track) -> str:
    return track.codec_context.codec.canonical_name


def _packets(source: InputContainer, tracks: list[Track]) -> "Iterator[Packet[Stream]]":
    """Up to where the recording broke off."""
    try:
        for packet in source.demux(*tracks):
            if packet.size and packet.pts is not None and not packet.is_corrupt:
                yield packet
    except av.error.FFmpegError:
        return  # `opened` tells if it was storage that failed


def _start(packets: "Iterable[Packet[Stream]]") -> Fraction:
    """Seconds at which the first picture or sound is. What is before zero warms a decoder up."""
    return max(Fraction(0), min(packet.pts * packet.time_base for packet in packets if packet.pts is not None))


def _write(
    target: OutputContainer,
    kept: Mapping[int, Track],
    packets: "Iterable[Packet[Stream]]",
    *,
    starts_at: Fraction,
    most: int,
) -> None:
    latest: dict[int, int] = {}
    for packet in packets:
        most -= packet.size
        if most < 0:
            raise Unreadable("too_costly")  # an index that names the same bytes over and over
        _set_time(packet, starts_at, latest)
        packet.stream = kept[packet.stream_index]
        target.mux(packet)


def _set_time(packet: "Packet[Stream]", starts_at: Fraction, latest: dict[int, int]) -> None:
    """Count from the start, and rising: clocks of browsers stand still or jump back now and then."""
    earlier = round(starts_at / packet.time_base)
    if packet.pts is not None:
        packet.pts -= earlier
    if packet.dts is None:  # Matroska tells only when a picture is shown; its muxer needs no more
        return
    least = latest.get(packet.stream_index, packet.dts - earlier - 1) + 1
    latest[packet.stream_index] = packet.dts = max(packet.dts - earlier, least)
    if packet.pts is not None:
        packet.pts = max(packet.pts, packet.dts)
