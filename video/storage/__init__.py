"""Storage by name. A further backend is one module here and one line in `_BACKENDS`."""

from collections.abc import Callable
from functools import cache

from video.storage.base import Backend
from video.storage.s3 import S3

_BACKENDS: dict[str, Callable[[], Backend]] = {"s3": S3.from_settings}


@cache
def storage(name: str) -> Backend:
    """The backend of that name, made once for each process. KeyError for a name that is none."""
    return _BACKENDS[name]()
