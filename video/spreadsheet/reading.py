"""An uploaded CSV, as spreadsheets write them: any of their encodings and delimiters, columns in any order."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from config import file_uploads
from video.models import Assignment
from video.problems import Problem
from video.spreadsheet.cells import clipped, unguard
from video.spreadsheet.columns import WHO, Column, criterion_headings, plain, rubric_of

MOST_BYTES = file_uploads.MOST_BYTES
MOST_ROWS = 20_000
MOST_COLUMNS = 500
_DELIMITERS = (",", ";", "\t")
_GIVES = (Column.POINTS, Column.PASSED, Column.FEEDBACK, Column.OVERRIDDEN)
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # xlsx and ods; xls
_EXPORT_AGAIN = "Export the marks, change that file in your spreadsheet, save it as CSV, and choose it here."

csv.field_size_limit(MOST_BYTES)  # Python's own 131,072 characters are fewer than fifty long comments


@dataclass(frozen=True)
class Line:
    """`cells` by heading: a `Column`, or one of `criterion_headings`; without the empty ones.

    `number` is the row that a spreadsheet shows it in: the headings are row 1.
    """

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """`ignored`: headings that mean nothing here."""

    lines: list[Line]
    ignored: list[str]


def read(content: bytes, assignment: Assignment) -> Sheet:
    """The rows of a file, blank ones left out.

    Raises:
        Problem: it is no CSV of marks, in words.
    """
    if len(content) > MOST_BYTES:
        raise _refused("This file is too large: at most 5 MB.", "Leave out what need not be imported.")
    if content.startswith(_SPREADSHEETS):
        raise _refused(
            "This is a spreadsheet's own file, not CSV.", "Open it, save it as “CSV UTF-8”, and choose that."
        )
    known = {plain(name): name for name in (*map(str, Column), *criterion_headings(rubric_of(assignment)))}
    rows = _rows(_text(content), known)
    if not rows:
        raise _refused("This file is empty.", _EXPORT_AGAIN)
    at, ignored = _columns(rows[0], known)
    lines = []
    for number, row in enumerate(rows[1:], 2):
        cells = {name: unguard(row[i]).strip() for name, i in at.items() if i < len(row)}
        if filled := {name: text for name, text in cells.items() if text}:
            lines.append(Line(number, filled))
    return Sheet(lines, ignored)


def _text(content: bytes) -> str:
    for encoding in _encodings(content):
        try:
            return content.decode(encoding).lstrip("\ufeff").replace("\x00", "")
        except UnicodeDecodeError:
            continue
    raise _refused("The letters of this file could not be read.", "Save it as “CSV UTF-8”, and choose it again.")


def _encodings(content: bytes) -> list[str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    start = content[:1000]
    if start[1::2].count(0) > len(start) // 4:  # headings are ASCII: every other byte is empty
        return ["utf-16-le"]
    if start[::2].count(0) > len(start) // 4:
        return ["utf-16-be"]
    return ["utf-8-sig", "cp1252"]


def _rows(text: str, known: Mapping[str, str]) -> list[list[str]]:
    """The file's records, an empty list for a blank line; by the delimiter under which most headings are known."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) in (4, 5):  # Excel's own way to say it
        text = rest
    delimiter = max(_DELIMITERS, key=lambda one: _how_many_known(text, one, known))
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            rows.append(row)
            if len(rows) > MOST_ROWS + 1:
                raise _refused(f"This file has more than {MOST_ROWS:,} rows.", "Import it in parts.")
            if len(row) > MOST_COLUMNS:
                raise _refused(f"Row {len(rows)} has more than {MOST_COLUMNS} columns.", _EXPORT_AGAIN)
    except csv.Error:
        raise _refused(
            f"The quotation marks of this file do not match, from row {len(rows) + 1} on.", _EXPORT_AGAIN
        ) from None
    return rows


def _how_many_known(text: str, delimiter: str, known: Mapping[str, str]) -> int:
    try:
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return 0
    return len({plain(unguard(heading)) for heading in first[:MOST_COLUMNS]} & known.keys())


def _columns(first: list[str], known: Mapping[str, str]) -> tuple[dict[str, int], list[str]]:
    """Where each known column is, and the headings that are not known."""
    at: dict[str, int] = {}
    ignored = []
    for i, cell in enumerate(first):
        heading = " ".join(unguard(cell).split())
        name = known.get(plain(heading))
        if name is None:
            ignored += [clipped(heading)] if heading else []
        elif name in at:
            raise _refused(f"The column “{name}” is there twice.", "Remove one of the two, and choose the file again.")
        else:
            at[name] = i
    if not any(str(column) in at for column in WHO):
        raise _refused("The first row of this file names no column “Identifier”, “E-mail” or “Name”.", _EXPORT_AGAIN)
    if not (at.keys() & {*map(str, _GIVES)}) and not any(name not in {*map(str, Column)} for name in at):
        raise _refused("This file has no column of points or feedback.", _EXPORT_AGAIN)
    return at, ignored


def _refused(message: str, action: str) -> Problem:
    return Problem("unreadable", message, action)
