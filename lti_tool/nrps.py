"""Names and Role Provisioning Services 2.0: the course's roster."""

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import structlog
from django.db import transaction
from django.utils import timezone

from lti_tool.errors import PlatformError
from lti_tool.models import Course, Membership, Person
from lti_tool.platform import call_service
from lti_tool.roles import role_of
from lti_tool.sync import name_or_stand_in

log = structlog.get_logger(__name__)

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
_MEDIA_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
_MOST_PAGES = 200
# RFC 8288. Moodle's line items use curly quotes, its NRPS straight ones; the address is case-sensitive either way.
_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*\brel=["“”]?next\b', re.IGNORECASE)


def refresh_roster(course: Course) -> None:
    """Fetch the course's roster and store it; the course keeps when that was, or why it failed (in plain words).

    A role seen at a launch is never changed by a roster: Moodle lists a non-editing teacher as Learner.
    """
    if not course.memberships_url:
        _remember_problem(course, "This platform did not offer its course roster to the tool.")
        return
    try:
        members = list(_members(course))
    except PlatformError as error:
        log.warning("roster_failed", course=str(course.pk), status=error.status)
        _remember_problem(course, f"The roster could not be read: {error.reason}")
        return
    _store(course, members)
    log.info("roster_read", course=str(course.pk), members=len(members))


def _members(course: Course) -> Iterator[dict[str, Any]]:
    url: str | None = course.memberships_url
    for _ in range(_MOST_PAGES):
        if url is None:
            return
        answer = call_service(course.platform, "GET", url, scopes=[SCOPE], accept=_MEDIA_TYPE)
        page = answer.json.get("members") if isinstance(answer.json, dict) else None
        for member in page if isinstance(page, list) else []:
            if isinstance(member, dict) and isinstance(member.get("user_id"), str):
                yield member
        following = _NEXT.search(answer.headers.get("Link", ""))
        url = urljoin(url, html.unescape(following.group(1))) if following else None


@transaction.atomic
def _store(course: Course, members: list[dict[str, Any]]) -> None:
    present: set[str] = set()
    for member in members:
        sub = member["user_id"]
        if len(sub) > 255 or member.get("status", "Active") != "Active":
            continue
        present.add(sub)
        person = _person(course, member)
        roles = member.get("roles")
        role = role_of(uri for uri in (roles if isinstance(roles, list) else []) if isinstance(uri, str))
        membership, created = Membership.objects.get_or_create(course=course, person=person, defaults={"role": role})
        kept = membership.role if membership.from_launch else role
        if not created and (not membership.active or membership.role != kept):
            membership.active, membership.role = True, kept
            membership.save(update_fields=["active", "role"])
    course.memberships.exclude(person__sub__in=present).update(active=False)
    course.roster_refreshed_at = timezone.now()
    course.roster_problem = ""
    course.save(update_fields=["roster_refreshed_at", "roster_problem"])


def _person(course: Course, member: dict[str, Any]) -> Person:
    def text(key: str) -> str:
        value = member.get(key)
        return html.unescape(value) if isinstance(value, str) else ""  # Moodle escapes names here, not at launch

    name = text("name") or " ".join(part for part in (text("given_name"), text("family_name")) if part)
    sub = member["user_id"]
    known = {"name": name[:255], "email": text("email")[:320]}
    person, created = Person.objects.get_or_create(
        platform=course.platform,
        sub=sub,
        defaults={**known, "name": name_or_stand_in(name, known["email"], sub)[:255]},
    )
    if not created:
        changed = [key for key, value in known.items() if value and getattr(person, key) != value]
        for key in changed:
            setattr(person, key, known[key])
        if changed:
            person.save(update_fields=changed)
    return person


def _remember_problem(course: Course, problem: str) -> None:
    course.roster_problem = problem[:300]
    course.save(update_fields=["roster_problem"])
