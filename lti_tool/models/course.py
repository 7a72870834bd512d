from django.db import models

from lti_tool.ids import new_id
from lti_tool.models.person import Person
from lti_tool.models.platform import Deployment, Platform
from lti_tool.roles import Role


class Course(models.Model):
    """A context of a platform. A launch without a context gets a course of its own, named for its link (`sync.py`)."""

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
        constraints = [models.UniqueConstraint(fields=["platform", "context_id"], name="course_once")]

    def __str__(self) -> str:
        return self.title or self.context_id


class Membership(models.Model):
    """What somebody is in a course. A launch says it for sure; a roster only where no launch has (`moodle.md`, 11)."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    from_launch = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    staff_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when a launch has said that they are staff, whatever it says today."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "person"], name="membership_once")]
        indexes = [models.Index(fields=["course", "role", "active"], name="membership_by_role")]

    def __str__(self) -> str:
        return f"{self.person} ({self.role})"


class ResourceLink(models.Model):
    """One place in the LMS that launches us: in Moodle, an activity."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="resource_links")
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
    maximum_wanted = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="What its line item is to count to; empty: nothing is to be told.",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "resource_link_id"], name="resource_link_once")]

    def __str__(self) -> str:
        return self.title or self.resource_link_id
