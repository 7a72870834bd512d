"""More time for one person: a later date, further attempts."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from lti_tool.models import LaunchSession, Person
from video import events
from video.models import Assignment, Event, Submission
from video.openings import is_late

MOST_EXTRA_ATTEMPTS = 20


@dataclass(frozen=True)
class MoreTime:
    """What somebody has beyond the others, as far as it changes anything for them."""

    until: datetime | None
    extra_attempts: int


def more_time(assignment: Assignment, *, extended_to: datetime | None, extra_attempts: int | None) -> MoreTime | None:
    """Of a submission's values; None where nothing in them goes beyond what holds for everybody."""
    limit = first_limit(assignment)
    until = extended_to if limit and extended_to and extended_to > limit else None
    extra = extra_attempts or 0 if assignment.attempts_allowed is not None else 0
    return MoreTime(until=until, extra_attempts=extra) if until or extra else None


def first_limit(assignment: Assignment) -> datetime | None:
    """What a new date has to be later than: the due date, else the closing date. None: there is nothing to move."""
    return assignment.due_at or assignment.closes_at


def extend(
    *, launch: LaunchSession, assignment: Assignment, person: Person, until: datetime | None, extra_attempts: int
) -> None:
    """Give a person of the assignment's course this much more; None and 0 take it away. Again, it changes nothing.

    What they have handed in is looked at anew: an extension given afterwards takes the late mark away.
    """
    with transaction.atomic():
        mine = Submission.objects.filter(assignment=assignment, person=person)
        if until is None and not extra_attempts and not mine.exists():
            return
        submission, _ = Submission.objects.get_or_create(assignment=assignment, person=person)
        submission = mine.select_for_update(of=("self",)).select_related("assignment").get()
        if (submission.extended_to, submission.extra_attempts) == (until, extra_attempts):
            return
        due_before = submission.due_at
        submission.extended_to, submission.extra_attempts = until, extra_attempts
        submission.save(update_fields=["extended_to", "extra_attempts"])
        _judge_again(submission, due_before=due_before)
        events.record(
            Event.Kind.EXTENDED,
            launch=launch,
            submission=str(submission.pk),
            until=until and until.isoformat(),
            extra_attempts=extra_attempts,
        )


def _judge_again(submission: Submission, *, due_before: datetime | None) -> None:
    """The late marks by the new due date. A later one never adds any."""
    due = submission.due_at
    if due is None or due_before is None or due == due_before:
        return
    for attempt in submission.attempts.submitted().prefetch_related("videos"):
        assert attempt.submitted_at is not None, "it was asked for"
        begun_at = attempt.video.created_at if attempt.video else attempt.submitted_at
        late = is_late(submission, begun_at=begun_at, at=attempt.submitted_at) and (attempt.late or due < due_before)
        if late != attempt.late:
            attempt.late = late
            attempt.save(update_fields=["late"])
