"""Calls to other systems end by their deadline, and leave places to others. Real sockets, bounds lowered."""

import os
import runpy
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import cast

import pytest
import requests
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from django.utils.module_loading import import_string
from gunicorn.workers.gthread import ThreadWorker
from requests.adapters import HTTPAdapter

from config import connections, outside
from tests.slow import SlowServer

MOMENT = 0.3  # seconds: what a call has here, where nothing will ever come
LONG = 20  # what it must not need


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


def cut_short(session: requests.Session, url: str) -> bool:
    """Whether a call ended by its deadline, and not by the library's own patience."""
    with pytest.raises(outside.NoAnswer) as ended, outside.call(seconds=MOMENT, places={}):
        session.get(url, timeout=LONG)
    return not isinstance(ended.value.__cause__, requests.Timeout)


@pytest.mark.parametrize("way", ["silent", "drips a head", "drips a body", "drips a body and says close"])
def test_call_ends_however_its_answer_comes(session: requests.Session, way: str) -> None:
    with SlowServer(way) as server:
        assert cut_short(session, server.url)


def test_call_ends_while_tls_shakes_hands(session: requests.Session) -> None:
    with SlowServer("silent") as server:
        assert cut_short(session, server.url.replace("http:", "https:"))


def test_call_ends_on_a_connection_that_an_earlier_call_has_left_open(session: requests.Session) -> None:
    with SlowServer("answers once") as server:
        with outside.call(seconds=LONG, places={}):
            assert session.get(server.url, timeout=LONG).text == "ok"
        assert cut_short(session, server.url)
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


class TestRest:
    @pytest.fixture
    def rest(self, monkeypatch: pytest.MonkeyPatch) -> outside.Rest:
        monkeypatch.setattr("config.outside._A_WAIT", -1)
        return outside.Rest(LONG)

    def failed(self, rest: outside.Rest) -> outside.Rest:
        with suppress(ConnectionError), rest.watching():
            raise ConnectionError
        return rest

    def test_what_kept_somebody_waiting_in_vain_is_left_alone(self, rest: outside.Rest) -> None:
        assert not rest.now
        assert self.failed(rest).now

    def test_what_fails_at_once_is_asked_again(self, rest: outside.Rest, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("config.outside._A_WAIT", LONG)
        assert not self.failed(rest).now

    def test_one_looks_when_the_time_is_over_and_all_when_it_is_back(self, rest: outside.Rest) -> None:
        self.failed(rest)
        rest._until = time.monotonic() - 1
        assert [rest.now for _ in range(3)] == [False, True, True]
        with rest.watching():
            pass
        assert not rest.now


def test_pages_leave_threads_to_those_that_wait_for_nobody() -> None:
    conf = runpy.run_path("gunicorn.conf.py")
    waiting = settings.PAGES_WAITING_FOR_PLATFORMS + settings.PAGES_WAITING_FOR_STORAGE

    assert issubclass(import_string(conf["worker_class"]), ThreadWorker)
    assert waiting < conf["threads"]
    assert settings.PAGES_WAITING_FOR_ONE_PLATFORM < settings.PAGES_WAITING_FOR_PLATFORMS


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has none of it")
def test_statements_of_pages_end(db: None) -> None:
    """By an environment that gunicorn.conf.py sets; in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-c", SHOW_LIMITS],
        env={**os.environ, "STATEMENT_SECONDS": "20", "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["20s", "20s", "1min"]


SHOW_LIMITS = """
import django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        cursor.execute(f"SHOW {name}")
        print(cursor.fetchone()[0])
"""


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_database_that_takes_too_long_is_said_to_be_busy(monkeypatch: pytest.MonkeyPatch, accept: str) -> None:
    def stopped(*args: object) -> None:
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr("lti_tool.registered.of_issuer", stopped)
    client = Client(HTTP_HOST="tool.example", raise_request_exception=False)
    response = client.get("/lti/login/", {"iss": "https://a.example"}, secure=True, headers={"Accept": accept})

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert "took too long and was stopped" in response.content.decode()
    assert "canceling" not in response.content.decode()
