"""Celery tasks: ids in, one call, safe to run twice."""

from contextlib import suppress

from celery import shared_task
from django.utils import timezone

from lti_tool import columns, conflicts, delivery, nrps, outbox
from lti_tool.errors import PlatformError
from lti_tool.models import ContentSelection, Course, LaunchSession, Platform, ResourceLink, UsedNonce


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
def compare_grades(resource_link_id: str) -> None:
    """Transient failures are left to the next day."""
    link = ResourceLink.objects.select_related("platform").get(pk=resource_link_id)
    with suppress(PlatformError):
        conflicts.compare(link)


@shared_task
def compare_all_grades() -> None:
    for link_id in conflicts.links_to_compare():
        compare_grades.delay(str(link_id))


@shared_task
def refresh_roster(course_id: str) -> None:
    nrps.refresh_roster(Course.objects.select_related("platform").get(pk=course_id))


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
