import secrets
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from lti_tool.ids import new_id
from lti_tool.models import ContentSelection, Course, Person, ResourceLink


def new_salt() -> str:
    """What keeps the aliases of anonymous marking from being worked out."""
    return secrets.token_hex(8)


def largest_upload() -> int:
    """Bytes; the site's limit, which an assignment starts with and may lower."""
    return int(settings.UPLOAD_MAX_BYTES)


class Assignment(models.Model):
    """What a teacher asks for. Dates live here: Moodle's activity form has none and its date variables stay empty.

    One chosen by Deep Linking has no link until somebody opens the activity that was made from it.
    """

    # What a copy takes along, and what an earlier assignment lends to a new one: never anybody's work.
    SETTINGS = (
        "title",
        "instructions",
        "points",
        "opens_at",
        "due_at",
        "closes_at",
        "attempts_allowed",
        "max_bytes",
        "max_seconds",
        "ways",
        "statement",
        "storage",
        "grading",
        "rubric",
        "hold_grades",
        "anonymous",
        "assistants_release",
        "replies",
        "double_marking",
    )

    class Ways(models.TextChoices):
        """How a video may come."""

        BOTH = "both", "Upload a file or record"
        UPLOAD = "upload", "Upload a file only"
        RECORD = "record", "Record only"

    class Grading(models.TextChoices):
        """How its points come about."""

        POINTS = "points", "Points"
        RUBRIC = "rubric", "Rubric"
        PASS_FAIL = "pass_fail", "Pass or fail"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="assignments")
    resource_link = models.OneToOneField(
        ResourceLink, on_delete=models.CASCADE, related_name="assignment", null=True, blank=True
    )
    title = models.CharField(max_length=255)
    instructions = models.TextField(blank=True)
    points = models.DecimalField(
        max_digits=6,
        decimal_places=2,
        default=Decimal(100),
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(9999))],
    )
    opens_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    attempts_allowed = models.PositiveSmallIntegerField(
        null=True, blank=True, default=None, validators=[MinValueValidator(1)], help_text="Empty: any number."
    )
    max_bytes = models.PositiveBigIntegerField(default=largest_upload)
    max_seconds = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Longest video, in seconds. Empty: any."
    )
    ways = models.CharField(max_length=10, choices=Ways.choices, default=Ways.BOTH)
    statement = models.CharField(
        max_length=500, blank=True, help_text="What a student has to tick before handing in. Empty: nothing."
    )
    storage = models.CharField(max_length=40, blank=True)
    grading = models.CharField(max_length=10, choices=Grading.choices, default=Grading.POINTS)
    rubric = models.JSONField(default=dict, blank=True, help_text="As `rubrics.Rubric.as_json`; empty: none.")
    hold_grades = models.BooleanField(default=False, help_text="Marks wait until somebody releases them.")
    anonymous = models.BooleanField(default=False, help_text="Markers see no names before a mark is released.")
    assistants_release = models.BooleanField(default=False)
    replies = models.BooleanField(default=False, help_text="Students may answer comments on their video.")
    double_marking = models.BooleanField(default=False)
    alias_salt = models.CharField(max_length=16, default=new_salt, editable=False)
    set_up_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    selection = models.ForeignKey(
        ContentSelection, on_delete=models.SET_NULL, null=True, blank=True, related_name="assignments"
    )
    offered_at = models.DateTimeField(
        null=True, blank=True, help_text="When a Deep Linking reply gave it to the platform."
    )
    content_id = models.CharField(
        max_length=100, blank=True, help_text="What its link's parameter named when its settings were taken from there."
    )
    chosen_again = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Content that a teacher selected since, while what becomes of the marks is not decided.",
    )
    from_moodle = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="By `title` and `instructions`: what its link said last, and what was made of it here.",
    )
    copied_from = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="copies")
    brought_from = models.ForeignKey(
        ResourceLink,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Where it lived before a teacher said that its link now is the same activity (`former`).",
    )
    brought_at = models.DateTimeField(null=True, blank=True)
    copy_told_at = models.DateTimeField(null=True, blank=True, help_text="When a teacher was told that it is a copy.")
    marks_imported_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The last time, so that a page need not look for imports."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(points__gt=0), name="assignment_points_gt_0")]

    def __str__(self) -> str:
        return self.title

    @property
    def storage_name(self) -> str:
        """The assignment's own choice, else its platform's, else the site's."""
        return self.storage or self.course.platform.storage or settings.STORAGE

    def link_now(self) -> ResourceLink:
        """Where it lives, read anew. Ask with one of its submissions locked: it may have been brought elsewhere."""
        return ResourceLink.objects.get(assignment=self.pk)

    @property
    def settings(self) -> dict[str, Any]:
        """The values of SETTINGS."""
        return {name: getattr(self, name) for name in self.SETTINGS}
