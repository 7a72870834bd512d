"""How fast the grading room's pages are in a large course: ratios of one run. Part of `make bench-grading`.

SUBMISSIONS people have handed in ATTEMPTS attempts each, all marked but the newest of every second person; the newest
has COMMENTS comments. Statements and times are of this process (no server in between), each page against `/healthz`
behind the same middleware; statements are counted again in a course of ten people: they must be the same.
"""

import json
import re
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from bench import environment, platform

ENVIRONMENT = environment.prepare()

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from lti_tool.models import Course, Deployment, Membership, Person, Platform, ResourceLink, ScoreDelivery  # noqa: E402
from video.models import Assignment, Attempt, Comment, Grade, Release, Submission, Video  # noqa: E402

SUBMISSIONS, ATTEMPTS, COMMENTS = 2500, 5, 50
ROUNDS = 15
WRITES = ("INSERT", "UPDATE", "DELETE")
# The one that a launch names, and a small one at another platform: ids are looked up the same way.
TEACHER = "teacher"


class Room:
    """A course's pages in its teacher's browser."""

    def __init__(self, issuer: str, people: int) -> None:
        self.link = _course(issuer, people)
        self.client = Client(HTTP_HOST="tool.bench")
        self.home = platform.launched(issuer, self.client, TEACHER, "Instructor")
        submissions = Submission.objects.filter(assignment__resource_link=self.link).order_by("person__name")
        middle = submissions[people // 2]
        self.room = f"{self.home}submissions/{middle.pk}/"
        self.attempt = middle.attempts.first()

    def get(self, path: str) -> str:
        answer = self.client.get(path, secure=True)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.content.decode()

    def save(self, points: str) -> None:
        assert self.attempt is not None
        grade = Grade.objects.filter(attempt=self.attempt).first()
        body: dict[str, Any] = {"version": grade.version if grade else 0, "points": points, "feedback": "<p>Good.</p>"}
        answer = self.client.post(
            f"{self.home}attempts/{self.attempt.pk}/mark/",
            json.dumps({**body, "finish": True}),
            content_type="application/json",
            secure=True,
        )
        assert answer.status_code == 200, answer.content


def main() -> None:
    call_command("migrate", verbosity=0)
    with platform.key_set_server() as large_issuer, platform.key_set_server() as small_issuer:
        large, small = Room(large_issuer, SUBMISSIONS), Room(small_issuer, 10)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        figures = _statements(large, small) | _times(large) | _writes(large)
    print(" ".join(f"{name}={value}" for name, value in figures.items()))


def _statements(large: Room, small: Room) -> dict[str, int]:
    figures = {}
    for name in ("roster", "room"):
        for room in (large, small):
            room.get(_page(room, name))  # what is cached, is
        counted = [len(_asked(partial(room.get, _page(room, name)))) for room in (large, small)]
        assert counted[0] == counted[1], f"{name}: {counted[0]} statements for many, {counted[1]} for few"
        figures[f"{name}_sql"] = counted[0]
    return figures


def _times(room: Room) -> dict[str, str]:
    figures: dict[str, str] = {}
    bare = _median(lambda: room.get("/healthz"))
    for name in ("roster", "room"):
        taken = _median(partial(room.get, _page(room, name)))
        print(f"{name}: {taken * 1e3:.0f} ms, a bare view {bare * 1e3:.1f} ms (medians of {ROUNDS})")
        figures |= {f"{name}_ms": f"{taken * 1e3:.0f}", f"{name}_vs_bare": f"{taken / bare:.0f}"}
    return figures


def _writes(room: Room) -> dict[str, int]:
    """The most that saving a mark takes: a first one, and two that change it; each goes back to its student at once."""
    most = 0
    for points in ("1", "2", "3"):
        asked = _asked(partial(room.save, points))
        most = max(most, sum(sql.startswith(WRITES) for sql in asked))
    return {"save_writes": most}


def _page(room: Room, name: str) -> str:
    return room.room if name == "room" else room.home


def _asked(work: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        work()
    asked = [str(query["sql"]) for query in captured.captured_queries]
    return [sql for sql in asked if not re.match("BEGIN|COMMIT|SAVEPOINT|RELEASE", sql)]


def _median(work: Callable[[], object]) -> float:
    """Seconds."""
    work()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _course(issuer: str, people: int) -> ResourceLink:
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
    students = Person.objects.bulk_create(
        Person(platform=row, sub=str(number), name=f"Person {number:05}", email=f"p{number}@bench.example")
        for number in range(people)
    )
    Membership.objects.bulk_create(Membership(course=course, person=person, role="student") for person in students)
    teacher = Person.objects.create(platform=row, sub=TEACHER, name="Tara")
    _work(assignment, students, teacher)
    return link


def _work(assignment: Assignment, students: list[Person], teacher: Person) -> None:
    now = timezone.now()
    states = Submission.State
    submissions = Submission.objects.bulk_create(
        Submission(assignment=assignment, person=person, state=states.SUBMITTED if at % 2 else states.GRADED)
        for at, person in enumerate(students)
    )
    attempts = Attempt.objects.bulk_create(
        Attempt(submission=one, number=number, submitted_at=now, receipt_number=f"RM-{one.pk.hex[-12:]}{number}")
        for one in submissions
        for number in range(1, ATTEMPTS + 1)
    )
    videos = Video.objects.bulk_create(
        Video(
            attempt=one, current=True, backend="s3", key=str(one.pk), state="ready", name="a.mp4", size=1, duration=600
        )
        for one in attempts
    )
    open_ones = {one.pk for at, one in enumerate(submissions) if at % 2}
    marked = [one for one in attempts if one.number < ATTEMPTS or one.submission_id not in open_ones]
    grades = Grade.objects.bulk_create(
        Grade(attempt=one, points=80, feedback="<p>Good.</p>", grader=teacher, unreleased=False) for one in marked
    )
    Release.objects.bulk_create(
        Release(grade=one, points=80, feedback=one.feedback, by=teacher, at=now) for one in grades
    )
    Comment.objects.bulk_create(
        (
            Comment(video=video, author=teacher, at=second * 10, text="Look at the camera.")
            for video, attempt in zip(videos, attempts, strict=True)
            if attempt.number == ATTEMPTS
            for second in range(COMMENTS)
        ),
        batch_size=5000,
    )
    ScoreDelivery.objects.bulk_create(
        ScoreDelivery(
            resource_link=assignment.resource_link,
            person=person,
            activity_progress="Submitted",
            grading_progress="PendingManual",
            wanted_at=now - timedelta(hours=1),
            state=ScoreDelivery.State.SENT,
        )
        for person in students
    )


if __name__ == "__main__":
    main()
