"""Finds what a lost message, a dead worker or a closed browser left behind."""

from datetime import timedelta

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings
from django.utils import timezone

from config.queue import enqueue
from video.cleanup import leftovers
from video.models import Attachment, Video
from video.uploads import open_uploads

_AT_ONCE = 100


@shared_task
def check_unchecked() -> None:
    settled = timezone.now() - timedelta(minutes=1)
    waiting = Video.objects.unclaimed().filter(active_at__lt=settled)
    for video_id in waiting.order_by("active_at").values_list("pk", flat=True)[:_AT_ONCE]:
        enqueue("video.uploads.tasks.verify_upload", str(video_id))
    recorded = Attachment.objects.unclaimed().filter(active_at__lt=settled)
    for attachment_id in recorded.order_by("active_at").values_list("pk", flat=True)[:_AT_ONCE]:
        enqueue("video.feedback.tasks.check_attachment", str(attachment_id))


@shared_task
def find_vanished_uploads() -> None:
    leftovers.find_vanished(within=timedelta(hours=2))


@shared_task
def abort_abandoned_uploads() -> None:
    leftovers.find_vanished(within=timedelta(days=settings.UPLOAD_ABANDONED_DAYS))
    leftovers.abort_abandoned()
    leftovers.end_unfinished_attachments()


@shared_task
def delete_object(video_id: str) -> None:
    """Remove what storage has of a video that is deleted or was refused; anything else is left alone."""
    video = Video.objects.filter(pk=video_id, state__in=[Video.State.DELETED, Video.State.ERROR]).first()
    if video is not None:
        leftovers.remove_from_storage(video)


@shared_task
def delete_attachment(attachment_id: str) -> None:
    """The same of an attachment."""
    attachment = Attachment.objects.filter(pk=attachment_id, state=Attachment.State.DELETED).first()
    if attachment is not None:
        leftovers.remove_from_storage(attachment)


@shared_task
def delete_leftover_objects() -> None:
    """Only once an upload's ticket has run out: until then the browser may still be sending."""
    over = open_uploads.tickets_over()
    left = Video.objects.filter(
        state__in=[Video.State.DELETED, Video.State.ERROR], object_deleted_at__isnull=True, active_at__lt=over
    )
    for video_id in left.values_list("pk", flat=True)[:_AT_ONCE]:
        enqueue("video.cleanup.tasks.delete_object", str(video_id))
    gone = Attachment.objects.filter(state=Attachment.State.DELETED, object_deleted_at=None, active_at__lt=over)
    for attachment_id in gone.values_list("pk", flat=True)[:_AT_ONCE]:
        enqueue("video.cleanup.tasks.delete_attachment", str(attachment_id))
    leftovers.clear_incoming()
    leftovers.remove_left_folders()


@worker_ready.connect
def clear_what_a_killed_worker_left(**kwargs: object) -> None:
    """On this machine: the task may always run on another."""
    leftovers.remove_left_folders()
