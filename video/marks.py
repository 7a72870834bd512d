"""What a marker typed: checked, and put together into points."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from video import rich_text, rubrics
from video.models import Assignment, Grade, OwnMark, Release
from video.rubrics import Rubric, Score

MOST_FEEDBACK = 50_000  # characters
PASS, FAIL = "pass", "fail"


@dataclass(frozen=True)
class Mark:
    """`points` are out of the assignment's; None: not decided yet. `feedback` is clean HTML."""

    points: Decimal | None
    scores: Mapping[str, Score] = field(default_factory=dict)
    overridden: bool = False
    feedback: str = ""
    private_note: str = ""

    def __bool__(self) -> bool:
        return self.points is not None or bool(self.scores or self.feedback or self.private_note)


def read(assignment: Assignment, typed: Mapping[str, Any]) -> Mark:
    """A mark from the fields of the room's form or its script.

    Args:
        typed: `points` (or `verdict`: pass or fail), `overridden`, `feedback` (HTML), `private_note`, and for each
            criterion of the rubric `level-<id>`, `points-<id>`, `note-<id>`.

    Raises:
        ValidationError: by field, in words.
    """
    rubric = rubrics.stored(assignment.rubric) if assignment.grading == Assignment.Grading.RUBRIC else Rubric()
    feedback, note = str(typed.get("feedback") or ""), str(typed.get("private_note") or "").replace("\x00", "").strip()
    if max(len(feedback), len(note)) > MOST_FEEDBACK:
        raise ValidationError({"feedback": f"This is too long: at most {MOST_FEEDBACK:,} characters."})
    given = {
        criterion.id: {key: typed.get(f"{key}-{criterion.id}") or "" for key in ("level", "points", "note")}
        for criterion in rubric.criteria
    }
    try:
        scores = rubrics.scores_of(rubric, given)
    except ValidationError as error:
        raise ValidationError({"scores": error}) from error
    points, overridden = _points(assignment, rubric, scores, typed)
    return Mark(
        points=points,
        scores=scores,
        overridden=overridden,
        feedback=rich_text.clean(feedback),
        private_note=note,
    )


def read_points(assignment: Assignment, grade: Grade | None, typed: Mapping[str, Any]) -> Mark:
    """The mark of `grade` with other points, and everything else as it is.

    Points that differ from the rubric's override it; empty ones give it back its say.

    Args:
        typed: `points`, or under pass or fail `verdict` (pass, fail or empty).

    Raises:
        ValidationError: by field, in words.
    """
    if assignment.grading == Assignment.Grading.PASS_FAIL and typed.get("verdict") not in ("", PASS, FAIL):
        raise ValidationError({"verdict": "Choose passed or not passed."})
    if assignment.grading != Assignment.Grading.PASS_FAIL and typed.get("points") is None:
        raise ValidationError({"points": "The mark needs points."})
    rubric = rubrics.stored(assignment.rubric) if assignment.grading == Assignment.Grading.RUBRIC else Rubric()
    points, overridden = _points(assignment, rubric, scores_shown(assignment, grade), {**typed, "overridden": "1"})
    if grade is None:
        return Mark(points=points, overridden=overridden)
    return Mark(
        points=points,
        scores=_kept(grade),
        overridden=overridden,
        feedback=grade.feedback,
        private_note=grade.private_note,
    )


def rubric_points(assignment: Assignment, grade: Grade) -> Decimal | None:
    """What the rubric alone would give, where every criterion of it is scored."""
    return from_rubric(rubrics.stored(assignment.rubric), scores_shown(assignment, grade), assignment.points)


def from_rubric(rubric: Rubric, scores: Mapping[str, Score], maximum: Decimal) -> Decimal | None:
    """The points for these scores, scaled from the rubric's to the assignment's; None until every criterion has one."""
    if not rubric or set(scores) != {criterion.id for criterion in rubric.criteria}:
        return None
    if not rubric.points:
        return Decimal(0)
    return (rubrics.total(scores) * maximum / rubric.points).quantize(Decimal("0.01"))


def in_words(assignment: Assignment, points: Decimal | None) -> str:
    """Such as `87.5 of 100`, or `Passed`."""
    if points is None:
        return "not marked"
    if assignment.grading == Assignment.Grading.PASS_FAIL:
        return "Passed" if points else "Not passed"
    return f"{rubrics.short(points)} of {rubrics.short(assignment.points)}"


def scores_shown(assignment: Assignment, row: Grade | Release | OwnMark | None) -> dict[str, Score]:
    """The scores of a stored mark, as far as the rubric still has their criteria and takes their points."""
    if row is None:
        return {}
    try:
        return rubrics.scores_of(rubrics.stored(assignment.rubric), row.scores)
    except ValidationError:  # the rubric was changed since
        return {}


def _kept(grade: Grade) -> dict[str, Score]:
    """The scores as they are stored, also those that the rubric has no more."""
    return {
        name: Score(points=Decimal(one["points"]), level=one.get("level", ""), note=one.get("note", ""))
        for name, one in grade.scores.items()
    }


def _points(
    assignment: Assignment, rubric: Rubric, scores: Mapping[str, Score], typed: Mapping[str, Any]
) -> tuple[Decimal | None, bool]:
    if assignment.grading == Assignment.Grading.PASS_FAIL:
        verdict = typed.get("verdict")
        return {PASS: assignment.points, FAIL: Decimal(0)}.get(str(verdict)), False
    total = from_rubric(rubric, scores, assignment.points)
    text = str(typed.get("points") if typed.get("points") is not None else "").strip()
    if rubric and (not typed.get("overridden") or not text):
        return total, False
    if not text:
        return None, False
    try:
        points = rubrics.points_of(text, "The mark", assignment.points)
    except ValidationError as error:
        raise ValidationError({"points": error}) from error
    return points, bool(rubric) and points != total
