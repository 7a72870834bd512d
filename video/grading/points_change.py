"""What becomes of the marks when their assignment gets other points, or is passed or failed from now on.

A mark is a number out of the assignment's points: where those change, somebody has to say what it is from now on. The
decision is taken on the rows as they are when it is made: whoever marks meanwhile waits for it, and then saves by the
new points or is told of them (`marks.terms_of`).
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import structlog
from django.db import models, transaction
from django.db.models import TextChoices

from lti_tool.gradebook import columns, outbox
from lti_tool.models import LaunchSession
from video import events, signals
from video.grading import marks
from video.models import Assignment, Attempt, Event, Grade, MarkImport, OwnMark, Release, Submission
from video.rubrics import rubrics
from video.rubrics.rubrics import Rubric, short

log = structlog.get_logger(__name__)

_AT_ONCE = 500
_CENT = Decimal("0.01")
_EXAMPLES = 3
_PASS_FAIL = Assignment.Grading.PASS_FAIL


class Way(TextChoices):
    """What the marks are out of the new points."""

    PROPORTION = "proportion", "Keep the proportion"
    NUMBERS = "numbers", "Keep the numbers"
    LIMIT = "limit", "Passed from a number of points"


@dataclass(frozen=True)
class Terms:
    """What marks are counted by."""

    points: Decimal
    grading: str
    rubric: Rubric

    @classmethod
    def of(cls, assignment: Assignment) -> "Terms":
        return cls(Decimal(assignment.points), assignment.grading, marks.rubric_of(assignment))

    @property
    def pass_fail(self) -> bool:
        return self.grading == _PASS_FAIL

    def in_words(self, points: Decimal) -> str:
        """Such as `87.5 of 100`, or `Passed`."""
        return marks.in_words(Assignment(points=self.points, grading=self.grading), points)


@dataclass(frozen=True)
class Answer:
    """What somebody chose. `before`: `Question.asked_of` of the question that they saw. `limit`: for Way.LIMIT."""

    way: Way
    before: str
    limit: Decimal | None = None


@dataclass(frozen=True)
class Example:
    """One mark in words; `after` by way."""

    before: str
    after: Mapping[str, str]


@dataclass(frozen=True)
class Question:
    """What is to be decided: `marked` attempts of `students`, of which `released` are seen by them; `own`: marks of
    single markers under double marking; `beyond`: of all of them, how many the new points do not take as they are;
    `highest` is the highest of all, in the old points. `undoable`: an import of marks that can be undone until then.
    """

    before: Terms
    after: Terms
    students: int
    marked: int
    released: int
    own: int
    beyond: int
    highest: Decimal
    ways: tuple[Way, ...]
    undoable: bool
    points: tuple[Decimal, ...] = field(repr=False)

    @property
    def held(self) -> int:
        """Marks that their students do not see."""
        return self.marked - self.released

    @property
    def asked_of(self) -> str:
        return _asked_of(self.before)

    @property
    def examples(self) -> list[Example]:
        """The lowest, a middle and the highest mark, by each way; without those that need a limit."""
        distinct = sorted(set(self.points))
        chosen = sorted({distinct[0], distinct[len(distinct) // 2], distinct[-1]})[:_EXAMPLES]
        ways = [way for way in self.ways if way != Way.LIMIT]
        return [
            Example(
                self.before.in_words(points),
                {way.value: self.after.in_words(_other(points, self.before, self.after, way)) for way in ways},
            )
            for points in chosen
        ]

    def answered_by(self, answer: Answer | None) -> bool:
        """False also where it was asked of other points than there are by now."""
        if answer is None or answer.way not in self.ways or answer.before != self.asked_of:
            return False
        return answer.way != Way.LIMIT or (answer.limit is not None and 0 < answer.limit <= self.before.points)


def save(
    *, launch: LaunchSession, changed: Assignment, store: Callable[[], object], answer: Answer | None = None
) -> Question | None:
    """Store a changed assignment, and bring its marks along; the question, where it has to be answered first.

    Then nothing is stored. A few statements for each 500 marks, in one transaction.

    Args:
        changed: a stored assignment with its new settings, which `store` writes.
    """
    with transaction.atomic():
        before = _locked(changed)
        after = Terms.of(changed)
        question = ask(before, after, changed)
        if question and not question.answered_by(answer):
            return question
        store()
        if question and answer:
            _bring_along(launch, changed, question, answer)
            Assignment.objects.filter(pk=changed.pk).update(chosen_again=None)
        if before.points != after.points:
            tell_moodle(changed)
    return None


def ask(before: Terms, after: Terms, assignment: Assignment) -> Question | None:
    """What there is to decide between these; None for nothing. Where both are the same: marks that were above the
    points already.
    """
    found = _numbers(assignment)
    points = tuple(points for kind in found.values() for points in kind)
    if not points:
        return None
    over = {kind: sum(one > after.points for one in numbers) for kind, numbers in found.items()}
    beyond = max(over["marked"], over["released"]) + over["own"]  # a mark and its release are one to a teacher
    whole = before.pass_fail or set(points) <= {Decimal(0), before.points}
    if before.points == after.points and not beyond and (whole or not after.pass_fail):
        return None
    return Question(
        before=before,
        after=after,
        students=Submission.objects.filter(assignment=assignment, attempts__grade__points__isnull=False)
        .distinct()
        .count(),
        marked=len(found["marked"]),
        released=len(found["released"]),
        own=len(found["own"]),
        beyond=beyond,
        highest=max(points),
        ways=_ways(before, after, highest=max(points), whole=whole),
        undoable=MarkImport.objects.filter(assignment=assignment, applied_at__isnull=False).undoable().exists(),
        points=points,
    )


def asks(before: Assignment, after: Assignment) -> bool:
    """Whether there is something to decide before an assignment's settings become others."""
    return ask(Terms.of(before), Terms.of(after), after) is not None


