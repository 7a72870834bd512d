"""Two versions of one mark side by side, in words: for whoever has to choose between them."""

from collections.abc import Mapping
from dataclasses import dataclass

from video.feedback import rich_text
from video.grading import marks
from video.grading.marks import Mark
from video.models import Assignment, Grade
from video.rubrics import rubrics
from video.rubrics.rubrics import Criterion, Rubric, Score

NOTHING = "nothing"


@dataclass(frozen=True)
class Line:
    """One thing that can be said of somebody's work, such as the points or one criterion."""

    label: str
    mine: str
    theirs: str

    @property
    def differs(self) -> bool:
        return self.mine != self.theirs


def side_by_side(assignment: Assignment, *, mine: Mark, theirs: Grade | None) -> list[Line]:
    """All that either of them says. `theirs` None: the mark is gone."""
    rubric = rubrics.stored(assignment.rubric) if assignment.grading == Assignment.Grading.RUBRIC else Rubric()
    other = _as_mark(assignment, theirs)
    lines = [Line("Mark", _points(assignment, mine), _points(assignment, other))]
    for criterion in rubric.criteria:
        lines.append(Line(criterion.title, _score(criterion, mine.scores), _score(criterion, other.scores)))
    lines.append(Line("Feedback", _text(rich_text.plain(mine.feedback)), _text(rich_text.plain(other.feedback))))
    lines.append(Line("Private note", _text(mine.private_note), _text(other.private_note)))
    return [line for line in lines if line.label == "Mark" or (line.mine, line.theirs) != (NOTHING, NOTHING)]


def _as_mark(assignment: Assignment, grade: Grade | None) -> Mark:
    if grade is None:
        return Mark(points=None)
    return Mark(
        points=grade.points,
        scores=marks.scores_shown(assignment, grade),
        overridden=grade.overridden,
        feedback=grade.feedback,
        private_note=grade.private_note,
    )


def _points(assignment: Assignment, mark: Mark) -> str:
    words = marks.in_words(assignment, mark.points)
    return f"{words}, not the rubric's" if mark.overridden else words


def _score(criterion: Criterion, scores: Mapping[str, Score]) -> str:
    score = scores.get(criterion.id)
    if score is None:
        return NOTHING
    level = criterion.level(score.level)
    points = NOTHING if score.points is None else rubrics.short(score.points)
    words = f"{level.title} ({points})" if level else points
    return f"{words}\n{score.note}" if score.note else words


def _text(text: str) -> str:
    return text or NOTHING
