from django.db import models
from django.db.models import Q

from lti_tool.models import Person
from video.models.submission import Attempt


class Grade(models.Model):
    """What a marker gave an attempt. `points` are out of the assignment's; the student sees it once released."""

    attempt = models.OneToOneField(Attempt, on_delete=models.CASCADE, related_name="grade")
    points = models.DecimalField(max_digits=6, decimal_places=2)
    feedback = models.TextField(blank=True)
    grader = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    released_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(points__gte=0), name="grade_points_ge_0")]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.points}"
