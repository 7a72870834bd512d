from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from video.models import Assignment


@shared_task
def forget_unoffered_assignments() -> None:
    """What somebody began to set up by Deep Linking and never gave to the platform, once its session is over."""
    over = timezone.now() - timedelta(days=2)
    Assignment.objects.filter(resource_link=None, offered_at=None, created_at__lt=over).delete()
