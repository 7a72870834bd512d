"""A course full of people and their work, put into the database as it would be had they done it."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from lti_tool.models import Membership, Person, ScoreDelivery
from video.models import Assignment, Attempt, Grade, Release, Submission, Video

DAY = timedelta(days=1)


def enrol(assignment: Assignment, sub: str, name: str, **person: Any) -> Person:
    """A student of the course who has never been here."""
    made = Person.objects.create(platform=assignment.course.platform, sub=sub, name=name, **person)
    Membership.objects.create(course=assignment.course, person=made, role="student")
    return made


def hand_in(
    assignment: Assignment, person: Person, *, at: datetime | None = None, length: float = 60, name: str = ""
) -> Attempt:
    """One more attempt of theirs, with its video."""
    submission, _ = Submission.objects.get_or_create(assignment=assignment, person=person)
    at = at or timezone.now()
    attempt = Attempt.objects.create(
        submission=submission,
        number=submission.attempts.count() + 1,
        submitted_at=at,
        late=submission.due_at is not None and at > submission.due_at,
    )
    Video.objects.create(
        attempt=attempt,
        current=True,
        state="ready",
        backend="s3",
        key=f"{attempt.pk}",
        name=name or f"{person.name}.mp4",
        size=1,
        duration=length,
    )
    submission.state = Submission.State.SUBMITTED
    submission.save()
    return attempt


def mark(attempt: Attempt, points: str, *, released: bool = False, **grade: Any) -> Grade:
    """Marked; and with `released` given back as it is."""
    made = Grade.objects.create(attempt=attempt, points=Decimal(points), unreleased=not released, **grade)
    if released:
        Release.objects.create(grade=made, points=Decimal(points), feedback=made.feedback, at=timezone.now())
    Submission.objects.filter(pk=attempt.submission_id).update(state=Submission.State.GRADED)
    return made


def delivery_of(attempt: Attempt, state: str, **more: Any) -> ScoreDelivery:
    """A delivery to Moodle, of the person whose attempt it is."""
    submission = attempt.submission
    assert submission.assignment.resource_link is not None
    return ScoreDelivery.objects.create(
        resource_link=submission.assignment.resource_link,
        person=submission.person,
        activity_progress="Completed",
        grading_progress="FullyGraded",
        state=state,
        wanted_at=timezone.now(),
        **more,
    )
