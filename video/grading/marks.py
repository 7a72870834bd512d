"""What a marker typed: checked, put together into points, and shown again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError

from video.feedback import rich_text
from video.models import Assignment, Grade, OwnMark, Release
from video.rubrics import rubrics
from video.rubrics.rubrics import Criterion, Level, Rubric, Score
from video.typed_text import line_of, lines_of

MOST_FEEDBACK = 50_000  # characters
PASS, FAIL = "pass", "fail"


@dataclass(frozen=True)
class Mark:
    """`points` are out of the assignment's; None: not decided yet. `feedback` is clean HTML.

    `terms`: what the assignment's were (`terms_of`) when it was typed; empty where nobody typed it.
    """

    points: Decimal | None
    scores: Mapping[str, Score] = field(default_factory=dict)
    overridden: bool = False
    feedback: str = ""
    private_note: str = ""
    terms: str = field(default="", compare=False)

    def __bool__(self) -> bool:
        return self.points is not None or bool(self.scores or self.feedback or self.private_note)


@dataclass(frozen=True)
class CriterionRow:
    """A criterion with what it got; `score` None: nothing."""

    criterion: Criterion
    score: Score | None

    @property
    def level(self) -> Level | None:
        """The one that was chosen."""
        return self.criterion.level(self.score.level) if self.score else None


@dataclass(frozen=True)
class RubricResult:
    """What a rubric says to a student: `rows` with what a mark gave, if there is one; `got` and `most` in the rubric's
    points. `overridden`: somebody gave other points than it comes to. `changed`: it is another since the mark.
    """

    rows: list[CriterionRow]
    got: Decimal
    most: Decimal
    overridden: bool
    changed: bool


@dataclass(frozen=True)
class CriterionFields:
    """A criterion in the room's form: the texts of its fields, and what is wrong with them."""

    criterion: Criterion
    level: str
    points: str
    note: str
    errors: list[str]


def terms_of(assignment: Assignment) -> str:
    """By what its marks are counted, for a page to say which it was drawn by: out of how much, how, by which rubric."""
    rubric = json.dumps(rubric_of(assignment).as_json(), sort_keys=True)
    return f"{rubrics.short(Decimal(assignment.points))} {assignment.grading} {sha256(rubric.encode()).hexdigest()[:8]}"


def read(assignment: Assignment, typed: Mapping[str, Any], now: Grade | None = None) -> Mark:
    """A mark from the fields of the room's form or its script.

    Args:
        now: the mark as it is stored: what it says already is right, whatever has become of the assignment's points.
        typed: `points` (or `verdict`: pass or fail), `overridden`, `feedback` (HTML), `private_note`, and for each
            criterion of the rubric `level-<id>`, `points-<id>`, `note-<id>`. Without a script, `feedback` is the words
            alone, and `feedback_was` the HTML whose words the page showed.

    Raises:
        ValidationError: by the name of the field, in words.
    """
    rubric = rubric_of(assignment)
    feedback, note = _feedback(typed), lines_of(typed.get("private_note"))
    if len(note) > MOST_FEEDBACK:
        raise _too_long("private_note")
    given = {
        criterion.id: {key: typed.get(f"{key}-{criterion.id}") for key in ("level", "points", "note")}
        for criterion in rubric.criteria
    }
    scores, wrong = rubrics.read_scores(rubric, given)
    if wrong:
        raise ValidationError({name: [words] for name, words in wrong.items()})
    points, overridden = _points(assignment, rubric, scores, typed, now)
    return Mark(
        points=points,
        scores=scores,
        overridden=overridden,
        feedback=feedback,
        private_note=note,
        terms=terms_of(assignment),
    )


def rubric_of(assignment: Assignment) -> Rubric:
    """What the assignment is marked by; empty where that is not a rubric."""
    return rubrics.stored(assignment.rubric) if assignment.grading == Assignment.Grading.RUBRIC else Rubric()


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
    rubric = rubric_of(assignment)
    scores = scores_shown(assignment, grade)
    points, overridden = _points(assignment, rubric, scores, {**typed, "overridden": "1"}, grade)
    if grade is None:
        return Mark(points=points, overridden=overridden, terms=terms_of(assignment))
    return Mark(
        points=points,
        scores=_kept(grade),
        overridden=overridden,
        feedback=grade.feedback,
        private_note=grade.private_note,
        terms=terms_of(assignment),
    )


def rubric_points(assignment: Assignment, grade: Grade) -> Decimal | None:
    """What the rubric alone would give, where every criterion of it is scored."""
    return from_rubric(rubrics.stored(assignment.rubric), scores_shown(assignment, grade), assignment.points)


