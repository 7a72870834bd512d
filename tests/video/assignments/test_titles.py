"""Titles and descriptions follow Moodle until a teacher changes them here."""

from typing import Any

import pytest

from lti_tool.models import Course, ResourceLink
from tests.video.conftest import Visit
from tests.video.visitor import Visitor
from video.models import Assignment

FORM = {"points": "20", "max_size_gb": "1"}
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"


def link(title: str, description: str = "Ten minutes.\nAlone.", **more: str) -> dict[str, Any]:
    return {f"{CLAIM}resource_link": {"id": "1", "title": title, "description": description}, **more}


def custom(assignment: Assignment) -> Any:
    return {f"{CLAIM}custom": {"assignment": str(assignment.pk)}}


@pytest.fixture
def by_hand(visit: Visit) -> Assignment:
    """Set up as Moodle had called it."""
    teacher = visit("teacher", "3", **link("Interview"))
    # A form breaks lines in its own way.
    teacher.post("settings/", {**FORM, "title": "Interview", "instructions": "Ten minutes.\r\nAlone."})
    teacher.text()
    return Assignment.objects.get()


def test_renamed_in_moodle(visit: Visit, by_hand: Assignment) -> None:
    page = visit("student", "6", **link("Job interview", "Five minutes.")).text()
    assert "Job interview" in page
    assert "Five minutes." in page
    by_hand.refresh_from_db()
    assert (by_hand.title, by_hand.instructions) == ("Job interview", "Five minutes.")

    assert "Third name" in visit("student", "6", **link("Third name")).text()


def test_what_was_changed_here_stays(visit: Visit, by_hand: Assignment) -> None:
    teacher = visit("teacher", "3", **link("Interview"))
    teacher.post("settings/", {**FORM, "title": "Ours", "instructions": "Ten minutes.\r\nAlone."})
    visit("teacher", "3", **link("Job interview", "Five minutes.")).text()
    by_hand.refresh_from_db()
    assert (by_hand.title, by_hand.instructions) == ("Ours", "Five minutes.")


def test_first_save_under_another_name_is_a_change(visit: Visit) -> None:
    visit("teacher", "3", **link("Interview")).post("settings/", {**FORM, "title": "Ours", "instructions": ""})
    visit("teacher", "3", **link("Interview")).text()
    visit("teacher", "3", **link("Job interview", "Five minutes.")).text()
    assert (Assignment.objects.get().title, Assignment.objects.get().instructions) == ("Ours", "")


def test_nothing_said_is_no_news(visit: Visit, by_hand: Assignment) -> None:
    visit("student", "6", **{f"{CLAIM}resource_link": {"id": "1"}}).text()
    by_hand.refresh_from_db()
    assert (by_hand.title, by_hand.instructions) == ("Interview", "Ten minutes.\r\nAlone.")


def test_selected_content_was_renamed_before_its_first_launch(visit: Visit, teacher: Visitor) -> None:
    Assignment.objects.all().delete()
    chosen = Assignment.objects.create(course=Course.objects.get(), title="Chosen", max_bytes=1)
    teacher = visit("teacher", "3", **link("Called otherwise"), **custom(chosen))
    teacher.text()
    assert Assignment.objects.get().title == "Called otherwise"


def test_copy_is_called_as_moodle_calls_it(visit: Visit, by_hand: Assignment) -> None:
    other = {f"{CLAIM}resource_link": {"id": "2", "title": "Interview (copy)"}}
    visit("teacher", "3", **other, **custom(by_hand)).text()
    copy = Assignment.objects.get(resource_link__resource_link_id="2")
    assert (copy.title, copy.copied_from) == ("Interview (copy)", by_hand)


def test_course_keeps_its_name_where_a_launch_leaves_it_out(visit: Visit, by_hand: Assignment) -> None:
    named = {f"{CLAIM}context": {"id": Course.objects.get().context_id, "title": "Rhetoric"}}
    visit("teacher", "3", **link("Interview"), **named).text()
    visit("teacher", "3", **link("Interview"), **{f"{CLAIM}context": {"id": Course.objects.get().context_id}}).text()
    assert Course.objects.get().title == "Rhetoric"
    assert ResourceLink.objects.count() == 1
