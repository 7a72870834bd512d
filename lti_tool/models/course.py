from enum import IntFlag
from typing import Any

from django.db import models

from lti_tool.ids import new_id
from lti_tool.models.person import Person
from lti_tool.models.platform import Deployment, Platform
from lti_tool.roles import Role


class Course(models.Model):
    """A context of a deployment: its id is unique there and nowhere else (LTI Core 1.3, 5.4.1).

    A launch without a context gets a course of its own, named for its link (`sync.py`).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="courses")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="courses")
    context_id = models.CharField(max_length=300)
    title = models.CharField(max_length=500, blank=True)
    history = models.JSONField(
        default=list, blank=True, help_text="Context ids of the courses it was copied from ($Context.id.history)."
    )
    memberships_url = models.CharField(max_length=2000, blank=True)
    roster_refreshed_at = models.DateTimeField(null=True, blank=True)
    roster_tried_at = models.DateTimeField(null=True, blank=True)
    roster_problem = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "context_id"], name="course_once")]

    def __str__(self) -> str:
        return self.title or self.context_id


class Told(IntFlag):
    """What the last launch, and the last roster, told of somebody."""

    LAUNCH_NAME = 1
    LAUNCH_EMAIL = 2
    ROSTER_NAME = 4
    ROSTER_EMAIL = 8

    @classmethod
    def by_launch(cls, name: str, email: str) -> "Told":
        return (cls.LAUNCH_NAME if name else cls(0)) | (cls.LAUNCH_EMAIL if email else cls(0))

    @classmethod
    def by_roster(cls, name: str, email: str) -> "Told":
        return (cls.ROSTER_NAME if name else cls(0)) | (cls.ROSTER_EMAIL if email else cls(0))


BY_LAUNCH, BY_ROSTER = Told.LAUNCH_NAME | Told.LAUNCH_EMAIL, Told.ROSTER_NAME | Told.ROSTER_EMAIL


class Membership(models.Model):
    """What somebody is in a course now, by launches and rosters; `roster/memberships.py` has what a roster may change.

    `told` says where name and e-mail come from: only who told something takes it back by leaving it out.
    """

    GONE = "gone"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    from_launch = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    listed = models.CharField(
        max_length=10, blank=True, help_text="What the roster said last: a role, or gone. Empty: never on it."
    )
    told = models.PositiveSmallIntegerField(default=0, help_text="By whom name and e-mail were told last: of `Told`.")
    staff_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when a launch has said that they are staff, whatever it says today."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "person"], name="membership_once")]
        indexes = [models.Index(fields=["course", "role", "active"], name="membership_by_role")]

    def __str__(self) -> str:
        return f"{self.person} ({self.role})"


class ResourceLink(models.Model):
    """One place in the LMS that launches us: in Moodle, an activity. Its id is unique in its deployment (LTI Core 1.3,
    5.3.5). Deleted and restored there, an activity comes back as another link (`moodle.md`, 28).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="resource_links")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="resource_links")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="resource_links")
    resource_link_id = models.CharField(max_length=255)
    title = models.CharField(max_length=500, blank=True)
    description = models.TextField(blank=True)
    content_id = models.CharField(
        max_length=100, blank=True, help_text="custom.assignment: what our Deep Linking reply called its content."
    )
    lineitem_url = models.CharField(max_length=2000, blank=True)
    lineitems_url = models.CharField(max_length=2000, blank=True)
    scopes = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True, help_text="Of its first launch.")
    silent_since = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When another link appeared in the course, as long as this one was not launched again since.",
    )
    gone_at = models.DateTimeField(null=True, blank=True, help_text="When the platform said that it has no such place.")
    maximum_wanted = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="What its line item is to count to; empty: nothing is to be told.",
    )
    roster_asked_at = models.DateTimeField(null=True, blank=True, help_text="When it was asked who can open it.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "resource_link_id"], name="resource_link_once")]

    def __str__(self) -> str:
        return self.title or self.resource_link_id

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.deployment_id:
            self.deployment_id = self.course.deployment_id
        super().save(*args, **kwargs)


class KeptOut(models.Model):
    """Somebody of the course who cannot open this link, as the platform's own list for the link says.

    Rows are kept for these and not for who can, because most activities are open to the whole course.
    """

    resource_link = models.ForeignKey(ResourceLink, on_delete=models.CASCADE, related_name="kept_out")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="kept_out_of")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resource_link", "person"], name="kept_out_once")]

    def __str__(self) -> str:
        return f"{self.person_id} of {self.resource_link_id}"
