"""A full disk, ours or the database's, is told in words on whatever page it shows."""

import errno
from collections.abc import Callable

import structlog
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from config import views

log = structlog.get_logger(__name__)

_FULL = {errno.ENOSPC, errno.EDQUOT}
_DISK_FULL = "53100"  # PostgreSQL, appendix A
_SQLITE_FULL = "disk is full"  # sqlite3 raises no class of its own for SQLITE_FULL


class FullDisk:
    """Middleware: answers 507 where a view fails for want of room."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not is_full(exception):
            return None
        log.exception("disk_full", exc_info=exception)
        return views.problem(
            request,
            status=507,
            title="There is no room left on our side",
            what="The server's disk is full, so this was not saved. What you handed in or saved before is safe.",
            next_step="Go back to copy what you typed, and tell your Moodle admin. Then try again.",
        )


def is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    if isinstance(error, OperationalError):
        return _SQLITE_FULL in str(error) or getattr(error.__cause__, "sqlstate", None) == _DISK_FULL
    return False
