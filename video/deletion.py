"""Deletion of videos that are refused or not wanted: the row stays and says why; a worker deletes the object."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from config.queue import enqueue
from lti_tool.models import LaunchSession
from video import events, signals
from video.models import Event, Video
from video.problems import Problem

NOTHING_ELSE = Q()


def refuse(video: Video, *, launch: LaunchSession | None, problem: Problem, where: Q = NOTHING_ELSE) -> bool:
    """End an upload whose object is not what it should be; the object is deleted, the reason kept.

    Only where the row is still what was looked at: `video` was read before storage was asked. Says whether it was.

    Args:
        video: `pending` or `checking`.
        where: what must be so of the row as well.
    """
    assert video.state in (Video.State.PENDING, Video.State.CHECKING), "nothing else is refused"
    with transaction.atomic():
        ended = Video.objects.filter(where, pk=video.pk, state=video.state, key=video.key).update(
            state=Video.State.ERROR,
            current=False,
            error_message=f"{problem.message} {problem.action}"[:300],
            submit_requested_at=None,
        )
        if ended:
            events.record(Event.Kind.UPLOAD_FAILED, launch=launch, video=video, reason=problem.code)
            enqueue("video.cleanup.tasks.delete_object", str(video.pk))
    return bool(ended)


def delete(video: Video, *, launch: LaunchSession | None, why: str) -> None:
    """Mark a video deleted, now; a worker removes its object. Call it in a transaction. Again, it changes nothing."""
    ended = {
        "current": False,
        "state": Video.State.DELETED,
        "deleted_at": timezone.now(),
        "submit_requested_at": None,
    }
    if not Video.objects.filter(pk=video.pk).exclude(state=Video.State.DELETED).update(**ended):
        return  # its student pressed twice
    for name, value in ended.items():
        setattr(video, name, value)
    events.record(Event.Kind.DELETED, launch=launch, video=video, why=why)
    signals.send_on_commit(signals.deleted, Video, video_id=video.pk, why=why)
    enqueue("video.cleanup.tasks.delete_object", str(video.pk))
