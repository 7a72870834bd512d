"""Which assignment a launch is about: what was chosen for its link, or a copy of it."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from lti_tool import registered
from lti_tool.models import Course, Platform, ResourceLink
from tests.films import film
from tests.lti_tool.platform_double import LTI, PlatformDouble, selecting
from tests.video.conftest import Visit
from video.models import Assignment, Submission

FORM = {"title": "Oral exam", "instructions": "Ten minutes.", "points": "20", "max_size_gb": "1"}
OTHER_COURSE = {f"{LTI}context": {"id": "77", "title": "Film 2027"}}


def link(number: str, assignment: Assignment | str, **changes: Any) -> dict[str, Any]:
    """Claims of an activity that carries an assignment's id, and was called as its content when that was selected."""
    title, pk = (
        (assignment.title, str(assignment.pk)) if isinstance(assignment, Assignment) else ("Oral exam", assignment)
    )
    return {
        f"{LTI}resource_link": {"id": number, "title": title},
        f"{LTI}custom": {"assignment": pk},
        **changes,
    }


@pytest.fixture
def chosen(visit: Visit) -> Assignment:
    visit("teacher", "3", **selecting()).post("", FORM)
    return Assignment.objects.get()


@pytest.mark.parametrize("role", ["student", "teacher", "assistant", "admin"])
def test_first_launch_binds_whoever_comes_first(visit: Visit, chosen: Assignment, role: str) -> None:
    page = visit(role, "6", **link("41", chosen)).text()

    chosen.refresh_from_db()
    assert chosen.resource_link == ResourceLink.objects.get(resource_link_id="41")
    assert "Oral exam" in page
    assert Assignment.objects.count() == 1


def test_later_launches_lead_to_the_same(visit: Visit, chosen: Assignment) -> None:
    for sub in ("6", "7"):
        visit("student", sub, **link("41", chosen)).text()

    assert Assignment.objects.count() == 1
    assert Submission.objects.filter(assignment=chosen).count() == 2


def test_copied_course_has_its_own_empty_assignment_and_tells_the_teacher_once(
    visit: Visit, chosen: Assignment
) -> None:
    student = visit("student", "6", **link("41", chosen))
    student.upload("a.mp4", film())
    student.submit()
    copy_claims = link("99", chosen, **OTHER_COURSE)

    first = visit("teacher", "3", **copy_claims)
    assert "This is a copy" not in first.text(), "a page that is about to be replaced by the next says nothing once"
    Course.objects.update(roster_refreshed_at=timezone.now())
    page = first.text()

    copy = Assignment.objects.get(resource_link__resource_link_id="99")
    assert copy.settings == Assignment.objects.get(pk=chosen.pk).settings
    assert copy.course.context_id == "77"
    assert copy.copied_from_id == chosen.pk
    assert copy.submissions.count() == 0
    assert "This is a copy" in page
    assert "Film and Sound" in page
    assert "This is a copy" not in first.text(), "it was told once"
    assert Submission.objects.get().assignment_id == chosen.pk


def test_copy_takes_along_what_is_asked_of_the_video(visit: Visit) -> None:
    asked = {"max_minutes": "2.5", "ways": "record", "statement": "This is my own work."}
    visit("teacher", "3", **selecting()).post("", {**FORM, **asked})
    chosen = Assignment.objects.get()
    visit("teacher", "3", **link("41", chosen)).text()
    visit("teacher", "3", **link("99", chosen, **OTHER_COURSE)).text()

    copy = Assignment.objects.get(resource_link__resource_link_id="99")
    assert copy.copied_from_id == chosen.pk
    assert (copy.max_seconds, copy.ways, copy.statement) == (150, "record", "This is my own work.")


