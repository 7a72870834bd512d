"""Storage or a platform is silent or slow: nobody else waits, and whoever asked is told when to come again."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import responses
from celery import Task
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from config import outside
from lti_tool.models import Course, ResourceLink
from tests.films import film
from tests.lti_tool.platform_double import PlatformDouble
from tests.slow import SlowServer
from tests.video.visitor import Visitor
from video import tasks
from video.models import Video
from video.storage import storage
from video.storage.base import Backend, StorageUnavailable
from video.uploads.tasks import MOST_TRIES

MOMENT, LONG = 0.3, 60  # seconds: what is given to what will never come, and what nothing here needs
SCOPE_RESULTS = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
threads_share_the_database = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="a test's SQLite is in memory, where threads lock each other out"
)


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What was given to workers."""
    given: list[tuple[str, Any]] = []
    monkeypatch.setattr("config.queue.transaction.on_commit", lambda publish: publish())  # else a test's end drops it
    monkeypatch.setattr(Task, "delay", lambda task, *args: given.append((task.name.rpartition(".")[2], args)))
    return given


@pytest.fixture(params=["silent", "drips a head"])
def slow_storage(
    request: pytest.FixtureRequest, settings: Settings, answers: responses.RequestsMock
) -> Callable[[], Any]:
    """Called, storage is slow within."""

    @contextmanager
    def slow() -> Iterator[SlowServer]:
        with SlowServer(request.param) as server:
            good, settings.S3_ENDPOINT_URL = settings.S3_ENDPOINT_URL, server.url.rstrip("/")
            answers.add_passthru(server.url)
            storage.cache_clear()
            yield server
            settings.S3_ENDPOINT_URL = good
            storage.cache_clear()

    return slow


def refused(response: HttpResponse) -> str:
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    error: dict[str, str] = json.loads(response.content)["error"]
    assert error["code"] == "storage_unavailable"
    return error["action"]


def test_upload_that_storage_is_silent_about_is_kept_and_given_to_a_worker(
    student: Visitor, slow_storage: Callable[[], Any], settings: Settings, queued: list[tuple[str, Any]]
) -> None:
    content = film()
    ticket = student.begin("a.mp4", content)
    student.hand_over(ticket, content)
    settings.PAGE_PATIENCE_SECONDS = MOMENT
    with slow_storage():
        assert "tries again by itself" in refused(student.send(ticket["urls"]["complete"]))
        assert student.get().status_code == 200
    assert queued == [("complete_upload", (ticket["video"],))]
    assert Video.objects.get().state == "pending"

    tasks.complete_upload(ticket["video"])

    assert queued[1:] == [("verify_upload", (ticket["video"],))]
    settings.PAGE_PATIENCE_SECONDS = LONG
    answer = student.send(ticket["urls"]["complete"])
    assert json.loads(answer.content)["video"]["state"] == "checking"


