from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from lti_tool.ids import new_id
from lti_tool.models import LaunchSession, Person
from lti_tool.roles import Role
from video.models.video import Video


class CommentQuerySet(models.QuerySet["Comment"]):
    def visible_to(self, launch: LaunchSession) -> "CommentQuerySet":
        """Whoever may see the video; its student only what was there at the release, and what was answered since."""
        return self._within(launch).filter(deleted_at=None)

    def editable_by(self, launch: LaunchSession) -> "CommentQuerySet":
        """One's own; a student's while the assignment takes replies."""
        own = self.visible_to(launch).filter(author=launch.person_id)
        if launch.is_staff:
            return own
        return own.filter(reply_to__isnull=False, video__attempt__submission__assignment__replies=True)

    def deletable_by(self, launch: LaunchSession, *, deleted: bool = False) -> "CommentQuerySet":
        """One's own, and for teachers and admins anybody's. `deleted`: those that are, to have them back."""
        comments = self._within(launch).filter(deleted_at__isnull=not deleted)
        if launch.role in Role.editors():
            return comments
        own = comments.filter(author=launch.person_id)
        return own if launch.is_staff else own.filter(reply_to__isnull=False)

    def _within(self, launch: LaunchSession) -> "CommentQuerySet":
        comments = self.filter(video__in=Video.objects.visible_to(launch))
        return comments if launch.is_staff else comments.released()

    def released(self) -> "CommentQuerySet":
        first, answered = "video__attempt__grade__release__at", "reply_to__video__attempt__grade__release__at"
        return self.filter(
            Q(reply_to=None, created_at__lte=F(first))
            | Q(reply_to__deleted_at=None, reply_to__created_at__lte=F(answered))
        )


class Comment(models.Model):
    """Something said at a moment of a video, or of a span of it; or a reply to that (then without a time)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.FloatField(null=True, blank=True, help_text="Seconds from the beginning; empty for a reply.")
    until = models.FloatField(null=True, blank=True, help_text="Seconds; empty: a moment, not a span.")
    text = models.TextField(max_length=5000)
    reply_to = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="replies")
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    given: Any = models.JSONField(
        null=True, blank=True, help_text="Edited since it was released: `{at, until, text}` as its student sees it."
    )
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ("at", "created_at")
        constraints = [
            models.CheckConstraint(condition=Q(at__gte=0), name="comment_at_ge_0"),
            models.CheckConstraint(condition=Q(until__gt=F("at")), name="comment_until_gt_at"),
            models.CheckConstraint(condition=Q(at__isnull=False) | Q(reply_to__isnull=False), name="comment_placed"),
        ]

    def __str__(self) -> str:
        return f"{self.video_id} at {self.at}"


class BankComment(models.Model):
    """What a marker says again and again: theirs alone, at every assignment of their platform."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="bank_comments")
    key = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(9)], help_text="On the keyboard."
    )
    text = models.TextField(max_length=5000)
    criterion = models.CharField(
        max_length=255, blank=True, help_text="Title of the criterion that it gives points on."
    )
    points = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("key", "created_at")
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="bank_comment_key_once"),
            models.CheckConstraint(condition=Q(key__gte=1, key__lte=9), name="bank_comment_key_1_to_9"),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.text[:40]}"
