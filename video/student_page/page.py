"""What a student's page shows of their own work."""

import json
import uuid
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db.models import FilteredRelation, Q, QuerySet, UUIDField
from django.utils import timezone

from config.compiled import Select, prefetched
from lti_tool.models import LaunchSession, ScoreDelivery
from video import status_labels
from video.assignments.openings import check_open
from video.comments import threads
from video.comments.threads import Shown
from video.grading import marks, trials
from video.models import Assignment, Attachment, Attempt, Grade, Release, Submission, Video
from video.problems import Problem
from video.status_labels import StatusLabel
from video.submissions.handing_in import why_not_withdraw
from video.uploads.open_uploads import tickets_over

_QUIET = timedelta(minutes=2)  # whoever sends a form still is done by then, or has asked for another ticket


@dataclass(frozen=True)
class SubmittedAttempt:
    """A handed-in attempt with what its student may see of the grade. `mark` in words; empty before its release."""

    id: uuid.UUID
    number: int
    submitted_at: datetime
    late: bool
    receipt_number: str
    video: Video | None
    grade_shown: Release | None
    mark: str
    may_withdraw: bool
    files: list[Attachment] = field(default_factory=list)
    comments: list[Shown] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What its player is called: there may be several on a page."""
        return f"Video of attempt {self.number}"


@dataclass(frozen=True)
class StudentPage:
    """Everything the student's page shows. `attempts` newest first; `attempts_left` None: any number.

    Of the draft: `ready` was verified, `checking` is being verified, `unfinished` can go on (small files, which came by
    a form, can only be given up), and `failed` is the last that did not make it, where nothing has come since.
    """

    status: StatusLabel
    submission: Submission
    can_upload: bool
    why_not: str
    draft: Attempt | None
    ready: Video | None
    checking: Video | None
    unfinished: list[Video]
    failed: Video | None
    can_submit: bool
    attempts: list[SubmittedAttempt]
    attempts_left: int | None
    delivery: StatusLabel | None

    @property
    def newest(self) -> SubmittedAttempt | None:
        return self.attempts[0] if self.attempts else None

    @property
    def earlier(self) -> list[SubmittedAttempt]:
        return self.attempts[1:]

    @property
    def unfolded(self) -> int | None:
        """The number of the earlier attempt whose mark is the news, while the newest has none."""
        if self.newest is None or self.newest.grade_shown:
            return None
        return next((one.number for one in self.earlier if one.grade_shown), None)

    @property
    def version(self) -> str:
        """Changes whenever the page would show something else of the person's work."""
        videos = [*self.unfinished, *filter(None, [self.ready, self.checking, self.failed])]
        shown = [
            (str(video.pk), video.state, str(video.submit_requested_at), video.error_message, str(video.altered_at))
            for video in videos
        ]
        attempts = [
            (
                str(one.id),
                one.may_withdraw,
                one.video and str(one.video.altered_at),
                one.grade_shown and str(one.grade_shown.at),
                one.mark,
                [comment.as_json for comment in one.comments],
                [(str(file.pk), file.state) for file in one.files],
            )
            for one in self.attempts
        ]
        whole = [shown, attempts, self.can_submit, self.why_not, self.delivery and self.delivery.code]
        return sha256(json.dumps(whole, default=str).encode()).hexdigest()[:16]

    @property
    def changes_soon(self) -> bool:
        """True while a worker of ours is at something that the page waits for."""
        prepared = any(file.state == Attachment.State.CHECKING for one in self.attempts for file in one.files)
        return prepared or self.checking is not None or (self.delivery is not None and self.delivery.code == "waiting")

    @property
    def news(self) -> str:
        """Where the draft is, for those who cannot see the page change."""
        if self.checking:
            return "Your video has arrived and is being checked."
        if self.ready:
            return "Your video is checked and ready. It is not handed in yet."
        if self.failed:
            return f"Your video did not make it. {self.failed.error_message}"
        if self.attempts:
            return f"Attempt {self.attempts[0].number} is handed in. Receipt {self.attempts[0].receipt_number}."
        return ""

    @property
    def begun(self) -> bool:
        """There is something of theirs here."""
        return bool(self.attempts or self.ready or self.checking or self.unfinished)

    @property
    def asked(self) -> bool:
        """It is handed in by itself as soon as it is ready."""
        under_way = [*self.unfinished, *filter(None, [self.checking])]
        return any(video.submit_requested_at for video in under_way)


def student_page(*, launch: LaunchSession, assignment: Assignment) -> StudentPage:
    """The page of the launch's own person. Opening it is remembered: teachers see who has not."""
    submission, delivery = _submission(launch, assignment)
    trials.notice(submission)
    every = _attempts(submission)
    draft = next((attempt for attempt in every if attempt.submitted_at is None), None)
    said = _comments(launch, every)
    files = defaultdict(list)
    if any(_returned(attempt) for attempt in every):
        for file in Attachment.objects.visible_to(launch).filter(attempt__submission=submission):
            files[file.attempt_id].append(file)
    submitted = [
        replace(_submitted(submission, attempt, every, said), files=files[attempt.pk])
        for attempt in every
        if attempt.submitted_at is not None
    ]
    allowed = submission.attempts_allowed
    left = None if allowed is None else max(0, allowed - len(submitted))
    why_not = _why_not(submission, left)
    videos = sorted(draft.videos.all(), key=lambda video: video.created_at) if draft else []
    ready = draft.video if draft else None
    checking = next((video for video in reversed(videos) if video.state == Video.State.CHECKING), None)
    quiet = timezone.now() - _QUIET
    unfinished = [
        video
        for video in videos
        if video.state == Video.State.PENDING and (video.upload_id or quiet > video.active_at > tickets_over())
    ]
    return StudentPage(
        status=_status(videos, ready, submitted),
        submission=submission,
        can_upload=not why_not or any(_may_submit(submission, video) for video in unfinished),
        why_not=why_not,
        draft=draft,
        ready=ready,
        checking=checking,
        unfinished=unfinished,
        failed=videos[-1] if videos and videos[-1].state == Video.State.ERROR else None,
        can_submit=any(_may_submit(submission, video) for video in (ready, checking)),
        attempts=submitted,
        attempts_left=left,
        delivery=status_labels.delivery_label(delivery if submitted else None, for_staff=False),
    )


