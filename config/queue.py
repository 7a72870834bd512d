"""Hand work to the workers."""

from typing import Any

import structlog
from django.db import transaction
from django.utils.module_loading import import_string

from config import outside

log = structlog.get_logger(__name__)


def enqueue(name: str, *args: str | int) -> None:
    """Queue a Celery task when the present transaction has been committed (at once where there is none).

    With the broker gone, the person's page must come all the same: the fault is logged, and periodic tasks find
    what was not queued. So every task given here needs a periodic task that finds its work in the database.

    Args:
        name: dotted, such as `video.uploads.tasks.verify_upload`. A name, no import: who causes work need not know who
            does it, so that no two modules import each other.

    Raises:
        ImportError: there is no such task.
    """
    task = import_string(name)
    transaction.on_commit(lambda: _publish(task, args))


def _publish(task: Any, args: tuple[str | int, ...]) -> None:
    if outside.redis.now:
        log.warning("not_queued", task=task.name)
        return
    try:
        with outside.redis.watching():
            task.delay(*args)
    except Exception:  # each broker library has errors of its own
        log.warning("not_queued", task=task.name, exc_info=True)
