"""Rows beside those of the LTI package: edx-platform's people, their outside ids and gradebook; and our own log."""

# ruff: noqa: DJ008  no page ever shows these rows by name

import uuid
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import models


class Profile(models.Model):
    """A person's name and place in the one course. The package follows `user.profile`."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="profile")
    name = models.CharField(max_length=255)
    course_role = models.CharField(max_length=20, blank=True)  # "staff" or "instructor": in the course team
    forum_role = models.CharField(max_length=40, blank=True)  # "Community TA": an assistant


class ExternalIdType(models.Model):
    name = models.CharField(max_length=32, unique=True)


class ExternalId(models.Model):
    """The id by which an outside system knows a person: LTI's `sub`."""

    external_user_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    external_id_type = models.ForeignKey(ExternalIdType, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "external_id_type"], name="one_id_of_a_type")]

    @classmethod
    def add_new_user_id(cls, user: User, type_name: str) -> tuple["ExternalId", bool]:
        """The id and whether it is new, as edx-platform answers."""
        kind, _ = ExternalIdType.objects.get_or_create(name=type_name)
        return cls.objects.get_or_create(user=user, external_id_type=kind)

    @classmethod
    def batch_get_or_create_user_ids(cls, users: Iterable[User], type_name: str) -> dict[int, "ExternalId"]:
        """Ids by the user's primary key."""
        return {user.pk: cls.add_new_user_id(user, type_name)[0] for user in users}


class GradebookEntry(models.Model):
    """What the LMS itself would show the student, in points; only a final score of ours gets here."""

    user = models.OneToOneField(User, on_delete=models.CASCADE)
    value = models.FloatField(null=True)
    max_value = models.FloatField(null=True)


class ServiceCall(models.Model):
    """One request to the LTI services, so that tests can see what was asked for and how it was answered."""

    method = models.CharField(max_length=10)
    path = models.TextField()
    query = models.TextField(blank=True)
    accept = models.TextField(blank=True)
    content_type = models.TextField(blank=True)
    status = models.IntegerField()
