"""Which e-mails somebody wants: the signed address in each one, and what it switches."""

import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from lti_tool.models import Person
from video.models import MailChoice

Kind = MailChoice.Kind
PARAMETER = "choice"
# Good for as long as the e-mail is kept: who wants no more of them has the oldest at hand.
_signer = Signer(salt="reelmark.mail-choice", sep=".")


@dataclass(frozen=True)
class Choice:
    """Whose and of what kind. The person may be gone by now; nobody is told whether."""

    person_id: uuid.UUID
    kind: Kind

    @property
    def person(self) -> Person | None:
        return Person.objects.filter(pk=self.person_id).first()

    @property
    def off(self) -> bool:
        return MailChoice.objects.filter(person=self.person_id, kind=self.kind, off=True).exists()

    @property
    def path(self) -> str:
        # In the query: paths are logged, and whoever has this may switch.
        return f"{reverse('mail-choice')}?{urlencode({PARAMETER: self._signed})}"

    @property
    def url(self) -> str:
        return f"{settings.BASE_URL}{self.path}"

    def switch(self, *, off: bool) -> None:
        if self.person is not None:
            MailChoice.objects.update_or_create(person_id=self.person_id, kind=self.kind, defaults={"off": off})

    @property
    def _signed(self) -> str:
        return _signer.sign(f"{self.kind.value}.{self.person_id.hex}")


def read(signed: str) -> Choice | None:
    """The choice of a signed address; None for any other."""
    try:
        kind, _, person = _signer.unsign(signed).partition(".")
        return Choice(person_id=uuid.UUID(person), kind=Kind(kind))
    except (BadSignature, ValueError):
        return None
