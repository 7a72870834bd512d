import uuid

from celery import shared_task

from config.queue import enqueue
from video.roster import bulk_actions


@shared_task
def release_asked(assignment_id: str, after: str = "") -> None:
    bulk_actions.release_asked(uuid.UUID(assignment_id), after=after)


@shared_task
def release_left_behind() -> None:
    """Releases that were asked for, and whose message or worker was lost."""
    for assignment_id in bulk_actions.assignments_to_release():
        enqueue("video.roster.tasks.release_asked", str(assignment_id))
