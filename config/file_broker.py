"""Messages in files, for one machine without Redis: each is whole before anybody can see it.

kombu's own transport writes into a file that a worker may take away meanwhile, and reads an empty message: that ends
the worker.
"""

import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

SCHEME = "whole-files"
TRANSPORT_ALIASES[SCHEME] = "config.file_broker:Transport"
TRIES, PAUSE = 50, 0.01  # seconds


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns():020}_{uuid.uuid4()}"  # they are taken in the order of their names
        unseen = folder / f"{name}.part"
        unseen.write_text(dumps(payload))
        os.replace(unseen, folder / f"{name}.{queue}.msg")

    def get_table(self, exchange: str) -> list[Any]:
        """The queues of an exchange; a table that is being written is read again."""
        for left in reversed(range(TRIES)):
            try:
                return super().get_table(exchange)
            except ValueError:  # of no JSON
                if not left:
                    raise
                time.sleep(PAUSE)
        return []


class Transport(filesystem.Transport):
    Channel = Channel
