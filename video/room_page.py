"""What the grading room shows of one student's work."""

from dataclasses import dataclass
from decimal import Decimal

from lti_tool.models import LaunchSession, ScoreDelivery
from video import anonymity, chips, grading, marks, own_marks, roster, rubrics
from video.chips import Chip
from video.extensions import MoreTime, more_time
from video.models import Assignment, Attempt, Grade, Submission, Video
from video.roster import Entry, View
from video.rubrics import Rubric, Score


@dataclass(frozen=True)
class CriterionRow:
    """A criterion as it is scored; `score` None: not yet."""

    criterion: rubrics.Criterion
    score: Score | None


@dataclass(frozen=True)
class Around:
    """Where a submission stands among those of the view. Entries are None at the ends; `place` counts from 1."""

    entries: list[Entry]
    previous: Entry | None
    next: Entry | None
    place: int | None
    total: int
    marked: int


@dataclass(frozen=True)
class RoomPage:
    """`attempts` newest first; `attempt` is the one that is shown and marked. `name` is an alias where `hidden`.

    `own`: None where the assignment is marked once.
    """

    assignment: Assignment
    submission: Submission
    attempts: list[Attempt]
    attempt: Attempt
    video: Video | None
    grade: Grade | None
    name: str
    hidden: bool
    status: Chip
    rubric: Rubric
    criteria: list[CriterionRow]
    total: Decimal | None
    around: Around
    more_time: MoreTime | None
    delivery: Chip | None
    may_release: bool
    own: own_marks.Panel | None

    @property
    def version(self) -> int:
        return self.grade.version if self.grade else 0

    @property
    def file_name(self) -> str:
        """As the student's file was called, which may tell who it is."""
        return "" if self.hidden or self.video is None else self.video.name


def room_page(*, launch: LaunchSession, submission: Submission, attempt: str, view: View) -> RoomPage:
    """The room of a submission with handed-in work.

    Args:
        submission: with `assignment__resource_link__platform` and `person` joined.
        attempt: the number or the id of the attempt to show; any other: the newest.
    """
    assignment = submission.assignment
    attempts = list(
        submission.attempts.submitted().select_related("grade__grader", "grade__release__by").prefetch_related("videos")
    )
    shown = next((one for one in attempts if attempt in (str(one.number), str(one.pk))), attempts[0])
    grade: Grade | None = getattr(shown, "grade", None)
    released = any(one.grade.returned for one in attempts if hasattr(one, "grade"))
    rubric = rubrics.stored(assignment.rubric) if assignment.grading == Assignment.Grading.RUBRIC else Rubric()
    scores = marks.scores_shown(assignment, grade)
    hidden = anonymity.hidden(assignment, released=released)
    delivery = ScoreDelivery.objects.filter(resource_link=assignment.resource_link, person=submission.person).first()
    return RoomPage(
        assignment=assignment,
        submission=submission,
        attempts=attempts,
        attempt=shown,
        video=shown.video,
        grade=grade,
        name=anonymity.name_for_markers(submission, released=released),
        hidden=hidden,
        status=chips.mark_chip(shown, grade),
        rubric=rubric,
        criteria=[CriterionRow(criterion, scores.get(criterion.id)) for criterion in rubric.criteria],
        total=marks.from_rubric(rubric, scores, assignment.points),
        around=around(assignment=assignment, submission=submission, view=view),
        # An extension is given by name: seen beside an alias, it would tell whose that is.
        more_time=None
        if hidden
        else more_time(assignment, extended_to=submission.extended_to, extra_attempts=submission.extra_attempts),
        delivery=chips.delivery_chip(delivery),
        may_release=grading.may_release(launch, assignment),
        own=own_marks.panel(launch=launch, assignment=assignment, attempt=shown, rubric=rubric)
        if assignment.double_marking
        else None,
    )


def around(*, assignment: Assignment, submission: Submission, view: View) -> Around:
    """Its neighbours within the view, also where it has left the view by being marked."""
    listed = roster.handed_in(assignment=assignment, view=view)
    at = next((i for i, entry in enumerate(listed) if entry.submission_id == submission.pk), len(listed))
    before = [entry for entry in listed[:at] if entry.inside]
    after = [entry for entry in listed[at + 1 :] if entry.inside]
    inside = [entry for entry in listed if entry.inside or entry.submission_id == submission.pk]
    return Around(
        entries=inside,
        previous=before[-1] if before else None,
        next=after[0] if after else None,
        place=len(before) + 1 if at < len(listed) else None,
        total=len(inside),
        marked=sum(entry.state == Submission.State.GRADED for entry in inside),
    )
