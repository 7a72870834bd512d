"""Celery tasks: ids in, one call, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from lti_tool import nrps, outbox
from lti_tool.models import ContentSelection, Course, LaunchSession, UsedNonce


@shared_task
def deliver_score(delivery_id: int) -> None:
    outbox.deliver(delivery_id)


@shared_task
def deliver_due_scores() -> None:
    """What a lost message, a dead worker or a waiting time left behind."""
    for delivery_id in outbox.due():
        deliver_score.delay(delivery_id)


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
