"""Names and Role Provisioning Services 2.0: the course's roster."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import structlog
from django.db import OperationalError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from lti_tool.errors import PlatformError, PlatformRefused, PlatformUnavailable
from lti_tool.models import Course, Membership, Person
from lti_tool.platform import call_service
from lti_tool.roles import Role, role_of
from lti_tool.sync import name_or_stand_in
from lti_tool.texts import is_text

log = structlog.get_logger(__name__)

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
_MEDIA_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
_MOST_PAGES = 200
_BATCH = 500
IN_USE = timedelta(days=14)  # since somebody opened anything in the course
FRESH = timedelta(hours=6)
T = TypeVar("T")
# RFC 8288. Moodle's line items use curly quotes, its NRPS straight ones; the address is case-sensitive either way.
_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*\brel=["“”]?next\b', re.IGNORECASE)


def refresh_roster(course: Course) -> PlatformError | None:
    """Fetch the course's roster and store it; the course keeps when that was, or why it failed (in plain words).

    Returns what the platform failed with, if it did.

    A roster never lowers what a launch said of somebody: Moodle lists a non-editing teacher as Learner.
    """
    if not course.memberships_url:
        _remember_problem(course, "This platform did not offer its course roster to the tool.")
        return None
    began = timezone.now()
    try:
        members = list(_members(course))
    except PlatformError as error:
        log.warning("roster_failed", course=str(course.pk), status=error.status)
        _remember_problem(course, f"The roster could not be read: {error.reason}")
        return error
    try:
        _store(course, members, began)
    except OperationalError:  # another course's roster, with the same people, was in the way
        _store(course, members, began)
    log.info("roster_read", course=str(course.pk), members=len(members))
    return None


def stale(*, at_most: int = 50) -> list[str]:
    """Ids of courses in use whose roster has not been asked for lately, longest ago first: what the sweep refreshes."""
    now = timezone.now()
    in_use = Membership.objects.filter(course=OuterRef("pk"), seen_at__gt=now - IN_USE)
    courses = (
        Course.objects.filter(Exists(in_use), platform__active=True)
        .exclude(memberships_url="")
        .exclude(platform__health__paused_until__gt=now)  # its many courses would be in the way of others'
        .filter(Q(roster_tried_at=None) | Q(roster_tried_at__lt=now - FRESH))
        .order_by(F("roster_tried_at").asc(nulls_first=True))
    )
    return [str(pk) for pk in courses.values_list("pk", flat=True)[:at_most]]


@dataclass(frozen=True)
class _Member:
    """One active person of a roster. Moodle escapes HTML in names here, not at launch; ours are plain."""

    sub: str
    role: Role
    name: str
    email: str


def _members(course: Course) -> Iterator[_Member]:
    url: str | None = course.memberships_url
    for _ in range(_MOST_PAGES):
        if url is None:
            return
        answer = call_service(course.platform, "GET", url, scopes=[SCOPE], accept=_MEDIA_TYPE)
        page = answer.json.get("members") if isinstance(answer.json, dict) else None
        if not isinstance(page, list):
            # Taking it for an empty course would hide everybody.
            raise PlatformUnavailable("Moodle answered without a list of members.")
        yield from filter(None, map(_member, page))
        following = _NEXT.search(answer.headers.get("Link", ""))
        url = _next_page(url, html.unescape(following.group(1))) if following else None
    if url is not None:  # half a list would hide the other half
        raise PlatformRefused(f"Moodle's roster has more than {_MOST_PAGES} pages.")


def _next_page(url: str, following: str) -> str:
    """The token goes along, so it must be the same site's."""
    joined = urljoin(url, following)
    if urlsplit(joined)[:2] != urlsplit(url)[:2]:
        raise PlatformRefused("Moodle's next page of the roster is on another site.")
    return joined


def _member(told: Any) -> _Member | None:
    """None for who is not active, and for nonsense."""
    if not isinstance(told, dict) or told.get("status", "Active") != "Active":
        return None
    sub = told.get("user_id")
    if not sub or not is_text(sub, longest=255):
        return None

    def text(key: str) -> str:
        value = told.get(key)
        plain = html.unescape(value) if isinstance(value, str) else ""
        return plain if is_text(plain) else ""

    roles = told.get("roles")
    name = text("name") or " ".join(part for part in (text("given_name"), text("family_name")) if part)
    return _Member(
        sub=sub,
        role=role_of(uri for uri in (roles if isinstance(roles, list) else []) if isinstance(uri, str)),
        name=name[:255],
        email=text("email")[:320],
    )


@transaction.atomic
def _store(course: Course, members: list[_Member], began: datetime) -> None:
    """A few statements, however large the course is. `began`: when the list was asked for.

    Rows are locked in one order everywhere, because courses share people; and memberships before they are judged,
    because somebody may be launched meanwhile.
    """
    told = {member.sub: member for member in sorted(members, key=lambda member: member.sub)}
    people = _people(course, told)
    kept = course.memberships.select_for_update().order_by("pk")
    known = {membership.person_id: membership for membership in kept}
    fresh, changed = [], []
    for sub, person in people.items():
        membership = known.pop(person.pk, None)
        if membership is None:
            fresh.append(Membership(course=course, person=person, role=told[sub].role))
            continue
        role = told[sub].role
        if membership.from_launch:
            role = max(Role(membership.role), role, key=lambda role: role.rank)
        if not membership.active or membership.role != role:
            membership.active, membership.role = True, role
            changed.append(membership)
    # Who came after the list was made is not missing from it.
    gone = [one.pk for one in known.values() if one.active and not (one.seen_at and one.seen_at >= began)]
    Membership.objects.bulk_create(fresh, batch_size=_BATCH, ignore_conflicts=True)
    Membership.objects.bulk_update(changed, ["active", "role"], batch_size=_BATCH)
    for batch in _batches(gone):
        Membership.objects.filter(pk__in=batch).update(active=False)
    course.roster_refreshed_at = course.roster_tried_at = timezone.now()
    course.roster_problem = ""
    course.save(update_fields=["roster_refreshed_at", "roster_tried_at", "roster_problem"])


def _people(course: Course, told: dict[str, _Member]) -> dict[str, Person]:
    """The persons of a roster by `sub`: made, or brought up to date with what it says (never emptied by it)."""
    platform = course.platform
    fresh = [
        Person(
            platform=platform, sub=one.sub, name=name_or_stand_in(one.name, one.email, one.sub)[:255], email=one.email
        )
        for one in told.values()
    ]
    # Those who are known stay as they are.
    Person.objects.bulk_create(fresh, batch_size=_BATCH, ignore_conflicts=True)
    known = {
        person.sub: person
        for batch in _batches(list(told))
        for person in Person.objects.filter(platform=platform, sub__in=batch)
    }
    people = {sub: known[sub] for sub in told if sub in known}
    changed = []
    for sub, person in people.items():
        name, email = told[sub].name or person.name, told[sub].email or person.email
        if (person.name, person.email) != (name, email):
            person.name, person.email = name, email
            changed.append(person)
    Person.objects.bulk_update(changed, ["name", "email"], batch_size=_BATCH)
    return people


def _batches(things: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(things), _BATCH):
        yield things[start : start + _BATCH]


def _remember_problem(course: Course, problem: str) -> None:
    course.roster_problem = problem[:300]
    course.roster_tried_at = timezone.now()
    course.save(update_fields=["roster_problem", "roster_tried_at"])
