"""A verified launch -> rows. What this launch says replaces what an earlier one said.

The usual launch (somebody known, to a known link, with nothing new) reads one row (joined of four)
and writes its session.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet
from django.utils import timezone

from config.compiled import Select
from lti_tool.errors import LaunchRefused
from lti_tool.launch.claims import Launch
from lti_tool.models import (
    BY_ROSTER,
    ContentSelection,
    Course,
    Deployment,
    KeptOut,
    LaunchSession,
    Membership,
    Person,
    Platform,
    ResourceLink,
    Session,
    Told,
)
from lti_tool.names import name_now, name_or_stand_in
from lti_tool.registered import Registration
from lti_tool.roles import Role

_SEEN_AGAIN = timedelta(hours=1)  # how exact the times of being seen are
_MOST_HISTORY = 20


def record(launch: Launch, registration: Registration) -> tuple[Session, str]:
    """Store who came, from where, to what; returns the session of the launch with its secret. In a transaction.

    Raises:
        LaunchRefused: the launch is to choose content, but names no course to choose it for.
    """
    deployment = registration.deployments[launch.deployment_id]
    platform = registration.platform
    known = _known(launch, deployment)
    person = _person(launch, platform, known)
    course = _course(launch, platform, deployment, known)
    _membership(launch, course, person, known)
    _seen(launch, platform)
    if launch.selection is not None:
        return ContentSelection.begin(
            person=person,
            role=launch.role,
            course=course,
            deployment=deployment,
            return_url=launch.selection.return_url,
            data=launch.selection.data,
            accept_multiple=launch.selection.accept_multiple,
        )
    return LaunchSession.begin(
        person=person,
        role=launch.role,
        resource_link=_resource_link(launch, deployment, course, known),
        message_type=launch.message_type,
        return_url=launch.return_url,
        for_sub=launch.for_sub,
    )


def _context_id(launch: Launch) -> str:
    if launch.context is not None:
        return launch.context.id
    if launch.resource_link is None:
        raise LaunchRefused("The platform does not say for which course content is chosen (context).")
    # Without a context nothing says that two links belong together, so each is a course of its own.
    return f"no-context:{launch.resource_link.id}"


def _known(launch: Launch, deployment: Deployment) -> Membership | None:
    """The membership with its person, its course, and (as `.link`, perhaps None) the resource link.

    Ids of contexts and links are unique in a deployment, those of people on the platform (LTI Core 1.3, 5.3).
    It is locked, so that a roster that is being stored comes wholly before this launch or wholly after it. `kept_out`:
    the platform's list for the link was without this person.
    """
    asked: dict[str, Any] = {
        "deployment": deployment.pk,
        "context": _context_id(launch),
        "platform": deployment.platform_id,
        "sub": launch.sub,
    }
    if launch.resource_link is None:
        return _MEMBER.first(**asked)
    return _MEMBER_AND_LINK.first(**asked, link=launch.resource_link.id)


def _members(*, deployment: Any, context: Any, platform: Any, sub: Any) -> "QuerySet[Membership]":
    members = Membership.objects.select_related("person", "course").filter(
        course__deployment=deployment, course__context_id=context, person__platform=platform, person__sub=sub
    )
    return members.select_for_update(of=("self",), no_key=True)


def _members_and_links(*, link: Any, **asked: Any) -> "QuerySet[Membership]":
    kept_out = KeptOut.objects.filter(
        person=OuterRef("person"), resource_link__course=OuterRef("course"), resource_link__resource_link_id=link
    )
    of_this_id = Q(course__resource_links__resource_link_id=link)
    return (
        _members(**asked)
        .annotate(link=FilteredRelation("course__resource_links", condition=of_this_id), kept_out=Exists(kept_out))
        .select_related("person", "course", "link")  # type: ignore[misc]  # the stubs do not know of `link`
    )


_MEMBER_FIELDS: dict[str, Any] = {
    "deployment": models.BigIntegerField(),
    "context": models.CharField(),
    "platform": models.UUIDField(),
    "sub": models.CharField(),
}
_MEMBER = Select(_members, **_MEMBER_FIELDS)
_MEMBER_AND_LINK = Select(_members_and_links, **_MEMBER_FIELDS, link=models.CharField())


def _update(row: models.Model, told: dict[str, Any]) -> None:
    changed = [name for name, value in told.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, told[name])
    if changed:
        row.save(update_fields=changed)


def _person(launch: Launch, platform: Platform, known: Membership | None) -> Person:
    """What earlier launches into this course told and this one leaves out is forgotten: the site shares it no more."""
    if known is not None:
        person = known.person
    else:
        first = {
            "name": name_or_stand_in(launch.name, launch.email, launch.sub),
            "email": launch.email,
            "locale": launch.locale,
        }
        person, _ = Person.objects.get_or_create(platform=platform, sub=launch.sub, defaults=first)
    forgotten = known is not None and bool(known.told & Told.LAUNCH_EMAIL)
    email = launch.email or ("" if forgotten else person.email)
    name = name_now(
        person.name,
        person.email,
        name=launch.name,
        email=email,
        sub=launch.sub,
        forget=known is not None and bool(known.told & Told.LAUNCH_NAME),
    )
    _update(person, {"name": name, "email": email, "locale": launch.locale})
    return person


def _course(launch: Launch, platform: Platform, deployment: Deployment, known: Membership | None) -> Course:
    told: dict[str, Any] = {}
    named = launch.context or launch.resource_link
    if named is not None and named.title:
        told["title"] = named.title  # a course is not called nothing because one launch leaves it out
    if launch.memberships_url:
        told["memberships_url"] = launch.memberships_url
    if history := launch.custom.get("context_history"):
        told["history"] = [part.strip() for part in history.split(",") if part.strip()][:_MOST_HISTORY]
    if known is not None:
        course = known.course
    else:
        course, _ = Course.objects.get_or_create(
            deployment=deployment, context_id=_context_id(launch), defaults={**told, "platform": platform}
        )
    _update(course, told)
    return course


def _membership(launch: Launch, course: Course, person: Person, known: Membership | None) -> None:
    told: dict[str, Any] = {
        "role": launch.role,
        "from_launch": True,
        "active": True,
        "told": Told.by_launch(launch.name, launch.email) | ((known.told if known else 0) & BY_ROSTER),
    }
    now = timezone.now()
    if launch.role in Role.staff() and (known is None or known.staff_at is None):
        told["staff_at"] = now
    if known is None:
        membership, _ = Membership.objects.get_or_create(
            course=course, person=person, defaults={**told, "seen_at": now}
        )
    else:
        membership = known
    news = any(getattr(membership, name) != value for name, value in told.items())
    # With news to the second: a roster that was asked for before does not overrule it.
    _update(membership, told if not news and _lately(membership.seen_at, _SEEN_AGAIN) else {**told, "seen_at": now})
    if getattr(known, "kept_out", False):
        KeptOut.objects.filter(person=person, resource_link=getattr(known, "link", None)).delete()


def _resource_link(launch: Launch, deployment: Deployment, course: Course, known: Membership | None) -> ResourceLink:
    claim = launch.resource_link
    assert claim is not None, "only a content selection has none"
    told: dict[str, Any] = {
        "course_id": course.pk,
        "title": claim.title,
        "description": claim.description,
        "content_id": launch.custom.get("assignment", "")[:100],
        "lineitems_url": launch.grades.lineitems,
        "lineitem_url": launch.grades.lineitem,
        "scopes": list(launch.grades.scopes),
        "silent_since": None,
        "gone_at": None,
    }
    link: ResourceLink | None = getattr(known, "link", None)
    if link is None:
        defaults = {**told, "platform_id": deployment.platform_id}
        link, is_new = ResourceLink.objects.get_or_create(
            deployment=deployment, resource_link_id=claim.id, defaults=defaults
        )
        if is_new:
            _listen_for_the_others(link)
    if launch.for_sub and not launch.grades.lineitem:
        del told["lineitem_url"]  # Moodle's submission reviews leave out what its launches say
    _update(link, told)
    return link


def _listen_for_the_others(link: ResourceLink) -> None:
    """Whether the course's other links launch again from now on tells a copy of one from one that was restored."""
    others = ResourceLink.objects.filter(course=link.course_id, silent_since=None).exclude(pk=link.pk)
    others.update(silent_since=link.created_at)


def _seen(launch: Launch, platform: Platform) -> None:
    """What the check page tells an admin of this platform. To the day, so that launches do not queue for its row."""
    told: dict[str, Any] = {}
    field = "selected_at" if launch.selection is not None else "launched_at"
    if not _lately(getattr(platform, field), timedelta(days=1)):
        told[field] = timezone.now()
    if launch.product and platform.registered_at is None:  # a registration says it better
        told |= {"product": launch.product, "version": launch.version}
        told = {name: value for name, value in told.items() if value != getattr(platform, name)}
    if told:
        Platform.objects.filter(pk=platform.pk).update(**told)
        for name, value in told.items():
            setattr(platform, name, value)  # of the row that this process keeps, or it would write again


def _lately(at: datetime | None, span: timedelta) -> bool:
    return at is not None and timezone.now() - at < span
