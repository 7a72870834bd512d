from django.db import models

from lti_tool.ids import new_id
from lti_tool.models.platform import Platform


class Person(models.Model):
    """Somebody at one platform. The same `sub` at another platform is another person."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="people")
    sub = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    email = models.CharField(max_length=320, blank=True)
    locale = models.CharField(max_length=35, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "people"
        constraints = [models.UniqueConstraint(fields=["platform", "sub"], name="person_once")]

    def __str__(self) -> str:
        return self.name
