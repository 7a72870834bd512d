"""Rubrics as a table: what a spreadsheet reads and writes. See docs/rubrics.md for its columns."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.formats import get_format
from django.utils.translation import get_supported_language_variant

from video.rubrics import rubrics
from video.rubrics.rubrics import Rubric, short
from video.typed_text import line_of

COLUMNS = ("criterion", "description", "points", "level", "level points", "level description")
MOST_BYTES = 1_000_000
MOST_TOLD = 20
_SEPARATORS = (",", ";", "\t")
# What a spreadsheet takes for a formula; whatever begins with it gets an apostrophe, which reading takes away again.
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")
_NOT_A_TABLE = "This is no table. Save it as CSV in your spreadsheet program, and choose that file."


class TableRefused(Exception):
    """It holds no rubric; `told` says why, in words, a line for each thing."""

    def __init__(self, *told: str) -> None:
        super().__init__(*told)
        self.told = list(told)


def write(rubric: Rubric, *, locale: str = "") -> str:
    """The rubric's table, its first row naming the columns; of the empty rubric that row alone.

    Args:
        locale: such as `de`: where that writes decimals with a comma, so does the table, between semicolons, or its
            spreadsheet would take 2.5 for a date.
    """
    comma = _decimal_comma(locale)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if comma else ",", quoting=csv.QUOTE_ALL)
    writer.writerow([name.capitalize() for name in COLUMNS])
    for criterion in rubric.criteria:
        lead = [_safe(criterion.title), _safe(criterion.description), _number(criterion.points, comma)]
        if not criterion.levels:
            writer.writerow([*lead, "", "", ""])
        for level in criterion.levels:
            writer.writerow([*lead, _safe(level.title), _number(level.points, comma), _safe(level.description)])
            lead = ["", "", ""]
    return out.getvalue()


def in_bytes(table: str) -> bytes:
    """As Excel takes it for UTF-8."""
    return table.encode("utf-8-sig")


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 with its mark, or else Windows-1252.

    Raises:
        TableRefused: too large, or no text at all, such as a workbook.
    """
    if len(content) > MOST_BYTES:
        raise TableRefused("This file is too large: at most 1 MB.")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableRefused("This is a workbook, not a CSV file. In your spreadsheet program, save the sheet as CSV.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read(table: str) -> Rubric:
    """A rubric from its table, between commas, semicolons or tabs, its columns in any order.

    A row with a new name begins a criterion; one with the same name, or none, adds a level to it.

    Raises:
        TableRefused: with the number of each wrong row, as a spreadsheet counts them: the first is 1.
    """
    rows = _rows(table)
    number, cells = next(rows, (1, []))
    columns = _columns(cells)
    if columns is None:
        raise TableRefused(f"Row {number} must name the columns: {', '.join(COLUMNS)}.")
    collected = _Collected()
    for number, cells in rows:
        collected.add(number, {name: _unsafe(cells[at]) for name, at in columns.items() if at < len(cells)})
    return collected.rubric()


@dataclass
class _Begun:
    """A criterion whose rows are being read; `rows`: the number of its first, and of each level's."""

    first: int
    json: dict[str, Any]
    rows: list[int] = field(default_factory=list)


class _Collected:
    def __init__(self) -> None:
        self._begun: list[_Begun] = []
        self._told: list[str] = []

    def add(self, number: int, row: Mapping[str, str]) -> None:
        if not any(row.values()):
            return
        title = line_of(row.get("criterion"))
        last = self._begun[-1] if self._begun else None
        if last is None and not title:
            self._told.append(f"Row {number}: the first row below the names of the columns must name a criterion.")
            return
        if last is None or (title and title != last.json["title"]):
            last = self._begin(number, title, row)
        elif not _has_level(row) or not last.json["levels"]:
            self._told.append(
                f"Row {number}: “{last.json['title']}” goes on here, but a level is missing"
                f" {'here' if last.json['levels'] else f'in row {last.first}'}."
            )
            return
        if _has_level(row):
            level = {"title": row.get("level"), "points": row.get("level points")}
            last.json["levels"].append({**level, "description": row.get("level description")})
            last.rows.append(number)

    def rubric(self) -> Rubric:
        rubric, faults = rubrics.read({"criteria": [one.json for one in self._begun]})
        for fault in faults:
            self._told.append(f"{self._place(fault)}{fault.words}")
        if not self._told:
            for one, criterion in zip(self._begun, rubric.criteria, strict=True):
                self._check_points(one, criterion)
        if not rubric and not self._told:
            self._told.append("There is no criterion below the names of the columns.")
        if self._told:
            more = len(self._told) - MOST_TOLD
            raise TableRefused(*self._told[:MOST_TOLD], *([f"And {more} more."] if more > 0 else []))
        return rubric

    def _begin(self, number: int, title: str, row: Mapping[str, str]) -> _Begun:
        json: dict[str, Any] = {
            "title": title,
            "description": row.get("description"),
            "points": row.get("points"),
            "levels": [],
        }
        self._begun.append(_Begun(number, json))
        return self._begun[-1]

    def _place(self, fault: rubrics.Fault) -> str:
        if fault.criterion is None:
            return ""
        begun = self._begun[fault.criterion]
        return f"Row {begun.first if fault.level is None else begun.rows[fault.level]}: "

    def _check_points(self, begun: _Begun, criterion: rubrics.Criterion) -> None:
        """A criterion with levels may say its points too: they are those of its best level."""
        typed = line_of(begun.json["points"]).replace(",", ".")
        if begun.rows and typed and not _is(typed, criterion):
            self._told.append(
                f"Row {begun.first}: “{criterion.title}” says {typed} points, but its best level has"
                f" {short(criterion.points)}. Leave the points of criteria with levels empty, or make them the same."
            )


def _rows(table: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with its number."""
    if "\x00" in table:
        raise TableRefused(_NOT_A_TABLE)
    table = table.removeprefix("\ufeff")
    said = re.match(r"sep=([,;\t|])\r?\n", table)  # a line by which Excel is told
    if said:
        table = table[said.end() :]
    first = next(iter(table.lstrip("\r\n").splitlines()), "")
    likely = [said[1]] if said else sorted(_SEPARATORS, key=first.count, reverse=True)
    reader = csv.reader(io.StringIO(table, newline=""), delimiter=likely[0])
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise TableRefused(
                f"Row {number} cannot be read. A quotation mark may be missing, here or above."
            ) from None
        if any(cell.strip() for cell in cells):
            yield number, cells


def _columns(cells: list[str]) -> dict[str, int] | None:
    """Where each column is; None for what names no criterion, and neither points nor levels with points."""
    named = {line_of(cell).casefold().replace("_", " "): at for at, cell in reversed(list(enumerate(cells)))}
    found = {name: named[name] for name in COLUMNS if name in named}
    return found if "criterion" in found and ("points" in found or "level points" in found) else None


def _has_level(row: Mapping[str, str]) -> bool:
    return any(row.get(name) for name in ("level", "level points", "level description"))


def _is(typed: str, criterion: rubrics.Criterion) -> bool:
    try:
        return rubrics.points_of(typed, "", rubrics.MOST_POINTS) == criterion.points
    except ValidationError:
        return False


def _number(points: Decimal, comma: bool) -> str:
    return short(points).replace(".", ",") if comma else short(points)


def _decimal_comma(locale: str) -> bool:
    try:
        language = get_supported_language_variant(locale.replace("_", "-").lower())
    except LookupError:
        return False
    return bool(get_format("DECIMAL_SEPARATOR", lang=language, use_l10n=True) == ",")


def _safe(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def _unsafe(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