def test_student_who_comes_first_to_a_copy_is_told_nothing_and_the_teacher_is(visit: Visit, chosen: Assignment) -> None:
    visit("student", "6", **link("41", chosen)).text()
    Platform.objects.update(registered_at=timezone.now())
    registered.forget()
    copy_claims = link("99", chosen, **OTHER_COURSE)
    copy_claims[f"{LTI}custom"]["context_history"] = "2"

    assert "This is a copy" not in visit("student", "6", **copy_claims).text()
    Course.objects.update(roster_refreshed_at=timezone.now())
    assert "This is a copy" not in visit("assistant", "4", **copy_claims).text()
    assert "This is a copy" in visit("teacher", "3", **copy_claims).text()
    assert Assignment.objects.count() == 2


def test_duplicated_activity_in_the_same_course_is_a_copy(visit: Visit, chosen: Assignment) -> None:
    visit("teacher", "3", **link("41", chosen)).text()
    visit("teacher", "3", **link("42", chosen)).text()
    visit("teacher", "3", **link("42", chosen)).text()

    assert sorted(Assignment.objects.values_list("resource_link__resource_link_id", flat=True)) == ["41", "42"]


def test_copy_that_is_opened_before_the_original_does_not_take_it(visit: Visit, chosen: Assignment) -> None:
    visit("teacher", "3", **link("99", chosen, **OTHER_COURSE)).text()
    visit("student", "6", **link("41", chosen)).text()

    chosen.refresh_from_db()
    assert chosen.resource_link is not None
    assert chosen.resource_link.resource_link_id == "41"


def test_content_selected_again_changes_the_settings_and_keeps_the_work(visit: Visit, chosen: Assignment) -> None:
    student = visit("student", "6", **link("41", chosen))
    student.upload("a.mp4", film())
    student.submit()
    visit("teacher", "3", **selecting()).post("", {**FORM, "title": "Oral exam, new", "points": "30"})
    again = Assignment.objects.get(title="Oral exam, new")

    page = visit("teacher", "3", **link("41", again)).text()

    kept = Assignment.objects.get(resource_link__isnull=False)
    assert (kept.pk, kept.title, kept.points) == (chosen.pk, "Oral exam, new", Decimal(30))
    assert Submission.objects.get().assignment_id == chosen.pk
    assert "Oral exam, new" in page


def chosen_again(visit: Visit, **changes: str) -> Assignment:
    """What the teacher selects for an activity that has content already."""
    visit("teacher", "3", **selecting()).post("", {**FORM, "title": "Oral exam, new", "points": "30", **changes})
    return Assignment.objects.get(title="Oral exam, new", resource_link=None)


def test_settings_chosen_again_are_taken_once(visit: Visit, chosen: Assignment) -> None:
    visit("student", "6", **link("41", chosen)).text()
    again = chosen_again(visit)
    teacher = visit("teacher", "3", **link("41", again))
    teacher.text()
    teacher.post("settings/", {**FORM, "title": "Edited later"})

    assert "Edited later" in visit("student", "6", **link("41", again)).text()


def test_course_copied_after_content_was_selected_again_copies_what_lives_there(
    visit: Visit, chosen: Assignment
) -> None:
    visit("student", "6", **link("41", chosen)).text()
    again = chosen_again(visit)
    teacher = visit("teacher", "3", **link("41", again))
    teacher.text()
    teacher.post("settings/", {**FORM, "title": "Edited later", "points": "30"})

    page = visit("teacher", "3", **link("99", again, **OTHER_COURSE)).text()

    assert "Edited later" in page
    assert Assignment.objects.get(resource_link__resource_link_id="99").points == 30


def test_duplicate_opened_before_the_activity_that_was_chosen_again(visit: Visit, chosen: Assignment) -> None:
    visit("student", "6", **link("41", chosen)).text()
    again = chosen_again(visit)

    visit("teacher", "3", **link("42", again)).text()
    visit("student", "6", **link("41", again)).text()

    chosen.refresh_from_db()
    assert (chosen.title, chosen.points) == ("Oral exam, new", Decimal(30))


