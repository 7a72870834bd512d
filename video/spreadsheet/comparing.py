"""What a row of a file makes of a mark."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from django.core.exceptions import ValidationError

from video.feedback import rich_text
from video.grading import marks
from video.grading.marks import MOST_FEEDBACK, Mark
from video.models import Assignment, Grade
from video.rubrics.rubrics import Rubric, Score
from video.spreadsheet import cells as cell
from video.spreadsheet.columns import Column, criterion_headings, rubric_of, scores_of
from video.spreadsheet.export import feedback_cell

_PASS = {"pass", "passed", "yes", "true", "1"}
_FAIL = {"fail", "failed", "not passed", "no", "false", "0"}
_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0"}

Cells = Mapping[str, str]


def mark_of(grade: Grade | None, rubric: Rubric) -> Mark:
    """A stored mark as it was typed; the empty one for None."""
    if grade is None:
        return Mark(points=None)
    return Mark(
        points=grade.points,
        scores=scores_of(rubric, grade),
        overridden=grade.overridden,
        feedback=grade.feedback,
        private_note=grade.private_note,
    )


def gives_something(assignment: Assignment, cells: Cells) -> bool:
    """Whether a row has anything that could be imported at all."""
    columns = (Column.POINTS, Column.PASSED, Column.FEEDBACK, *criterion_headings(rubric_of(assignment)))
    return any(str(column) in cells for column in columns)


def wanted(assignment: Assignment, rubric: Rubric, mark: Mark, cells: Cells) -> Mark:
    """The mark as the row wants it; an equal one where it changes nothing. Empty cells (left out) change nothing.

    Raises:
        ValidationError: what the row says cannot be a mark, in words.
    """
    if assignment.grading == Assignment.Grading.PASS_FAIL:
        new = replace(mark, points=_verdict(assignment, mark, cells))
    elif rubric:
        new = _by_rubric(assignment, rubric, mark, cells)
    else:
        new = replace(mark, points=_points(assignment, mark, cells))
    text = cells.get(Column.FEEDBACK, "")
    if not text or cell.same_words(text, feedback_cell(mark.feedback)):
        return new  # the same words: how they are set out is kept
    if len(text) > MOST_FEEDBACK:
        raise ValidationError(f"The feedback is too long: at most {MOST_FEEDBACK:,} characters.")
    return replace(new, feedback=rich_text.from_plain(text) or mark.feedback)


def _points(assignment: Assignment, mark: Mark, cells: Cells) -> Decimal | None:
    text = cells.get(Column.POINTS)
    return mark.points if text is None else cell.points(text, "Points", assignment.points, now=mark.points)


def _verdict(assignment: Assignment, mark: Mark, cells: Cells) -> Decimal | None:
    """From Passed, or from Points where that says something new."""
    points, said = _points(assignment, mark, cells), cells.get(Column.PASSED)
    if points not in (mark.points, Decimal(0), assignment.points):
        raise ValidationError("Points takes nothing but 0 or the maximum: this assignment is passed or not.")
    if said is None:
        return points
    passed = _choice(said, _PASS, _FAIL, "Passed", "pass or fail")
    now = None if mark.points is None else bool(mark.points)
    if points != mark.points and passed != now and passed != bool(points):
        raise ValidationError("Passed and Points say two different things.")
    if passed == now:
        return points
    return assignment.points if passed else Decimal(0)


def _by_rubric(assignment: Assignment, rubric: Rubric, mark: Mark, cells: Cells) -> Mark:
    """Points that the file changes are an override; else the total follows the criteria, unless it was overridden."""
    scores = _scores(rubric, mark, cells)
    points, said = _points(assignment, mark, cells), cells.get(Column.OVERRIDDEN)
    stays = mark.overridden
    if said is not None and mark.overridden:
        stays = _choice(said, _YES, _NO, "Overridden", "yes or no")
    dropped = mark.overridden and not stays
    total = marks.from_rubric(rubric, scores, assignment.points)
    if points != mark.points:
        if dropped and points != total:
            raise ValidationError("Overridden says no, but Points are not the rubric's total.")
        return replace(mark, scores=scores, points=points, overridden=points != total)
    if stays or (scores == mark.scores and not dropped):
        return replace(mark, scores=scores)
    if total is None and mark.points is not None:
        raise ValidationError("A criterion of the rubric has no points, so that there is no total.")
    return replace(mark, scores=scores, points=total, overridden=False)


def _scores(rubric: Rubric, mark: Mark, cells: Cells) -> dict[str, Score]:
    scores = dict(mark.scores)
    for heading, criterion in criterion_headings(rubric).items():
        if heading not in cells:
            continue
        now = scores.get(criterion.id)
        given = cell.points(cells[heading], f"“{criterion.title}”", criterion.points, now=now.points if now else None)
        if now is None or given != now.points:
            levels = [level.id for level in criterion.levels if level.points == given]
            level = levels[0] if len(levels) == 1 else ""
            scores[criterion.id] = Score(points=given, level=level, note=now.note if now else "")
    return scores


def _choice(said: str, yes: set[str], no: set[str], column: str, words: str) -> bool:
    plain = " ".join(said.casefold().split())
    if plain not in yes | no:
        raise ValidationError(f"{column} says “{cell.clipped(said)}”, which is not {words}.")
    return plain in yes
