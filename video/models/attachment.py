from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from lti_tool.ids import new_id
from lti_tool.models import LaunchSession, Person
from video.models.submission import Attempt, Submission


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, launch: LaunchSession) -> "AttachmentQuerySet":
        """Whoever may see the work; its student only what was there when its mark was released, and is of use."""
        found = self.of_work(launch).attached()
        if launch.is_staff:
            return found.annotate(released_at=F("attempt__grade__release__at"))
        return found.filter(attached_at__lte=F("attempt__grade__release__at")).exclude(state=Attachment.State.ERROR)

    def of_work(self, launch: LaunchSession) -> "AttachmentQuerySet":
        """Of handed-in work that this launch may see; also those under way, and those that are gone."""
        return self.filter(
            attempt__submission__in=Submission.objects.visible_to(launch), attempt__submitted_at__isnull=False
        )

    def sent_by(self, launch: LaunchSession) -> "AttachmentQuerySet":
        """Whose sending is this person's business, with what that asks for."""
        return self.of_work(launch).filter(author=launch.person_id).select_related("attempt__submission__assignment")

    def attached(self) -> "AttachmentQuerySet":
        """Those that have arrived; one that then turned out to be damaged too, so that somebody takes it away."""
        states = (Attachment.State.CHECKING, Attachment.State.READY, Attachment.State.ERROR)
        return self.filter(state__in=states, deleted_at=None)

    def unclaimed(self) -> "AttachmentQuerySet":
        """Recordings that have arrived, and no worker is at them."""
        free = Q(claimed_until=None) | Q(claimed_until__lt=timezone.now())
        return self.filter(free, state=Attachment.State.CHECKING, deleted_at=None)


class Attachment(models.Model):
    """A file or a recording that goes back with a mark: in the same storage, behind the same signed addresses."""

    class Kind(models.TextChoices):
        FILE = "file"
        AUDIO = "audio"

    class State(models.TextChoices):
        """`pending`: the browser sends. `checking`: it has arrived, and a worker gives the recording its length.

        `error`: it has arrived, and nobody can play it.
        """

        PENDING = "pending"
        CHECKING = "checking"
        READY = "ready"
        ERROR = "error"
        DELETED = "deleted"

    recorded = False  # its size is known before it is sent, unlike that of a video which is sent while it is made

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="attachments")
    author = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.FILE)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    backend = models.CharField(max_length=40)
    key = models.CharField(max_length=1024)
    incoming_key = models.CharField(
        max_length=1024, blank=True, help_text="Where it was sent, until its folder holds nothing but `key`."
    )
    upload_id = models.CharField(max_length=1024, blank=True, help_text="Storage's name for an upload in parts.")
    part_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True, help_text="Of the file's first and last megabyte.")
    active_at = models.DateTimeField(default=timezone.now, help_text="When its browser last asked for something.")
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    content_type = models.CharField(max_length=100)
    checksum = models.CharField(max_length=100, blank=True, help_text="Empty where none was kept, as in older rows.")
    duration = models.FloatField(null=True, blank=True, help_text="Seconds.")
    claimed_until = models.DateTimeField(
        null=True, blank=True, help_text="A worker rewrites it; until then no other begins."
    )
    looks = models.PositiveSmallIntegerField(default=0, help_text="Times a worker began to rewrite it.")
    error_message = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    attached_at = models.DateTimeField(null=True, blank=True, help_text="When it had arrived, and went with the mark.")
    deleted_at = models.DateTimeField(null=True, blank=True)
    object_deleted_at = models.DateTimeField(null=True, blank=True)
    altered_at = models.DateTimeField(
        null=True, blank=True, help_text="When storage was found to hold something else than was looked at, or nothing."
    )

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ("created_at",)
        constraints = [
            models.UniqueConstraint(fields=["backend", "key"], name="attachment_key_once"),
            models.CheckConstraint(
                condition=~Q(state__in=["checking", "ready"]) | ~Q(key=F("incoming_key")),
                name="attachment_key_of_no_ticket",
            ),
        ]
        indexes = [
            models.Index(
                fields=["active_at"], condition=Q(state__in=["pending", "checking"]), name="attachment_unfinished"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} ({self.state})"

    @property
    def waits(self) -> bool:
        """Its student does not see it yet: the mark was released before. (Of those that are `visible_to` staff.)"""
        released_at = getattr(self, "released_at", None)
        return released_at is not None and self.attached_at is not None and self.attached_at > released_at

    @property
    def plays(self) -> bool:
        """Something to listen to, rather than to save."""
        return self.content_type.startswith("audio/")
