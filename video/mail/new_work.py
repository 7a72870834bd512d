"""What a course's markers have to mark, in numbers: never whose it is."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q

from lti_tool.models import Course
from video.models import Assignment, Attempt, Event, Submission


@dataclass(frozen=True)
class NewWork:
    """Of one assignment: students whose newest attempt waits to be marked.

    `new` of them have handed it in since the time that was asked about, `late` are late.
    """

    assignment: Assignment
    new: int
    waiting: int
    late: int


def new_work(*, course: Course, since: datetime, until: datetime) -> list[NewWork]:
    """Assignments of a course with work handed in after `since` and not after `until`, by title. Two statements."""
    newest = Attempt.objects.submitted().filter(submission__state=Submission.State.SUBMITTED)
    newer = Attempt.objects.submitted().filter(submission=OuterRef("submission"), number__gt=OuterRef("number"))
    rows = (
        newest.filter(~Exists(newer), submission__assignment__resource_link__course=course)
        .annotate(is_new=handed_in(since=since, until=until))
        .values("submission__assignment")
        .annotate(
            waiting=Count("pk"), fresh=Count("pk", filter=Q(is_new=True)), overdue=Count("pk", filter=Q(late=True))
        )
        .order_by()
    )
    counts = {row["submission__assignment"]: row for row in rows if row["fresh"]}
    assignments = Assignment.objects.filter(pk__in=counts).select_related("resource_link__platform")
    return [
        NewWork(
            assignment=assignment,
            new=counts[assignment.pk]["fresh"],
            waiting=counts[assignment.pk]["waiting"],
            late=counts[assignment.pk]["overdue"],
        )
        for assignment in assignments.order_by("title", "pk")
    ]


def handed_in(*, since: object, until: datetime, attempt: str = "pk") -> Exists:
    """Whether an attempt was handed in within these times, by the audit log.

    `submitted_at` says what it counts as: of a video that was long under way, that is before it was handed in.

    Args:
        since: a time, or an expression of one in the outer query.
    """
    told = Event.objects.filter(
        kind=Event.Kind.SUBMITTED, at__gt=since, at__lte=until, video__attempt=OuterRef(attempt)
    )
    return Exists(told)
