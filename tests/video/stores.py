"""Storage in memory, for tests of what is read from it; `tests/contracts` has what a real one does."""

from typing import BinaryIO, cast

from video.storage.base import Backend, StorageUnavailable


class Kept:
    """One object, with what was read of it. `fails_after` so many reads it does not answer any more."""

    def __init__(self, *parts: bytes | int, fails_after: int | None = None) -> None:
        """Parts are bytes, or a number of zeros that take no memory."""
        self.parts = list(parts)
        self.read_bytes = 0
        self.reads = 0
        self.fails_after = fails_after
        self.content_type = ""

    @property
    def size(self) -> int:
        return sum(part if isinstance(part, int) else len(part) for part in self.parts)

    @property
    def content(self) -> bytes:
        return self._range(0, self.size)

    @property
    def backend(self) -> Backend:
        return cast(Backend, self)

    def read(self, key: str, start: int, length: int) -> bytes:
        if self.reads == self.fails_after:
            raise StorageUnavailable("out")
        self.reads += 1
        found = self._range(start, length)
        self.read_bytes += len(found)
        return found

    def put(self, key: str, file: BinaryIO, *, content_type: str, save_as: str = "") -> None:
        if self.fails_after is not None:
            raise StorageUnavailable("out")
        self.parts, self.content_type = [file.read()], content_type

    def _range(self, start: int, length: int) -> bytes:
        found, begins = b"", 0
        for part in self.parts:
            size = part if isinstance(part, int) else len(part)
            first, last = max(start - begins, 0), min(start + length - begins, size)
            if first < last:
                found += bytes(last - first) if isinstance(part, int) else part[first:last]
            begins += size
        return found
