from django.db import models

from lti_tool.models.person import Person
from lti_tool.models.score_delivery import ActivityProgress, GradingProgress, ScoreDelivery


class ScorePost(models.Model):
    """The ledger: one score that was posted, or may have been: the row is there before the request goes out.

    Without an answer, `status` is empty and `answer` says why; a worker that died leaves both empty.
    """

    delivery = models.ForeignKey(ScoreDelivery, on_delete=models.CASCADE, related_name="posts")
    version = models.PositiveIntegerField(help_text="Of the wish.")
    activity_progress = models.CharField(max_length=20, choices=ActivityProgress.choices)
    grading_progress = models.CharField(max_length=20, choices=GradingProgress.choices)
    points = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    maximum = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    timestamp = models.DateTimeField(help_text="Of the score, by the platform's clock.")
    caused_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    begun_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True, help_text="In words.")

    class Meta:
        ordering = ("-pk",)
        indexes = [models.Index(fields=["delivery", "-id"], name="post_by_delivery")]

    def __str__(self) -> str:
        return f"{self.delivery_id} v{self.version}: {self.status}"
