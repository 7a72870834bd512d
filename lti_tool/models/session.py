import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from config.compiled import Insert
from lti_tool.ids import new_id
from lti_tool.models.course import Membership
from lti_tool.models.person import Person
from lti_tool.roles import Role

S = TypeVar("S", bound="Session")


class SessionQuerySet(models.QuerySet[S]):
    def as_now(self) -> "SessionQuerySet[S]":
        """With `present_role`: what its person is in its course at this moment; None for who is not there any more."""
        member = Membership.objects.filter(person=OuterRef("person"), course=OuterRef(self.model.COURSE), active=True)
        now: SessionQuerySet[S] = self.annotate(present_role=Subquery(member.values("role")[:1]))  # type: ignore[assignment]
        return now


class Session(models.Model):
    """What one launch opened: who came, as what, until when. Its pages are below `path`, opened by its own secret."""

    PLACE: ClassVar[str]
    COURSE: ClassVar[str]  # the way to its course, in a query
    present_role: str | None  # of rows from `as_now`

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="%(class)ss")
    role = models.CharField(max_length=10, choices=Role.choices)
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.id)

    @classmethod
    def begin(cls, *, expires_at: datetime | None = None, **fields: Any) -> tuple[Self, str]:
        """Store what a verified launch opened; returns it with its secret, which is kept nowhere but in the cookie.

        Without `expires_at` it lasts LAUNCH_HOURS.
        """
        secret = secrets.token_urlsafe(32)
        ends = expires_at or timezone.now() + timedelta(hours=settings.LAUNCH_HOURS)
        session = cls(secret_hash=hash_of(secret), expires_at=ends, **fields)
        _insert(cls).store(session)
        return session, secret

    def opens_with(self, secret: str) -> bool:
        """True for this session's own secret, while it lasts."""
        return hmac.compare_digest(self.secret_hash, hash_of(secret)) and timezone.now() < self.expires_at

    def role_now(self) -> Role | None:
        """What it may do now, of a row from `as_now`: what its launch said, or the less that has been said since.

        None: nothing, because its person has left the course, or was staff and is a student now. Such a session never
        goes on as a student's: what is typed on staff's pages would be read as a student's.
        """
        if self.present_role is None:
            return None
        role = min(Role(self.role), Role(self.present_role), key=lambda role: role.rank)
        return None if self.is_staff and role not in Role.staff() else role

    @property
    def path(self) -> str:
        return f"/{self.PLACE}/{self.pk}/"

    @property
    def start(self) -> str:
        """Where the browser goes first."""
        return self.path

    @property
    def is_staff(self) -> bool:
        return self.role in Role.staff()


@cache
def _insert(model: "type[S]") -> "Insert[S]":
    return Insert(model)


def hash_of(secret: str) -> str:
    """What is stored of a secret that only its holder knows."""
    return hashlib.sha256(secret.encode()).hexdigest()
