"""Set-up of an activity that was added by hand."""

import re
from typing import Any

import pytest

from lti_tool.models import ResourceLink
from tests.lti_tool.platform_double import selecting
from tests.video.conftest import Visit
from tests.video.visitor import Visitor
from video.models import Assignment
from video.setup.forms import AssignmentForm

FORM = {"title": "Oral exam", "instructions": "Ten minutes.", "points": "20", "max_size_gb": "1"}


def test_first_save_makes_it_and_later_ones_change_it(visit: Visit) -> None:
    teacher = visit("teacher", "3")
    teacher.post("settings/", FORM)
    teacher.post("settings/", {**FORM, "points": "12.5"})

    assert Assignment.objects.get().points == 12.5


def test_of_two_who_set_it_up_at_once_the_second_keeps_what_was_typed(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, valid = visit("teacher", "3"), AssignmentForm.is_valid

    def meanwhile(form: AssignmentForm) -> bool:
        link = ResourceLink.objects.get()
        if not Assignment.objects.exists():
            Assignment.objects.create(resource_link=link, course=link.course, title="By the colleague")
        return valid(form)

    monkeypatch.setattr(AssignmentForm, "is_valid", meanwhile)
    page = teacher.post("settings/", FORM)

    assert page.status_code == 422
    text = page.content.decode()
    assert "Somebody else has set this assignment up just now" in text
    assert 'value="Oral exam"' in text

    monkeypatch.undo()
    teacher.post("settings/", FORM)
    assert Assignment.objects.get().title == "Oral exam"


def test_earlier_assignment_may_be_begun_from(visit: Visit, assignment: Assignment) -> None:
    visit("teacher", "3").post("settings/", {**FORM, "title": "Last year"})
    other: dict[str, Any] = {"https://purl.imsglobal.org/spec/lti/claim/resource_link": {"id": "2", "title": "New"}}
    teacher = visit("teacher", "3", **other)
    assert "Begin from one of your earlier assignments" in teacher.text("settings/")

    assert 'value="Last year"' in teacher.text("settings/", like=str(assignment.pk))


VIDEO = {"max_minutes": "2.5", "ways": "record", "statement": "This is my own work."}


@pytest.fixture(params=["settings page", "deep linking"])
def form(request: pytest.FixtureRequest, visit: Visit) -> tuple[Visitor, str]:
    """Who fills in a set-up form, and where: both pages have the same fields."""
    if request.param == "settings page":
        return visit("teacher", "3"), "settings/"
    return visit("teacher", "3", **selecting()), ""


class TestTheVideoItself:
    def test_length_ways_and_statement_are_kept(self, form: tuple[Visitor, str]) -> None:
        teacher, path = form
        assert teacher.post(path, {**FORM, **VIDEO}).status_code in (200, 302)

        assignment = Assignment.objects.get()
        assert (assignment.max_seconds, assignment.ways, assignment.statement) == (150, "record", VIDEO["statement"])

    def test_form_begins_without_limits(self, form: tuple[Visitor, str]) -> None:
        teacher, path = form
        page = teacher.text(path)

        for label in ("Longest video (minutes)", "How students send it", "Statement to tick before handing in"):
            assert label in page
        assert re.findall(r'name="ways" value="(\w+)"[^>]* checked', page) == ["both"]
        assert not re.search(r'name="max_minutes" value', page)

    def test_left_empty_anything_goes(self, form: tuple[Visitor, str]) -> None:
        teacher, path = form
        teacher.post(path, {**FORM, "max_minutes": "", "ways": "", "statement": " "})

        assignment = Assignment.objects.get()
        assert (assignment.max_seconds, assignment.ways, assignment.statement) == (None, "both", "")

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ({"max_minutes": "0"}, "At least 0.1 minutes"),
            ({"max_minutes": "-2"}, "At least 0.1 minutes"),
            ({"max_minutes": "1441"}, "At most 1440 minutes"),
            ({"max_minutes": "ten"}, "such as 10 or 2.5"),
            ({"max_minutes": "NaN"}, "such as 10 or 2.5"),
            ({"ways": "post"}, "Select a valid choice"),
            ({"statement": "a" * 501}, "at most 500 characters"),
        ],
    )
    def test_wrong_values_are_told_and_not_saved(
        self, form: tuple[Visitor, str], wrong: dict[str, str], told: str
    ) -> None:
        teacher, path = form
        response = teacher.post(path, {**FORM, **VIDEO, **wrong})

        assert response.status_code == 422
        assert told in response.content.decode()
        assert not Assignment.objects.exists()

    @pytest.mark.parametrize("seconds", [6, 7, 59, 100, 150, 3601, 86399])
    def test_saving_again_changes_no_length(self, visit: Visit, assignment: Assignment, seconds: int) -> None:
        Assignment.objects.update(max_seconds=seconds)
        teacher = visit("teacher", "3")
        shown = re.search(r'name="max_minutes" value="([\d.]+)"', teacher.text("settings/"))
        assert shown
        teacher.post("settings/", {**FORM, "max_minutes": shown.group(1)})

        assert Assignment.objects.get().max_seconds == seconds

    def test_way_that_an_older_page_does_not_send_stays(self, visit: Visit, assignment: Assignment) -> None:
        Assignment.objects.update(ways="upload")
        visit("teacher", "3").post("settings/", FORM)

        assert Assignment.objects.get().ways == "upload"

    def test_statement_is_one_line(self, visit: Visit) -> None:
        visit("teacher", "3").post("settings/", {**FORM, "statement": " This is\r\n my own work. "})

        assert Assignment.objects.get().statement == "This is my own work."

    def test_earlier_assignment_lends_them(self, visit: Visit, assignment: Assignment) -> None:
        visit("teacher", "3").post("settings/", {**FORM, **VIDEO})
        page = visit("teacher", "3", **selecting()).text(like=str(assignment.pk))

        assert re.search(r'name="max_minutes" value="2.5"', page)
        assert re.findall(r'name="ways" value="(\w+)"[^>]* checked', page) == ["record"]
        assert VIDEO["statement"] in page
