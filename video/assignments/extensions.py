"""More time for one person or many: a later date, further attempts."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from lti_tool.models import LaunchSession, Person
from video import events
from video.assignments.openings import is_late
from video.models import Assignment, Attempt, Event, Submission

MOST_EXTRA_ATTEMPTS = 20
_BATCH = 500


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


def extend_many(*, launch: LaunchSession, assignment: Assignment, at_least: Mapping[uuid.UUID, MoreTime]) -> int:
    """Give each of these people of the assignment's course at least so much; how many it changed something for.

    Who has a later date or more attempts already keeps them, so it is safe to do twice. A few statements however many
    there are, in transactions of 500 people.
    """
    return sum(_extend_batch(launch, assignment, dict(batch)) for batch in _batches(sorted(at_least.items())))


def _extend_batch(launch: LaunchSession, assignment: Assignment, at_least: dict[uuid.UUID, MoreTime]) -> int:
    with transaction.atomic():
        fresh = [Submission(assignment=assignment, person_id=pk) for pk in at_least]
        Submission.objects.bulk_create(fresh, ignore_conflicts=True)
        theirs = Submission.objects.filter(assignment=assignment, person__in=list(at_least))
        due_before, changed = {}, []
        # In one order everywhere: two teachers at once must not wait for each other.
        for submission in theirs.select_for_update(of=("self",)).order_by("pk"):
            submission.assignment = assignment
            wish = at_least[submission.person_id]
            until = max(filter(None, (submission.extended_to, wish.until)), default=None)
            extra = max(submission.extra_attempts, wish.extra_attempts)
            if (submission.extended_to, submission.extra_attempts) == (until, extra):
                continue
            due_before[submission.pk] = submission.due_at
            submission.extended_to, submission.extra_attempts = until, extra
            changed.append(submission)
        Submission.objects.bulk_update(changed, ["extended_to", "extra_attempts"])
        _judge_many_again(changed, due_before)
        told = [
            {
                "submission": str(one.pk),
                "until": one.extended_to and one.extended_to.isoformat(),
                "extra_attempts": one.extra_attempts,
            }
            for one in changed
        ]
        if told:
            events.record_many(Event.Kind.EXTENDED, launch=launch, each=told)
    return len(changed)


def _judge_again(submission: Submission, *, due_before: datetime | None) -> None:
    """The late marks by the new due date. A later one never adds any."""
    if submission.due_at is None or due_before is None or submission.due_at == due_before:
        return
    for attempt in _judged(submission, submission.attempts.submitted().prefetch_related("videos"), due_before):
        attempt.save(update_fields=["late"])


def _judge_many_again(submissions: list[Submission], due_before: Mapping[uuid.UUID, datetime | None]) -> None:
    moved = {one.pk: one for one in submissions if one.due_at and one.due_at != due_before[one.pk]}
    attempts: dict[uuid.UUID, list[Attempt]] = {}
    for attempt in Attempt.objects.submitted().filter(submission__in=moved).prefetch_related("videos"):
        attempts.setdefault(attempt.submission_id, []).append(attempt)
    changed: list[Attempt] = []
    for pk, theirs in attempts.items():
        before = due_before[pk]
        if before is not None:
            changed += _judged(moved[pk], theirs, before)
    Attempt.objects.bulk_update(changed, ["late"])


def _judged(submission: Submission, attempts: Iterable[Attempt], due_before: datetime) -> Iterator[Attempt]:
    """Those (with their videos) whose late mark changes by the submission's new due date, with the new one; unsaved."""
    due = submission.due_at
    assert due is not None, "one that had a due date has one"
    for attempt in attempts:
        assert attempt.submitted_at is not None, "it was asked for"
        begun_at = attempt.video.created_at if attempt.video else attempt.submitted_at
        late = is_late(submission, begun_at=begun_at, at=attempt.submitted_at) and (attempt.late or due < due_before)
        if late != attempt.late:
            attempt.late = late
            yield attempt


def _batches(things: list[tuple[uuid.UUID, MoreTime]]) -> Iterator[list[tuple[uuid.UUID, MoreTime]]]:
    for start in range(0, len(things), _BATCH):
        yield things[start : start + _BATCH]