def _submission(launch: LaunchSession, assignment: Assignment) -> tuple[Submission, ScoreDelivery | None]:
    """Of the launch's person, with what Moodle is to be told of it; made at the first visit."""
    link, person = launch.resource_link_id, launch.person_id
    submission: Any = _SUBMISSION.first(assignment=assignment.pk, person=person, link=link)
    if submission is None:
        submission, _ = Submission.objects.get_or_create(assignment=assignment, person=launch.person)
        delivery = ScoreDelivery.objects.filter(resource_link=link, person=person).first()
    else:
        delivery = getattr(submission, "delivery", None)
    submission.assignment, submission.person = assignment, launch.person
    if delivery is not None:
        delivery.person, delivery.resource_link = launch.person, launch.resource_link
    return submission, delivery


def _submissions(*, assignment: Any, person: Any, link: Any) -> "QuerySet[Submission]":
    at_link = Q(person__score_deliveries__resource_link=link)
    return (
        Submission.objects.filter(assignment=assignment, person=person)
        .annotate(delivery=FilteredRelation("person__score_deliveries", condition=at_link))
        .select_related("delivery")  # type: ignore[misc]  # the stubs do not know of it
    )


def _attempts(submission: Submission) -> list[Attempt]:
    """`with_marking`, newest first, with grade, release and videos."""
    found: dict[uuid.UUID, Attempt] = {}
    videos: dict[uuid.UUID, list[Video]] = defaultdict(list)
    for row in _ATTEMPTS_AND_VIDEOS.rows(submission=submission.pk):
        attempt = found.setdefault(row.pk, row)
        attempt.submission = submission
        video: Video | None = getattr(row, "film", None)
        if video is not None:
            video.attempt = attempt
            videos[row.pk].append(video)
    for attempt in found.values():
        prefetched(attempt, "videos", videos[attempt.pk])
    return list(found.values())


def _attempts_and_videos(*, submission: Any) -> "QuerySet[Attempt]":
    return (
        Attempt.objects.filter(submission=submission)
        .with_marking()
        .annotate(film=FilteredRelation("videos"))
        .select_related("grade__release", "film")  # type: ignore[misc]  # the stubs do not know of `film`
    )


_SUBMISSION = Select(_submissions, assignment=UUIDField(), person=UUIDField(), link=UUIDField())
_ATTEMPTS_AND_VIDEOS = Select(_attempts_and_videos, submission=UUIDField())


def _returned(attempt: Attempt) -> Release | None:
    grade: Grade | None = getattr(attempt, "grade", None)
    return grade.returned if grade is not None else None


def _comments(launch: LaunchSession, every: list[Attempt]) -> dict[uuid.UUID, list[Shown]]:
    videos = [attempt.video.pk for attempt in every if attempt.video and _returned(attempt)]
    return threads.shown(launch=launch, videos=videos) if videos else {}


def _submitted(
    submission: Submission, attempt: Attempt, every: list[Attempt], said: dict[uuid.UUID, list[Shown]]
) -> SubmittedAttempt:
    assert attempt.submitted_at is not None
    shown = _returned(attempt)
    return SubmittedAttempt(
        id=attempt.pk,
        number=attempt.number,
        submitted_at=attempt.submitted_at,
        late=attempt.late,
        receipt_number=attempt.receipt_number or "",
        video=attempt.video,
        grade_shown=shown,
        mark=marks.in_words(submission.assignment, shown.points) if shown else "",
        may_withdraw=not why_not_withdraw(submission, attempt, every),
        comments=said.get(attempt.video.pk, []) if attempt.video else [],
    )


def _why_not(submission: Submission, left: int | None) -> str:
    try:
        check_open(submission)
    except Problem as problem:
        return f"{problem.message} {problem.action}"
    return "You have used all your attempts." if left == 0 else ""


def _may_submit(submission: Submission, video: Video | None) -> bool:
    if video is None:
        return False
    try:
        check_open(submission, begun_at=video.created_at)
    except Problem:
        return False
    return True


def _status(videos: list[Video], ready: Video | None, submitted: list[SubmittedAttempt]) -> StatusLabel:
    if any(video.state == Video.State.CHECKING for video in videos):
        return status_labels.CHECKING
    if ready is not None:
        return status_labels.DRAFT
    if not submitted:
        return status_labels.NOT_STARTED
    latest = submitted[0]
    if latest.grade_shown is not None:
        return status_labels.RETURNED
    return status_labels.LATE if latest.late else status_labels.SUBMITTED
