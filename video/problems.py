"""Refusals that a person can read and act on."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.template.defaultfilters import filesizeformat

from config import outside
from video.storage.base import StorageRefused, StorageUnavailable

log = structlog.get_logger(__name__)


class Problem(Exception):
    """Something the person asked for cannot be done.

    Args:
        code: stable, for scripts and logs.
        message: what happened, a sentence.
        action: what to do next, a sentence.
        status: HTTP status of the answer.
        retry_after: whole seconds after which the same request may do.
    """

    def __init__(
        self, code: str, message: str, action: str, *, status: int = 422, retry_after: int | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.action = action
        self.status = status
        self.retry_after = retry_after

    def as_json(self) -> dict[str, dict[str, str]]:
        return {"error": {"code": self.code, "message": self.message, "action": self.action}}


def storage_unavailable() -> Problem:
    return Problem(
        "storage_unavailable",
        "The video storage does not answer at the moment.",
        "Keep this page open: it tries again by itself. Your file is safe on your device.",
        status=503,
        retry_after=outside.AGAIN_SECONDS,
    )


def storage_refused() -> Problem:
    return Problem(
        "storage_refused",
        "The video storage is not set up correctly.",
        "Tell your teacher or Moodle admin. Your file is safe on your device.",
        status=502,
    )


def too_large(size: int, limit: int) -> Problem:
    return Problem(
        "too_large",
        f"This file is {filesizeformat(size)}; the limit is {filesizeformat(limit)}.",
        "Choose a shorter or more compressed video.",
    )


@contextmanager
def storage_problems() -> Iterator[None]:
    """Storage's failures as what a person is told."""
    try:
        yield
    except StorageUnavailable as error:
        log.warning("storage_unavailable", reason=error.reason)
        raise storage_unavailable() from error
    except StorageRefused as error:
        log.error("storage_refused", reason=error.reason)
        raise storage_refused() from error
