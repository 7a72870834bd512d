"""Double marking: what each marker gives alone, unseen by the others, and how far apart they are."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction
from django.utils import timezone

from lti_tool.models import LaunchSession
from lti_tool.roles import Role
from video import events
from video.grading import grades, marks
from video.grading.marks import Mark
from video.models import Assignment, Attempt, Event, OwnMark
from video.problems import Problem
from video.rubrics import rubrics
from video.rubrics.rubrics import Criterion, Rubric, Score, short
from video.submissions import locking

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Given:
    """One marker's, as it stands beside the others'. `fields` puts it into the form of the agreed mark."""

    id: int
    marker: str
    mine: bool
    at: datetime
    points: Decimal
    in_words: str
    note: str
    scores: Mapping[str, Score]
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Cell:
    """`points` None: not scored. `level`: its title, where it is one of the rubric's."""

    points: Decimal | None
    level: str


@dataclass(frozen=True)
class Compared:
    """A criterion over all who gave a mark, in their order."""

    criterion: Criterion
    cells: list[Cell]
    differs: bool


@dataclass(frozen=True)
class Row:
    """A criterion as this marker scored it; None: not yet."""

    criterion: Criterion
    score: Score | None


@dataclass(frozen=True)
class Panel:
    """What a marker sees in the room. `given` and all that follows from it are empty until their own is given.

    `rows`: of a rubric. `count`: how many have given one in all. `mean`: the form's fields; None for pass or fail.
    """

    mine: OwnMark | None
    rows: list[Row]
    count: int
    given: list[Given]
    criteria: list[Compared]
    difference: Decimal
    mean: Mapping[str, str] | None
    may_agree_alone: bool

    @property
    def is_given(self) -> bool:
        return self.mine is not None and self.mine.given_at is not None

    @property
    def enough(self) -> bool:
        """An agreed mark may follow."""
        return self.count >= OwnMark.NEEDED

    @property
    def others(self) -> int:
        return self.count - self.is_given

    @property
    def changeable(self) -> bool:
        """Given, and nobody has seen it yet."""
        return self.is_given and self.count == 1

    @property
    def missing(self) -> int:
        """How many own marks there have to be yet."""
        return max(0, OwnMark.NEEDED - self.count)

    @property
    def takes(self) -> dict[str, Mapping[str, str]]:
        """For the page's script: the form's fields by what is taken, `mean` or the id of a mark."""
        taken: dict[str, Mapping[str, str]] = {str(one.id): one.fields for one in self.given}
        return {**taken, "mean": self.mean} if self.mean is not None else taken


def save(*, launch: LaunchSession, attempt: Attempt, mark: Mark, note: str, give: bool) -> OwnMark | None:
    """Keep what one marker typed of their own mark; None where that is nothing. It counts from when it is given.

    Args:
        mark: its points and scores alone are used.
        give: the marker is done with it.

    Raises:
        Problem: the assignment is marked once or counts otherwise by now, the attempt was taken back, points are
            missing, or it was given already. Nothing is saved.
    """
    with transaction.atomic():
        assignment = _locked(attempt)
        grades.check_terms(assignment, mark.terms)
        mine = OwnMark.objects.filter(attempt=attempt, marker=launch.person).first()
        values = {"points": mark.points, "scores": rubrics.scores_as_json(mark.scores), "note": note}
        if mine is not None and mine.given_at is not None:
            if all(getattr(mine, name) == value for name, value in values.items()):
                return mine
            raise Problem(
                "own_mark_given", "Your own mark was given already.", "Reload the page to see it.", status=409
            )
        if give and mark.points is None:
            raise _no_points(assignment)
        if mine is None and mark.points is None and not mark.scores and not note:
            return None
        mine = mine or OwnMark(attempt=attempt, marker=launch.person)
        for name, value in values.items():
            setattr(mine, name, value)
        mine.given_at = timezone.now() if give else None
        mine.save()
        if give:
            _note(launch, attempt, given=True)
    return mine


def take_back(*, launch: LaunchSession, attempt: Attempt) -> None:
    """Make one's own mark one that is being typed again, to change it.

    Raises:
        Problem: another marker has seen it.
    """
    with transaction.atomic():
        _locked(attempt)
        counted = {row.marker_id: row for row in OwnMark.objects.given().filter(attempt=attempt)}
        mine = counted.pop(launch.person_id, None)
        if mine is None:
            return
        if counted:
            raise Problem(
                "own_mark_seen",
                "Another marker has seen your own mark by now: it stays as it is.",
                "Settle what differs in the agreed mark.",
                status=409,
            )
        mine.given_at = None
        mine.save(update_fields=["given_at", "updated_at"])
        _note(launch, attempt, given=False)


def given(attempts: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[OwnMark]]:
    """The own marks that were given of these attempts, in that order, by the attempt's id; in one statement."""
    found: dict[uuid.UUID, list[OwnMark]] = {}
    for row in OwnMark.objects.given().filter(attempt__in=list(attempts)).select_related("marker"):
        found.setdefault(row.attempt_id, []).append(row)
    return found


