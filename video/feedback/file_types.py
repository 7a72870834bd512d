"""Which files may go with a mark, and whether one is what its name says. Nothing that a browser runs is among them."""

import struct
import zipfile
from pathlib import PurePosixPath

import filetype

from video.storage.base import Backend
from video.storage.stored_file import StoredFile, TooMuch

# By the name's ending: what browsers call office files and tables depends on what is installed beside them.
ALLOWED = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".wav": "audio/wav",
    ".weba": "audio/webm",
    ".webm": "audio/webm",
}
IN_WORDS = "PDF, picture, Word, Excel, PowerPoint, OpenDocument, text, CSV, Markdown or audio"
RECORDED = ("audio/webm", "audio/mp4")  # what browsers record sound in

_HEAD = 8192
# What `filetype` calls them; the containers hold sound as well as pictures.
_SAME_AS = {
    "audio/x-wav": "audio/wav",
    "video/webm": "audio/webm",
    "video/x-matroska": "audio/webm",
    "video/mp4": "audio/mp4",
    "video/x-m4v": "audio/mp4",
    "video/quicktime": "audio/mp4",
    "video/3gpp": "audio/mp4",
}
# A part that every file of the type has; the words of a document alone do not make one.
_INSIDE = {
    ALLOWED[".docx"]: "word/document.xml",
    ALLOWED[".xlsx"]: "xl/workbook.xml",
    ALLOWED[".pptx"]: "ppt/presentation.xml",
    ALLOWED[".odt"]: "content.xml",
    ALLOWED[".ods"]: "content.xml",
    ALLOWED[".odp"]: "content.xml",
}
_PAGES = (b"<!doctype", b"<html", b"<head", b"<body", b"<svg", b"<script", b"<?xml", b"<iframe")
# What `zipfile` says of files that somebody has put together by hand.
_DAMAGED = (zipfile.BadZipFile, TooMuch, ValueError, ArithmeticError, LookupError, RuntimeError, EOFError, struct.error)
_BLOCK = 1 << 16
_MOST = 8 << 20  # of a whole office file's list of contents


def accepted(name: str) -> str | None:
    """The content type of a file of this name; None where it may not be attached."""
    return ALLOWED.get(PurePosixPath(name).suffix.lower())


def is_what_it_says(file: StoredFile, content_type: str) -> bool:
    """Whether the bytes are of that type. Raises what reading the file raises."""
    head = file.at(0, _HEAD)
    if content_type in _INSIDE:
        return _is_office(file, content_type)
    if content_type.startswith("text/"):
        return _is_text(head)
    if content_type == ALLOWED[".pdf"]:
        return b"%PDF-" in head[:1024]  # some begin with what a printer wanted
    return _sniffed(head) == content_type


def opened(backend: Backend, key: str, size: int) -> StoredFile:
    """A stored object, for `is_what_it_says`."""
    return StoredFile(backend, key, size, block=_BLOCK, blocks=_MOST // _BLOCK, most=_MOST)


def accept_attribute() -> str:
    """For `<input accept>`: endings, since types differ from machine to machine."""
    return ",".join(ALLOWED)


def _sniffed(head: bytes) -> str:
    kind = filetype.guess(head)
    mime = kind.mime if kind is not None else ""
    if not mime and head[4:8] == b"ftyp":
        mime = "audio/mp4"  # under a brand that the library does not list
    if not mime and len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:
        mime = "audio/mpeg"  # layer III without an ID3 tag, of any version
    return _SAME_AS.get(mime, mime)


def _is_text(head: bytes) -> bool:
    """No control characters, in UTF-16 after its mark or anything that holds ASCII; and no web page."""
    if filetype.guess(head) is not None:
        return False
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) // 2 * 2].decode("utf-16", "ignore").encode()
    body = head.removeprefix(b"\xef\xbb\xbf")
    if any(byte < 32 and byte not in b"\t\n\r\x0c" for byte in body):
        return False
    return not body.lstrip().lower().startswith(_PAGES)


def _is_office(file: StoredFile, content_type: str) -> bool:
    """By the list of its contents; a macro has no business in a type that may not hold one."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if _INSIDE[content_type] not in names or any(name.endswith("vbaProject.bin") for name in names):
                return False
            if content_type.startswith("application/vnd.oasis"):
                return _mimetype(archive) == content_type.encode()
            return "[Content_Types].xml" in names
    except _DAMAGED:
        return False


def _mimetype(archive: zipfile.ZipFile) -> bytes:
    """OpenDocument 1.2, part 3: the first file of the package, stored as it is."""
    entry = archive.getinfo("mimetype")
    if entry.file_size > 200 or entry.compress_type != zipfile.ZIP_STORED:
        return b""
    return archive.read(entry).strip()
