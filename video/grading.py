"""Marks: saved and owed to Moodle in one transaction."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from lti_tool import outbox
from lti_tool.models import LaunchSession
from video import events
from video.models import Assignment, Attempt, Event, Grade, Submission


@dataclass(frozen=True)
class Neighbours:
    """Where a submission stands among those handed in, by name. Ids are None at the ends; `place` counts from 1."""

    previous: Submission | None
    next: Submission | None
    place: int
    total: int
    marked: int


def save_grade(*, launch: LaunchSession, attempt: Attempt, points: Decimal, feedback: str) -> Grade:
    """Mark a handed-in attempt, release the mark to its student, and owe it to Moodle.

    Moodle holds one grade a person: it is owed that of the newest attempt that has one.
    """
    with transaction.atomic():
        submission = (
            Submission.objects.select_for_update(of=("self",))
            .select_related("assignment__resource_link", "person")
            .get(pk=attempt.submission_id)
        )
        grade, _ = Grade.objects.update_or_create(
            attempt=attempt,
            defaults={
                "points": points,
                "feedback": feedback,
                "grader": launch.person,
                "released_at": timezone.now(),
            },
        )
        newest = submission.attempts.submitted().first()
        if newest == attempt:
            submission.state = Submission.State.GRADED
            submission.save(update_fields=["state"])
            comment = feedback
        else:
            comment = f"{feedback}\n\nA newer attempt is waiting to be marked.".strip()
        if attempt == submission.attempts.submitted().filter(grade__isnull=False).first():
            link = submission.assignment.resource_link
            assert link is not None, "nothing can be handed in to an assignment without a link"
            outbox.wish_graded(
                resource_link=link,
                person=submission.person,
                points=points,
                maximum=submission.assignment.points,
                comment=comment,
            )
        events.record(Event.Kind.GRADED, launch=launch, video=attempt.video, attempt=attempt.number)
    return grade


def neighbours(*, assignment: Assignment, submission: Submission) -> Neighbours:
    """Previous and next of the submissions handed in, in the roster's order."""
    handed_in = list(
        Submission.objects.filter(assignment=assignment, attempts__submitted_at__isnull=False)
        .distinct()
        .order_by("person__name", "pk")
        .only("pk", "state")
    )
    at = next((index for index, other in enumerate(handed_in) if other.pk == submission.pk), None)
    marked = sum(other.state == Submission.State.GRADED for other in handed_in)
    if at is None:
        return Neighbours(previous=None, next=None, place=0, total=len(handed_in), marked=marked)
    return Neighbours(
        previous=handed_in[at - 1] if at else None,
        next=handed_in[at + 1] if at + 1 < len(handed_in) else None,
        place=at + 1,
        total=len(handed_in),
        marked=marked,
    )
