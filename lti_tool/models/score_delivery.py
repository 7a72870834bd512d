from datetime import datetime

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from lti_tool.models.course import ResourceLink
from lti_tool.models.launch import LaunchSession
from lti_tool.models.person import Person
from lti_tool.roles import Role

ERRORS_UNTIL_STUCK = 5  # of the platform about one row, while it answers other requests
ERRORS_UNTIL_STUCK = 5


class ActivityProgress(models.TextChoices):
    """LTI AGS 2.0, 3.4.7."""

    STARTED = "Started"
    SUBMITTED = "Submitted"
    COMPLETED = "Completed"


class GradingProgress(models.TextChoices):
    """LTI AGS 2.0, 3.4.8. Moodle takes a grade only with FullyGraded, and clears it with any other."""

    NOT_READY = "NotReady"
    PENDING_MANUAL = "PendingManual"
    FULLY_GRADED = "FullyGraded"


class ScoreDeliveryQuerySet(models.QuerySet["ScoreDelivery"]):
    def visible_to(self, launch: LaunchSession) -> "ScoreDeliveryQuerySet":
        """Those of the course for its staff, of the deployment for an admin, nobody's for a student.

        Deployments of one platform may be different institutions, each with admins of its own.
        """
        if launch.role == Role.ADMIN:
            return self.filter(resource_link__deployment=launch.resource_link.deployment_id)
        return self.filter(resource_link__course=launch.resource_link.course_id) if launch.is_staff else self.none()

    def troubled(self) -> "ScoreDeliveryQuerySet":
        """What a person should look at: refused, stuck, changed there, differing, or tried in vain for a while."""
        bad = Q(state__in=ScoreDelivery.TROUBLED) | Q(differs=True)
        return self.filter(bad | Q(state=ScoreDelivery.State.WAITING, tries__gte=3))

    def cleared_there(self) -> "ScoreDeliveryQuerySet":
        """As `ScoreDelivery.cleared_there`."""
        return self.filter(state=ScoreDelivery.State.SENT, differs=True, found_points=None)

    def due(self, now: datetime) -> "ScoreDeliveryQuerySet":
        """Whose time has come and nobody is at, or whoever was has died."""
        free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
        return self.filter(
            free,
            state__in=[ScoreDelivery.State.WAITING, ScoreDelivery.State.STUCK],
            next_try_at__lte=now,
            resource_link__platform__active=True,
        )


class ScoreDelivery(models.Model):
    """The outbox: what the platform's gradebook should say of one person at one link, and how far that has got.

    One row a pair; a newer wish replaces an older one, so an old grade can never arrive after a new one. Times are UTC,
    points are out of `maximum`.
    """

    class State(models.TextChoices):
        """`stuck`: the platform has an error about this row alone; it is tried now and then.

        `changed`: somebody has set another grade in the platform; a person decides. `kept`: theirs stays.
        """

        WAITING = "waiting"
        STUCK = "stuck"
        SENT = "sent"
        REFUSED = "refused"
        CHANGED = "changed"
        KEPT = "kept"

    TROUBLED = (State.REFUSED, State.STUCK, State.CHANGED)

    resource_link = models.ForeignKey(ResourceLink, on_delete=models.CASCADE, related_name="score_deliveries")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="score_deliveries")
    activity_progress = models.CharField(max_length=20, choices=ActivityProgress.choices)
    grading_progress = models.CharField(max_length=20, choices=GradingProgress.choices)
    points = models.DecimalField(
        max_digits=8, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    maximum = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    comment = models.TextField(blank=True)
    grade_comment = models.TextField(blank=True, help_text="Of the grade alone, without news of later attempts.")
    started_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    caused_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    scored_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    wanted_version = models.PositiveIntegerField(default=1)
    wanted_at = models.DateTimeField()
    sent_version = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_timestamp = models.DateTimeField(null=True, blank=True, help_text="Of the last score posted.")
    tries = models.PositiveIntegerField(default=0, help_text="Since the last success or new wish.")
    own_errors = models.PositiveSmallIntegerField(
        default=0, help_text="Of the platform about this row alone, since the last success or “Send again”."
    )
    own_errors_since = models.DateTimeField(null=True, blank=True, help_text="The first after the last success.")
    next_try_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    insisted = models.BooleanField(default=False, help_text="Somebody said: send ours over what the platform has.")
    found_points = models.DecimalField(
        max_digits=10, decimal_places=5, null=True, blank=True, help_text="What the platform's gradebook said last."
    )
    found_maximum = models.DecimalField(max_digits=10, decimal_places=5, null=True, blank=True)
    found_at = models.DateTimeField(null=True, blank=True)
    differs = models.BooleanField(default=False, help_text="What was found is not what was sent.")
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_answer = models.CharField(max_length=300, blank=True, help_text="In words for the teacher.")

    objects = ScoreDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "score deliveries"
        constraints = [
            models.UniqueConstraint(fields=["resource_link", "person"], name="delivery_once"),
            models.CheckConstraint(condition=Q(points__isnull=True) | Q(points__gte=0), name="delivery_points_ge_0"),
            models.CheckConstraint(condition=Q(sent_version__lte=F("wanted_version")), name="delivery_not_ahead"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(state__in=["waiting", "stuck"]), name="delivery_due"),
        ]

    def __str__(self) -> str:
        return f"{self.resource_link_id} {self.person_id} v{self.wanted_version}"

    @property
    def cleared_there(self) -> bool:
        """Whether the platform took the grade and has none any more: nobody's grade is in the way of ours."""
        return self.state == self.State.SENT and self.differs and self.found_points is None
