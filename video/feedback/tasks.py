from celery import shared_task

from video.feedback import attachments


@shared_task
def check_attachment(attachment_id: str) -> None:
    attachment = attachments.claim(attachment_id)
    if attachment is not None:
        attachments.prepare(attachment)
