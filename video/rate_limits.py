"""How often one person may ask for what costs storage or signatures."""

import math
import time
from enum import Enum

import structlog
from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.errors import StorageError

from config import limiter, outside
from video.problems import Problem

log = structlog.get_logger(__name__)


class Limit(Enum):
    """The setting that says how often a minute, and what was asked for in words."""

    UPLOAD_TICKETS = ("UPLOAD_TICKETS_A_MINUTE", "an upload")
    PLAYBACKS = ("PLAYBACKS_A_MINUTE", "a video")
    PEEKS = ("PLAYBACKS_A_MINUTE", "the next video")
    ATTACHMENTS = ("ATTACHMENTS_A_MINUTE", "to attach a file")
    FILES = ("PLAYBACKS_A_MINUTE", "a file")
    PART_REQUESTS = ("PART_REQUESTS_A_MINUTE", "parts of an upload")


def check(what: Limit, person_id: object) -> None:
    """Count one request of a person; what is refused does not count.

    Without Redis nobody is counted: a page must come all the same.

    Raises:
        Problem: 429 with `retry_after`, the whole seconds until the next one is let through.
    """
    setting, words = what.value
    if outside.redis.now:
        return
    item = RateLimitItemPerMinute(getattr(settings, setting), namespace=what.name.lower())
    try:
        with outside.redis.watching():
            if limiter.limiter().hit(item, str(person_id)):
                return
        seconds = math.ceil(limiter.limiter().get_window_stats(item, str(person_id)).reset_time - time.time())
    except StorageError as error:
        log.warning("limits_not_counted", limit=item.namespace, error=type(error.storage_error).__name__)
        return
    seconds = max(1, seconds)
    raise Problem(
        "too_many",
        f"You asked for {words} too often.",
        "Try again in 1 second." if seconds == 1 else f"Try again in {seconds} seconds.",
        status=429,
        retry_after=seconds,
    )


def forget() -> None:
    """Count from nothing in this process (in Redis, others go on); for tests."""
    limiter.forget()
