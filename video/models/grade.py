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

    @property
    def again(self) -> bool:
        """It was released before, and said something else then."""
        return self.at > self.first_at


class OwnMarkQuerySet(models.QuerySet["OwnMark"]):
    def given(self) -> "OwnMarkQuerySet":
        """Those that count; others are being typed, and nobody's business but their marker's."""
        return self.filter(given_at__isnull=False)


class OwnMark(models.Model):
    """Under double marking: what one marker alone gives, beside the agreed mark that is the `Grade`."""

    NEEDED = 2  # before there can be an agreed mark

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="own_marks")
    marker = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    points = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True, help_text="Empty: not yet.")
    scores = models.JSONField(default=dict, blank=True)
    note = models.TextField(blank=True, help_text="For the other marker.")
    given_at = models.DateTimeField(
        null=True, blank=True, help_text="When its marker was done with it. Until then it does not count."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OwnMarkQuerySet.as_manager()

    class Meta:
        ordering = ("given_at", "created_at")
        constraints = [
            models.UniqueConstraint(fields=["attempt", "marker"], name="own_mark_once"),
            models.CheckConstraint(condition=Q(points__gte=0), name="own_mark_points_ge_0"),
            models.CheckConstraint(
                condition=Q(given_at__isnull=True) | Q(points__isnull=False), name="own_mark_given_has_points"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id} by {self.marker_id}: {self.points}"
