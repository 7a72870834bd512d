from django.db import models
from django.db.models import Q

from lti_tool.ids import new_id
from lti_tool.models import LaunchSession
from video.models.submission import Attempt, Submission


class VideoQuerySet(models.QuerySet["Video"]):
    def visible_to(self, launch: LaunchSession) -> "VideoQuerySet":
        """Whoever may see a submission may see its videos; staff those handed in, not drafts."""
        videos = self.filter(attempt__submission__in=Submission.objects.visible_to(launch))
        if launch.is_staff:
            videos = videos.filter(
                Q(attempt__submitted_at__isnull=False) | Q(attempt__submission__person_id=launch.person_id)
            )
        return videos


class Video(models.Model):
    """One file in storage. At most one of an attempt's videos is current; a replaced one is deleted."""

    class State(models.TextChoices):
        PENDING = "pending"
        READY = "ready"
        ERROR = "error"
        DELETED = "deleted"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="videos")
    current = models.BooleanField(default=False)
    backend = models.CharField(max_length=40)
    key = models.CharField(max_length=1024)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    name = models.CharField(max_length=255, help_text="As the student's file was called.")
    size = models.PositiveBigIntegerField(help_text="Bytes: as announced, then as found in storage.")
    content_type = models.CharField(max_length=100)
    checksum = models.CharField(max_length=100, blank=True)
    duration = models.FloatField(null=True, blank=True, help_text="Seconds.")
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    video_codec = models.CharField(max_length=40, blank=True)
    audio_codec = models.CharField(max_length=40, blank=True)
    examined_at = models.DateTimeField(null=True, blank=True)
    error_message = models.CharField(max_length=300, blank=True, help_text="For the student.")
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="When it was decided.")
    object_deleted_at = models.DateTimeField(null=True, blank=True, help_text="When storage had nothing left of it.")

    objects = VideoQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backend", "key"], name="video_key_once"),
            models.UniqueConstraint(fields=["attempt"], condition=Q(current=True), name="video_one_current"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} ({self.state})"