def panel(*, launch: LaunchSession, assignment: Assignment, attempt: Attempt, rubric: Rubric) -> Panel:
    """One statement. Others' marks are not even read into the answer before one's own is given."""
    rows = list(OwnMark.objects.filter(attempt=attempt).select_related("marker"))
    mine = next((row for row in rows if row.marker_id == launch.person_id), None)
    counted = [row for row in rows if row.given_at is not None]
    open_ = counted if mine is not None and mine.given_at is not None else []
    shown = [_given(assignment, rubric, row, mine) for row in open_]
    points = [one.points for one in shown]
    scores = marks.scores_shown(assignment, mine)
    return Panel(
        mine=mine,
        rows=[Row(criterion, scores.get(criterion.id)) for criterion in rubric.criteria],
        count=len(counted),
        given=shown,
        criteria=[_compared(criterion, shown) for criterion in rubric.criteria] if shown else [],
        difference=max(points) - min(points) if points else Decimal(0),
        mean=_mean(assignment, rubric, shown) if len(shown) >= OwnMark.NEEDED else None,
        may_agree_alone=launch.role in Role.editors(),
    )


def _locked(attempt: Attempt) -> Assignment:
    assignment = locking.locked(attempt).assignment
    locking.check_handed_in(attempt)
    if not assignment.double_marking:
        raise Problem("one_marker", "This assignment takes no own marks any more.", "Reload the page.", status=409)
    return assignment


def _note(launch: LaunchSession, attempt: Attempt, *, given: bool) -> None:
    """Without the points: who reads the log may have to give a mark yet."""
    events.record(Event.Kind.OWN_MARK, launch=launch, video=attempt.video, attempt=attempt.number, given=given)


def _no_points(assignment: Assignment) -> Problem:
    what = {
        Assignment.Grading.PASS_FAIL: "Say whether it is passed or not.",
        Assignment.Grading.RUBRIC: "Score every criterion.",
    }.get(Assignment.Grading(assignment.grading), "Type the points.")
    return Problem("no_points", "Your own mark is not complete yet.", what)


def _given(assignment: Assignment, rubric: Rubric, row: OwnMark, mine: OwnMark | None) -> Given:
    assert row.given_at is not None, "it was given"
    assert row.points is not None, "so it has points"
    scores = marks.scores_shown(assignment, row) if rubric else {}
    return Given(
        id=row.pk,
        marker=row.marker.name,
        mine=row == mine,
        at=row.given_at,
        points=row.points,
        in_words=marks.in_words(assignment, row.points),
        note=row.note,
        scores=scores,
        fields=_fields(assignment, rubric, row.points, scores),
    )


def _fields(assignment: Assignment, rubric: Rubric, points: Decimal, scores: Mapping[str, Score]) -> dict[str, str]:
    """The names and values of `marks.read`; the note of each criterion stays the form's own."""
    if assignment.grading == Assignment.Grading.PASS_FAIL:
        return {"verdict": marks.PASS if points else marks.FAIL}
    fields = {}
    for criterion in rubric.criteria:
        score = scores.get(criterion.id)
        fields[f"level-{criterion.id}"] = score.level if score else ""
        fields[f"points-{criterion.id}"] = (
            short(score.points) if score and score.points is not None and not score.level else ""
        )
    if rubric:
        fields["overridden"] = "1" if marks.from_rubric(rubric, scores, assignment.points) != points else ""
    return {**fields, "points": short(points)}


def _mean(assignment: Assignment, rubric: Rubric, shown: list[Given]) -> dict[str, str] | None:
    if assignment.grading == Assignment.Grading.PASS_FAIL:
        return None
    scores = {}
    for criterion in rubric.criteria:
        scored = [one.scores[criterion.id].points for one in shown if criterion.id in one.scores]
        given_points = [points for points in scored if points is not None]
        if len(given_points) == len(shown):
            points = _mean_of(given_points)
            level = next((level.id for level in criterion.levels if level.points == points), "")
            scores[criterion.id] = Score(points=points, level=level)
    whole = marks.from_rubric(rubric, scores, assignment.points) if rubric else None
    return _fields(assignment, rubric, whole if whole is not None else _mean_of([one.points for one in shown]), scores)


def _mean_of(points: list[Decimal]) -> Decimal:
    return (sum(points, Decimal(0)) / len(points)).quantize(_CENT, rounding=ROUND_HALF_UP)


def _compared(criterion: Criterion, shown: list[Given]) -> Compared:
    scores = [one.scores.get(criterion.id) for one in shown]
    cells = [_cell(criterion, score) for score in scores]
    return Compared(criterion=criterion, cells=cells, differs=len({cell.points for cell in cells}) > 1)


def _cell(criterion: Criterion, score: Score | None) -> Cell:
    if score is None:
        return Cell(points=None, level="")
    level = criterion.level(score.level)
    return Cell(points=score.points, level=level.title if level else "")
