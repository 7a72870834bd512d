"""Which files are videos we take, and what a file's first bytes say it is."""

from pathlib import PurePosixPath

import filetype

# U7. The order is the order shown to people.
ALLOWED = {
    "video/mp4": (".mp4", ".m4v"),
    "video/quicktime": (".mov", ".qt"),
    "video/webm": (".webm",),
    "video/x-matroska": (".mkv",),
    "video/x-msvideo": (".avi",),
    "video/x-ms-wmv": (".wmv",),
}
IN_WORDS = "MP4, MOV, WebM, MKV, AVI or WMV"
HEAD_BYTES = 8192  # what `sniff` needs to see

_BY_SUFFIX = {suffix: mime for mime, suffixes in ALLOWED.items() for suffix in suffixes}
# What browsers or `filetype` call them, where that differs.
_SAME_AS = {
    "video/x-m4v": "video/mp4",
    "video/avi": "video/x-msvideo",
    "video/msvideo": "video/x-msvideo",
    "video/matroska": "video/x-matroska",
    "video/x-ms-asf": "video/x-ms-wmv",
}


def accepted(name: str, claimed_type: str) -> str | None:
    """The allowed content type of a file of this name, as a browser describes it; None if it is not allowed.

    Phones send an empty or general type for many videos, so the name's ending stands in.
    """
    mime = claimed_type.split(";")[0].strip().lower()
    mime = _SAME_AS.get(mime, mime)
    if mime in ALLOWED:
        return mime
    if mime in ("", "application/octet-stream", "video/*"):
        return _BY_SUFFIX.get(PurePosixPath(name).suffix.lower())
    return None


def sniff(head: bytes) -> str | None:
    """The content type that the first bytes show; None for what no video of an allowed type begins with."""
    kind = filetype.guess(head)
    mime = kind.mime if kind is not None else ""
    if mime == "video/3gpp" or (not mime and head[4:8] == b"ftyp"):
        mime = "video/mp4"  # the same container under a brand that the library does not list
    mime = _SAME_AS.get(mime, mime)
    return mime if mime in ALLOWED else None


def same_family(a: str, b: str) -> bool:
    """True where two types share a container, so that a file called by either is what it says."""
    families = ({"video/mp4", "video/quicktime"}, {"video/webm", "video/x-matroska"})
    return a == b or any(a in family and b in family for family in families)


def accept_attribute() -> str:
    """For `<input accept>`: types and endings, since phones go by either."""
    return ",".join([*ALLOWED, *_BY_SUFFIX])
