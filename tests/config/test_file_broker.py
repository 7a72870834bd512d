"""Messages in files, by kombu's own connections."""

import os
import time
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection
from kombu.simple import SimpleQueue

from config import file_broker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "messages").mkdir()
    return tmp_path


def connect(folder: Path) -> Connection:
    messages = str(folder / "messages")
    options = {"data_folder_in": messages, "data_folder_out": messages, "control_folder": str(folder / "control")}
    return Connection(f"{file_broker.SCHEME}://", transport_options=options)


def queue_of(connection: Connection) -> SimpleQueue:
    """One of the test's own: kombu remembers in its process which are bound."""
    return connection.SimpleQueue(Path(str((connection.transport_options or {})["control_folder"])).parent.name)


def test_what_is_put_comes_out_in_its_order(folder: Path) -> None:
    with connect(folder) as sender, connect(folder) as receiver:
        for number in range(3):
            queue_of(sender).put({"number": number})
        waiting = queue_of(receiver)
        assert [waiting.get(timeout=60).payload for _ in range(3)] == [{"number": 0}, {"number": 1}, {"number": 2}]


def test_half_written_message_is_not_there_yet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(folder) as sender, connect(folder) as receiver:
        sending, waiting, replace = queue_of(sender), queue_of(receiver), os.replace
        seen: list[Any] = []

        def look_first(*paths: Any) -> None:
            with pytest.raises(Empty):
                waiting.get_nowait()
            seen.append(sorted(path.suffix for path in (folder / "messages").iterdir()))
            replace(*paths)

        monkeypatch.setattr(os, "replace", look_first)
        sending.put({"number": 1})
        assert seen == [[".part"]]
        assert waiting.get(timeout=60).payload == {"number": 1}


def test_table_that_is_being_written_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(folder) as sender:
        sending = queue_of(sender)
        table = next((folder / "control").glob("*.exchange"))
        whole = table.read_text()
        table.write_text("")
        monkeypatch.setattr(time, "sleep", lambda _: table.write_text(whole))
        sending.put({"number": 1})
        assert len(list((folder / "messages").glob("*.msg"))) == 1
