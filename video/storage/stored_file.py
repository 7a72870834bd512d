"""An object in storage as a file to read from, by whole blocks and no more than agreed."""

import io
from collections import OrderedDict

from video.storage.base import Backend, StorageError


class TooMuch(Exception):
    """More was asked for than a reader of this file may need."""


class StoredFile(io.RawIOBase):
    """Reads `block` bytes at a time and remembers the last `blocks` of them; at most `most` bytes in all.

    Libraries in C swallow what a read raises, so it is kept as `failure`, and every later read raises it again.
    """

    def __init__(self, backend: Backend, key: str, size: int, *, block: int, blocks: int, most: int) -> None:
        self._backend = backend
        self._key = key
        self._block = block
        self._blocks = blocks
        self._most = most
        self._at = 0
        self._held: OrderedDict[int, bytes] = OrderedDict()
        self.size = size
        self.bytes_read = 0
        self.failure: Exception | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        part = self.at(self._at, len(buffer))
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def at(self, position: int, length: int) -> bytes:
        """At most `length` bytes from there; fewer at the end alone."""
        parts = []
        end = min(position + length, self.size)
        while position < end:
            number, offset = divmod(position, self._block)
            part = self._held_block(number)[offset : offset + end - position]
            if not part:
                break
            parts.append(part)
            position += len(part)
        return b"".join(parts)

    def _held_block(self, number: int) -> bytes:
        if number not in self._held:
            self._held[number] = self._fetched(number)
            if len(self._held) > self._blocks:
                self._held.popitem(last=False)
        self._held.move_to_end(number)
        return self._held[number]

    def _fetched(self, number: int) -> bytes:
        start = number * self._block
        length = min(self._block, self.size - start)
        if self.failure is None and self.bytes_read + length > self._most:
            self.failure = TooMuch()
        self.check()
        try:
            content = self._backend.read(self._key, start, length)
        except StorageError as error:
            self.failure = error
            raise
        self.bytes_read += len(content)
        return content

    def check(self) -> None:
        """Raise what a read failed with."""
        if self.failure is not None:
            raise self.failure
