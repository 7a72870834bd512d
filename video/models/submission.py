import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q

from lti_tool.ids import new_id
from lti_tool.models import LaunchSession, Person
from lti_tool.roles import Role
from video.models.assignment import Assignment

if TYPE_CHECKING:
    from video.models.video import Video

_RECEIPT_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without those that are mistaken for another when read out


def new_receipt_number() -> str:
    """Such as `RM-7F3K-92QX`: short enough to read out over the phone, 6 × 10¹¹ of them."""
    letters = "".join(secrets.choice(_RECEIPT_LETTERS) for _ in range(8))
    return f"RM-{letters[:4]}-{letters[4:]}"


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, launch: LaunchSession) -> "SubmissionQuerySet":
        """Access is this query: one's own work; the course's for its staff; the deployment's for an admin."""
        link = launch.resource_link
        if launch.role == Role.STUDENT:
            return self.filter(assignment__resource_link=link, person_id=launch.person_id)
        if launch.role == Role.ADMIN:
            return self.filter(assignment__resource_link__deployment_id=link.deployment_id)
        return self.filter(assignment__resource_link__course_id=link.course_id)


class Submission(models.Model):
    """One person's work on one assignment, over all attempts."""

    class State(models.TextChoices):
        OPENED = "opened"
        DRAFT = "draft"
        SUBMITTED = "submitted"
        GRADED = "graded"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="submissions")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="submissions")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPENED)
    extended_to = models.DateTimeField(
        null=True, blank=True, help_text="More time for this person: due and closing dates before it move to it."
    )
    extra_attempts = models.PositiveSmallIntegerField(default=0, help_text="On top of the assignment's.")
    trial = models.BooleanField(
        default=False, help_text="By somebody of the staff who looks at it as a student: it counts nowhere."
    )
    release_asked = models.ForeignKey(
        LaunchSession,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        help_text="Who asked for its marks to be released among many others, until a worker has done it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assignment", "person"], name="submission_once")]
        indexes = [
            models.Index(fields=["assignment", "state"], name="submission_by_state"),
            models.Index(
                fields=["release_asked", "assignment"],
                condition=Q(release_asked__isnull=False),
                name="submission_to_release",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.assignment_id}"

    @property
    def due_at(self) -> datetime | None:
        """The assignment's due date, or this person's later one."""
        return self._extended(self.assignment.due_at)

    @property
    def closes_at(self) -> datetime | None:
        return self._extended(self.assignment.closes_at)

    @property
    def attempts_allowed(self) -> int | None:
        """None: any number."""
        allowed = self.assignment.attempts_allowed
        return None if allowed is None else allowed + self.extra_attempts

    @property
    def is_released(self) -> bool:
        """A mark of it was given back, so that markers may know whose it is."""
        return self.attempts.filter(grade__release__isnull=False).exists()

    def is_late(self, at: datetime) -> bool:
        return self.due_at is not None and at > self.due_at

    def _extended(self, at: datetime | None) -> datetime | None:
        return max(at, self.extended_to) if at and self.extended_to else at


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def own(self, launch: LaunchSession) -> "AttemptQuerySet":
        """The launch's own person's at this assignment: nobody hands in for another."""
        return self.filter(
            submission__person=launch.person, submission__assignment__resource_link=launch.resource_link
        ).select_related("submission__assignment")

    def submitted(self) -> "AttemptQuerySet":
        return self.filter(submitted_at__isnull=False)

    def with_marking(self) -> "AttemptQuerySet":
        """With `marking_begun`: somebody has given a mark of their own, commented, or attached a file."""
        from video.models import Attachment, Comment, OwnMark  # they stand on this module

        # One EXISTS for each: joined to one query, all three would be looked at for every attempt.
        begun = (
            Exists(OwnMark.objects.filter(attempt=OuterRef("pk")))
            | Exists(Comment.objects.filter(video__attempt=OuterRef("pk"), deleted_at=None))
            | Exists(Attachment.objects.filter(attempt=OuterRef("pk"), deleted_at=None))
        )
        return self.annotate(marking_begun=begun)

    def drafts(self) -> "AttemptQuerySet":
        return self.filter(submitted_at__isnull=True)


class Attempt(models.Model):
    """One try. A draft until `submitted_at`; from then on neither it nor its video changes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    submitted_at = models.DateTimeField(null=True, blank=True)
    late = models.BooleanField(default=False)
    receipt_number = models.CharField(max_length=20, unique=True, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["submission", "number"], name="attempt_once"),
            models.UniqueConstraint(
                fields=["submission"], condition=Q(submitted_at__isnull=True), name="attempt_one_draft"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id} #{self.number}"

    @property
    def video(self) -> "Video | None":
        """The video that counts: the one whose upload was looked at and believed. (Prefetch `videos`.)"""
        return next((video for video in self.videos.all() if video.current), None)
