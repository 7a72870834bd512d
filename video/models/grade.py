from decimal import Decimal

from django.db import models
from django.db.models import Q

from lti_tool.models import Person
from video.models.submission import Attempt


class Grade(models.Model):
    """What the markers have written of an attempt, saved as they write. Its student sees its `Release` alone.

    `scores`: of a rubric's criteria, as `rubrics.Scores.as_json`. `feedback`: allow-listed HTML (`rich_text`).
    """

    attempt = models.OneToOneField(Attempt, on_delete=models.CASCADE, related_name="grade")
    version = models.PositiveIntegerField(default=1, help_text="One more with each change: who saves names the last.")
    points = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True, help_text="Empty: not yet.")
    scores = models.JSONField(default=dict, blank=True)
    overridden = models.BooleanField(default=False, help_text="The points were typed over the rubric's total.")
    feedback = models.TextField(blank=True)
    private_note = models.TextField(blank=True, help_text="For the other markers: its student never sees it.")
    grader = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    unreleased = models.BooleanField(default=True, help_text="Something of it is not what its student sees.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(points__gte=0), name="grade_points_ge_0")]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.points}"

    @property
    def returned(self) -> "Release | None":
        """What its student sees. (Join `release`.)"""
        return getattr(self, "release", None)


class Release(models.Model):
    """A mark as it was given back: what its student and Moodle see, until it is released again."""

    grade = models.OneToOneField(Grade, on_delete=models.CASCADE, related_name="release")
    points = models.DecimalField(max_digits=6, decimal_places=2)
    scores = models.JSONField(default=dict, blank=True)
    overridden = models.BooleanField(default=False)
    feedback = models.TextField(blank=True)
    by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    first_at = models.DateTimeField(auto_now_add=True)
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True, help_text="When its student first opened this release.")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(points__gte=Decimal(0)), name="release_points_ge_0")]

    def __str__(self) -> str:
        return f"{self.grade_id}: {self.points}"


class OwnMark(models.Model):
    """Under double marking: what one marker alone gives, beside the agreed mark that is the `Grade`."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="own_marks")
    marker = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    points = models.DecimalField(max_digits=6, decimal_places=2)
    scores = models.JSONField(default=dict, blank=True)
    note = models.TextField(blank=True, help_text="For the other marker.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "marker"], name="own_mark_once"),
            models.CheckConstraint(condition=Q(points__gte=0), name="own_mark_points_ge_0"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id} by {self.marker_id}: {self.points}"
