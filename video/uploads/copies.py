"""Verification reads a copy at a fresh random key, which no upload ticket has ever named and no other run shares.

A form's ticket lives for an hour, and whoever holds it can send other bytes to its key at any moment. So the copy is
what is verified, and the row takes its key if it is still as it was when verification began; other copies are removed.
"""

from contextlib import ExitStack
from types import TracebackType

import structlog

from video.integrity import Upload
from video.storage import storage
from video.storage.base import ObjectChanged, StorageError, StoredObject
from video.uploads.file_names import kept_key

log = structlog.get_logger(__name__)


class Copies:
    """A context manager around one look at an upload.

    On its way out it asks the row which key it names now. Where that is one made here, what lay at the former ones is
    removed; every other one made here is removed. What cannot be removed is found later by a periodic task
    (`leftovers.clear_incoming`).
    """

    def __init__(self, upload: Upload) -> None:
        self._rows = type(upload).objects.filter(pk=upload.pk)
        self._backend = storage(upload.backend)
        self._former = {upload.incoming_key, upload.key} - {""}
        self._key = upload.key
        self._made: set[str] = set()

    def new_key(self) -> str:
        key = kept_key(self._key)
        self._made.add(key)
        return key

    def __enter__(self) -> "Copies":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._made:
            return
        named = self._rows.values_list("key", flat=True).first()
        with ExitStack() as others:
            for key in (self._made | self._former if named in self._made else self._made) - {named}:
                others.callback(self._remove, key)

    def _remove(self, key: str) -> None:
        try:
            self._backend.delete(key)
        except StorageError as failed:
            log.warning("copy_not_removed", reason=failed.reason)


def arrived(upload: Upload, copies: Copies) -> tuple[str, StoredObject] | None:
    """What an upload has sent and the key to look at it by, which no ticket writes to; None where nothing is there.

    What came by a form is copied. What came in parts lies at such a key already: once it is put together, the addresses
    of its parts are dead (`Backend.finish_parts`).

    Raises:
        ObjectChanged: it was sent again while it was copied. StorageUnavailable, StorageRefused.
    """
    backend = storage(upload.backend)
    if not upload.incoming_key:
        whole = backend.inspect(upload.key)
        return None if whole is None else (upload.key, whole)
    sent = backend.inspect(upload.incoming_key)
    if sent is None:
        return None
    key = copies.new_key()
    backend.settle(key=upload.incoming_key, to=key, checksum=sent.checksum)
    stored = backend.inspect(key)
    if stored is None:
        raise ObjectChanged("The copy is gone.")  # the upload has ended meanwhile, and its folder was cleared
    return key, stored
