"""Celery tasks: ids in, one call, safe to run twice. The sweeps find what a lost message left behind."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from config.queue import enqueue
from video import examine
from video.models import Assignment, Video
from video.storage import storage

_AT_ONCE = 100


@shared_task
def examine_video(video_id: str) -> None:
    video = Video.objects.filter(pk=video_id, state=Video.State.READY, examined_at__isnull=True).first()
    if video is not None:
        examine.examine(video)


@shared_task
def examine_unexamined() -> None:
    settled = timezone.now() - timedelta(minutes=1)
    waiting = Video.objects.filter(state=Video.State.READY, examined_at__isnull=True, confirmed_at__lt=settled)
    for video_id in waiting.values_list("pk", flat=True)[:_AT_ONCE]:
        enqueue(examine_video, str(video_id))


@shared_task
def delete_object(video_id: str) -> None:
    """Remove the object of a video that is deleted or was refused; anything else is left alone."""
    video = Video.objects.filter(pk=video_id, state__in=[Video.State.DELETED, Video.State.ERROR]).first()
    if video is not None:
        storage(video.backend).delete(video.key)
        Video.objects.filter(pk=video.pk).update(object_deleted_at=timezone.now())


@shared_task
def delete_leftover_objects() -> None:
    """Only once an upload's ticket has run out: until then the browser may still be sending."""
    over = timezone.now() - timedelta(seconds=2 * settings.UPLOAD_TICKET_SECONDS)
    left = Video.objects.filter(
        state__in=[Video.State.DELETED, Video.State.ERROR], object_deleted_at__isnull=True, created_at__lt=over
    )
    for video_id in left.values_list("pk", flat=True)[:_AT_ONCE]:
        enqueue(delete_object, str(video_id))


@shared_task
def forget_unoffered_assignments() -> None:
    """What somebody began to set up by Deep Linking and never gave to the platform, once its session is over."""
    over = timezone.now() - timedelta(days=2)
    Assignment.objects.filter(resource_link=None, offered_at=None, created_at__lt=over).delete()
