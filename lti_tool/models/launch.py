import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from lti_tool.ids import new_id
from lti_tool.models.course import Course, ResourceLink
from lti_tool.models.person import Person
from lti_tool.roles import Role


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class LaunchSession(models.Model):
    """A session is a launch: its role and place hold for the pages under /l/<id>/ alone, opened by its own secret."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="launches")
    resource_link = models.ForeignKey(ResourceLink, on_delete=models.CASCADE, related_name="launches")
    role = models.CharField(max_length=10, choices=Role.choices)
    message_type = models.CharField(max_length=60)
    return_url = models.CharField(max_length=2000, blank=True)
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.id)

    @classmethod
    def begin(
        cls,
        *,
        person: Person,
        resource_link: ResourceLink,
        role: str,
        message_type: str,
        return_url: str,
        expires_at: datetime | None = None,
    ) -> tuple["LaunchSession", str]:
        """Store a launch that was verified; returns it with its secret, which is kept nowhere but in the cookie.

        Without `expires_at` it lasts LAUNCH_HOURS.
        """
        secret = secrets.token_urlsafe(32)
        session = cls.objects.create(
            person=person,
            resource_link=resource_link,
            role=role,
            message_type=message_type,
            return_url=return_url,
            secret_hash=_hash(secret),
            expires_at=expires_at or timezone.now() + timedelta(hours=settings.LAUNCH_HOURS),
        )
        return session, secret

    def opens_with(self, secret: str) -> bool:
        """True for this launch's own secret, while it lasts."""
        return hmac.compare_digest(self.secret_hash, _hash(secret)) and timezone.now() < self.expires_at

    @property
    def course(self) -> Course:
        return self.resource_link.course

    @property
    def is_staff(self) -> bool:
        return self.role in Role.staff()


class UsedNonce(models.Model):
    """A nonce that a launch consumed. Its primary key is what makes a second use fail, on any number of servers."""

    nonce_hash = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.nonce_hash
