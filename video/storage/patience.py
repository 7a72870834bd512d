"""Puts deadlines and a bulkhead (`config/outside.py`) around the calls of any storage backend.

Written once, for every backend: `storage()` puts it around each. A worker to whom storage was silent leaves it alone
for a while: verifications and cleanups that are due meanwhile fail at once and come again, and grades have their turn.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, cast

from django.conf import settings

from config import outside
from video.storage.base import Backend, StorageUnavailable

USUAL_SECONDS = 20  # of a worker; a page has less (PAGE_PATIENCE_SECONDS)
REST_SECONDS = 60  # after a worker had no answer
# Putting parts together, copying and sending take storage minutes where the object is large.
SECONDS = {"finish_parts": 600, "settle": 1800, "put": 7200}
LOCAL = {"sign_parts", "playback"}  # sign something, and ask nobody
LISTINGS = {"listed", "unfinished"}  # ask for one page after the other, as it is read


def patient(backend: Backend) -> Backend:
    """`backend`, whose methods raise StorageUnavailable when their time is over or too many pages wait already."""
    return cast(Backend, _Patient(backend))


class _Patient:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._rests_until = float("-inf")

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._backend, name)
        if not callable(found) or name in LOCAL:
            return found
        return self._listing(name, found) if name in LISTINGS else self._within(name, found)

    def _within(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def asked(*args: Any, **kwargs: Any) -> Any:
            with self._deadline(name):
                return method(*args, **kwargs)

        return asked

    def _listing(self, name: str, method: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        @wraps(method)
        def asked(*args: Any, **kwargs: Any) -> Iterator[Any]:
            found, end = iter(method(*args, **kwargs)), object()
            while True:
                with self._deadline(name):
                    one = next(found, end)
                if one is end:
                    return
                yield one

        return asked

    @contextmanager
    def _deadline(self, name: str) -> Iterator[None]:
        places = {"storage": settings.PAGES_WAITING_FOR_STORAGE}
        if not outside.in_page() and time.monotonic() < self._rests_until:
            raise StorageUnavailable(f"Storage did not answer a moment ago ({name}).")
        try:
            with outside.call(seconds=SECONDS.get(name, USUAL_SECONDS), places=places):
                yield
        except outside.NoAnswer as error:
            if not outside.in_page():
                self._rests_until = time.monotonic() + REST_SECONDS
            raise StorageUnavailable(f"Storage did not answer in time ({name}).") from error
        except outside.NoPlace as error:
            raise StorageUnavailable(f"Storage is slow, and others wait for it already ({name}).") from error
