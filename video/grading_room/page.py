"""What the grading room shows of one student's work."""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from lti_tool.models import LaunchSession, ScoreDelivery
from video import status_labels
from video.assignments.extensions import MoreTime, more_time
from video.feedback import file_types
from video.grading import double_marking, grades, marks
from video.grading.marks import CriterionRow
from video.models import Assignment, Attachment, Attempt, Grade, Submission, Video
from video.roster import listing
from video.roster.listing import Entry, View
from video.rubrics.rubrics import Rubric
from video.status_labels import StatusLabel
from video.submissions import anonymity

NEAREST = 50  # how many of the others the list names on either side


@dataclass(frozen=True)
class Around:
    """Where a submission stands among those of the view. Entries are None at the ends; `place` counts from 1.

    `entries` are the nearest, with `before` and `after` more of them beyond: a page stays small in any course.
    `marked` is of `handed_in`, everybody's, not of the view: whoever is marked leaves the view of those to mark.
    """

    entries: list[Entry]
    before: int
    after: int
    previous: Entry | None
    next: Entry | None
    place: int | None
    total: int
    marked: int
    handed_in: int


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
    status: StatusLabel
    rubric: Rubric
    criteria: list[CriterionRow]
    total: Decimal | None
    around: Around
    more_time: MoreTime | None
    delivery: StatusLabel | None
    delivery_id: int | None
    may_release: bool
    files: list[Attachment]
    own: double_marking.Panel | None

    @property
    def file_accept(self) -> str:
        """For `<input accept>`."""
        return file_types.accept_attribute()

    @property
    def file_limits(self) -> tuple[int, int]:
        """Bytes of one file, and files of an attempt."""
        return settings.ATTACHMENT_MAX_BYTES, settings.ATTACHMENTS_PER_ATTEMPT

    @property
    def terms(self) -> str:
        """By what the mark is counted: what is typed is saved by nothing else."""
        return marks.terms_of(self.assignment)

    @property
    def version(self) -> int:
        return self.grade.version if self.grade else 0

    @property
    def newest(self) -> bool:
        """Whether the attempt that is shown is the one whose mark makes the work a marked one."""
        return self.attempt == self.attempts[0]

    @property
    def releasable(self) -> bool:
        """Whether there is something to give back, for somebody who may."""
        return self.may_release and self.grade is not None and self.grade.unreleased and self.grade.points is not None

    @property
    def overridden(self) -> bool:
        """The points are not the rubric's: somebody typed them, or the rubric was changed since. A mark that was given
        stays until somebody changes it.
        """
        if not self.rubric or self.grade is None or self.grade.points is None:
            return False
        return self.grade.points != self.total

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
    rubric = marks.rubric_of(assignment)
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
        status=status_labels.mark_label(shown, grade),
        rubric=rubric,
        criteria=marks.criterion_rows(assignment, grade),
        total=marks.from_rubric(rubric, marks.scores_shown(assignment, grade), assignment.points),
        around=around(launch=launch, assignment=assignment, submission=submission, view=view),
        # An extension is given by name: seen beside an alias, it would tell whose that is.
        more_time=None
        if hidden
        else more_time(assignment, extended_to=submission.extended_to, extra_attempts=submission.extra_attempts),
        delivery=status_labels.delivery_label(delivery),
        delivery_id=delivery.pk if delivery else None,
        may_release=grades.may_release(launch, assignment),
        files=list(Attachment.objects.visible_to(launch).filter(attempt=shown)),
        own=double_marking.panel(launch=launch, assignment=assignment, attempt=shown, rubric=rubric)
        if assignment.double_marking
        else None,
    )


def around(*, launch: LaunchSession, assignment: Assignment, submission: Submission, view: View) -> Around:
    """Its neighbours within the view, also where it has left the view by being marked."""
    listed = listing.handed_in(assignment=assignment, view=view, marker=launch)
    at = next((i for i, entry in enumerate(listed) if entry.submission_id == submission.pk), len(listed))
    before = [entry for entry in listed[:at] if entry.inside]
    after = [entry for entry in listed[at + 1 :] if entry.inside]
    inside = [entry for entry in listed if entry.inside or entry.submission_id == submission.pk]
    first, last = max(0, len(before) - NEAREST), min(len(inside), len(before) + NEAREST + 1)
    return Around(
        entries=inside[first:last],
        before=first,
        after=len(inside) - last,
        previous=before[-1] if before else None,
        next=after[0] if after else None,
        place=len(before) + 1 if at < len(listed) else None,
        total=len(inside),
        marked=sum(entry.state == Submission.State.GRADED for entry in listed),
        handed_in=len(listed),
    )
