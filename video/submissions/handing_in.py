"""Handing in, at once or as soon as the video is ready, and taking it back."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from lti_tool.gradebook import outbox
from lti_tool.models import LaunchSession
from video import deletion, events, integrity, signals
from video.assignments.openings import check_open, is_late
from video.models import Attachment, Attempt, Event, Grade, Submission, Video
from video.models.submission import new_receipt_number
from video.problems import Problem
from video.storage.base import StorageError
from video.submissions.locking import locked, locked_by_video

log = structlog.get_logger(__name__)


def submit(*, launch: LaunchSession, video: Video, statement: bool = False) -> Attempt | None:
    """Hand in a video of the launch's own person; None where it is under way yet: it is handed in when it is ready.

    Submitting twice changes nothing and gives the same receipt. The status for Moodle is of the same transaction. What
    is stored is compared with what was checked before; where storage does not answer, nobody misses a date for it.

    Args:
        statement: the person has ticked what the assignment asks to be ticked.

    Raises:
        Problem: the video is no longer there, the statement is not ticked, or the assignment is closed; what is
            stored is not what was checked.
    """
    _compare(video)
    with transaction.atomic():
        submission = locked_by_video(video)
        attempt = Attempt.objects.prefetch_related("videos").get(pk=video.attempt_id)
        if attempt.submitted_at is not None:
            return attempt
        video = Video.objects.select_for_update().get(pk=video.pk)
        if video.state not in (Video.State.READY, Video.State.PENDING, Video.State.CHECKING):
            raise Problem("no_video", "There is no uploaded video to hand in yet.", "Upload your video first.")
        if submission.assignment.statement and not statement:
            raise Problem("statement", "The statement is not ticked.", "Read it and tick it, then submit again.")
        check_open(submission, begun_at=video.created_at)
        if video.state == Video.State.READY:
            _hand_in(submission, attempt, video, launch=launch, counts_at=timezone.now())
            return attempt
        _ask(video, launch=launch)
    return None


def _compare(video: Video) -> None:
    if video.state != Video.State.READY or not Attempt.objects.drafts().filter(pk=video.attempt_id).exists():
        return  # a worker compares it when it becomes ready; or it was handed in already
    try:
        integrity.compare(video, launch=None)
    except StorageError as error:  # whoever wants to watch it is shown nothing else than what was checked
        log.warning("not_compared_before_hand_in", video=str(video.pk), reason=error.reason)
    except Problem as problem:
        raise Problem(problem.code, problem.message, "Remove it, and send your video again.") from problem


def submit_as_asked(*, video: Video, asked_at: datetime) -> None:
    """Hand in a video that is ready now, as its student asked at `asked_at`. Call it in a transaction.

    What counts is when its bytes had arrived: nobody is late because our worker was.
    """
    submission = locked_by_video(video)
    attempt = Attempt.objects.prefetch_related("videos").get(pk=video.attempt_id)
    counts_at = max(asked_at, video.confirmed_at or asked_at)
    Video.objects.filter(pk=video.pk).update(submit_requested_at=None)
    try:
        check_open(submission, begun_at=video.created_at, at=counts_at)
    except Problem as problem:
        log.warning("asked_too_late", video=str(video.pk), code=problem.code)
        told = "It arrived after the assignment had closed, so it was not handed in. Ask your teacher for more time."
        Video.objects.filter(pk=video.pk).update(error_message=told)
        return
    _hand_in(submission, attempt, video, launch=None, counts_at=counts_at)


def cancel_ask(*, launch: LaunchSession, video: Video) -> None:
    """Do not hand it in by itself after all.

    Raises:
        Problem: it was handed in meanwhile: then there is `withdraw`.
    """
    with transaction.atomic():
        locked_by_video(video)
        if Attempt.objects.submitted().filter(pk=video.attempt_id).exists():
            raise Problem("handed_in", "It was handed in already.", "See its attempt on the page.", status=409)
        Video.objects.filter(pk=video.pk).update(submit_requested_at=None)


def withdraw(*, launch: LaunchSession, attempt: Attempt) -> None:
    """Make the newest handed-in attempt a draft again: before it is due, and before anybody has begun to mark it.

    Raises:
        Problem: it is marked, past due, not the newest, or another attempt has a video already.
    """
    with transaction.atomic():
        submission = locked(attempt)
        attempt = Attempt.objects.select_for_update().get(pk=attempt.pk)
        attempt.submission = submission
        if attempt.submitted_at is None:
            return
        if why := why_not_withdraw(
            submission, attempt, list(submission.attempts.with_marking().prefetch_related("videos"))
        ):
            raise Problem("not_withdrawn", why, "Ask your teacher.")
        if Attachment.objects.attached().filter(attempt=attempt).exists():
            raise Problem("not_withdrawn", "It is being marked.", "Ask your teacher.")
        _drop_empty_draft(submission)
        receipt = attempt.receipt_number
        attempt.submitted_at, attempt.receipt_number, attempt.late = None, None, False
        attempt.save(update_fields=["submitted_at", "receipt_number", "late"])
        earlier = submission.attempts.submitted().exists()
        graded = Grade.objects.filter(attempt__submission=submission).exists()
        submission.state = _state_without(earlier=earlier, graded=graded)
        submission.save(update_fields=["state"])
        if not submission.trial:
            outbox.wish_withdrawn(
                resource_link=submission.assignment.link_now(),
                person=launch.person,
                comment=_taken_back(attempt),
                something_left=earlier,
            )
        events.record(Event.Kind.WITHDRAWN, launch=launch, attempt=attempt.number, receipt=receipt)


def why_not_withdraw(submission: Submission, attempt: Attempt, every: Iterable[Attempt]) -> str:
    """Why a handed-in attempt stays so, in words; empty where it may be taken back.

    Args:
        every: the submission's attempts `with_marking`, their videos prefetched.
    """
    ends = submission.due_at or submission.closes_at
    begun = any(one.pk == attempt.pk and one.marking_begun for one in every)  # type: ignore[attr-defined]
    if begun or hasattr(attempt, "grade"):
        return "It is being marked."
    if ends is not None and timezone.now() > ends:
        return "It is past the due date."
    if any(one.number > attempt.number and one.submitted_at for one in every):
        return "You have handed in another attempt since."
    drafts = [video.state for one in every if one.submitted_at is None for video in one.videos.all()]
    if any(state not in (Video.State.ERROR, Video.State.DELETED) for state in drafts):
        return "You have begun another attempt: remove its video first."
    return ""


def _ask(video: Video, *, launch: LaunchSession) -> None:
    if video.submit_requested_at is None:
        Video.objects.filter(pk=video.pk).update(submit_requested_at=timezone.now())
        # One is handed in: the last that was asked for.
        others = Video.objects.filter(attempt=video.attempt_id).exclude(pk=video.pk)
        others.update(submit_requested_at=None)
        events.record(Event.Kind.SUBMIT_ASKED, launch=launch, video=video)


def _hand_in(
    submission: Submission, attempt: Attempt, video: Video, *, launch: LaunchSession | None, counts_at: datetime
) -> None:
    """The state, the receipt, the news for Moodle and the event, in the caller's transaction."""
    attempt.submission = submission
    attempt.submitted_at = counts_at
    attempt.late = is_late(submission, begun_at=video.created_at, at=counts_at)
    _give_receipt_number(attempt)
    submission.state = Submission.State.SUBMITTED
    submission.save(update_fields=["state"])
    for unfinished in attempt.videos.filter(state__in=[Video.State.PENDING, Video.State.CHECKING]).exclude(pk=video.pk):
        deletion.delete(unfinished, launch=launch, why="handed in without it")
    tell_moodle(submission, attempt)
    events.record(Event.Kind.SUBMITTED, launch=launch, video=video, attempt=attempt.number, late=attempt.late)
    signals.send_on_commit(
        signals.submitted, Attempt, submission_id=submission.pk, attempt_id=attempt.pk, late=attempt.late
    )