def from_rubric(rubric: Rubric, scores: Mapping[str, Score], maximum: Decimal) -> Decimal | None:
    """The points for these scores, scaled from the rubric's to the assignment's; None until every criterion has some.

    `fromRubric` in `frontend/src/points.ts` does the same while a marker chooses: change both.
    """
    if not rubric or not rubrics.complete(rubric, scores):
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
    return rubrics.read_scores(rubrics.stored(assignment.rubric), row.scores)[0] if row else {}


def criterion_rows(assignment: Assignment, row: Grade | Release | OwnMark | None) -> list[CriterionRow]:
    """The criteria of the assignment's rubric with what a stored mark says of them; none where it has no rubric."""
    scores = scores_shown(assignment, row)
    return [CriterionRow(criterion, scores.get(criterion.id)) for criterion in rubric_of(assignment).criteria]


def rubric_result(assignment: Assignment, mark: Grade | Release | OwnMark | None) -> RubricResult:
    """The assignment's rubric before a mark (None), or with that mark."""
    rubric, scores = rubric_of(assignment), scores_shown(assignment, mark)
    overridden = bool(getattr(mark, "overridden", False))
    as_given = mark is None or overridden or from_rubric(rubric, scores, assignment.points) == mark.points
    return RubricResult(
        rows=criterion_rows(assignment, mark),
        got=rubrics.total(scores),
        most=rubric.points,
        overridden=overridden,
        changed=not as_given,
    )


def criterion_fields(
    rows: list[CriterionRow], typed: Mapping[str, Any] | None = None, errors: Mapping[str, list[str]] | None = None
) -> list[CriterionFields]:
    """The room's fields of these rows: with what was typed where something was, else with what is stored.

    Points stand in their field only where no level says the same.
    """
    return [_fields(row, typed, errors or {}) for row in rows]


def _fields(row: CriterionRow, typed: Mapping[str, Any] | None, errors: Mapping[str, list[str]]) -> CriterionFields:
    name, score = row.criterion.id, row.score
    if typed is not None:
        level, points, note = (str(typed.get(f"{key}-{name}") or "") for key in ("level", "points", "note"))
    else:
        level, note = (score.level, score.note) if score else ("", "")
        points = rubrics.short(score.points) if score and score.points is not None and not level else ""
    wrong = [words for key in ("points", "note") for words in errors.get(f"{key}-{name}", [])]
    return CriterionFields(row.criterion, level, points, note, wrong)


def _feedback(typed: Mapping[str, Any]) -> str:
    """Clean HTML. Raises ValidationError where it is too long, before or after: entities make it longer."""
    text, was = str(typed.get("feedback") or ""), str(typed.get("feedback_was") or "")
    if max(len(text), len(was)) > MOST_FEEDBACK:
        raise _too_long("feedback")
    try:
        cleaned = rich_text.typed(text, shown=was, longest=MOST_FEEDBACK)
    except rich_text.TooLong:
        raise _too_long("feedback") from None
    if len(cleaned) > MOST_FEEDBACK:
        raise _too_long("feedback")
    return cleaned


def _too_long(field: str) -> ValidationError:
    return ValidationError({field: f"This is too long: at most {MOST_FEEDBACK:,} characters."})


def _kept(grade: Grade) -> dict[str, Score]:
    """The scores as they are stored, also those that the rubric has no more."""
    return {
        name: Score(
            points=Decimal(one["points"]) if one.get("points") else None,
            level=one.get("level", ""),
            note=one.get("note", ""),
        )
        for name, one in grade.scores.items()
    }


def _points(
    assignment: Assignment,
    rubric: Rubric,
    scores: Mapping[str, Score],
    typed: Mapping[str, Any],
    now: Grade | None = None,
) -> tuple[Decimal | None, bool]:
    if assignment.grading == Assignment.Grading.PASS_FAIL:
        verdict = typed.get("verdict")
        return {PASS: assignment.points, FAIL: Decimal(0)}.get(str(verdict)), False
    total = from_rubric(rubric, scores, assignment.points)
    text = line_of(typed.get("points"))
    if rubric and (typed.get("overridden") not in (True, "1", "on", "true") or not text):
        return total, False
    if not text:
        return None, False
    try:
        points = rubrics.points_of(text, "The mark", assignment.points)
    except ValidationError as error:
        if now is None or now.points is None or _number(text) != now.points:
            raise ValidationError({"points": error}) from error
        points = now.points
    return points, bool(rubric) and points != total


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.replace(",", ".") if len(text) < 40 else "")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
