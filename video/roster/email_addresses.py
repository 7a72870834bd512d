"""E-mail addresses of those whose work is missing, for a teacher's own mail."""

from dataclasses import dataclass

from video.models import Assignment
from video.roster import listing
from video.roster.listing import View


@dataclass(frozen=True)
class Missing:
    """`emails` once each, in the order of the names; `without`: how many have none here."""

    emails: list[str]
    without: int


def missing(*, assignment: Assignment) -> Missing:
    """Of everybody who has handed nothing in. Not for anonymous marking: who is missing tells who is not."""
    view = View(show="missing")
    found = view.ordered(listing.people(assignment).filter(view.condition)).values_list("shown_email", flat=True)
    emails = [email.strip() for email in found]
    return Missing(emails=list(dict.fromkeys(filter(None, emails))), without=sum(not email for email in emails))
