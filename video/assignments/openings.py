"""When a person may send and hand in: dates, their own extension, attempts; all by the server's clock."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from lti_tool.models import Person
from video.models import Assignment, Attempt, Submission
from video.problems import Problem


def open_draft(*, assignment: Assignment, person: Person) -> Attempt:
    """The person's draft attempt, made if the assignment is open to one more. Call it in a transaction.

    Raises:
        Problem: not open yet, closed, or no attempts left.
    """
    submission, _ = Submission.objects.get_or_create(assignment=assignment, person=person)
    # The lock makes two tabs that start at once share one draft.
    submission = Submission.objects.select_for_update(of=("self",)).select_related("assignment").get(pk=submission.pk)
    draft = submission.attempts.drafts().first()
    check_open(submission)
    if draft is not None:
        draft.submission = submission
        return draft
    taken = submission.attempts.count()
    if submission.attempts_allowed is not None and taken >= submission.attempts_allowed:
        raise Problem("no_attempts_left", "You have used all your attempts.", "Ask your teacher for another one.")
    if submission.state == Submission.State.OPENED:
        submission.state = Submission.State.DRAFT
        submission.save(update_fields=["state"])
    return Attempt.objects.create(submission=submission, number=taken + 1)


def check_open(submission: Submission, *, begun_at: datetime | None = None, at: datetime | None = None) -> None:
    """Is the assignment open to this person at `at` (now), or was it when an upload began that is within its grace?

    Raises:
        Problem: not open yet, or closed.
    """
    at = at or timezone.now()
    opens, closes = submission.assignment.opens_at, submission.closes_at
    if opens and at < opens:
        raise Problem("not_open", "This assignment is not open yet.", "Come back when it opens.", status=403)
    if closes and at > closes:
        in_time = begun_at is not None and begun_at <= closes
        if not (in_time and at <= closes + _grace()):
            raise Problem("closed", "This assignment is closed.", "Ask your teacher for more time.", status=403)


def is_late(submission: Submission, *, begun_at: datetime, at: datetime) -> bool:
    """Was work handed in late whose upload began at `begun_at`, and which counts as given at `at`?

    A file that takes a while to arrive must not make late what was begun in time: it has the grace.
    """
    due = submission.due_at
    if due is None:
        return False
    return begun_at > due or at > due + _grace()


def _grace() -> timedelta:
    return timedelta(minutes=settings.UPLOAD_GRACE_MINUTES)
