"""What other apps of an installation may listen to: Django signals, sent once the change has been committed.

Arguments are ids alone (UUIDs; `submission_id` and so on), never names, addresses, tokens or rows: a row would be as
old as the transaction, and an id fits into a task. A receiver runs where the change was made, most often while a person
waits: whatever takes time it hands to a worker. One that fails is logged (`receiver_failed`) and harms nobody else.
docs/architecture.md has an example.
"""

from typing import Any

import structlog
from django.db import transaction
from django.dispatch import Signal

log = structlog.get_logger(__name__)

#: A video was looked into and believed: its student can hand it in. `video_id`.
video_uploaded = Signal()
#: An attempt was handed in. `submission_id`, `attempt_id`, `late` (True or False).
submitted = Signal()
#: The points of an attempt were set, changed, or taken away again: read them from its `Grade`. Not for a change of
#: words alone. Its student does not see them before `released`. `submission_id`, `attempt_id`.
graded = Signal()
#: Marks went back to their student, for the first time or again. `submission_id`, `attempt_ids` (a list, not empty).
released = Signal()
#: A video was deleted: its row stays, its object goes. `video_id`, `why` (such as `replaced`).
deleted = Signal()

_NAMES = {
    video_uploaded: "video_uploaded",
    submitted: "submitted",
    graded: "graded",
    released: "released",
    deleted: "deleted",
}


def send_on_commit(signal: Signal, sender: type, **named: Any) -> None:
    """Send a signal of ours when the present transaction has been committed; never, where it is rolled back."""
    transaction.on_commit(lambda: _send(signal, sender, named))


def _send(signal: Signal, sender: type, named: dict[str, Any]) -> None:
    for receiver, answer in signal.send_robust(sender, **named):
        if isinstance(answer, Exception):
            name = getattr(receiver, "__qualname__", type(receiver).__qualname__)
            log.error("receiver_failed", signal=_NAMES[signal], receiver=name, exc_info=answer)
