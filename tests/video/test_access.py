"""Who may reach whose work: everything else is the same 404 as if it did not exist."""

import json
from typing import Any

import pytest

from lti_tool.models import Person
from tests.films import film
from tests.lti_tool.platform_double import LTI, PlatformDouble
from tests.video.visitor import Visitor
from video.models import Event, Submission, Video

OTHER_LINK = {f"{LTI}resource_link": {"id": "2", "title": "Essay"}}
OTHER_COURSE = {**OTHER_LINK, f"{LTI}context": {"id": "77", "title": "Physics"}}
PLAY, MARK, EXTEND = "play", "mark", "extend"


@pytest.fixture
def handed_in(student: Visitor) -> Submission:
    student.upload("a.mp4", film())
    student.submit()
    return Submission.objects.get(person__sub="6")


def reach(visitor: Visitor, submission: Submission, what: str) -> int:
    if what == PLAY:
        video = Video.objects.get(attempt__submission=submission)
        return visitor.get(f"videos/{video.pk}/playback/").status_code
    if what == EXTEND:
        return visitor.get(f"people/{submission.person_id}/more-time/").status_code
    return visitor.get(f"submissions/{submission.pk}/").status_code


# who: (role, sub, changed claims), and what they may do
WHO: dict[str, tuple[str, str, dict[str, Any], set[str]]] = {
    "the student": ("student", "6", {}, {PLAY}),
    "another student": ("student", "99", {}, set()),
    "the student, launched from another link": ("student", "6", OTHER_LINK, set()),
    "assistant": ("assistant", "4", {}, {PLAY, MARK}),
    "teacher": ("teacher", "3", {}, {PLAY, MARK, EXTEND}),
    "admin": ("admin", "2", {}, {PLAY, MARK, EXTEND}),
    "teacher from another link of the course": ("teacher", "3", OTHER_LINK, {PLAY, MARK}),
    "teacher of another course": ("teacher", "5", OTHER_COURSE, set()),
    "admin from another course": ("admin", "2", OTHER_COURSE, {PLAY, MARK}),
    "teacher who switched to student": ("student", "3", {}, set()),
}


@pytest.mark.parametrize("what", [PLAY, MARK, EXTEND])
@pytest.mark.parametrize(("role", "sub", "changes", "may"), WHO.values(), ids=WHO.keys())
def test_who_may_do_what(
    handed_in: Submission, visit: Any, role: str, sub: str, changes: dict[str, Any], may: set[str], what: str
) -> None:
    assert reach(visit(role, sub, **changes), handed_in, what) == (200 if what in may else 404)


@pytest.mark.parametrize("what", [PLAY, MARK, EXTEND])
@pytest.mark.parametrize(("role", "sub"), [("student", "6"), ("teacher", "3"), ("admin", "2")])
def test_the_same_ids_at_another_platform_reach_nothing(
    handed_in: Submission, platform: PlatformDouble, visit: Any, role: str, sub: str, what: str
) -> None:
    twin = PlatformDouble(platform.answers, host="twin.example")

    assert reach(visit(role, sub, platform=twin), handed_in, what) == 404


def test_draft_plays_for_its_student_alone(student: Visitor, teacher: Visitor) -> None:
    video = student.upload("a.mp4", film())

    assert student.get(f"videos/{video}/playback/").status_code == 200
    assert teacher.get(f"videos/{video}/playback/").status_code == 404


def test_grant_is_a_signed_address_that_ends_and_is_written_down(student: Visitor, handed_in: Submission) -> None:
    video = Video.objects.get()
    granted = json.loads(student.get(f"videos/{video.pk}/playback/").content)

    assert granted["src"].startswith(f"https://cdn.example/{video.key}?Expires=")
    assert "Key-Pair-Id=KTESTS" in granted["src"]
    assert granted["type"] == "video/mp4"
    event = Event.objects.get(kind="playback")
    assert (event.actor, event.role, event.video) == (Person.objects.get(sub="6"), "student", video)


def test_deleted_video_does_not_play(student: Visitor, handed_in: Submission) -> None:
    Video.objects.update(state="deleted")

    assert reach(student, handed_in, PLAY) == 404


def test_signed_out_reaches_nothing(student: Visitor, handed_in: Submission) -> None:
    student.browser.cookies.clear()

    assert reach(student, handed_in, PLAY) == 404
    assert student.get().status_code == 404
