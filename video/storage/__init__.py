"""Storage by name. A further backend is one module here and one line in `_BACKENDS`."""

from collections.abc import Callable
from functools import cache

from video.storage.base import Backend, StorageRefused
from video.storage.patience import patient
from video.storage.s3 import S3

_BACKENDS: dict[str, Callable[[], Backend]] = {"s3": S3.from_settings}


@cache
def storage(name: str) -> Backend:
    """The backend of that name, made once for each process.

    Raises:
        StorageRefused: no backend has that name, or its settings are missing.
    """
    if name not in _BACKENDS:
        raise StorageRefused(f"No storage backend is called {name!r}.")
    return patient(_BACKENDS[name]())
