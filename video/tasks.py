"""Celery tasks: ids in, one call, safe to run twice. The sweeps find what a lost message left behind."""

import uuid
from contextlib import suppress
from datetime import timedelta

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings
from django.utils import timezone

from config.queue import enqueue
from video.feedback import attachments
from video.mail import notifications, sending
from video.models import Assignment, Attachment, MarkImport, Video
from video.problems import Problem
from video.roster import bulk_actions
from video.uploads import cleanup, open_uploads, tickets, verification

_AT_ONCE = 100


@shared_task
def complete_upload(video_id: str, parts: int | None = None) -> None:
    """What a page had no time for. What storage does not do for a worker either is left to browser and sweep."""
    video = Video.objects.checkable().filter(pk=video_id, state=Video.State.PENDING).first()
    if video is not None:
        with suppress(Problem):
            tickets.complete(launch=None, video=video, count=parts)


@shared_task
def check_arrival(video_id: str) -> None:
    video = verification.claim(video_id)
    if video is not None:
        verification.check(video)


@shared_task
def check_attachment(attachment_id: str) -> None:
    attachment = attachments.claim(attachment_id)
    if attachment is not None:
        attachments.prepare(attachment)


@shared_task
def check_unchecked() -> None:
    settled = timezone.now() - timedelta(minutes=1)
    waiting = Video.objects.unclaimed().filter(active_at__lt=settled)
    for video_id in waiting.order_by("active_at").values_list("pk", flat=True)[:_AT_ONCE]:
        enqueue(check_arrival, str(video_id))
    recorded = Attachment.objects.unclaimed().filter(active_at__lt=settled)
    for attachment_id in recorded.order_by("active_at").values_list("pk", flat=True)[:_AT_ONCE]:
        enqueue(check_attachment, str(attachment_id))


@shared_task
def find_vanished_uploads() -> None:
    cleanup.find_vanished(within=timedelta(hours=2))


@shared_task
def abort_abandoned_uploads() -> None:
    cleanup.find_vanished(within=timedelta(days=settings.UPLOAD_ABANDONED_DAYS))
    cleanup.abort_abandoned()
    cleanup.end_unfinished_attachments()


@shared_task
def delete_object(video_id: str) -> None:
    """Remove what storage has of a video that is deleted or was refused; anything else is left alone."""
    video = Video.objects.filter(pk=video_id, state__in=[Video.State.DELETED, Video.State.ERROR]).first()
    if video is not None:
        cleanup.remove_from_storage(video)


@shared_task
def delete_attachment(attachment_id: str) -> None:
    """The same of an attachment."""
    attachment = Attachment.objects.filter(pk=attachment_id, state=Attachment.State.DELETED).first()
    if attachment is not None:
        cleanup.remove_from_storage(attachment)


@shared_task
def delete_leftover_objects() -> None:
    """Only once an upload's ticket has run out: until then the browser may still be sending."""
    over = open_uploads.tickets_over()
    left = Video.objects.filter(
        state__in=[Video.State.DELETED, Video.State.ERROR], object_deleted_at__isnull=True, active_at__lt=over
    )
    for video_id in left.values_list("pk", flat=True)[:_AT_ONCE]:
        enqueue(delete_object, str(video_id))
    gone = Attachment.objects.filter(state=Attachment.State.DELETED, object_deleted_at=None, active_at__lt=over)
    for attachment_id in gone.values_list("pk", flat=True)[:_AT_ONCE]:
        enqueue(delete_attachment, str(attachment_id))
    cleanup.clear_incoming()
    cleanup.remove_left_folders()


@worker_ready.connect
def clear_what_a_killed_worker_left(**kwargs: object) -> None:
    """On this machine: the sweep may always run on another."""
    cleanup.remove_left_folders()


@shared_task
def forget_unoffered_assignments() -> None:
    """What somebody began to set up by Deep Linking and never gave to the platform, once its session is over."""
    over = timezone.now() - timedelta(days=2)
    Assignment.objects.filter(resource_link=None, offered_at=None, created_at__lt=over).delete()


@shared_task
def release_asked(assignment_id: str, after: str = "") -> None:
    bulk_actions.release_asked(uuid.UUID(assignment_id), after=after)


@shared_task
def release_left_behind() -> None:
    """Releases that were asked for, and whose message or worker was lost."""
    for assignment_id in bulk_actions.assignments_to_release():
        enqueue(release_asked, str(assignment_id))


@shared_task
def forget_mark_imports() -> None:
    MarkImport.objects.forgettable().delete()


@shared_task
def ask_for_digests() -> None:
    if settings.MAIL:
        notifications.ask_for_digests()


@shared_task
def send_due_mail() -> None:
    if settings.MAIL:
        for batch in sending.hand_out():
            enqueue(send_mail, str(batch))


@shared_task
def send_mail(batch: str) -> None:
    if settings.MAIL:
        sending.send_batch(uuid.UUID(batch))
