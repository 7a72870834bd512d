"""An import as a page shows it: what changes, what conflicts, what is refused, and what has become of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page

from video.feedback import rich_text
from video.grading import marks
from video.models import Assignment, ImportedMark, MarkImport, Release
from video.roster import listing
from video.rubrics.rubrics import Rubric
from video.spreadsheet import applying, snapshots
from video.spreadsheet.columns import rubric_of
from video.status_labels import StatusLabel

ROWS_SHOWN = 100  # on a page
REFUSED_SHOWN = 500
_MOST_WORDS = 400  # characters of a feedback, before and after
_State = ImportedMark.State
_LABELS = {
    _State.APPLIED: StatusLabel("marked", "Imported"),
    _State.KEPT: StatusLabel("late", "Left as it was", "Changed in Reelmark since the file was exported."),
    _State.OVERTAKEN: StatusLabel("late", "Left as it was", "Changed in Reelmark while you looked at the preview."),
    _State.TAKEN_BACK: StatusLabel("late", "Taken back", "The student has taken the attempt back."),
    _State.UNDONE: StatusLabel("submitted", "Put back"),
    _State.LEFT: StatusLabel("late", "Not put back", "Changed or released since the import."),
}
_CONFLICT = StatusLabel(
    "late", "Changed since the export", "The mark in Reelmark is not the one that the file was made from."
)


@dataclass(frozen=True)
class Change:
    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Shown:
    """One row of the file, of the student called `name`. `status_label` None: nothing to say beside its changes."""

    row: ImportedMark
    name: str
    changes: list[Change]
    status_label: StatusLabel | None


@dataclass(frozen=True)
class Preview:
    """`page`: of rows. `counts` by state. `first_released`: marks whose first release this import was, and `seen` of
    all it released: how many students have opened theirs."""

    page: "Page[Shown]"
    counts: Mapping[str, int]
    total: int
    conflicts: int
    refused: list[tuple[int, str]]
    refused_more: int
    first_released: int
    seen: int

    @property
    def waiting(self) -> int:
        """Rows that are still to be written, or to be put back."""
        return self.counts.get(_State.PROPOSED, 0)

    @property
    def imported(self) -> int:
        return self.counts.get(_State.APPLIED, 0)

    @property
    def put_back(self) -> int:
        return self.counts.get(_State.UNDONE, 0)

    @property
    def not_put_back(self) -> int:
        return self.counts.get(_State.LEFT, 0)

    @property
    def clear(self) -> int:
        """Rows that are written without overwriting anybody's work."""
        return self.total - self.conflicts

    @property
    def settled(self) -> int:
        return self.total - self.waiting

    @property
    def left(self) -> int:
        """Rows that were not imported."""
        return sum(self.counts.get(state, 0) for state in (_State.KEPT, _State.OVERTAKEN, _State.TAKEN_BACK))


def preview(marks_import: MarkImport, page: "Page[ImportedMark]") -> Preview:
    """Of an import, with one page of its rows (with `attempt__submission` joined)."""
    assignment, rows = marks_import.assignment, list(page.object_list)
    rubric, names = rubric_of(assignment), _names(assignment, rows)
    shown = [
        Shown(row, names.get(row.attempt.submission.person_id, ""), _changes(assignment, rubric, row), _label(row))
        for row in rows
    ]
    refused = [(line, reason) for line, reason in marks_import.report["refused"]]
    released = marks_import.rows.filter(after_released_at__isnull=False) if marks_import.release else None
    return Preview(
        page=Page(shown, page.number, page.paginator),  # type: ignore[arg-type]  # a page of rows, counted
        counts=applying.counts(marks_import),
        total=page.paginator.count,
        conflicts=marks_import.rows.filter(conflict=True).count(),
        refused=refused[:REFUSED_SHOWN],
        refused_more=max(0, len(refused) - REFUSED_SHOWN),
        first_released=released.filter(before__release=None).count() if released is not None else 0,
        seen=Release.objects.filter(
            grade__attempt__in=released.values("attempt"), at__gte=marks_import.applied_at, seen_at__isnull=False
        ).count()
        if released is not None
        else 0,
    )


def _names(assignment: Assignment, rows: list[ImportedMark]) -> dict[Any, str]:
    """As markers may know them."""
    people = listing.people(assignment).filter(pk__in=[row.attempt.submission.person_id for row in rows])
    return dict(people.values_list("pk", "shown_name"))


def _label(row: ImportedMark) -> StatusLabel | None:
    if row.state == _State.PROPOSED:
        return _CONFLICT if row.conflict else None
    return _LABELS[_State(row.state)]


def _changes(assignment: Assignment, rubric: Rubric, row: ImportedMark) -> list[Change]:
    before, wanted = row.before, row.wanted
    found: list[Change] = []
    if "points" in wanted:
        pair = [marks.in_words(assignment, snapshots.points_of(one)) for one in (before, wanted)]
        found += [Change("Points", *pair)] if pair[0] != pair[1] else []
        for criterion in rubric.criteria:
            pair = [str(one["scores"].get(criterion.id, {}).get("points", "–")) for one in (before, wanted)]
            found += [Change(criterion.title, *pair)] if pair[0] != pair[1] else []
        if before["overridden"] != wanted["overridden"]:
            pair = ["typed" if one["overridden"] else "the rubric's" for one in (before, wanted)]
            found.append(Change("Total", *pair))
    if "feedback" in wanted:
        pair = [_words(one["feedback"]) for one in (before, wanted)]
        found.append(Change("Feedback", *pair))
    return found


def _words(html: str) -> str:
    text = rich_text.plain(html)
    return (text if len(text) <= _MOST_WORDS else f"{text[:_MOST_WORDS]}…") or "–"
