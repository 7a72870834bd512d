"""Files that forms send: kept in memory, up to a bound, and never on a disk that may be full or keep them for ever."""

import io
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

MOST_BYTES = 5 * 1024 * 1024  # the largest that any page takes: marks as CSV


class InMemory(FileUploadHandler):
    """What comes after the first MOST_BYTES + 1 bytes of a file is dropped: enough to tell that it is too large.

    Django's own handlers write whatever has more than 2.5 MB into the temporary folder. (Videos and attachments do not
    come this way: browsers send them to storage.)
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._kept = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._kept.write(raw_data[: MOST_BYTES + 1 - self._kept.tell()])

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        size = self._kept.tell()
        self._kept.seek(0)
        return InMemoryUploadedFile(
            file=self._kept,
            field_name=self.field_name,
            name=self.file_name or "",
            content_type=self.content_type,
            size=size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
