import secrets
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from lti_tool.models.platform import Platform
from lti_tool.models.session import hash_of

# In the query, because paths are logged and queries are not (`config/logging.py`).
PARAMETER = "invitation"
LEFT_BEHIND = timedelta(minutes=2)  # longer than a registration can take


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

    address = ""  # of one that was made just now; not kept

    @classmethod
    def make(cls, *, hours: int, note: str = "") -> tuple["Invitation", str]:
        """A new invitation and its address, which is shown once and kept nowhere."""
        made = cls(note=note)
        return made, made.invite(hours=hours)

    def invite(self, *, hours: int) -> str:
        """Store this new invitation; its address."""
        secret = secrets.token_urlsafe(24)
        self.secret_hash, self.expires_at = hash_of(secret), timezone.now() + timedelta(hours=hours)
        self.save(force_insert=True)
        return f"{settings.BASE_URL}{reverse('lti:register')}?{urlencode({PARAMETER: secret})}"

    @classmethod
    def of(cls, secret: str) -> "Invitation | None":
        return cls.objects.filter(secret_hash=hash_of(secret)).first()

    def is_open(self, at: datetime | None = None) -> bool:
        now = at or timezone.now()
        free = self.used_at is None or (self.platform_id is None and self.used_at < now - LEFT_BEHIND)
        return free and now < self.expires_at

    def take(self) -> bool:
        """Use it up; False if somebody else was quicker or it has expired.

        One that was taken and led nowhere, because the process died, may be taken again a little later.
        """
        now = timezone.now()
        left = Q(used_at=None) | Q(used_at__lt=now - LEFT_BEHIND, platform=None)
        return Invitation.objects.filter(left, pk=self.pk, expires_at__gt=now).update(used_at=now) == 1

    def give_back(self) -> None:
        """The registration it was taken for did not happen: it may be tried again."""
        Invitation.objects.filter(pk=self.pk, platform=None).update(used_at=None)
