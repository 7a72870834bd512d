"""A verified launch -> rows. What this launch says replaces what an earlier one said.

The usual launch (somebody known, to a known link, with nothing new) reads one row (joined of four)
and writes its session.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import FilteredRelation, Q
from django.utils import timezone

from lti_tool.claims import Launch
from lti_tool.errors import LaunchRefused
from lti_tool.models import (
    ContentSelection,
    Course,
    Deployment,
    LaunchSession,
    Membership,
    Person,
    Platform,
    ResourceLink,
    Session,
)
from lti_tool.registered import Registration
from lti_tool.roles import Role

_NO_NAME = "(no name sent)"
_SEEN_AGAIN = timedelta(hours=1)  # how exact the times of being seen are
_MOST_HISTORY = 20


@transaction.atomic
def record(launch: Launch, registration: Registration) -> tuple[Session, str]:
    """Store who came, from where, to what; returns the session of the launch with its secret.

    Raises:
        LaunchRefused: the launch is to choose content, but names no course to choose it for.
    """
    deployment = registration.deployments[launch.deployment_id]
    platform = registration.platform
    known = _known(launch, platform)
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
        resource_link=_resource_link(launch, platform, course, known),
        message_type=launch.message_type,
        return_url=launch.return_url,
        for_sub=launch.for_sub,
    )


def name_or_stand_in(name: str, email: str, sub: str) -> str:
    """What to call somebody: platforms may send no personal data at all."""
    return (name or email)[:255] or f"Person {sub[:12]} {_NO_NAME}"


def is_stand_in(name: str) -> bool:
    """True for a name that `name_or_stand_in` made up."""
    return name.endswith(_NO_NAME)


def _context_id(launch: Launch) -> str:
    if launch.context is not None:
        return launch.context.id
    if launch.resource_link is None:
        raise LaunchRefused("The platform does not say for which course content is chosen (context).")
    # Without a context nothing says that two links belong together, so each is a course of its own.
    return f"no-context:{launch.resource_link.id}"


def _known(launch: Launch, platform: Platform) -> Membership | None:
    """The membership with its person, its course, and (as `.link`, perhaps None) the resource link."""
    memberships = Membership.objects.select_related("person", "course").filter(
        course__platform=platform,
        course__context_id=_context_id(launch),
        person__platform=platform,
        person__sub=launch.sub,
    )
    if launch.resource_link is not None:
        of_this_id = Q(course__resource_links__resource_link_id=launch.resource_link.id)
        memberships = memberships.annotate(
            link=FilteredRelation("course__resource_links", condition=of_this_id)
        ).select_related("person", "course", "link")  # type: ignore[misc]  # the stubs do not know of `link`
    return memberships.first()


def _update(row: models.Model, told: dict[str, Any]) -> None:
    changed = [name for name, value in told.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, told[name])
    if changed:
        row.save(update_fields=changed)


def _person(launch: Launch, platform: Platform, known: Membership | None) -> Person:
    told = {"email": launch.email, "locale": launch.locale}
    told = {key: value for key, value in told.items() if value}
    if launch.name or launch.email:
        told["name"] = name_or_stand_in(launch.name, launch.email, launch.sub)
    if known is not None:
        person = known.person
    else:
        stand_in = {"name": name_or_stand_in(launch.name, launch.email, launch.sub)}
        person, _ = Person.objects.get_or_create(platform=platform, sub=launch.sub, defaults={**stand_in, **told})
    _update(person, told)
    return person


def _course(launch: Launch, platform: Platform, deployment: Deployment, known: Membership | None) -> Course:
    told: dict[str, Any] = {"deployment_id": deployment.pk}
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
            platform=platform, context_id=_context_id(launch), defaults={**told, "deployment": deployment}
        )
    _update(course, told)
    return course


def _membership(launch: Launch, course: Course, person: Person, known: Membership | None) -> None:
    told: dict[str, Any] = {"role": launch.role, "from_launch": True, "active": True, "seen_at": timezone.now()}
    if launch.role in Role.staff() and (known is None or known.staff_at is None):
        told["staff_at"] = timezone.now()
    if known is None:
        membership, _ = Membership.objects.get_or_create(course=course, person=person, defaults=told)
    else:
        membership = known
    if membership.active and _lately(membership.seen_at, _SEEN_AGAIN):
        del told["seen_at"]
    _update(membership, told)


def _resource_link(launch: Launch, platform: Platform, course: Course, known: Membership | None) -> ResourceLink:
    claim = launch.resource_link
    assert claim is not None, "only a content selection has none"
    told = {
        "course_id": course.pk,
        "title": claim.title,
        "description": claim.description,
        "content_id": launch.custom.get("assignment", "")[:100],
        "lineitems_url": launch.grades.lineitems,
        "lineitem_url": launch.grades.lineitem,
        "scopes": list(launch.grades.scopes),
    }
    link: ResourceLink | None = getattr(known, "link", None)
    if link is None:
        link, _ = ResourceLink.objects.get_or_create(platform=platform, resource_link_id=claim.id, defaults=told)
    if launch.for_sub and not launch.grades.lineitem:
        del told["lineitem_url"]  # Moodle's submission reviews leave out what its launches say
    _update(link, told)
    return link


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