def count(assignment: Assignment) -> int:
    """How many attempts have a mark."""
    return Grade.objects.filter(attempt__submission__assignment=assignment, points__isnull=False).count()


def tell_moodle(assignment: Assignment) -> None:
    """Have the activity's column in the gradebook count to the assignment's points, in the caller's transaction."""
    if assignment.resource_link is not None:
        columns.wish_maximum(assignment.resource_link, Decimal(assignment.points))


def _locked(assignment: Assignment) -> Terms:
    """The terms as they are now. Nobody marks, hands in for the first time, or changes them until the transaction ends.

    A new submission's foreign key waits for the assignment's row, and everything about a known one for its own.
    """
    stored = Assignment.objects.select_for_update().get(pk=assignment.pk)
    changing = Terms.of(assignment) != Terms.of(stored)
    if changing or _numbers_beyond(stored):
        list(Submission.objects.select_for_update().filter(assignment=stored).order_by("pk").values_list("pk"))
    return Terms.of(stored)


def _numbers_beyond(stored: Assignment) -> bool:
    return any(rows.filter(points__gt=stored.points).exists() for rows in _of(stored).values())


def _of(assignment: Assignment) -> "dict[str, models.QuerySet[models.Model]]":
    """Everything of an assignment that has points out of its own."""
    return {
        "marked": Grade.objects.filter(attempt__submission__assignment=assignment, points__isnull=False),
        "released": Release.objects.filter(grade__attempt__submission__assignment=assignment),
        "own": OwnMark.objects.filter(attempt__submission__assignment=assignment, points__isnull=False),
    }


def _numbers(assignment: Assignment) -> dict[str, list[Decimal]]:
    return {kind: list(rows.order_by().values_list("points", flat=True)) for kind, rows in _of(assignment).items()}