def test_worker_asks_again_about_an_upload_while_storage_is_silent(
    student: Visitor, slow_storage: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording's browser may be gone, and no periodic task knows that it has ended."""
    again: list[Any] = []
    monkeypatch.setattr(tasks.complete_upload, "apply_async", lambda args, countdown: again.append(args))
    content = film()
    ticket = student.begin("a.mp4", content)
    student.hand_over(ticket, content)
    with monkeypatch.context() as context, slow_storage():
        context.setattr("video.storage.patience.USUAL_SECONDS", MOMENT)
        tasks.complete_upload(ticket["video"])
        tasks.complete_upload(ticket["video"])  # each try of a browser asks for it: one waits
        cache.clear()
        tasks.complete_upload(ticket["video"], None, MOST_TRIES)
    assert again == [(ticket["video"], None, 1)]

    tasks.complete_upload(*again[0])

    assert Video.objects.get().state == "checking"
    assert len(again) == 1


def test_page_waits_for_storage_only_where_there_is_a_place(
    student: Visitor,
    platform: PlatformDouble,
    slow_storage: Callable[[], Any],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("config.outside._QUEUE_SECONDS", 0)
    settings.PAGES_WAITING_FOR_STORAGE, settings.PAGE_PATIENCE_SECONDS = 2, LONG
    content = film()
    ticket = student.begin("a.mp4", content)
    student.hand_over(ticket, content)

    def wait() -> None:
        with suppress(StorageUnavailable), outside.patience(LONG):
            storage("s3").inspect("k")

    with slow_storage() as server:
        waiting = [threading.Thread(target=wait) for _ in range(2)]
        for thread in waiting:
            thread.start()
        server.wait_until_begun(2)

        refused(student.send(ticket["urls"]["complete"]))
        assert server.begun == 2, "nothing was asked for those who were sent away"
        assert student.get().status_code == 200
        platform.open_page(Client(HTTP_HOST="tool.example"))
    for thread in waiting:
        thread.join(LONG)
    assert student.send(ticket["urls"]["complete"]).status_code == 200


def test_worker_leaves_silent_storage_alone_for_a_while(
    student: Visitor, slow_storage: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("video.storage.patience.USUAL_SECONDS", MOMENT)
    with slow_storage() as server:
        for _ in range(3):
            with pytest.raises(StorageUnavailable):
                storage("s3").inspect("k")
        assert server.begun == 1
        with pytest.raises(StorageUnavailable), outside.patience(MOMENT):
            storage("s3").inspect("k")
        assert server.begun == 2, "whoever waits for a page looks for themselves"


@pytest.mark.parametrize("backend_listing", ["listed", "unfinished"])
def test_listing_ends_too(
    slow_storage: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, backend_listing: str
) -> None:
    monkeypatch.setattr("video.storage.patience.USUAL_SECONDS", MOMENT)
    with slow_storage(), pytest.raises(StorageUnavailable):
        list(getattr(storage("s3"), backend_listing)("videos/"))


@pytest.mark.parametrize("way", ["breaks off in its head", "breaks off in its body", "hangs up"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda backend: backend.inspect("k"),
        lambda backend: backend.parts(key="k", upload_id="u"),
        lambda backend: backend.begin_upload(
            key="k", content_type="video/mp4", size=10**9, max_bytes=10**9, seconds=60
        ),
    ],
    ids=["inspect", "parts", "begin"],
)
def test_half_an_answer_of_storage_is_none(settings: Settings, ask: Callable[[Backend], object], way: str) -> None:
    with SlowServer(way) as server:
        settings.S3_ENDPOINT_URL = server.url.rstrip("/")
        storage.cache_clear()
        with pytest.raises(StorageUnavailable):
            ask(storage("s3"))


class TestPlatform:
    @pytest.fixture
    def silent(self, teacher: Visitor, settings: Settings, answers: responses.RequestsMock) -> Iterator[SlowServer]:
        """The platform's services; its launches are as before."""
        settings.DEMO = True  # else it may not be on this machine
        with SlowServer("drips a body") as server:
            answers.add_passthru(server.url)
            Course.objects.update(memberships_url=f"{server.url}members")
            ResourceLink.objects.update(lineitem_url=f"{server.url}item", scopes=[SCOPE_RESULTS])
            answers.add(responses.POST, "https://moodle.example/token", json={"access_token": "t", "expires_in": 3600})
            settings.PAGE_PATIENCE_SECONDS = MOMENT
            yield server

    def test_roster_is_asked_for_by_a_worker(
        self, teacher: Visitor, silent: SlowServer, queued: list[tuple[str, Any]]
    ) -> None:
        teacher.post("roster/")

        asked = (str(Course.objects.get().pk), str(ResourceLink.objects.get().pk))
        assert ("refresh_roster", asked) in queued
        assert "did not answer in time. It is asked again now" in teacher.text(looked="1")

    def test_comparison_is_made_by_a_worker(
        self, teacher: Visitor, silent: SlowServer, queued: list[tuple[str, Any]]
    ) -> None:
        teacher.post("moodle/compare/")

        assert ("compare_grades", (str(ResourceLink.objects.get().pk),)) in queued
        assert "did not answer in time. It is compared now by itself" in teacher.text("moodle/")

    def test_check_says_so(self, visit: Callable[..., Visitor], silent: SlowServer, monkeypatch: Any) -> None:
        admin = visit("admin", "9")
        Course.objects.update(memberships_url=f"{silent.url}members")
        monkeypatch.setattr("lti_tool.checkup.platform_checks.CHECK_SECONDS", MOMENT)

        answer = admin.send("check/roster/")

        assert json.loads(answer.content)["state"] == "bad"
        assert "did not answer in time" in json.loads(answer.content)["found"]


@threads_share_the_database
def test_ten_press_complete_at_once_and_nobody_else_waits(
    transactional_db: None,
    visit: Callable[..., Visitor],
    assignment: object,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    slow_storage: Callable[[], Any],
) -> None:
    """Two hold the places until storage is back; eight are sent away, and another student's page comes."""
    monkeypatch.setattr("config.outside._QUEUE_SECONDS", 0)
    settings.PAGES_WAITING_FOR_STORAGE, settings.PAGE_PATIENCE_SECONDS = 2, LONG
    content, students = film(), [visit("student", str(100 + number)) for number in range(10)]
    tickets = [student.begin("a.mp4", content) for student in students]
    for student, ticket in zip(students, tickets, strict=True):
        student.hand_over(ticket, content)
    other = visit("student", "7")
    away = threading.Semaphore(0)

    def press(number: int) -> HttpResponse:
        try:
            return students[number].send(tickets[number]["urls"]["complete"])
        finally:
            away.release()
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        with slow_storage() as server:
            pressed = [pool.submit(press, number) for number in range(10)]
            server.wait_until_begun(2)
            for _ in range(8):
                assert away.acquire(timeout=LONG)
            assert other.get().status_code == 200
            assert server.begun == 2
        for one in pressed:
            refused(one.result(LONG))

    back = [student.send(ticket["urls"]["complete"]) for student, ticket in zip(students, tickets, strict=True)]
    assert [answer.status_code for answer in back] == [200] * 10
