"""How fast a thousand grades reach the demo's LMS, against a bare loop of `requests` that posts the same.

    make bench-delivery

Both keep their connection. Ours does what makes a grade safe on top: it claims, writes the ledger, looks at the
gradebook before it writes to it, and records the answer. One worker process, then two; requests and statements for each
grade are counted.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

from bench import environment
from tests.services import free_port

GRADES = 1000
os.environ.update(PLATFORM_REQUESTS_A_SECOND="100000", PLATFORM_REQUESTS_AT_ONCE="4")
ENVIRONMENT = environment.prepare()
PORT, TOOL_PORT = free_port(), free_port()
ISSUER = f"http://127.0.0.1:{PORT}"

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from bench.lms import FIRST  # noqa: E402
from lti_tool import platform as http  # noqa: E402
from lti_tool.gradebook import ags, delivery, outbox  # noqa: E402
from lti_tool.models import Course, Deployment, Person, Platform, ResourceLink, ScoreDelivery  # noqa: E402


def main() -> None:
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as name, _lms(Path(name)), _tool():
        link, people = _course()
        bare = _bare(link, people)
        counted = _counted(link, people)
        one = _workers(link, people, processes=1)
        two = _workers(link, people, processes=2)
    print(f"grades a second: a bare loop {bare:.0f}, one worker process {one:.0f}, two {two:.0f}")
    figures = {**counted, "delivery_vs_bare": f"{one / bare:.2f}", "two_vs_one": f"{two / one:.2f}"}
    print(" ".join(f"{name}={value}" for name, value in figures.items()))


@contextmanager
def _lms(folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.lms", "--port", str(PORT), "--data", str(folder)]
    with _running([*command, "--tool", f"http://127.0.0.1:{TOOL_PORT}"], ISSUER):
        yield


@contextmanager
def _tool() -> Iterator[None]:
    """For its key set."""
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{TOOL_PORT}", "--workers=1"]
    # The LMS reads it as a browser on this machine would.
    with _running(
        command,
        f"http://127.0.0.1:{TOOL_PORT}/healthz",
        DEBUG="1",
        ALLOWED_HOSTS="127.0.0.1",
        BASE_URL="http://127.0.0.1",
    ):
        yield


@contextmanager
def _running(command: list[str], url: str, **more: str) -> Iterator[None]:
    process = subprocess.Popen(command, env={**ENVIRONMENT, **more})
    try:
        for _ in range(150):
            try:
                requests.get(url, timeout=5)
            except requests.RequestException:
                time.sleep(0.2)
            else:
                break
        yield
    finally:
        process.terminate()
        process.wait(30)


def _course() -> tuple[ResourceLink, list[Person]]:
    row = Platform.objects.create(
        name="Bench",
        issuer=ISSUER,
        client_id="reelmark-demo",
        authorization_url=f"{ISSUER}/auth",
        token_url=f"{ISSUER}/token",
        jwks_url=f"{ISSUER}/jwks",
    )
    deployment = Deployment.objects.create(platform=row, deployment_id="1")
    course = Course.objects.create(platform=row, deployment=deployment, context_id="2", title="Film")
    link = ResourceLink.objects.create(
        platform=row,
        course=course,
        resource_link_id="1",
        title="Interview",
        lineitem_url=f"{ISSUER}/ags/2/lineitems/1/lineitem?type_id=1",
        lineitems_url=f"{ISSUER}/ags/2/lineitems?type_id=1",
        scopes=[ags.SCOPE_SCORE, ags.SCOPE_RESULT_READONLY, ags.SCOPE_LINEITEM],
    )
    people = Person.objects.bulk_create(
        Person(platform=row, sub=str(FIRST + number), name=f"P{number}") for number in range(GRADES)
    )
    return link, people


def _bare(link: ResourceLink, people: list[Person]) -> float:
    """Grades a second of a loop that only posts."""
    token = http.access_token(link.platform, [ags.SCOPE_SCORE])
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/vnd.ims.lis.v1.score+json"}
    stamp = datetime.now(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    url = f"{ISSUER}/ags/2/lineitems/1/lineitem/scores?type_id=1"
    began = time.perf_counter()
    with requests.Session() as session:
        for person in people:
            body = {
                "userId": person.sub,
                "activityProgress": "Completed",
                "gradingProgress": "FullyGraded",
                "timestamp": stamp,
                "comment": "Well told.",
                "scoreGiven": 1,
                "scoreMaximum": 100,
            }
            answer = session.post(url, data=json.dumps(body), headers=headers, timeout=20)
            assert answer.status_code == 200, answer.status_code
    return len(people) / (time.perf_counter() - began)


def _wish(link: ResourceLink, people: list[Person], points: int) -> None:
    """Released all at once, and not yet queued: the workers are started by the clock."""
    with transaction.atomic():
        for person in people:
            outbox.wish_graded(
                resource_link=link, person=person, points=Decimal(points), maximum=Decimal(100), comment="Well told."
            )
        transaction.get_connection().run_on_commit.clear()


def _counted(link: ResourceLink, people: list[Person]) -> dict[str, str]:
    """Requests and statements for each grade, in this process."""
    # A column of its own: the bare loop's would be another's grades to us.
    link.lineitem_url = ags.make_line_item(link, label="Interview", maximum=100)
    link.save()
    _wish(link, people[:200], 2)
    calls, really = [], http._call

    def counted(method: str, url: str, **more: Any) -> http.Answer:
        calls.append(url)
        return really(method, url, **more)

    http._call = counted
    with CaptureQueriesContext(connection) as captured:
        delivery.deliver_to(link.platform)
    http._call = really
    assert ScoreDelivery.objects.filter(state="sent").count() == 200, "some were not sent"
    asked = [str(query["sql"]) for query in captured.captured_queries]
    own = [sql for sql in asked if not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
    return {
        "requests_per_grade": f"{len(calls) / 200:.3f}",
        "sql_per_delivery": f"{len(own) / 200:.1f}",
    }


def _workers(link: ResourceLink, people: list[Person], *, processes: int) -> float:
    """Grades a second with so many worker processes, from the first to arrive to the last."""
    _wish(link, people, 2 + processes)
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-c", str(processes), "--loglevel", "WARNING"]
    worker = subprocess.Popen(command, env=ENVIRONMENT)
    sent = ScoreDelivery.objects.filter(state="sent")
    try:
        for _ in range(processes):
            outbox.queue(link.platform_id)
        while not (first := sent.count()):
            time.sleep(0.01)
        began = time.perf_counter()
        while (now := sent.count()) < len(people):
            time.sleep(0.02)
        return (now - first) / (time.perf_counter() - began)
    finally:
        worker.terminate()
        worker.wait(30)


if __name__ == "__main__":
    main()