def test_activity_that_moodle_moved_takes_its_assignment_along(visit: Visit, assignment: Assignment) -> None:
    visit("teacher", "3", **{f"{LTI}context": {"id": "55", "title": "New place"}}).text()

    assignment.refresh_from_db()
    assert assignment.course.context_id == "55"


class TestCopiesByStudents:
    """A student may be the first in a copied course, and proves nothing of what may be lent to it."""

    COPY = {f"{LTI}context": {"id": "77", "title": "Film 2027"}}

    def history(self, chosen: Assignment, history: str) -> dict[str, Any]:
        claims = link("99", chosen, **self.COPY)
        claims[f"{LTI}custom"]["context_history"] = history
        return claims

    def test_moodles_own_history_is_believed(self, visit: Visit, chosen: Assignment, platform: PlatformDouble) -> None:
        Platform.objects.update(registered_at=timezone.now())
        registered.forget()

        assert "Oral exam" in visit("student", "6", **self.history(chosen, "5,2")).text()
        assert Assignment.objects.filter(copied_from=chosen).count() == 1

    def test_another_history_is_no_leave(self, visit: Visit, chosen: Assignment) -> None:
        Platform.objects.update(registered_at=timezone.now())
        registered.forget()

        assert "not set up yet" in visit("student", "6", **self.history(chosen, "5,6")).text()

    def test_without_a_registration_the_parameter_may_have_been_typed(self, visit: Visit, chosen: Assignment) -> None:
        assert "not set up yet" in visit("student", "6", **self.history(chosen, "2")).text()

        visit("teacher", "3", **self.history(chosen, "2")).text()
        assert "Ten minutes" in visit("student", "6", **self.history(chosen, "2")).text()


def test_settings_are_lent_to_no_stranger_who_types_an_id_or_a_history(visit: Visit, assignment: Assignment) -> None:
    Assignment.objects.update(instructions="SECRET")
    typed = {
        f"{LTI}context": {"id": "77", "title": "Mine"},
        f"{LTI}resource_link": {"id": "9", "title": assignment.title},
    }
    for custom in ({"context_history": "1,2,3,4"}, {"assignment": str(assignment.pk)}):
        stranger = visit("teacher", "99", **typed, **{f"{LTI}custom": custom})
        assert "SECRET" not in stranger.text("settings/")


@pytest.mark.parametrize("typed", ["", "nonsense", "01900000-0000-7000-8000-000000000000", "$Assignment.id", "x" * 500])
def test_nothing_known_is_chosen_so_the_teacher_sets_it_up(visit: Visit, typed: str) -> None:
    assert visit("teacher", "3", **link("41", typed)).get().status_code == 302
    assert "not set up yet" in visit("student", "6", **link("41", typed)).text()
    assert not Assignment.objects.exists()


def test_assignment_of_another_platform_is_unknown(visit: Visit, chosen: Assignment, platform: PlatformDouble) -> None:
    other = PlatformDouble(platform.answers, host="other.example")

    page = visit("student", "6", platform=other, **link("41", chosen)).text()

    assert "not set up yet" in page
    assert "Ten minutes" not in page
    assert Assignment.objects.count() == 1


def test_activity_made_by_hand_in_a_copied_course_begins_with_the_old_settings(
    visit: Visit, assignment: Assignment
) -> None:
    visit("teacher", "3").post("settings/", {**FORM, "title": "Interview", "attempts_allowed": "3"})
    copied = {
        f"{LTI}resource_link": {"id": "99", "title": "Interview"},
        f"{LTI}context": {"id": "77", "title": "Film 2027"},
        f"{LTI}custom": {"context_history": "2"},
    }

    assert 'name="attempts_allowed" value="3"' in visit("teacher", "3", **copied).text("settings/")


def test_variable_that_moodle_left_alone_is_no_history(visit: Visit) -> None:
    teacher = visit("teacher", "3", **{f"{LTI}custom": {"context_history": "$Context.id.history"}})

    assert teacher.get("settings/").status_code == 200
    assert ResourceLink.objects.get().course.history == []
