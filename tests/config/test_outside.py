"""Calls to other systems end by their deadline, and leave places to others. Real sockets, bounds lowered."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import pytest
import requests
from requests.adapters import HTTPAdapter

from config import connections, outside
from tests.slow import SlowServer

MOMENT = 0.3  # seconds: what a call has here, where nothing will ever come
LONG = 60  # what it must not need


class Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        super().init_poolmanager(*args, **kwargs)  # type: ignore[arg-type]
        self.poolmanager.pool_classes_by_scheme = connections.POOLS


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.mount("http://", Adapter())
        session.mount("https://", Adapter())
        yield session


@pytest.mark.parametrize("way", ["silent", "drips a head", "drips a body", "drips a body and says close"])
def test_call_ends_however_its_answer_comes(session: requests.Session, way: str) -> None:
    with SlowServer(way) as server, pytest.raises(outside.NoAnswer), outside.call(seconds=MOMENT, places={}):
        session.get(server.url, timeout=LONG)


def test_call_ends_while_tls_shakes_hands(session: requests.Session) -> None:
    with SlowServer("silent") as server, pytest.raises(outside.NoAnswer), outside.call(seconds=MOMENT, places={}):
        session.get(server.url.replace("http:", "https:"), timeout=LONG)


def test_call_ends_on_a_connection_that_an_earlier_call_has_left_open(session: requests.Session) -> None:
    with SlowServer("answers once") as server:
        with outside.call(seconds=LONG, places={}):
            assert session.get(server.url, timeout=LONG).text == "ok"
        with pytest.raises(outside.NoAnswer), outside.call(seconds=MOMENT, places={}):
            session.get(server.url, timeout=LONG)

        assert server.connections == 1


def test_call_ends_while_a_name_is_looked_up(session: requests.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()

    def look_up(*args: object, **kwargs: object) -> list[object]:
        told.wait(LONG)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(outside.NoAnswer), outside.call(seconds=MOMENT, places={}):
        session.get("http://platform.example/", timeout=LONG)
    told.set()


def test_what_comes_too_late_counts_as_no_answer() -> None:
    with pytest.raises(outside.NoAnswer), outside.call(seconds=LONG, places={}):
        cast(outside.Lines, outside.lines()).cut()


def test_other_errors_are_as_they_were(session: requests.Session) -> None:
    with (
        SlowServer("hangs up") as server,
        pytest.raises(requests.ConnectionError),
        outside.call(seconds=LONG, places={}),
    ):
        session.get(server.url, timeout=LONG)


def test_calls_of_a_page_share_its_patience(session: requests.Session) -> None:
    with outside.patience(MOMENT), SlowServer("silent") as server:
        for _ in range(2):
            with pytest.raises(outside.NoAnswer), outside.call(seconds=LONG, places={}):
                session.get(server.url, timeout=LONG)

        assert server.connections == 1, "with no time left, nothing is begun"


@contextmanager
def waiting(places: dict[str, int], count: int) -> Iterator[Callable[[], None]]:
    """So many calls of pages are under way; yields how to end them."""
    inside, end = threading.Barrier(count + 1), threading.Event()

    def one() -> None:
        with outside.patience(LONG), outside.call(seconds=LONG, places=places):
            inside.wait(LONG)
            end.wait(LONG)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    inside.wait(LONG)

    def stop() -> None:
        end.set()
        for thread in threads:
            thread.join()

    try:
        yield stop
    finally:
        stop()


@pytest.fixture
def no_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.outside._QUEUE_SECONDS", 0)


def ask(places: dict[str, int]) -> None:
    with outside.patience(LONG), outside.call(seconds=LONG, places=places):
        pass


@pytest.mark.usefixtures("no_queue")
def test_page_is_sent_away_where_as_many_wait_already() -> None:
    with waiting({"a": 2}, 2) as end:
        with pytest.raises(outside.NoPlace):
            ask({"a": 2})
        ask({"b": 2})  # another system is not concerned
        end()
        ask({"a": 2})


@pytest.mark.usefixtures("no_queue")
def test_one_platform_never_takes_the_places_of_another() -> None:
    with waiting({"platform a": 2, "platforms": 4}, 2), pytest.raises(outside.NoPlace):
        ask({"platform a": 2, "platforms": 4})
    with waiting({"platform a": 2, "platforms": 4}, 2):
        ask({"platform b": 2, "platforms": 4})
    with (
        waiting({"platform a": 2, "platforms": 4}, 2),
        waiting({"platform b": 2, "platforms": 4}, 2),
        pytest.raises(outside.NoPlace),
    ):
        ask({"platform c": 2, "platforms": 4})
    ask({"platform c": 2, "platforms": 4})  # what was refused has left nothing taken


def test_crowd_waits_a_moment_for_a_healthy_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.outside._QUEUE_SECONDS", LONG)
    queued: list[str] = []

    def come_late() -> None:
        ask({"a": 1})
        queued.append("done")

    with waiting({"a": 1}, 1) as end:
        late = threading.Thread(target=come_late)
        late.start()
        end()
        late.join(LONG)

    assert queued == ["done"]


@pytest.mark.usefixtures("no_queue")
def test_workers_need_no_place() -> None:
    with waiting({"a": 1}, 1), outside.call(seconds=LONG, places={"a": 1}):
        pass
