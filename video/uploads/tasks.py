import structlog
from celery import shared_task
from django.core.cache import cache

from video.models import Video
from video.problems import Problem
from video.uploads import tickets, verification

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 60  # after which an upload is completed again that storage did not answer about
MOST_TRIES = 60


@shared_task
def complete_upload(video_id: str, parts: int | None = None, tries: int = 0) -> None:
    """What a page had no time for. While storage does not answer a worker either, it is tried again for an hour.

    For recordings nobody else would: no periodic task knows that one has ended, and its browser may be gone. Each try
    of a browser queues this too, so one message of each upload waits for its turn, and the others are dropped.
    """
    video = Video.objects.checkable().filter(pk=video_id, state=Video.State.PENDING).first()
    if video is None:
        return
    try:
        tickets.complete(launch=None, video=video, count=parts)
    except Problem as problem:
        if problem.status != 503 or tries >= MOST_TRIES:
            log.warning("upload_not_completed", video=video_id, why=problem.code, tries=tries)
        elif cache.add(f"upload-waits:{video_id}", True, AGAIN_SECONDS):
            complete_upload.apply_async((video_id, parts, tries + 1), countdown=AGAIN_SECONDS)


@shared_task
def verify_upload(video_id: str) -> None:
    video = verification.claim(video_id)
    if video is not None:
        verification.check(video)
