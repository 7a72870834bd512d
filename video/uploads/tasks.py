from contextlib import suppress

from celery import shared_task

from video.models import Video
from video.problems import Problem
from video.uploads import tickets, verification


@shared_task
def complete_upload(video_id: str, parts: int | None = None) -> None:
    """What a page had no time for. If storage fails a worker too, the browser or a periodic task asks again."""
    video = Video.objects.checkable().filter(pk=video_id, state=Video.State.PENDING).first()
    if video is not None:
        with suppress(Problem):
            tickets.complete(launch=None, video=video, count=parts)


@shared_task
def check_arrival(video_id: str) -> None:
    video = verification.claim(video_id)
    if video is not None:
        verification.check(video)