def tell_moodle(submission: Submission, attempt: Attempt) -> None:
    """That it is handed in and waits to be marked, in the caller's transaction; never of a trial (`trials`)."""
    assert attempt.submitted_at is not None, "it is handed in"
    if not submission.trial:
        outbox.wish_submitted(
            resource_link=submission.assignment.link_now(),
            person=submission.person,
            comment=_news(attempt),
            started_at=attempt.created_at,
            submitted_at=attempt.submitted_at,
        )


def _drop_empty_draft(submission: Submission) -> None:
    """There is one draft at a time; an empty one gives way to what is taken back."""
    for draft in submission.attempts.drafts():
        if not draft.videos.exclude(state__in=[Video.State.ERROR, Video.State.DELETED]).exists():
            draft.videos.update(attempt=submission.attempts.submitted().first())
            draft.delete()


def _state_without(*, earlier: bool, graded: bool) -> Submission.State:
    if graded:
        return Submission.State.GRADED
    return Submission.State.SUBMITTED if earlier else Submission.State.DRAFT


def _give_receipt_number(attempt: Attempt) -> None:
    for _ in range(5):
        attempt.receipt_number = new_receipt_number()
        try:
            with transaction.atomic():
                attempt.save(update_fields=["submitted_at", "late", "receipt_number"])
        except IntegrityError:  # the number is taken: once in a hundred thousand million
            continue
        return
    raise RuntimeError("No free receipt number was found.")


def _taken_back(attempt: Attempt) -> str:
    if attempt.submission.assignment.anonymous:
        return "An attempt was taken back."
    return f"Attempt {attempt.number} was taken back {timezone.now():%d %b %Y, %H:%M} UTC."


def _news(attempt: Attempt) -> str:
    """What the student reads in Moodle's gradebook, where a status alone shows nothing.

    Markers read it there too, beside the name: under anonymous marking it has nothing that the list shows as well.
    """
    if attempt.submission.assignment.anonymous:
        return f"Handed in. Receipt {attempt.receipt_number}. Waiting to be marked."
    late = ", late" if attempt.late else ""
    return (
        f"Attempt {attempt.number} handed in {attempt.submitted_at:%d %b %Y, %H:%M} UTC{late}. "
        f"Receipt {attempt.receipt_number}. Waiting to be marked."
    )
