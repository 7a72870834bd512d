"""Submission review: from Moodle's gradebook to one student's work, for those who may see it."""

from typing import Any

import pytest

from lti_tool.models import ResourceLink
from tests.films import film
from tests.lti_tool.launch.test_launch_refused import assert_refused
from tests.lti_tool.platform_double import LTI, reviewing
from tests.video.conftest import Visit
from tests.video.visitor import ROLES, Visitor
from video.models import Submission


@pytest.fixture
def handed_in(student: Visitor) -> Submission:
    student.upload("a.mp4", film())
    student.submit()
    return Submission.objects.get()


@pytest.mark.parametrize("role", ["teacher", "assistant", "admin"])
def test_staff_land_on_that_students_work(visit: Visit, handed_in: Submission, role: str) -> None:
    reviewer = visit(role, "3", **reviewing("6"))

    assert reviewer.home.endswith("/review/")
    landed = reviewer.get("")
    assert landed.status_code == 302
    assert landed["Location"].endswith(f"/submissions/{handed_in.pk}/")
    assert "Ana Student" in reviewer.text(landed["Location"])


def test_student_lands_on_their_own_page_whoever_is_asked_for(visit: Visit, handed_in: Submission) -> None:
    for sub, wanted in (("7", "6"), ("6", "6"), ("6", "7"), ("7", "3")):
        landed = visit("student", sub, **reviewing(wanted)).get("")
        assert landed.status_code == 302
        assert landed["Location"].count("/") == 3, "their own front page"
    other = visit("student", "7", **reviewing("6"))
    page = other.text(other.get("")["Location"])
    assert "a.mp4" not in page
    assert "Ana " not in page


def test_work_of_another_activity_is_not_shown(visit: Visit, handed_in: Submission) -> None:
    elsewhere = {f"{LTI}resource_link": {"id": "2", "title": "Essay"}}

    page = visit("teacher", "3", **{**reviewing("6"), **elsewhere}).text("")

    assert "has not handed in anything yet" in page


def test_nobody_has_handed_in(visit: Visit, student: Visitor) -> None:
    assert "Ana Student</bdi> has not handed in" in visit("teacher", "3", **reviewing("6")).text("")


def test_name_of_somebody_in_another_course_is_not_told(visit: Visit, handed_in: Submission) -> None:
    physics = {f"{LTI}context": {"id": "77", "title": "Physics"}, f"{LTI}resource_link": {"id": "9", "title": "Lab"}}

    page = visit("teacher", "30", **{**reviewing("6"), **physics}).text("")

    assert "not known here" in page
    assert "Ana " not in page


def test_unknown_person(visit: Visit, handed_in: Submission) -> None:
    assert "not known here" in visit("teacher", "3", **reviewing("4711")).text("")


def test_review_leaves_the_line_item_known(visit: Visit, handed_in: Submission) -> None:
    before = ResourceLink.objects.get().lineitem_url
    visit("teacher", "3", **reviewing("6"))

    assert before
    assert ResourceLink.objects.get().lineitem_url == before


def test_for_user_in_a_plain_launch_means_nothing(visit: Visit, handed_in: Submission) -> None:
    assert not visit("teacher", "3", **{f"{LTI}for_user": {"user_id": "6"}}).home.endswith("/review/")


@pytest.mark.parametrize("claim", [..., {}, [], {"user_id": 6}, {"user_id": ""}, {"user_id": "x" * 256}])
def test_broken_review_is_refused(platform: Any, browser: Any, claim: Any) -> None:
    changes = {**reviewing("6"), f"{LTI}for_user": claim}

    assert_refused(platform.launch(browser, roles=ROLES["teacher"], **changes))
