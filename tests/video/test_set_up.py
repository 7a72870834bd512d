"""Set-up of an activity that was added by hand."""

from typing import Any

import pytest

from lti_tool.models import ResourceLink
from tests.video.conftest import Visit
from video.forms import AssignmentForm
from video.models import Assignment

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
