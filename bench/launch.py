"""How fast a launch is: ratios measured in one run. `make bench-launch`.

A whole launch is a login request, a launch request and the landing page of somebody who was here before, in a course of
MEMBERS people. It is compared with a view of the same server that does nothing (`/healthz`, behind the same middleware)
by the same client, and its token's verification with the bare RS256 verification by `cryptography`.
"""

import base64
import http.client
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

from bench import environment, platform

ENVIRONMENT = environment.prepare()

import django  # noqa: E402

django.setup()

from cryptography.hazmat.primitives import hashes  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import padding  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client, RequestFactory  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from lti_tool import registered  # noqa: E402
from lti_tool.launch import id_token as launches  # noqa: E402
from lti_tool.launch import oidc  # noqa: E402
from lti_tool.models import (  # noqa: E402
    Course,
    Deployment,
    Membership,
    Person,
    Platform,
    ResourceLink,
    ScoreDelivery,
)
from tests.services import free_port  # noqa: E402
from video.models import Assignment, Attempt, Submission, Video  # noqa: E402

MEMBERS = 500
ROUNDS = 200
WORKERS, CLIENTS, SECONDS = 2, 8, 8
HOST = {"Host": "tool.bench", "X-Forwarded-Proto": "https", "Accept": "text/html"}


def main() -> None:
    call_command("migrate", verbosity=0)
    with platform.key_set_server() as issuer:
        _people(issuer)
        figures = _statements(issuer) | _verification(issuer) | _served(issuer)
    print(" ".join(f"{name}={value}" for name, value in figures.items()))


def _people(issuer: str) -> None:
    row = Platform.objects.create(
        name="Bench",
        issuer=issuer,
        client_id=platform.CLIENT_ID,
        authorization_url=f"{issuer}/auth",
        token_url=f"{issuer}/token",
        jwks_url=f"{issuer}/jwks",
    )
    deployment = Deployment.objects.create(platform=row, deployment_id="1")
    course = Course.objects.create(
        platform=row, deployment=deployment, context_id="2", title="Film", roster_refreshed_at=timezone.now()
    )
    link = ResourceLink.objects.create(platform=row, course=course, resource_link_id="1", title="Interview")
    assignment = Assignment.objects.create(course=course, resource_link=link, title="Interview")
    people = Person.objects.bulk_create(
        Person(platform=row, sub=str(number), name=f"Person {number}") for number in range(MEMBERS)
    )
    Membership.objects.bulk_create(Membership(course=course, person=person, role="student") for person in people)
    _work(assignment, people)


def _work(assignment: Assignment, people: list[Person]) -> None:
    """Everybody has handed in a video, and Moodle was told."""
    now, submitted = timezone.now(), Submission.State.SUBMITTED
    submissions = [Submission(assignment=assignment, person=person, state=submitted) for person in people]
    Submission.objects.bulk_create(submissions)
    attempts = [
        Attempt(submission=one, number=1, submitted_at=now, receipt_number=f"RM-{number}")
        for number, one in enumerate(submissions)
    ]
    Attempt.objects.bulk_create(attempts)
    Video.objects.bulk_create(
        Video(attempt=one, current=True, backend="s3", key=str(one.pk), state="ready", name="a.mp4", size=1, duration=9)
        for one in attempts
    )
    ScoreDelivery.objects.bulk_create(
        ScoreDelivery(
            resource_link=assignment.resource_link,
            person=person,
            activity_progress="Submitted",
            grading_progress="PendingManual",
            wanted_at=now,
            state=ScoreDelivery.State.SENT,
        )
        for person in people
    )


class Caller:
    """A person's browser, as little of it as a launch needs, on one kept-alive connection."""

    def __init__(self, issuer: str, port: int) -> None:
        self.issuer = issuer
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.signing = 0.0  # seconds that were the platform's work, not the tool's

    def ask(
        self, method: str, path: str, fields: dict[str, str] | None = None, cookie: str = ""
    ) -> tuple[int, str, str]:
        """Status, Location and cookies of the answer."""
        body = urlencode(fields) if fields else None
        headers = {**HOST, "Cookie": cookie} if cookie else dict(HOST)
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        answer.read()
        cookies: SimpleCookie = SimpleCookie()
        for header in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = header.partition("=")
            cookies[name] = rest.partition(";")[0]
        kept = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items() if morsel.value)
        return answer.status, answer.headers.get("Location", ""), kept

    def launch(self, sub: str, role: str = "Learner") -> tuple[str, str]:
        """The page's path, and the cookie that goes with it."""
        status, location, state_cookie = self.ask("POST", "/lti/login/", _login(self.issuer, sub))
        assert status == 302, status
        asked = parse_qs(urlsplit(location).query)
        began = time.perf_counter()
        token = platform.id_token(self.issuer, environment.BASE_URL, sub=sub, role=role, nonce=asked["nonce"][0])
        self.signing += time.perf_counter() - began
        fields = {"id_token": token, "state": asked["state"][0]}
        status, location, cookie = self.ask("POST", "/lti/launch/", fields, state_cookie)
        assert status == 302, status
        status, _, _ = self.ask("GET", location, cookie=cookie)
        assert status == 200, (status, location)
        return location, cookie


