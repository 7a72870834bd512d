from django.db import models
from django.db.models import F, Q
from django.utils import timezone

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

    def own(self, launch: LaunchSession) -> "VideoQuerySet":
        """The launch's own person's at this assignment, whatever their role."""
        return self.visible_to(launch).filter(
            attempt__submission__person=launch.person_id,
            attempt__submission__assignment__resource_link=launch.resource_link_id,
        )

    def unclaimed(self) -> "VideoQuerySet":
        """Arrived, and no worker is at them."""
        free = Q(claimed_until=None) | Q(claimed_until__lt=timezone.now())
        return self.filter(free, state=Video.State.CHECKING)

    def checkable(self) -> "VideoQuerySet":
        """With everything that looking at an arrival asks for, in one statement."""
        return self.select_related("attempt__submission__assignment__resource_link__platform")


class Video(models.Model):
    """One file in storage. At most one of an attempt's videos is current; a replaced one is deleted."""

    class State(models.TextChoices):
        """`pending`: the browser sends. `checking`: it has arrived, and a worker looks into it."""

        PENDING = "pending"
        CHECKING = "checking"
        READY = "ready"
        ERROR = "error"
        DELETED = "deleted"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="videos")
    current = models.BooleanField(default=False)
    backend = models.CharField(max_length=40)
    key = models.CharField(max_length=1024)
    incoming_key = models.CharField(
        max_length=1024, blank=True, help_text="Where it was sent, until its folder holds nothing but `key`."
    )
    upload_id = models.CharField(max_length=1024, blank=True, help_text="Storage's name for an upload in parts.")
    part_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True, help_text="Of the file's first and last megabyte.")
    sender = models.CharField(max_length=36, blank=True, help_text="The browser tab that sends it: the last to ask.")
    recorded = models.BooleanField(default=False, help_text="Recorded here: its size is known when it ends.")
    submit_requested_at = models.DateTimeField(
        null=True, blank=True, help_text="When its student asked for it to be handed in as soon as it is ready."
    )
    active_at = models.DateTimeField(default=timezone.now, help_text="When its browser last asked for something.")
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
    claimed_until = models.DateTimeField(
        null=True, blank=True, help_text="A worker looks into it; until then no other begins."
    )
    looks = models.PositiveSmallIntegerField(default=0, help_text="Times a worker began to look into it.")
    examined_at = models.DateTimeField(null=True, blank=True)
    error_message = models.CharField(max_length=300, blank=True, help_text="For the student.")
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="When it was decided.")
    object_deleted_at = models.DateTimeField(null=True, blank=True, help_text="When storage had nothing left of it.")
    altered_at = models.DateTimeField(
        null=True, blank=True, help_text="When storage was found to hold something else than was looked at, or nothing."
    )

    objects = VideoQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backend", "key"], name="video_key_once"),
            models.UniqueConstraint(fields=["attempt"], condition=Q(current=True), name="video_one_current"),
            # Whoever holds a form's ticket can write there.
            models.CheckConstraint(
                condition=~Q(state__in=["checking", "ready"]) | ~Q(key=F("incoming_key")), name="video_key_of_no_ticket"
            ),
        ]
        indexes = [
            models.Index(fields=["active_at"], condition=Q(state__in=["pending", "checking"]), name="video_unfinished")
        ]

    def __str__(self) -> str:
        return f"{self.pk} ({self.state})"
