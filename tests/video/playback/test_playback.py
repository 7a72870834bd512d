"""Grants to watch: what they hold, and what does not play. (`test_access.py` has who may.)"""

import json

import pytest

from lti_tool.models import Person
from tests.films import film
from tests.video.visitor import Visitor
from video.models import Event, Video


@pytest.fixture
def handed_in(student: Visitor) -> Video:
    student.upload("a.mp4", film())
    student.submit()
    return Video.objects.get()


def test_draft_plays_for_its_student_alone(student: Visitor, teacher: Visitor) -> None:
    video = student.upload("a.mp4", film())

    assert student.get(f"videos/{video}/playback/").status_code == 200
    assert teacher.get(f"videos/{video}/playback/").status_code == 404


def test_grant_is_a_signed_address_that_ends_and_is_written_down(student: Visitor, handed_in: Video) -> None:
    granted = json.loads(student.get(f"videos/{handed_in.pk}/playback/").content)

    assert granted["src"].startswith(f"https://cdn.example/{handed_in.key}?Expires=")
    assert "Key-Pair-Id=KTESTS" in granted["src"]
    assert granted["type"] == "video/mp4"
    event = Event.objects.get(kind="playback")
    assert (event.actor, event.role, event.video) == (Person.objects.get(sub="6"), "student", handed_in)


def test_deleted_video_does_not_play(student: Visitor, handed_in: Video) -> None:
    Video.objects.update(state="deleted")

    assert student.get(f"videos/{handed_in.pk}/playback/").status_code == 404