def _login(issuer: str, sub: str) -> dict[str, str]:
    return {
        "iss": issuer,
        "client_id": platform.CLIENT_ID,
        "login_hint": sub,
        "lti_message_hint": '{"cmid":3,"launchid":"ltilaunch1_7"}',
        "target_link_uri": f"{environment.BASE_URL}/lti/launch/",
        "lti_deployment_id": "1",
    }


def launched(issuer: str, client: Client, sub: str, role: str) -> str:
    """A whole launch in this process; the page's path."""
    login = client.post("/lti/login/", _login(issuer, sub), secure=True)
    asked = parse_qs(urlsplit(login["Location"]).query)
    token = platform.id_token(issuer, environment.BASE_URL, sub=sub, role=role, nonce=asked["nonce"][0])
    launched = client.post("/lti/launch/", {"id_token": token, "state": asked["state"][0]}, secure=True)
    page = client.get(launched["Location"], secure=True)
    assert page.status_code == 200, page.status_code
    return str(launched["Location"])


def _statements(issuer: str) -> dict[str, int]:
    figures = {}
    for role, sub in (("Learner", "7"), ("Instructor", "8")):
        client = Client(HTTP_HOST="tool.bench")
        launched(issuer, client, sub, role)
        with CaptureQueriesContext(connection) as captured:
            launched(issuer, client, sub, role)
        asked = [str(query["sql"]) for query in captured.captured_queries]
        own = [sql for sql in asked if not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
        figures[f"sql_{'student' if role == 'Learner' else 'teacher'}"] = len(own)
    return figures


def _verification(issuer: str) -> dict[str, str]:
    """Our verification of a token (format, registration, key, signature, times) against the signature's alone."""
    login = oidc.begin_login(_login(issuer, "7"))
    asked = parse_qs(urlsplit(login.address).query)
    token = platform.id_token(issuer, environment.BASE_URL, sub="7", role="Learner", nonce=login.nonce)
    request = RequestFactory().post("/lti/launch/", {"id_token": token, "state": asked["state"][0]})
    request.COOKIES[login.cookie_name] = login.nonce
    state = oidc.read_state(request)

    def ours() -> None:
        message = launches._Message(request, state)
        message._validated = True
        message.validate_jwt_format()
        message.validate_registration()
        message.validate_jwt_signature()

    head, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    key, content = platform.KEY.public_key(), head.encode()

    def bare() -> None:
        key.verify(raw, content, padding.PKCS1v15(), hashes.SHA256())

    ours()
    times = [(_timed(bare, 100), _timed(ours, 100)) for _ in range(20)]
    bare_time, our_time = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"verification: bare {bare_time * 1e6:.0f} µs, ours {our_time * 1e6:.0f} µs")
    return {"jwt_vs_bare": f"{our_time / bare_time:.2f}"}


def _timed(work: Callable[[], None], times: int) -> float:
    """Seconds for one."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def _served(issuer: str) -> dict[str, str]:
    registered.forget()
    connection.close()
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}", f"--workers={WORKERS}"]
    server = subprocess.Popen(command, env=ENVIRONMENT)
    try:
        return _one_by_one(issuer, port) | _at_once(issuer, port)
    finally:
        server.terminate()
        server.wait(30)


def _one_by_one(issuer: str, port: int) -> dict[str, str]:
    caller = _when_up(issuer, port)
    for number in range(20):  # both workers have their keys and registrations
        caller.launch(str(number))
    launch_times, bare_times = [], []
    for number in range(ROUNDS):
        caller.signing, began = 0.0, time.perf_counter()
        caller.launch(str(number % MEMBERS))
        launch_times.append(time.perf_counter() - began - caller.signing)
        bare_times.append(_timed(lambda: caller.ask("GET", "/healthz") and None, 3))
    launch_time, bare_time = statistics.median(launch_times), statistics.median(bare_times)
    print(f"one after the other: a launch {launch_time * 1e3:.1f} ms, a bare view {bare_time * 1e3:.2f} ms (medians)")
    return {"launch_vs_bare": f"{launch_time / bare_time:.1f}"}


def _when_up(issuer: str, port: int) -> Caller:
    for _ in range(100):
        caller = Caller(issuer, port)
        try:
            caller.ask("GET", "/healthz")
        except OSError:
            time.sleep(0.2)
        else:
            return caller
    raise SystemExit("the server did not start")


def _at_once(issuer: str, port: int) -> dict[str, str]:
    """Launches a second while several people come at once, the signing (this client's work) included."""
    ends = time.perf_counter() + SECONDS

    def launches_until_then(number: int) -> int:
        caller, count = Caller(issuer, port), 0
        while time.perf_counter() < ends:
            caller.launch(str((number * 50 + count) % MEMBERS))
            count += 1
        return count

    with ThreadPoolExecutor(CLIENTS) as pool:
        done = sum(pool.map(launches_until_then, range(CLIENTS)))
    return {"launches_per_second": f"{done / SECONDS:.0f}"}


if __name__ == "__main__":
    main()
