import uuid

from celery import shared_task
from django.conf import settings

from config.queue import enqueue
from video.mail import notifications, sending


@shared_task
def ask_for_digests() -> None:
    if settings.MAIL:
        notifications.ask_for_digests()


@shared_task
def send_due_mail() -> None:
    if settings.MAIL:
        for batch in sending.hand_out():
            enqueue("video.mail.tasks.send_mail", str(batch))


@shared_task
def send_mail(batch: str) -> None:
    if settings.MAIL:
        sending.send_batch(uuid.UUID(batch))
