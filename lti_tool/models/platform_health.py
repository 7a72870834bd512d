from datetime import datetime

from django.db import models

from lti_tool.models.platform import Platform


class PlatformHealth(models.Model):
    """How a platform has answered lately: whether to leave it alone for a while, and how far its clock is from ours."""

    platform = models.OneToOneField(Platform, on_delete=models.CASCADE, primary_key=True, related_name="health")
    failures = models.PositiveIntegerField(default=0, help_text="Calls in a row that had no answer, 429 or 5xx.")
    paused_until = models.DateTimeField(null=True, blank=True, help_text="Until then it is left alone; then one probe.")
    last_answer = models.CharField(max_length=300, blank=True)
    clock_ahead = models.IntegerField(default=0, help_text="Seconds that its clock is ahead of ours; negative: behind.")
    heard_at = models.DateTimeField(null=True, blank=True, help_text="When it last answered well.")

    class Meta:
        verbose_name_plural = "platform health"

    def __str__(self) -> str:
        return f"{self.platform_id}: {self.failures} failures"

    def is_paused(self, now: datetime) -> bool:
        return self.paused_until is not None and now < self.paused_until


class DeliverySlot(models.Model):
    """One of the few requests that may be under way to a platform at the same time. A dead worker's becomes free."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="delivery_slots")
    number = models.PositiveSmallIntegerField()
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "number"], name="delivery_slot_once")]

    def __str__(self) -> str:
        return f"{self.platform_id} #{self.number}"
