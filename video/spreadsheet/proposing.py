"""From the rows of a file to what they would change, and what is refused: nothing is written to a mark here."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from lti_tool.models import LaunchSession
from video.grading import marks
from video.models import Assignment, Attempt, Grade, ImportedMark, MarkImport
from video.rubrics.rubrics import Rubric, short
from video.spreadsheet import comparing, export, snapshots
from video.spreadsheet.cells import clipped
from video.spreadsheet.columns import Column, rubric_of
from video.spreadsheet.export import AT_ONCE, Somebody
from video.spreadsheet.reading import Line, Sheet


class _Refused(Exception):
    """A row that cannot be imported; the text says why, as a sentence for its marker."""


@dataclass
class _Known:
    """Whom a row may name, as far as markers may know it: nobody is found by a name or address that is hidden."""

    identifiers: dict[str, list[Somebody]] = field(default_factory=lambda: defaultdict(list))
    emails: dict[str, list[Somebody]] = field(default_factory=lambda: defaultdict(list))
    names: dict[str, list[Somebody]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, assignment: Assignment) -> "_Known":
        known = cls()
        for one in export.people(assignment):
            known.identifiers[_plain(export.identifier(assignment, one.pk))].append(one)
            known.names[_plain(one.name)].append(one)
            if one.email:
                known.emails[_plain(one.email)].append(one)
        return known

    def person(self, line: Line) -> Somebody:
        """By identifier, else e-mail, else name; and never by a mixture of two people."""
        ways = (
            (Column.IDENTIFIER, self.identifiers),
            (Column.EMAIL, self.emails),
            (Column.NAME, self.names),
        )
        for column, people in ways:
            found = people.get(_plain(line.cells.get(column, "")), [])
            if len(found) > 1:
                raise _Refused(f"“{clipped(line.cells[column])}” is the {_WHAT[column]} of {len(found)} people here.")
            if found:
                self._refuse_mixture(line, found[0])
                return found[0]
        named = next((line.cells[column] for column, _ in ways if column in line.cells), "")
        raise _Refused(f"“{clipped(named)}” is no student of this assignment." if named else "It names nobody.")

    def _refuse_mixture(self, line: Line, person: Somebody) -> None:
        """As when some columns of a spreadsheet were sorted without the others."""
        for column, people in ((Column.EMAIL, self.emails), (Column.NAME, self.names)):
            others = people.get(_plain(line.cells.get(column, "")), [])
            if others and person not in others:
                raise _Refused(
                    f"It names {person.name}, but its {_WHAT[column]} is somebody else's. "
                    "Were some columns sorted without the others?"
                )


_WHAT = {Column.IDENTIFIER: "identifier", Column.EMAIL: "e-mail", Column.NAME: "name"}


def propose(*, launch: LaunchSession, assignment: Assignment, sheet: Sheet) -> MarkImport:
    """Store what the file would change, to be looked at and then applied from this launch alone."""
    refused: list[tuple[int, str]] = []
    about = _about(assignment, sheet.lines, refused)
    rows: list[ImportedMark] = []
    rubric, everybody = rubric_of(assignment), list(about)
    for start in range(0, len(everybody), AT_ONCE):
        attempts = _attempts(assignment, everybody[start : start + AT_ONCE])
        for person in everybody[start : start + AT_ONCE]:
            line = about[person]
            try:
                row = _row(assignment, rubric, line, attempts.get(person, {}))
            except _Refused as error:
                refused.append((line.number, str(error)))
            except ValidationError as error:
                refused.append((line.number, " ".join(error.messages)))
            else:
                rows += [row] if row else []
    report: dict[str, Any] = {
        "lines": len(sheet.lines),
        "unchanged": len(sheet.lines) - len(rows) - len(refused),
        "refused": sorted(refused),
        "ignored": sheet.ignored,
        "terms": marks.terms_of(assignment),
    }
    with transaction.atomic():
        MarkImport.objects.filter(applied_at=None, launch=launch).delete()  # one file takes the place of another
        proposed = MarkImport.objects.create(assignment=assignment, by=launch.person, launch=launch, report=report)
        for row in rows:
            row.marks_import = proposed
        ImportedMark.objects.bulk_create(rows, batch_size=AT_ONCE)
    return proposed


def _about(assignment: Assignment, lines: Iterable[Line], refused: list[tuple[int, str]]) -> dict[uuid.UUID, Line]:
    """The one row of each person; what is not for one person of this assignment is refused."""
    known, about = _Known.of(assignment), {}
    named: list[tuple[Line, Somebody]] = []
    for line in lines:
        try:
            if line.cells.get(Column.ASSIGNMENT, str(assignment.pk)).casefold() != str(assignment.pk):
                raise _Refused("It was exported from another assignment.")
            named.append((line, known.person(line)))
        except _Refused as error:
            refused.append((line.number, str(error)))
    times = Counter(person.pk for _, person in named)
    for line, person in named:
        if times[person.pk] == 1:
            about[person.pk] = line
        else:
            refused.append((line.number, f"{person.name} is {times[person.pk]} times in the file: which row counts?"))
    return about


def _attempts(assignment: Assignment, people: list[uuid.UUID]) -> dict[uuid.UUID, dict[int, Attempt]]:
    """What each has handed in, by person and number, the newest first."""
    found: dict[uuid.UUID, dict[int, Attempt]] = defaultdict(dict)
    attempts = Attempt.objects.submitted().filter(submission__assignment=assignment, submission__person__in=people)
    for attempt in attempts.select_related("submission", "grade__release").order_by("-number"):
        found[attempt.submission.person_id][attempt.number] = attempt
    return found


def _row(assignment: Assignment, rubric: Rubric, line: Line, attempts: Mapping[int, Attempt]) -> ImportedMark | None:
    """What the row changes; None for nothing."""
    if not comparing.gives_something(assignment, line.cells):
        return None
    _check_maximum(assignment, line)
    attempt = _attempt(line, attempts)
    grade: Grade | None = getattr(attempt, "grade", None)
    mark = comparing.mark_of(grade, rubric)
    change = snapshots.of_change(mark, comparing.wanted(assignment, rubric, mark, line.cells))
    if not change:
        return None
    version = grade.version if grade else 0
    exported = line.cells.get(Column.VERSION)
    return ImportedMark(
        attempt=attempt,
        line=line.number,
        version=version,
        conflict=exported is not None and _whole(exported, Column.VERSION) != version,
        wanted=change,
        before=snapshots.of_grade(grade),
    )


def _check_maximum(assignment: Assignment, line: Line) -> None:
    """Points of a file that was exported before the assignment got others are not what they say."""
    said = line.cells.get(Column.MAXIMUM)
    if said is None or Column.POINTS not in line.cells:
        return
    try:
        same = Decimal(said.strip().replace(",", ".")) == assignment.points
    except InvalidOperation:
        same = False
    if not same:
        raise _Refused(
            f"Its points are out of {clipped(said)}, and this assignment has {short(assignment.points)} by now: "
            "export the marks again."
        )


def _attempt(line: Line, attempts: Mapping[int, Attempt]) -> Attempt:
    """That which the row names, as it was exported; else the newest."""
    if not attempts:
        raise _Refused("Nothing is handed in, so there is nothing to mark.")
    said = line.cells.get(Column.ATTEMPT)
    number = next(iter(attempts)) if said is None else _whole(said, Column.ATTEMPT)
    if number not in attempts:
        raise _Refused(f"Attempt {number} is not handed in (any more).")
    return attempts[number]


def _whole(text: str, column: Column) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise _Refused(f"{column} says “{clipped(text)}”: leave that column as it was exported.")
    return int(text)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
