"""The interface every storage backend has, its frozen values, and its two kinds of failure.

A backend moves no video bytes through this server: it hands the browser tickets and signed addresses. What it cannot do
it declares (`Abilities`); nobody asks for its class.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class StorageError(Exception):
    """`reason` is for the log and the admin; it holds no address and no key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StorageUnavailable(StorageError):
    """It will pass: no answer, slowed down, 5xx."""


class StorageRefused(StorageError):
    """A person must act: wrong credentials, no such bucket, a missing permission."""


@dataclass(frozen=True)
class Abilities:
    resumable: bool = False
    adaptive: bool = False
    webhook: bool = False


@dataclass(frozen=True)
class UploadTicket:
    """What a browser needs to send one file: a form to POST, with the file as its last field."""

    method: str
    url: str
    fields: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True)
class StoredObject:
    """What storage says of an object. `checksum` is its entity tag, as shown on the receipt; `size` in bytes."""

    size: int
    content_type: str
    checksum: str


@dataclass(frozen=True)
class Playback:
    """An address that plays until `expires_at`, for whoever holds it."""

    src: str
    content_type: str
    expires_at: datetime


class Backend(Protocol):
    """One storage system. Every method may raise StorageUnavailable or StorageRefused."""

    name: str
    abilities: Abilities

    def begin_upload(self, *, key: str, content_type: str, max_bytes: int, seconds: int) -> UploadTicket:
        """A ticket good for this key, exactly this content type, 1 to `max_bytes` bytes, and `seconds` from now."""
        ...

    def inspect(self, key: str) -> StoredObject | None:
        """What is stored at `key` now; None when nothing is."""
        ...

    def read(self, key: str, start: int, length: int) -> bytes:
        """At most `length` bytes from `start`; empty beyond the end."""
        ...

    def playback(self, key: str, *, content_type: str, seconds: int) -> Playback:
        """A signed address for one object."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; no error when it is gone already."""
        ...
