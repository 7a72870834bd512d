"""A verified launch -> rows. What this launch says replaces what an earlier one said."""

from django.db import transaction
from django.utils import timezone

from lti_tool.claims import Launch
from lti_tool.models import Course, Deployment, LaunchSession, Membership, Person, Platform, ResourceLink

_NO_NAME = "(no name sent)"


@transaction.atomic
def record(launch: Launch, platform: Platform) -> tuple[LaunchSession, str]:
    """Store who came, from where, to what; returns the launch session with its secret."""
    deployment = Deployment.objects.get(platform=platform, deployment_id=launch.deployment_id)
    person = _person(launch, platform)
    course = _course(launch, platform, deployment)
    link = _resource_link(launch, platform, course)
    Membership.objects.update_or_create(
        course=course,
        person=person,
        defaults={"role": launch.role, "from_launch": True, "active": True, "seen_at": timezone.now()},
    )
    return LaunchSession.begin(
        person=person,
        resource_link=link,
        role=launch.role,
        message_type=launch.message_type,
        return_url=launch.return_url,
    )


def name_or_stand_in(name: str, email: str, sub: str) -> str:
    """What to call somebody: platforms may send no personal data at all."""
    return name or email or f"Person {sub[:12]} {_NO_NAME}"


def is_stand_in(name: str) -> bool:
    """True for a name that `name_or_stand_in` made up."""
    return name.endswith(_NO_NAME)


def _person(launch: Launch, platform: Platform) -> Person:
    told = {"email": launch.email, "locale": launch.locale}
    known = {key: value for key, value in told.items() if value}
    if launch.name or launch.email:
        known["name"] = name_or_stand_in(launch.name, launch.email, launch.sub)
    person, _ = Person.objects.update_or_create(
        platform=platform,
        sub=launch.sub,
        defaults=known,
        create_defaults={**known, "name": name_or_stand_in(launch.name, launch.email, launch.sub)},
    )
    return person


def _course(launch: Launch, platform: Platform, deployment: Deployment) -> Course:
    if launch.context is None:
        # Without a context nothing says that two links belong together, so each is a course of its own.
        context_id, title = f"no-context:{launch.resource_link.id}", launch.resource_link.title
    else:
        context_id, title = launch.context.id, launch.context.title
    defaults = {"deployment": deployment, "title": title}
    if launch.memberships_url:
        defaults["memberships_url"] = launch.memberships_url
    course, _ = Course.objects.update_or_create(platform=platform, context_id=context_id, defaults=defaults)
    return course


def _resource_link(launch: Launch, platform: Platform, course: Course) -> ResourceLink:
    link, _ = ResourceLink.objects.update_or_create(
        platform=platform,
        resource_link_id=launch.resource_link.id,
        defaults={
            "course": course,
            "title": launch.resource_link.title,
            "description": launch.resource_link.description,
            "lineitem_url": launch.grades.lineitem,
            "lineitems_url": launch.grades.lineitems,
            "scopes": list(launch.grades.scopes),
        },
    )
    return link
