from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from lti_tool.ids import new_id
from lti_tool.models import Person, ResourceLink


def largest_upload() -> int:
    """Bytes; the site's limit, which an assignment starts with and may lower."""
    return int(settings.UPLOAD_MAX_BYTES)


class Assignment(models.Model):
    """What a teacher asks for. Dates live here: Moodle's activity form has none and its date variables stay empty."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
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
    storage = models.CharField(max_length=40, blank=True)
    set_up_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(points__gt=0), name="assignment_points_gt_0")]

    def __str__(self) -> str:
        return self.title

    @property
    def storage_name(self) -> str:
        """The assignment's own choice, else its platform's, else the site's."""
        platform = self.resource_link.platform.storage if self.resource_link else ""
        return self.storage or platform or settings.STORAGE

    def is_late(self, at: datetime) -> bool:
        return self.due_at is not None and at > self.due_at
