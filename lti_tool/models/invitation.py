import secrets
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from lti_tool.models.platform import Platform
from lti_tool.models.session import hash_of

# In the query, because paths are logged and queries are not (`config/logging.py`).
PARAMETER = "invitation"


class Invitation(models.Model):
    """Leave to register one platform, once, by the address that holds its secret."""

    secret_hash = models.CharField(max_length=64, unique=True)
    note = models.CharField(max_length=200, blank=True, help_text="For whom it is, such as “Moodle of Our School”.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    platform = models.ForeignKey(Platform, on_delete=models.SET_NULL, null=True, blank=True, related_name="invitations")

    def __str__(self) -> str:
        return self.note or f"Invitation of {self.created_at:%d %b %Y}"

    @classmethod
    def make(cls, *, hours: int, note: str = "") -> tuple["Invitation", str]:
        """A new invitation and its address, which is shown once and kept nowhere."""
        secret = secrets.token_urlsafe(24)
        made: Invitation = cls.objects.create(
            secret_hash=hash_of(secret), note=note, expires_at=timezone.now() + timedelta(hours=hours)
        )
        return made, f"{settings.BASE_URL}{reverse('lti:register')}?{urlencode({PARAMETER: secret})}"

    @classmethod
    def of(cls, secret: str) -> "Invitation | None":
        return cls.objects.filter(secret_hash=hash_of(secret)).first()

    def is_open(self, at: datetime | None = None) -> bool:
        return self.used_at is None and (at or timezone.now()) < self.expires_at

    def take(self) -> bool:
        """Use it up; False if somebody else was quicker or it has expired."""
        now = timezone.now()
        taken = Invitation.objects.filter(pk=self.pk, used_at=None, expires_at__gt=now).update(used_at=now)
        return taken == 1

    def give_back(self) -> None:
        """The registration it was taken for did not happen: it may be tried again."""
        Invitation.objects.filter(pk=self.pk, platform=None).update(used_at=None)
