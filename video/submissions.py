"""A student's own work: what their page shows, and handing in."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from lti_tool import outbox
from lti_tool.models import LaunchSession, ScoreDelivery
from video import chips, events
from video.chips import Chip
from video.models import Assignment, Attempt, Event, Grade, Submission, Video
from video.models.submission import new_receipt_number
from video.problems import Problem
from video.uploads import check_open


@dataclass(frozen=True)
class SubmittedAttempt:
    """A handed-in attempt with what its student may see of the grade."""

    id: uuid.UUID
    number: int
    submitted_at: datetime
    late: bool
    receipt_number: str
    video: Video | None
    grade_shown: Grade | None


@dataclass(frozen=True)
class StudentPage:
    """Everything the student's page shows. `attempts` newest first; `attempts_left` None: any number."""

    status: Chip
    can_upload: bool
    why_not: str
    draft: Attempt | None
    draft_video: Video | None
    can_submit: bool
    attempts: list[SubmittedAttempt]
    attempts_left: int | None
    delivery: Chip | None


def student_page(*, launch: LaunchSession, assignment: Assignment) -> StudentPage:
    """The page of the launch's own person. Opening it is remembered: teachers see who has not."""
    submission, _ = Submission.objects.get_or_create(assignment=assignment, person=launch.person)
    every = list(submission.attempts.select_related("grade").prefetch_related("videos"))
    draft = next((attempt for attempt in every if attempt.submitted_at is None), None)
    submitted = [_submitted(attempt) for attempt in every if attempt.submitted_at is not None]
    left = None if assignment.attempts_allowed is None else max(0, assignment.attempts_allowed - len(submitted))
    why_not = _why_not(assignment, left)
    video = _shown_video(draft)
    delivery = None
    if submitted:
        delivery = ScoreDelivery.objects.filter(resource_link=launch.resource_link, person=launch.person).first()
    return StudentPage(
        status=_status(draft, video, submitted),
        can_upload=not why_not,
        why_not=why_not,
        draft=draft,
        draft_video=video,
        can_submit=video is not None and video.state == Video.State.READY and _may_submit(assignment, video),
        attempts=submitted,
        attempts_left=left,
        delivery=chips.delivery_chip(delivery, for_staff=False),
    )


def submit(*, launch: LaunchSession, attempt: Attempt) -> Attempt:
    """Hand in a draft of the launch's own person. Submitting twice changes nothing and gives the same receipt.

    The status for Moodle is written in the same transaction.

    Raises:
        Problem: there is no confirmed video in it, or the assignment is closed.
    """
    with transaction.atomic():
        submission = Submission.objects.select_for_update().select_related("assignment").get(pk=attempt.submission_id)
        attempt = Attempt.objects.prefetch_related("videos").get(pk=attempt.pk)
        if attempt.submitted_at is not None:
            return attempt
        video = attempt.video
        if video is None or video.state != Video.State.READY:
            raise Problem("no_video", "There is no uploaded video to hand in yet.", "Upload your video first.")
        check_open(submission.assignment, begun_at=video.created_at)
        attempt.submitted_at = timezone.now()
        attempt.late = submission.assignment.is_late(min(attempt.submitted_at, _counts_from(submission, video)))
        _give_receipt_number(attempt)
        submission.state = Submission.State.SUBMITTED
        submission.save(update_fields=["state"])
        outbox.wish_submitted(
            resource_link=launch.resource_link,
            person=launch.person,
            comment=_news(attempt),
            submitted_at=attempt.submitted_at,
        )
        events.record(Event.Kind.SUBMITTED, launch=launch, video=video, attempt=attempt.number, late=attempt.late)
    return attempt


def _submitted(attempt: Attempt) -> SubmittedAttempt:
    grade: Grade | None = getattr(attempt, "grade", None)
    shown = grade if grade is not None and grade.released_at is not None else None
    assert attempt.submitted_at is not None
    return SubmittedAttempt(
        id=attempt.pk,
        number=attempt.number,
        submitted_at=attempt.submitted_at,
        late=attempt.late,
        receipt_number=attempt.receipt_number or "",
        video=attempt.video,
        grade_shown=shown,
    )


def _shown_video(draft: Attempt | None) -> Video | None:
    """The draft's video: the confirmed one, else the last that was tried and failed or has not finished."""
    if draft is None:
        return None
    tried = [video for video in draft.videos.all() if video.state in (Video.State.PENDING, Video.State.ERROR)]
    return draft.video or max(tried, key=lambda video: video.created_at, default=None)


def _why_not(assignment: Assignment, left: int | None) -> str:
    try:
        check_open(assignment)
    except Problem as problem:
        return f"{problem.message} {problem.action}"
    return "You have used all your attempts." if left == 0 else ""


def _may_submit(assignment: Assignment, video: Video) -> bool:
    try:
        check_open(assignment, begun_at=video.created_at)
    except Problem:
        return False
    return True


def _status(draft: Attempt | None, video: Video | None, submitted: list[SubmittedAttempt]) -> Chip:
    if draft is not None and video is not None and video.state == Video.State.READY:
        return chips.DRAFT
    if not submitted:
        return chips.NOT_STARTED
    latest = submitted[0]
    if latest.grade_shown is not None:
        return chips.RETURNED
    return chips.LATE if latest.late else chips.SUBMITTED


def _counts_from(submission: Submission, video: Video) -> datetime:
    """The moment that decides about late: when the upload began, if it is handed in within the grace.

    A file that takes an hour to arrive must not make late what was begun in time.
    """
    grace = timedelta(minutes=settings.UPLOAD_GRACE_MINUTES)
    due = submission.assignment.due_at
    now = timezone.now()
    return video.created_at if due is not None and now <= due + grace else now


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


def _news(attempt: Attempt) -> str:
    """What the student reads in Moodle's gradebook, where a status alone shows nothing."""
    late = ", late" if attempt.late else ""
    return (
        f"Attempt {attempt.number} handed in {attempt.submitted_at:%d %b %Y, %H:%M} UTC{late}. "
        f"Receipt {attempt.receipt_number}. Waiting to be marked."
    )
