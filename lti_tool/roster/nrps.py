"""Names and Role Provisioning Services 2.0: the course's roster, and who of it can open one activity."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import parse_qsl, urlencode, urlsplit

import structlog
from django.core.cache import cache
from django.db import OperationalError
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from lti_tool import paging
from lti_tool.errors import PlatformError, PlatformRefused, PlatformUnavailable
from lti_tool.models import Course, Membership, Platform, ResourceLink
from lti_tool.roles import Role
from lti_tool.roster import members, memberships
from lti_tool.roster.members import Member

log = structlog.get_logger(__name__)

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
_MEDIA_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
IN_USE = timedelta(days=14)  # since somebody opened anything in the course
FRESH = timedelta(hours=6)
_ASKED_AGAIN = 24 * 3600  # seconds after which a platform is asked again for what it refused


@dataclass(frozen=True)
class _List:
    """`members` by `sub`; `unread`: how many entries nobody can tell whose they are."""

    members: dict[str, Member]
    unread: int


def refresh_roster(course: Course, link: ResourceLink | None = None) -> PlatformError | None:
    """Fetch the course's roster and store it; the course keeps when that was, or why it failed (in plain words).

    With `link`, also who of the course can open that activity, where the platform says it (NRPS 2.0, 2.4): what it
    refuses or cannot answer leaves the whole course. What rosters may change is in `memberships.py`.

    Returns what the platform failed with, if it did.
    """
    if not course.memberships_url:
        _remember_problem(course, "This platform did not offer its course roster to the tool.")
        return None
    began = timezone.now()
    if link is not None:
        ResourceLink.objects.filter(pk=link.pk).update(roster_asked_at=began)
    try:
        read = _list(course.platform, course.memberships_url)
        if read.unread and not read.members:
            # Taking it for an empty course would hide everybody.
            raise PlatformRefused(f"none of its {read.unread} entries has a user_id that can be read.")
    except PlatformError as error:
        log.warning("roster_failed", course=str(course.pk), status=error.status)
        _remember_problem(course, f"The roster could not be read: {error.reason}")
        return error
    if read.unread:
        log.warning("roster_entries_unread", course=str(course.pk), entries=read.unread)
    of_link, told = _of_link(course, link, read) if link is not None else (None, False)
    asked = link if told else None
    store = partial(
        memberships.store, course, read.members, began=began, whole=not read.unread, link=asked, of_link=of_link
    )
    try:
        store()
    except OperationalError:  # another course's roster, with the same people, was in the way
        store()
    log.info("roster_read", course=str(course.pk), members=len(read.members))
    return None


def stale(*, at_most: int = 50) -> list[str]:
    """Ids of courses in use whose roster has not been asked for lately, longest ago first, for the periodic task."""
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


def _of_link(course: Course, link: ResourceLink, whole: _List) -> tuple[dict[str, Member] | None, bool]:
    """Who can open the link (None: everybody), and whether that was told: an answer that fails changes nothing."""
    refused = f"no-list-of-link:{link.pk}"
    if link.platform_id != course.platform_id or _was_refused(refused):
        return None, True
    try:
        read = _list(course.platform, _address(course.memberships_url, link))
    except PlatformRefused as error:
        log.info("list_of_link_refused", link=str(link.pk), status=error.status)
        _note_refusal(refused)
        return None, True
    except PlatformUnavailable as error:
        log.warning("list_of_link_failed", link=str(link.pk), status=error.status)
        return None, False
    able = {sub: member for sub, member in read.members.items() if member.active}
    if read.unread or not _students(able.values()):
        # What nobody could open, such as a hidden activity, would show an empty list of students.
        return None, not read.unread
    return able, True


def _address(memberships_url: str, link: ResourceLink) -> str:
    """The roster's address with the link's id, as the platform calls it, beside what its query has already."""
    parts = urlsplit(memberships_url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "rlid"]
    return parts._replace(query=urlencode([*query, ("rlid", link.resource_link_id)]), fragment="").geturl()


def _students(people: Iterable[Member]) -> bool:
    return any(member.role == Role.STUDENT for member in people)


def _list(platform: Platform, url: str) -> _List:
    """Every page of a list of members.

    Raises:
        PlatformUnavailable, PlatformRefused: as `paging.pages`; also where a page has no list of members.
    """
    found: list[Member] = []
    unread = 0
    for answer in paging.pages(platform, url, scopes=[SCOPE], accept=_MEDIA_TYPE):
        entries = answer.json.get("members") if isinstance(answer.json, dict) else None
        if not isinstance(entries, list):
            raise PlatformUnavailable("Moodle answered without a list of members.")
        read = [member for entry in entries if (member := members.read(entry)) is not None]
        unread += len(entries) - len(read)
        found += read
    return _List(members.by_sub(found), unread)


def _was_refused(key: str) -> bool:
    try:
        return bool(cache.get(key))
    except Exception:  # each cache library has errors of its own; the cache only saves a request
        log.warning("cache_unavailable")
        return False


def _note_refusal(key: str) -> None:
    try:
        cache.set(key, True, _ASKED_AGAIN)
    except Exception:  # as above
        log.warning("cache_unavailable")


def _remember_problem(course: Course, problem: str) -> None:
    course.roster_problem = problem[:300]
    course.roster_tried_at = timezone.now()
    course.save(update_fields=["roster_problem", "roster_tried_at"])
