"""gunicorn as it is started, with what only it can refuse: the head of a request."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.services import STARTS_WITHIN, free_port

ROOT = Path(__file__).parents[2]
PAGE = "/lti/register/by-hand/"  # it asks no database


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder, number = tmp_path_factory.mktemp("web"), free_port()
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DEMO": "1", "DEBUG": "0"}
    env |= {
        "BASE_URL": f"http://localhost:{number}",
        "ALLOWED_HOSTS": "localhost",
        "DATA_DIR": str(folder),
        "REDIS_URL": "",
    }
    env |= {"DATABASE_URL": f"sqlite:///{folder}/web.sqlite3"}
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{number}"]
    log = (folder / "log").open("wb")
    process = subprocess.Popen([*command, "--graceful-timeout", "1"], cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        _wait_for(number, process, folder / "log")
        yield number
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("localhost", port, timeout=120)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_address_of_eight_thousand_letters_is_read(port: int) -> None:
    """A login by GET with a message hint of 3,900 characters, half of them percent-encoded."""
    assert get(port, f"{PAGE}?hint={'x' * 8000}")[0] == 200


def test_longer_address_is_told_in_words(port: int) -> None:
    status, page = get(port, f"{PAGE}?hint={'x' * 9000}")

    assert status == 414
    assert "This address is too long" in page
    assert "Open the activity again from the course" in page


def test_cookies_of_two_hundred_launches_are_read(port: int) -> None:
    cookies = "; ".join(f"lti_state_{n:024x}={'x' * 40}" for n in range(200))

    assert get(port, PAGE, Cookie=cookies)[0] == 200


@pytest.mark.parametrize("cookie", ["x" * 40_000, "x" * 400_000])
def test_too_many_cookies_are_told_in_words(port: int, cookie: str) -> None:
    status, page = get(port, PAGE, Cookie=f"a={cookie}")

    assert status == 431
    assert "too many cookies" in page
    assert "What to do:" in page


def test_what_is_no_request_stays_gunicorns_own(port: int) -> None:
    with socket.create_connection(("localhost", port), timeout=120) as client:
        client.sendall(b"\x01\x02\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400 ")
