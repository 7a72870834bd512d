"""The interface every storage backend has, its frozen values, and its two kinds of failure.

A backend moves no video bytes through the web server: it hands the browser tickets and signed addresses. What it cannot
do it declares (`Abilities`); nobody asks for its class.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, ClassVar, Protocol


class StorageError(Exception):
    """`reason` is for the log and the admin; it holds no address and no key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StorageUnavailable(StorageError):
    """It will pass: no answer, slowed down, 5xx."""


class StorageRefused(StorageError):
    """A person must act: wrong credentials, no such bucket, a missing permission."""


class UploadGone(StorageError):
    """No upload in parts has this id: it was finished or aborted."""


class ObjectChanged(StorageError):
    """What is stored is not what was looked at."""


@dataclass(frozen=True)
class Abilities:
    """`resumable`: takes files in parts, and remembers those that have arrived. `max_bytes` of one object."""

    max_bytes: int
    resumable: bool = False
    adaptive: bool = False
    webhook: bool = False


@dataclass(frozen=True)
class FormTicket:
    """A form for the browser to POST, with the file as its last field; good for one object, until `expires_at`."""

    way: ClassVar[str] = "form"
    url: str
    fields: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True)
class PartsTicket:
    """An upload in parts of `part_bytes` each, the last one smaller; each is signed when it is its turn."""

    way: ClassVar[str] = "parts"
    upload_id: str
    part_bytes: int


UploadTicket = FormTicket | PartsTicket


@dataclass(frozen=True)
class SignedParts:
    """An address to PUT each part to, by number (from 1), until `expires_at`."""

    urls: Mapping[int, str]
    expires_at: datetime


@dataclass(frozen=True)
class StoredPart:
    """A part that has arrived. `size` in bytes; `checksum` is its entity tag."""

    number: int
    size: int
    checksum: str


@dataclass(frozen=True)
class StoredObject:
    """What storage says of an object. `checksum` is its entity tag, as shown on the receipt; `size` in bytes.

    `saved`: browsers save it, and never open it as a page (`save_as`).
    """

    size: int
    content_type: str
    checksum: str
    saved: bool = False


@dataclass(frozen=True)
class Listed:
    """An object, or an unfinished upload (then with its id, and no size), found by listing."""

    key: str
    since: datetime
    size: int = 0
    upload_id: str = ""


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

    def begin_upload(
        self, *, key: str, content_type: str, size: int | None, max_bytes: int, seconds: int, save_as: str = ""
    ) -> UploadTicket:
        """The way up that suits a file of `size` bytes (None: not known yet, a recording).

        A form is good for this key, exactly this content type, 1 to `max_bytes` bytes, and `seconds` from now.

        Args:
            save_as: browsers save the object under this name, and never open it as a page. It stays with the object
                when it is settled.
        """
        ...

    def sign_parts(self, *, key: str, upload_id: str, sizes: Mapping[int, int], seconds: int) -> SignedParts:
        """Addresses for parts of exactly these sizes, by part number."""
        ...

    def parts(self, *, key: str, upload_id: str) -> list[StoredPart]:
        """What has arrived, in order; of a part that was sent again, the last. Raises UploadGone."""
        ...

    def finish_parts(self, *, key: str, upload_id: str, parts: Sequence[StoredPart]) -> None:
        """Make one object of these parts; what was not named is dropped. The addresses of its parts end with it.

        An object is made once: doing it again, with other parts even, changes nothing. It raises UploadGone or
        ObjectChanged, or passes where storage remembers it.

        Raises:
            UploadGone: finished or aborted already.
            ObjectChanged: one of them was sent again since it was looked at, or never arrived; or there is an object.
        """
        ...

    def abort_parts(self, *, key: str, upload_id: str) -> None:
        """Forget an upload and what has arrived of it; no error when it is gone already."""
        ...

    def settle(self, *, key: str, to: str, checksum: str) -> None:
        """Copy what has this checksum to a key that no ticket is good for. Its checksum may be another there.

        Raises:
            ObjectChanged: it is another now, or gone; both keys are left as they are.
        """
        ...

    def inspect(self, key: str) -> StoredObject | None:
        """What is stored at `key` now; None when nothing is."""
        ...

    def read(self, key: str, start: int, length: int) -> bytes:
        """At most `length` bytes from `start`; empty beyond the end. Raises ObjectChanged where nothing is."""
        ...

    def put(self, key: str, file: BinaryIO, *, content_type: str, save_as: str = "") -> None:
        """Store a file that a worker made, in place of what is there; of any size, from its present position."""
        ...

    def playback(self, key: str, *, content_type: str, seconds: int) -> Playback:
        """A signed address for one object."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; no error when it is gone already."""
        ...

    def listed(self, prefix: str) -> Iterator[Listed]:
        """Every object whose key begins so."""
        ...

    def unfinished(self, prefix: str) -> Iterator[Listed]:
        """Every upload in parts that was neither finished nor aborted."""
        ...
