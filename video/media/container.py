"""The container of a video file: its boxes or chunks, whether one is cut off, and whether it has an index.

Parsed from a few places of the file before any decoder library sees it, only as far as it takes to tell a whole file
from a cut one, and a finished one from one that was written while it was recorded.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from video.storage.stored_file import StoredFile

Family = Literal["mp4", "matroska", "avi", "asf"]

_MOST_PARTS = 1000  # of a file written in one go; a real one has about ten
# A file may begin with any of these: QuickTime's older ones have no `ftyp`.
_MP4_STARTS = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"}
_EBML = b"\x1a\x45\xdf\xa3"
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_SLOPPY = 16  # writers of AVI disagree whether a length counts its own header


@dataclass(frozen=True)
class Container:
    """`whole`: no part that the file speaks of is missing. `streamed`: it has no length or no index, since it was
    written while it was recorded, or since its end is cut off."""

    family: Family
    whole: bool
    streamed: bool


_Found = tuple[bool, bool]  # whole, streamed


class NotThis(Exception):
    """The file does not begin like one of this family."""


def read(file: StoredFile, family: Family) -> Container:
    """Raises NotThis, and what reading the file raises."""
    whole, streamed = {"mp4": _mp4, "matroska": _matroska, "avi": _avi, "asf": _asf}[family](file, file.size)
    return Container(family, whole=whole, streamed=streamed)


def family_of(head: bytes) -> Family | None:
    """By the first bytes alone."""
    if head[4:8] in _MP4_STARTS:
        return "mp4"
    if head.startswith(_EBML):
        return "matroska"
    if head.startswith(_ASF_HEADER):
        return "asf"
    return "avi" if head[:4] == b"RIFF" and head[8:12] == b"AVI " else None


# --- MP4 and QuickTime: ISO/IEC 14496-12, section 4.2 -------------------------------------------------------------
def _mp4(file: StoredFile, size: int) -> _Found:
    index = media = False
    for kind, start, end in _boxes(file, 0, size):
        if kind in (b"moov", b"mdat") and end > size:
            return False, False
        if kind == b"moov":
            index = True
            # `mvex` announces fragments, each with an index of its own: what is cut from their end harms no other.
            if any(inner == b"mvex" for inner, _, _ in _boxes(file, start, end)):
                return True, True
        if kind == b"mdat":
            media = True
    if not (index or media):
        raise NotThis
    return index and media, False


def _boxes(file: StoredFile, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, start of the content and end of each box; the last may end beyond `end`. Stops at what is no box."""
    for _ in range(_MOST_PARTS):
        head = file.at(start, 16)
        if start + 8 > end or len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head[:8])
        content = start + 8
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack(">Q", head[8:])
            content = start + 16
        elif length == 0:
            length = end - start  # to the end
        if length < content - start or not kind.isascii():
            return
        yield kind, content, start + length
        start += length


# --- Matroska and WebM: RFC 9559 ----------------------------------------------------------------------------------
_SEGMENT, _CLUSTER, _CUES, _INFO, _SEEK_HEAD = 0x18538067, 0x1F43B675, 0x1C53BB6B, 0x1549A966, 0x114D9B74
_SEEK, _SEEK_ID, _SEEK_POSITION, _DURATION = 0x4DBB, 0x53AB, 0x53AC, 0x4489


def _matroska(file: StoredFile, size: int) -> _Found:
    if file.at(0, 4) != _EBML:
        raise NotThis
    segment = next((start for number, start, _ in _elements(file, 0, size) if number == _SEGMENT), None)
    if segment is None:
        return False, False
    length = index = False
    for number, start, end in _elements(file, segment, size):
        if number == _CLUSTER:
            break
        if number == _CUES:
            index = True
        if number == _INFO:
            length = any(inner == _DURATION for inner, _, _ in _elements(file, start, end))
        if number == _SEEK_HEAD:
            index = index or _leads_to_cues(file, segment, start, end)
    return True, not (length and index)


def _leads_to_cues(file: StoredFile, segment: int, start: int, end: int) -> bool:
    """Whether a SeekHead names an index that is really there: it may have been cut off."""
    for number, inner, inner_end in _elements(file, start, end):
        if number == _SEEK:
            entry = {child: file.at(at, to - at) for child, at, to in _elements(file, inner, inner_end) if to - at <= 8}
            position = segment + int.from_bytes(entry.get(_SEEK_POSITION, b""), "big")
            if entry.get(_SEEK_ID) == _CUES.to_bytes(4, "big"):
                return file.at(position, 4) == entry[_SEEK_ID]
    return False


def _elements(file: StoredFile, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start of the content and end of each element; one of unknown length reaches to `end`."""
    for _ in range(_MOST_PARTS):
        head = file.at(start, 12)
        if start >= end or not head or not head[0]:
            return
        id_bytes = 9 - head[0].bit_length()
        length_head = head[id_bytes : id_bytes + 1]
        if id_bytes > 4 or not length_head or not length_head[0]:
            return
        length_bytes = 9 - length_head[0].bit_length()
        raw = head[id_bytes : id_bytes + length_bytes]
        unknown = (1 << 7 * length_bytes) - 1
        length = int.from_bytes(raw, "big") & unknown
        content = start + id_bytes + length_bytes
        stop = end if length == unknown else content + length
        yield int.from_bytes(head[:id_bytes], "big"), content, stop
        start = stop


# --- AVI and WMV --------------------------------------------------------------------------------------------------
def _avi(file: StoredFile, size: int) -> _Found:
    if family_of(file.at(0, 12)) != "avi":
        raise NotThis
    start = 0
    for _ in range(_MOST_PARTS):  # beyond 1 GiB there is one after the other
        head = file.at(start, 8)
        if head[:4] != b"RIFF" or len(head) < 8:
            break
        start += 8 + int.from_bytes(head[4:], "little")
    return start <= size + _SLOPPY, False


def _asf(file: StoredFile, size: int) -> _Found:
    if family_of(file.at(0, 16)) != "asf":
        raise NotThis
    start = 0
    for _ in range(_MOST_PARTS):
        head = file.at(start, 24)
        length = int.from_bytes(head[16:], "little")
        if len(head) < 24 or length < 24:
            break
        if head[:16] == _ASF_DATA:
            return start + length <= size, False
        start += length
    return False, False
