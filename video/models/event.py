from django.db import models

from lti_tool.models import Person
from video.models.video import Video


class Event(models.Model):
    """What happened to a video, for audit and statistics. Never holds a name, an address or a token."""

    class Kind(models.TextChoices):
        UPLOAD_STARTED = "upload_started"
        UPLOAD_RENEWED = "upload_renewed"
        UPLOAD_RESUMED = "upload_resumed"
        UPLOAD_SUCCEEDED = "upload_succeeded"
        UPLOAD_FAILED = "upload_failed"
        SUBMIT_ASKED = "submit_asked"
        SUBMITTED = "submitted"
        WITHDRAWN = "withdrawn"
        EXTENDED = "extended"
        PLAYBACK = "playback"
        COMMENTED = "commented"
        GRADED = "graded"
        OWN_MARK = "own_mark"
        RELEASED = "released"
        SEEN = "seen"
        IMPORTED = "imported"
        BROUGHT = "brought"
        FILE_STARTED = "file_started"
        FILE_ATTACHED = "file_attached"
        FILE_REFUSED = "file_refused"
        FILE_OPENED = "file_opened"
        FILE_REMOVED = "file_removed"
        DELETED = "deleted"
        ALTERED = "altered"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    actor = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    role = models.CharField(max_length=10, blank=True)
    video = models.ForeignKey(Video, on_delete=models.SET_NULL, null=True, blank=True, related_name="events")
    data = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "at"], name="event_by_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%F %T}"
