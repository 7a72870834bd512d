"""A class that hands in within a minute: tickets, small films and confirmations, on two workers of gunicorn.

Each student has launched before. At a time of their own they ask for a ticket, send the film to storage, confirm it,
and (as with a large one) ask for a ticket in parts and ten of its addresses. Times are the web server's answers, as a
client on the same machine sees them. `sql_ticket` counts the statements of one ticket, before the crowd and after it.
"""

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from bench import environment
from demo.objectstore import ObjectStore
from demo.processes import Processes
from tests.films import film
from tests.services import free_port, free_ports

FIRST_PORT = free_ports(9)
STORE = ObjectStore(
    port=FIRST_PORT,
    inner_port=FIRST_PORT + 1,
    bucket="bench",
    access_key="bench",
    secret_key="bench-secret",
    folder=Path(tempfile.mkdtemp(prefix="reelmark-bench-s3-")),
)
os.environ.update(
    S3_ENDPOINT_URL=STORE.endpoint, AWS_ACCESS_KEY_ID=STORE.access_key, AWS_SECRET_ACCESS_KEY=STORE.secret_key
)

# It reads the settings, the store's address among them, and sets Django up.
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from bench import people, platform  # noqa: E402
from bench.browser import HOST, Browser, Tool, wait_for  # noqa: E402
from lti_tool import registered  # noqa: E402

LARGE = 500 * 1024 * 1024
TEN_PARTS = [{"number": number, "size": 8 * 1024 * 1024} for number in range(1, 11)]
AT_ONCE = 32  # students whose browsers wait for an answer at the same time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    processes = Processes(STORE.folder / "logs")
    with processes.log("s3").open("wb") as log:
        processes.adopt("s3", STORE.start(log))
    try:
        STORE.prepare(allowed_origin=environment.BASE_URL, check=processes.check)
        figures = _crowd(options.students, options.seconds)
    finally:
        processes.stop()
        shutil.rmtree(STORE.folder, ignore_errors=True)
    print(" ".join(f"{name}={value}" for name, value in figures.items()))


def _crowd(students: int, seconds: float) -> dict[str, str]:
    # The transfers that came before have used the same database.
    connection.cursor().execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    call_command("migrate", verbosity=0)
    with platform.key_set_server() as issuer:
        people.make(issuer)
        before = _statements(issuer, "498")
        registered.forget()
        connection.close()
        times = _served(issuer, students, seconds)
        after = _statements(issuer, "499")
    for name, taken in times.items():
        print(f"{name}: p50 {_percentile(taken, 50):.0f} ms, p95 {_percentile(taken, 95):.0f} ms, {len(taken)} answers")
    found = {"sql_ticket": f"{before}" if before == after else f"{before}..{after}"}
    for name, taken in times.items():
        found |= {f"{name}_p50_ms": f"{_percentile(taken, 50):.0f}", f"{name}_p95_ms": f"{_percentile(taken, 95):.0f}"}
    return found


def _percentile(taken: list[float], percent: int) -> float:
    return statistics.quantiles(taken, n=100, method="inclusive")[percent - 1] * 1000


class Student:
    """Somebody's browser after the launch: its address, cookie and token."""

    def __init__(self, issuer: str, port: int, sub: str) -> None:
        self.times: dict[str, float] = {}
        browser = Browser(issuer, Tool(port))
        home, cookie = browser.launch(sub), browser.cookie
        browser.close()
        self._base = f"http://127.0.0.1:{port}"
        self._session = requests.Session()
        self._session.headers.update({**HOST, "Cookie": cookie, "Referer": f"{environment.BASE_URL}{home}"})
        page = self._session.get(self._base + home, timeout=60)
        token = re.search(r'<meta name="csrf-token" content="(\w+)"', page.text)
        assert token, page.status_code
        csrf = page.cookies.get_dict()
        self._session.cookies.clear()  # they are for https: sent by hand
        self._session.headers["Cookie"] = "; ".join([cookie, *(f"{name}={value}" for name, value in csrf.items())])
        self._session.headers.update({"X-CSRFToken": token.group(1), "Accept": "application/json"})
        self._home = home

    def hands_in(self, content: bytes) -> None:
        ticket = self.ask("ticket", f"{self._home}uploads/", _announced(len(content)))
        form = ticket["form"]
        sent = requests.post(form["url"], data=form["fields"], files={"file": content}, timeout=60)
        assert sent.ok, sent.text
        self.ask("confirm", ticket["urls"]["complete"], {})
        large = self.ask("parts_ticket", f"{self._home}uploads/", _announced(LARGE))
        self.ask("sign", large["urls"]["sign"], {"parts": TEN_PARTS})

    def ask(self, name: str, path: str, body: object) -> dict[str, Any]:
        began = time.perf_counter()
        answer = self._session.post(self._base + path, data=json.dumps(body), timeout=60, headers=_JSON)
        self.times[name] = time.perf_counter() - began
        assert answer.ok, (name, answer.status_code, answer.text)
        found: dict[str, Any] = answer.json()
        return found


_JSON = {"Content-Type": "application/json"}


def _announced(size: int) -> dict[str, object]:
    return {"name": "interview.mp4", "size": size, "type": "video/mp4", "fingerprint": "0" * 64}


def _served(issuer: str, students: int, seconds: float) -> dict[str, list[float]]:
    port, content = free_port(), film()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "config.wsgi",
        f"--bind=127.0.0.1:{port}",
        "--workers=2",
        "--log-level=warning",
    ]
    server = subprocess.Popen(command, env=dict(os.environ))
    try:
        wait_for(Tool(port))
        with ThreadPoolExecutor(8) as pool:
            crowd = list(pool.map(lambda number: Student(issuer, port, str(number)), range(students)))
        chance = random.Random(1)
        come = sorted((chance.uniform(0, seconds), number) for number in range(students))
        began = time.perf_counter()

        def one(when: float, student: Student) -> None:
            time.sleep(max(0.0, began + when - time.perf_counter()))
            student.hands_in(content)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(one, when, crowd[number]) for when, number in come]:
                done.result()
        print(f"{students} students: from ticket to confirmation within {time.perf_counter() - began:.0f} s")
        return {name: [student.times[name] for student in crowd] for name in crowd[0].times}
    finally:
        server.terminate()
        server.wait(30)


def _statements(issuer: str, sub: str) -> int:
    """Database statements of one ticket, in this process."""
    client = Client(HTTP_HOST="tool.bench")
    home = platform.launched(issuer, client, sub, "Learner")
    counts = []
    for _ in range(2):  # the first makes the person's draft
        with CaptureQueriesContext(connection) as captured:
            answer = client.post(
                f"{home}uploads/", json.dumps(_announced(1000)), content_type="application/json", secure=True
            )
            assert answer.status_code == 201, answer.content
        asked = [str(query["sql"]) for query in captured.captured_queries]
        counts.append(sum(not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for sql in asked))
    return counts[-1]


if __name__ == "__main__":
    main()
