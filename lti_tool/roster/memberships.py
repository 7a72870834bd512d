"""A roster that was read -> rows: who is in the course, as what, and who of them cannot open a link.

A launch is the platform's word on one person, a roster its word on all, and neither is always the whole truth: Moodle
lists a non-editing teacher as Learner and leaves out administrators who are not enrolled (`moodle.md`, 11). So

- a roster lowers what a launch said only of whom it had listed in that role (or a higher) before;
- who was on it and is missing, or is said to be inactive for the first time, is gone until they launch again;
- who launched and was never on it stays: staff as long as nothing else is said, students while their session may last.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lti_tool.models import BY_LAUNCH, BY_ROSTER, Course, KeptOut, Membership, Person, ResourceLink, Told
from lti_tool.names import name_now, name_or_stand_in
from lti_tool.roles import Role
from lti_tool.roster.members import Member

_BATCH = 500
_SEEN_WITHIN = timedelta(hours=1)  # how exact `Membership.seen_at` is
_CHANGED = ("active", "role", "listed", "from_launch", "told")
_GONE = {"active": False, "from_launch": False, "listed": Membership.GONE}
T = TypeVar("T")


@transaction.atomic
def store(
    course: Course,
    members: dict[str, Member],
    *,
    began: datetime,
    whole: bool,
    link: ResourceLink | None = None,
    of_link: dict[str, Member] | None = None,
) -> None:
    """A few statements, however large the course is.

    Rows are locked in one order everywhere, because courses share people: memberships, then people by their `sub`.

    Args:
        members: by `sub`, sorted.
        began: when the list was asked for.
        whole: False where some entry could not be read, so that nobody can be said to be missing.
        of_link: who can open `link`, by `sub`; None: everybody. Without a `link` nothing changes there.
    """
    memberships = {one.person_id: one for one in course.memberships.select_for_update().order_by("pk")}
    told = {sub: _with_names_of_link(member, (of_link or {}).get(sub)) for sub, member in members.items()}
    told |= {sub: member for sub, member in (of_link or {}).items() if sub not in told}
    people = _people(course, dict(sorted(told.items())), memberships, began)
    fresh: list[Membership] = []
    changed: list[Membership] = []
    gone: list[Membership] = []
    listed = set()
    for sub, person in people.items():
        listed.add(person.pk)
        membership = memberships.get(person.pk)
        if membership is None:
            if told[sub].active:
                fresh.append(_member_of(course, person, told[sub]))
        elif not _launched_since(membership, began) and _heard(membership, told[sub]):
            (changed if membership.active else gone).append(membership)
    if whole:
        missing = [one for pk, one in memberships.items() if pk not in listed and not _launched_since(one, began)]
        for one in missing:
            if _missed(one, explicit=False):
                (changed if one.active else gone).append(one)
    Membership.objects.bulk_create(fresh, batch_size=_BATCH, ignore_conflicts=True)
    Membership.objects.bulk_update(changed, _CHANGED, batch_size=_BATCH)
    for batch in _batches([one.pk for one in gone]):
        Membership.objects.filter(pk__in=batch).update(**_GONE)
    if link is not None:
        able = people if of_link is None else of_link
        _keep_out(link, {person.pk for sub, person in people.items() if sub not in able})
    course.roster_refreshed_at = course.roster_tried_at = timezone.now()
    course.roster_problem = ""
    course.save(update_fields=["roster_refreshed_at", "roster_tried_at", "roster_problem"])


def _with_names_of_link(member: Member, of_link: Member | None) -> Member:
    """A platform may share names with one activity alone (Moodle: “Delegate to teacher”)."""
    if of_link is None or not of_link.of_link:
        return replace(member, of_link=False)
    return replace(member, of_link=True, link_name=of_link.name, link_email=of_link.email)


def _launched_since(membership: Membership, began: datetime) -> bool:
    """Who came after the list was made is not missing from it, and what their launch said is newer."""
    return membership.seen_at is not None and membership.seen_at >= began


def _member_of(course: Course, person: Person, told: Member) -> Membership:
    return Membership(
        course=course,
        person=person,
        role=told.role,
        listed=told.role,
        told=Told.by_roster(told.name, told.email),
    )


def _heard(membership: Membership, told: Member) -> bool:
    """Bring a membership up to date with its entry; whether anything changed."""
    if not told.active:
        return _missed(membership, explicit=True)
    before = _state(membership)
    was, role = Role(membership.role), told.role
    if membership.from_launch and role.rank < was.rank and not _was_listed_as(membership, was):
        role = was
    membership.active, membership.role, membership.listed = True, role, told.role
    by_launch = Told.by_launch(told.link_name, told.link_email) if told.of_link else membership.told & BY_LAUNCH
    membership.told = by_launch | Told.by_roster(told.name, told.email)
    return _state(membership) != before


def _was_listed_as(membership: Membership, role: Role) -> bool:
    """The roster has had them in this role (or a higher), so it knows when that ends."""
    return membership.listed in Role.values and Role(membership.listed).rank >= role.rank


def _missed(membership: Membership, *, explicit: bool) -> bool:
    """Somebody is not on the list, or (`explicit`) said to be inactive; whether anything changed.

    What it has said before is no news, or each roster would end the launch that came since.
    """
    before = _state(membership)
    listed = membership.listed in Role.values
    news = membership.listed != Membership.GONE if explicit else listed and membership.role != Role.ADMIN
    if news or not membership.from_launch or not _may_stay(membership):
        for name, value in _GONE.items():
            setattr(membership, name, value)
    elif listed:
        membership.listed = Membership.GONE
    return _state(membership) != before


def _may_stay(membership: Membership) -> bool:
    if membership.role in Role.staff():
        return True
    lasts = timedelta(hours=settings.LAUNCH_HOURS) + _SEEN_WITHIN
    return membership.seen_at is not None and timezone.now() - membership.seen_at < lasts


def _state(membership: Membership) -> list[object]:
    return [getattr(membership, name) for name in _CHANGED]


def _people(
    course: Course, told: dict[str, Member], memberships: dict[UUID, Membership], began: datetime
) -> dict[str, Person]:
    """The persons of a roster by `sub`: made, or brought up to date with what it says, or has ceased to say."""
    platform = course.platform
    fresh = [
        Person(platform=platform, sub=sub, name=name_or_stand_in(*_told(one), sub), email=_told(one)[1])
        for sub, one in told.items()
    ]
    # Those who are known stay as they are.
    Person.objects.bulk_create(fresh, batch_size=_BATCH, ignore_conflicts=True)
    known = {
        person.sub: person
        for batch in _batches(list(told))
        for person in Person.objects.select_for_update().filter(platform=platform, sub__in=batch).order_by("sub")
    }
    people = {sub: known[sub] for sub in told if sub in known}
    changed = []
    for sub, person in people.items():
        membership = memberships.get(person.pk)
        if membership is not None and _launched_since(membership, began):
            continue
        forgets_name, forgets_email = _forgets(told[sub], membership)
        name, email = _told(told[sub])
        email = email or ("" if forgets_email else person.email)
        name = name_now(person.name, person.email, name=name, email=email, sub=sub, forget=forgets_name)
        if (person.name, person.email) != (name, email):
            person.name, person.email = name, email
            changed.append(person)
    Person.objects.bulk_update(changed, ["name", "email"], batch_size=_BATCH)
    return people


def _told(member: Member) -> tuple[str, str]:
    """Name and e-mail address of whichever list has them."""
    return member.name or member.link_name, member.email or member.link_email


def _forgets(told: Member, membership: Membership | None) -> tuple[bool, bool]:
    """Whether name and e-mail address are withdrawn: by the list that had told them. An ended entry says nothing."""
    if membership is None or not told.active:
        return False, False
    tellers = membership.told & (BY_ROSTER | BY_LAUNCH if told.of_link else BY_ROSTER)
    return bool(tellers & (Told.ROSTER_NAME | Told.LAUNCH_NAME)), bool(
        tellers & (Told.ROSTER_EMAIL | Told.LAUNCH_EMAIL)
    )


def _keep_out(link: ResourceLink, kept_out: set[UUID]) -> None:
    """Store who of the course cannot open the link."""
    known = set(link.kept_out.values_list("person_id", flat=True))
    for batch in _batches(list(known - kept_out)):
        link.kept_out.filter(person__in=batch).delete()
    fresh = [KeptOut(resource_link=link, person_id=pk) for pk in kept_out - known]
    KeptOut.objects.bulk_create(fresh, batch_size=_BATCH, ignore_conflicts=True)


def _batches(things: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(things), _BATCH):
        yield things[start : start + _BATCH]
