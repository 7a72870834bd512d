"""An upload in parts: which there are, which have arrived, and how they become one object."""

from collections.abc import Mapping

import structlog
from django.template.defaultfilters import filesizeformat

from video import deletion
from video.models import Attachment, Video
from video.problems import Problem, storage_problems, too_large
from video.storage import storage
from video.storage.base import ObjectChanged, StoredPart, UploadGone

log = structlog.get_logger(__name__)

Upload = Video | Attachment


def received(video: Video) -> list[StoredPart]:
    """What storage has of an upload in parts; all of it where it was put together and nobody heard so.

    Raises:
        Problem: storage does not answer, or has lost it (it is ended then).
    """
    there = arrived(video)
    if there is None:
        problem = gone()
        deletion.refuse(video, launch=None, problem=problem)
        raise problem
    return there


def arrived(upload: Upload) -> list[StoredPart] | None:
    """As `received`, but None where storage has lost it. Raises Problem where storage does not answer."""
    with storage_problems():
        backend = storage(upload.backend)
        try:
            return backend.parts(key=upload.key, upload_id=upload.upload_id)
        except UploadGone:
            whole = backend.inspect(upload.key)
    return None if whole is None else _cut(whole.size, upload)


def gone() -> Problem:
    return Problem("upload_gone", "The unfinished upload is no longer in storage.", "Choose the file again.")


def check_sizes(video: Upload, sizes: Mapping[int, int]) -> None:
    """Raises Problem where the upload has no such parts, by number and size."""
    assert video.part_bytes is not None, "an upload in parts has a size of them"
    for number, size in sizes.items():
        if size != _expected_size(video, number) and not (video.recorded and 0 < size < video.part_bytes):
            raise Problem("wrong_part", "This upload has no such part.", "Reload the page and try again.", status=400)
    assignment = video.attempt.submission.assignment
    if video.recorded and max(sizes) * video.part_bytes > assignment.max_bytes + video.part_bytes:
        raise too_large(max(sizes) * video.part_bytes, assignment.max_bytes)


def put_together(video: Upload, wanted: int | None) -> None:
    """Have storage make one object of the parts, if every one is there and of its size.

    Raises:
        Problem: 409 `not_arrived`. StorageUnavailable, StorageRefused.
    """
    backend = storage(video.backend)
    try:
        there = backend.parts(key=video.key, upload_id=video.upload_id)
        whole = _all_there(video, there, wanted)
        backend.finish_parts(key=video.key, upload_id=video.upload_id, parts=whole)
    except UploadGone:
        # Done already, by a request whose answer was lost: the look that follows tells.
        log.info("upload_gone", upload=str(video.pk))
    except ObjectChanged as error:
        if backend.inspect(video.key) is None:  # else somebody else has put it together just now
            raise _not_all_there([]) from error  # a part is sent again just now, by another tab


def _all_there(video: Upload, there: list[StoredPart], wanted: int | None) -> list[StoredPart]:
    """The parts to put together. Raises Problem where one is missing.

    Where nobody can say any more how many a recording has, it is what there is before the first gap: parts are sent
    several at a time, and a browser that dies may leave a later one there without the one before.
    """
    if video.recorded:
        unbroken = [part for number, part in enumerate(there, 1) if part.number == number]
        if wanted is None:
            there = unbroken
        whole = bool(there) and len(unbroken) == len(there) and wanted in (None, len(there))
    else:
        whole = sum(part.size for part in there) == video.size and all(
            part.size == _expected_size(video, part.number) for part in there
        )
    if not whole:
        raise _not_all_there(there)
    return there


def _not_all_there(there: list[StoredPart]) -> Problem:
    arrived = filesizeformat(sum(part.size for part in there))
    message = f"Only {arrived} have arrived in storage yet." if there else "Not all of it has arrived in storage yet."
    return Problem("not_arrived", message, "Wait a moment, or choose the same file again to go on.", status=409)


def _cut(size: int, video: Upload) -> list[StoredPart]:
    """The parts of a whole object, as if they were still apart."""
    assert video.part_bytes is not None, "an upload in parts has a size of them"
    starts = range(0, size, video.part_bytes)
    return [
        StoredPart(number=number, size=min(video.part_bytes, size - start), checksum="")
        for number, start in enumerate(starts, 1)
    ]


def _expected_size(video: Upload, number: int) -> int:
    """Bytes of an announced file's part; 0 where there is no such part. A recording's are whole but for its last."""
    assert video.part_bytes is not None, "an upload in parts has a size of them"
    if video.recorded:
        return video.part_bytes
    return max(0, min(video.part_bytes, video.size - (number - 1) * video.part_bytes))
