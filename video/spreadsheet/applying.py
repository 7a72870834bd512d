"""An import is applied, and undone, a row at a time: each in its own transaction, so that what was done stays done.

Both stop after a while and go on when they are called again: no page waits for thousands of marks.
"""

import time
import uuid
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from lti_tool.models import LaunchSession
from lti_tool.roles import Role
from video import events
from video.grading import grades
from video.grading.grades import MarkChanged
from video.models import Assignment, Event, Grade, ImportedMark, MarkImport
from video.models.mark_import import UNDO_LASTS
from video.problems import Problem
from video.spreadsheet import comparing, snapshots
from video.spreadsheet.columns import rubric_of
from video.submissions import locking

SECONDS = 8.0  # that one request may take; a proxy waits for 30 or 60
State = ImportedMark.State


def may_release_at_once(launch: LaunchSession, assignment: Assignment) -> bool:
    """Whether imported marks may go back to their students straight away."""
    return not assignment.hold_grades and grades.may_release(launch, assignment)


def may_undo(launch: LaunchSession, marks_import: MarkImport) -> bool:
    """Editors; and who imported, unless marks were released that they may not release any more."""
    if launch.role in Role.editors():
        return True
    mine = marks_import.by_id == launch.person_id
    return mine and (not marks_import.release or grades.may_release(launch, marks_import.assignment))


def last_undoable(launch: LaunchSession, assignment: Assignment) -> MarkImport | None:
    """The import that this person can undo now, with `size`: of how many marks. One statement, and none as a rule."""
    since = timezone.now() - UNDO_LASTS
    if assignment.marks_imported_at is None or assignment.marks_imported_at < since:
        return None
    newest = (
        MarkImport.objects.filter(assignment=assignment, applied_at__isnull=False)
        .annotate(size=Count("rows", filter=Q(rows__state=State.APPLIED)))
        .select_related("assignment")
        .order_by("-applied_at")
        .first()
    )
    if newest is None or newest.applied_at is None or newest.applied_at < since:
        return None
    return newest if newest.undone_at is None and may_undo(launch, newest) else None


def begin(*, launch: LaunchSession, marks_import: MarkImport, overwrite: bool, release: bool) -> None:
    """Apply was pressed: the choices are kept, and `go_on` does the work. Pressed again it changes nothing."""
    release = release and may_release_at_once(launch, marks_import.assignment)
    with transaction.atomic():
        begun = MarkImport.objects.filter(pk=marks_import.pk, applied_at=None).update(
            applied_at=timezone.now(), overwrite=overwrite, release=release
        )
        if begun:
            Assignment.objects.filter(pk=marks_import.assignment_id).update(marks_imported_at=timezone.now())
        if begun and not overwrite:
            marks_import.rows.filter(conflict=True).update(state=State.KEPT)
    marks_import.refresh_from_db()


def go_on(*, launch: LaunchSession, marks_import: MarkImport, seconds: float = SECONDS) -> bool:
    """Write the rows that wait; True when none is left."""
    if marks_import.applied_at is None or marks_import.undone_at or marks_import.done_at:
        return True
    until = time.monotonic() + seconds
    for row_id in _waiting(marks_import, State.PROPOSED):
        _apply(launch, marks_import, row_id)
        if time.monotonic() > until:
            break
    if marks_import.rows.filter(state=State.PROPOSED).exists():
        return False
    with transaction.atomic():
        if MarkImport.objects.filter(pk=marks_import.pk, done_at=None).update(done_at=timezone.now()):
            events.record(
                Event.Kind.IMPORTED,
                launch=launch,
                marks_import=str(marks_import.pk),
                released=marks_import.release,
                rows=counts(marks_import),
            )
    return True


