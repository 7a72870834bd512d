"""Celery tasks: ids in, one call, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from lti_tool.errors import PlatformError
from lti_tool.gradebook import columns, conflicts, delivery, outbox, rate_limiting
from lti_tool.models import ContentSelection, Course, LaunchSession, Platform, ResourceLink, UsedNonce
from lti_tool.roster import nrps

ANOTHER_TURN_SECONDS = 60  # after which a comparison comes again where a platform had enough to do
MOST_TURNS = 30


@shared_task
def deliver_to_platform(platform_id: str) -> None:
    delivery.deliver_to(Platform.objects.get(pk=platform_id))


@shared_task
def deliver_due_scores() -> None:
    """What a lost message, a dead worker or a waiting time left behind."""
    for platform in outbox.platforms_due():
        deliver_to_platform.delay(str(platform.pk))


@shared_task
def tell_maximum(resource_link_id: str) -> None:
    columns.bring_along(ResourceLink.objects.select_related("platform").get(pk=resource_link_id))


@shared_task
def tell_maxima() -> None:
    """What a platform that did not answer was not told."""
    for link_id in columns.links_to_tell():
        tell_maximum.delay(str(link_id))


@shared_task
def compare_grades(resource_link_id: str, tries: int = 0) -> None:
    """Transient failures are left to the next day."""
    link = ResourceLink.objects.select_related("platform").get(pk=resource_link_id)
    with rate_limiting.turn(link.platform) as turn:
        if turn is None:
            if tries < MOST_TURNS and not rate_limiting.is_down(link.platform_id):
                compare_grades.apply_async((resource_link_id, tries + 1), countdown=ANOTHER_TURN_SECONDS)
            return
        try:
            conflicts.compare(link)
        except PlatformError as error:
            turn.heard(error)
        else:
            turn.heard(None)


@shared_task
def compare_all_grades() -> None:
    for link_id in conflicts.links_to_compare():
        compare_grades.delay(str(link_id))


@shared_task
def refresh_roster(course_id: str, link_id: str = "") -> None:
    """With a link: also who can open that."""
    course = Course.objects.select_related("platform").get(pk=course_id)
    link = ResourceLink.objects.filter(pk=link_id, course=course).first() if link_id else None
    with rate_limiting.turn(course.platform) as turn:
        if turn is not None:  # else the periodic task asks again
            turn.heard(nrps.refresh_roster(course, link))


@shared_task
def refresh_stale_rosters() -> None:
    """Courses in use, a few times a day, and what was not queued when a teacher came."""
    for course_id in nrps.stale():
        refresh_roster.delay(course_id)


@shared_task
def forget_expired() -> None:
    now = timezone.now()
    UsedNonce.objects.filter(expires_at__lt=now).delete()
    for session in (LaunchSession, ContentSelection):
        session.objects.filter(expires_at__lt=now).delete()
