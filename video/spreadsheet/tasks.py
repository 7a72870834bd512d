from celery import shared_task

from video.models import MarkImport


@shared_task
def forget_mark_imports() -> None:
    MarkImport.objects.forgettable().delete()