def begin_undo(*, launch: LaunchSession, marks_import: MarkImport) -> None:
    """Undo was pressed: rows that are not applied yet never will be, and `go_on_undoing` does the work."""
    with transaction.atomic():
        if not MarkImport.objects.filter(pk=marks_import.pk, undone_at=None).update(undone_at=timezone.now()):
            return
        marks_import.rows.filter(state=State.PROPOSED).update(state=State.KEPT)
        events.record(
            Event.Kind.IMPORTED,
            launch=launch,
            marks_import=str(marks_import.pk),
            undo=True,
            rows=counts(marks_import),
        )
    marks_import.refresh_from_db()


def go_on_undoing(*, launch: LaunchSession, marks_import: MarkImport, seconds: float = SECONDS) -> bool:
    """Put back the marks that nobody has touched since; True when none is left."""
    if marks_import.undone_at is None:
        return True
    until = time.monotonic() + seconds
    for row_id in _waiting(marks_import, State.APPLIED):
        _undo(launch, row_id)
        if time.monotonic() > until:
            break
    return not marks_import.rows.filter(state=State.APPLIED).exists()


def counts(marks_import: MarkImport) -> dict[str, int]:
    """How many rows are in each state that any is in."""
    return dict(marks_import.rows.order_by().values_list("state").annotate(size=Count("pk")))


def _waiting(marks_import: MarkImport, state: State) -> list[int]:
    return list(marks_import.rows.filter(state=state).values_list("pk", flat=True))


def _apply(launch: LaunchSession, marks_import: MarkImport, row_id: int) -> None:
    row = ImportedMark.objects.select_related("attempt").filter(pk=row_id).first()
    if row is None:  # its attempt was deleted
        return
    with transaction.atomic():
        submission = locking.locked(row.attempt)
        undone = MarkImport.objects.filter(pk=marks_import.pk, undone_at__isnull=False).exists()
        if undone or not _settle(row, State.PROPOSED, State.APPLIED):
            return  # another tab was faster
        grade = Grade.objects.select_related("release").filter(attempt=row.attempt).first()
        row.before = snapshots.of_grade(grade)
        rubric = rubric_of(submission.assignment)
        try:
            # The points of a file are out of what there was when it was read.
            grades.check_terms(submission.assignment, marks_import.report.get("terms", ""))
        except Problem:
            row.state = State.OVERTAKEN
            row.save()
            return
        try:
            mark = snapshots.changed(comparing.mark_of(grade, rubric), row.wanted, rubric)
            saved = grades.save_mark(
                launch=launch, attempt=row.attempt, mark=mark, version=row.version, finish=marks_import.release
            )
        except (MarkChanged, ValidationError):  # the mark, or the rubric that its scores were read by
            row.state = State.OVERTAKEN
        except Problem:
            row.state = State.TAKEN_BACK
        else:
            row.state, row.after_version = State.APPLIED, saved.version if saved else 0
            row.after_released_at = _released_at(row.attempt_id)
        row.save()


def _undo(launch: LaunchSession, row_id: int) -> None:
    row = ImportedMark.objects.select_related("attempt").filter(pk=row_id).first()
    if row is None:
        return
    with transaction.atomic():
        submission = locking.locked(row.attempt)
        if not _settle(row, State.APPLIED, State.UNDONE):
            return
        grade = Grade.objects.select_related("release", "attempt").filter(attempt=row.attempt).first()
        untouched = (
            grade is not None
            and grade.version == row.after_version
            and _released_at(row.attempt_id) == row.after_released_at
        )
        if grade is None or not untouched:
            ImportedMark.objects.filter(pk=row.pk).update(state=State.LEFT)
            return
        grades.put_back(launch=launch, submission=submission, grade=grade, before=row.before)


def _settle(row: ImportedMark, was: State, becomes: State) -> bool:
    """Under the submission's lock: one of two requests at the same row does it."""
    return bool(ImportedMark.objects.filter(pk=row.pk, state=was).update(state=becomes))


def _released_at(attempt_id: uuid.UUID) -> datetime | None:
    return Grade.objects.filter(attempt=attempt_id).values_list("release__at", flat=True).first()
