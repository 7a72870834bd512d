"""From the frame into a whole window.

A partitioned cookie belongs to the site on top: a new window of ours, where we are on top ourselves, does not have it.
So the page in the frame, which has it, asks for a ticket (a minute, once), and the window turns the ticket into a
session of its own with the same person, role, place and end. Whoever leaves in one of them has left them all.
"""

import secrets

from django.core import signing
from django.db import transaction
from django.utils import timezone

from lti_tool.errors import LaunchRefused
from lti_tool.launch import oidc
from lti_tool.models import LaunchSession

TICKET_SECONDS = 60
_SALT = "lti_tool.launch.handover"


def ticket(session: LaunchSession) -> str:
    """A signed ticket for one more window of this session."""
    return signing.dumps({"l": str(session.pk), "n": secrets.token_urlsafe(16)}, salt=_SALT)


@transaction.atomic
def redeem(value: str) -> tuple[LaunchSession, str]:
    """A session for the new window, with its secret.

    Raises:
        LaunchRefused: the ticket is not ours, too old or used, or its session has ended or holds no more.
    """
    try:
        held = signing.loads(value, salt=_SALT, max_age=TICKET_SECONDS)
        # Locked, so that nobody leaves while one more window is opened.
        lasting = LaunchSession.objects.as_now().filter(pk=held["l"], expires_at__gt=timezone.now())
        of = lasting.select_for_update(no_key=True).first()
    except (signing.BadSignature, KeyError, TypeError, ValueError) as error:
        raise _refused() from error
    if of is None or not of.resource_link.platform.active or of.role_now() is None:
        raise _refused()
    oidc.use_up(held["n"])
    session, secret = LaunchSession.begin(
        person=of.person,
        resource_link=of.resource_link,
        role=of.role,
        message_type=of.message_type,
        return_url=of.return_url,
        for_sub=of.for_sub,
        expires_at=of.expires_at,
        opened_from_id=of.opened_from_id or of.pk,
    )
    return session, secret


def _refused() -> LaunchRefused:
    return LaunchRefused(
        "The ticket for a new window is unknown or older than a minute.",
        what="This window can no longer be opened.",
        next_step="Go back to the assignment in Moodle and press Full window again.",
    )
