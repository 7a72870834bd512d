"""A worker and a student at the same rows, in an order that once had each wait for the other."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import responses
from django.db import connection

from lti_tool.models import LaunchSession
from tests.films import film
from tests.lti_tool.platform_double import PlatformDouble
from tests.video.visitor import Visitor
from video import deletion, tasks
from video.models import Attempt, Video
from video.problems import Problem
from video.submissions import handing_in
from video.uploads import tickets

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks all or nothing")


@pytest.fixture
def platform(transactional_db: None, answers: responses.RequestsMock) -> PlatformDouble:
    return PlatformDouble(answers)


def submit(launch: LaunchSession, video: Video) -> None:
    handing_in.submit(launch=launch, video=video)


def remove(launch: LaunchSession, video: Video) -> None:
    tickets.remove_draft(launch=launch, video=video)


@pytest.mark.parametrize("pressed", [submit, remove])
def test_replacement_is_believed_while_its_student_presses_a_button(
    student: Visitor, monkeypatch: pytest.MonkeyPatch, pressed: Callable[[LaunchSession, Video], None]
) -> None:
    first = student.upload("first.mp4", film())
    ticket = student.begin("second.mp4", film())
    student.hand_over(ticket, film())
    student.send(ticket["urls"]["complete"])
    believing = threading.Event()
    delete, failed = deletion.delete, []

    def slowly(video: Video, **about: Any) -> None:
        if not believing.is_set():
            believing.set()
            time.sleep(1)
        delete(video, **about)

    def press() -> None:
        believing.wait(30)
        try:
            pressed(LaunchSession.objects.latest("created_at"), Video.objects.get(pk=first))
        except Problem:
            pass
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    monkeypatch.setattr(deletion, "delete", slowly)
    student_thread = threading.Thread(target=press)
    student_thread.start()
    tasks.verify_upload(ticket["video"])
    student_thread.join()

    assert failed == []
    assert Attempt.objects.get().video == Video.objects.get(pk=ticket["video"])