def _ways(before: Terms, after: Terms, *, highest: Decimal, whole: bool) -> tuple[Way, ...]:
    if after.pass_fail:
        return (Way.PROPORTION,) if whole else (Way.LIMIT,)
    ways = [Way.PROPORTION] if highest <= before.points and before.points != after.points else []
    return (*ways, Way.NUMBERS) if highest <= after.points else tuple(ways)


def _other(points: Decimal, before: Terms, after: Terms, way: Way, limit: Decimal | None = None) -> Decimal:
    """Half to even, as everywhere where points are worked out."""
    if after.pass_fail:
        passed = points >= limit if limit is not None and way == Way.LIMIT else points > 0
        return after.points if passed else Decimal(0)
    if way == Way.NUMBERS:
        return points
    return (points * after.points / before.points).quantize(_CENT)


def _bring_along(launch: LaunchSession, assignment: Assignment, question: Question, answer: Answer) -> None:
    before, after = question.before, question.after

    def convert(row: Grade | Release | OwnMark) -> None:
        assert row.points is not None, "it was asked for"
        scores = rubrics.read_scores(after.rubric, row.scores)[0]
        old, new = (marks.from_rubric(after.rubric, scores, one.points) for one in (before, after))
        overridden = getattr(row, "overridden", False)
        follows = not overridden and before.rubric == after.rubric and old is not None and old == row.points
        if follows and new is not None and answer.way == Way.PROPORTION:
            row.points = new  # worked out once: twice rounded may be another number
        else:
            row.points = _other(row.points, before, after, answer.way, answer.limit)
        if follows and row.points != new and not isinstance(row, OwnMark):
            row.overridden = True

    grades = list(Grade.objects.filter(pk__in=_of(assignment)["marked"]).select_related("attempt"))
    graded = []
    for grade in grades:
        was = grade.points
        convert(grade)
        grade.version += 1  # whoever has the mark open saved it by other points
        if grade.points != was:
            graded.append(grade)
    Grade.objects.bulk_update(grades, ["points", "overridden", "version"], batch_size=_AT_ONCE)
    releases = list(Release.objects.filter(pk__in=_of(assignment)["released"]))
    for release in releases:
        convert(release)
    Release.objects.bulk_update(releases, ["points", "overridden"], batch_size=_AT_ONCE)
    own = list(OwnMark.objects.filter(pk__in=_of(assignment)["own"]))
    for mark in own:
        convert(mark)
    OwnMark.objects.bulk_update(own, ["points"], batch_size=_AT_ONCE)
    _owe_to_moodle(launch, assignment, question, answer)
    _note(launch, assignment, question, answer, graded)


def _owe_to_moodle(launch: LaunchSession, assignment: Assignment, question: Question, answer: Answer) -> None:
    link = assignment.resource_link
    if link is None:
        return
    newest: dict[uuid.UUID, Decimal] = {}
    given = Release.objects.filter(
        grade__attempt__submission__assignment=assignment, grade__attempt__submitted_at__isnull=False
    ).order_by("grade__attempt__number")
    for person, points in given.values_list("grade__attempt__submission__person", "points"):
        newest[person] = points
    outbox.wish_other_points(
        resource_link=link,
        points=newest,
        maximum=question.after.points,
        same_share=answer.way == Way.PROPORTION,
        by=launch.person,
    )


def _note(
    launch: LaunchSession, assignment: Assignment, question: Question, answer: Answer, graded: Iterable[Grade]
) -> None:
    events.record(
        Event.Kind.GRADED,
        launch=launch,
        assignment=str(assignment.pk),
        new_points=answer.way.value,
        before=_asked_of(question.before),
        after=_asked_of(question.after),
        marks=question.marked,
    )
    for grade in graded:
        attempt: Attempt = grade.attempt
        signals.send_on_commit(signals.graded, Grade, submission_id=attempt.submission_id, attempt_id=attempt.pk)


def _asked_of(terms: Terms) -> str:
    return f"{short(terms.points)} {terms.grading}"
