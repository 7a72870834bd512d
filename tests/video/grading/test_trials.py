"""A teacher who switched role to student and handed in: shown as a trial, counted nowhere, removed by themselves."""

import json
import re

import pytest

from lti_tool.models import Membership, Person, ScoreDelivery
from tests.films import film
from tests.video.conftest import Visit
from tests.video.course import enrol, hand_in, mark
from tests.video.visitor import Visitor
from video.models import Assignment, Attempt, Comment, Event, Grade, Submission, Video


@pytest.fixture
def trial(visit: Visit, teacher: Visitor) -> Visitor:
    """Tara, who has set it up, as a student, with a film handed in."""
    tara = visit("student", "3", name="Tara Teacher")
    tara.upload("trial.mp4", film())
    assert tara.submit().status_code in (200, 302)
    return tara


def counters(visitor: Visitor) -> dict[str, int]:
    told: dict[str, int] = json.loads(visitor.get("roster/now/").content)["counters"]
    return told


def test_counts_nowhere_and_is_shown_as_a_trial(visit: Visit, trial: Visitor) -> None:
    page = trial.text()
    assert "This is a trial" in page

    enrol(Assignment.objects.get(), "7", "Ben")
    teacher = visit("teacher", "3", name="Tara Teacher")
    text = teacher.text()
    assert 'class="status-label trial"' in text
    told = counters(teacher)
    assert told.pop("all") == 2  # whom the list shows
    assert {code: size for code, size in told.items() if size} == {"missing": 1, "not_opened": 1}
    assert "status-label trial" not in teacher.text("", show="to_mark")
    assert "0 of" not in re.sub(r"<[^>]+>", "", text)


def test_moodle_is_told_nothing(visit: Visit, trial: Visitor) -> None:
    assert not ScoreDelivery.objects.exists()
    teacher, attempt = visit("teacher", "3"), Attempt.objects.get()
    teacher.send(f"attempts/{attempt.pk}/mark/", {"points": "50", "version": 0, "finish": True})
    assert Grade.objects.get().returned is not None
    trial.post(f"attempts/{attempt.pk}/withdraw/")
    assert not ScoreDelivery.objects.exists()


def test_is_no_part_of_what_is_done_for_many(visit: Visit, trial: Visitor) -> None:
    mark(Attempt.objects.get(), "50")
    teacher = visit("teacher", "3")
    exported = teacher.browser.get(f"{teacher.home}marks/export/", secure=True)
    assert b"Tara" not in b"".join(exported.streaming_content)  # type: ignore[attr-defined]
    page = teacher.post("roster/chosen/", {"action": "release", "everybody": "1", "sure": "1"})
    assert page.status_code in (200, 302)
    assert Grade.objects.get().returned is None


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_maker_removes_it_as_whoever_they_are_now(visit: Visit, trial: Visitor, role: str) -> None:
    attempt = Attempt.objects.get()
    Comment.objects.create(video=Video.objects.get(), author=Person.objects.get(sub="3"), at=1, text="Try.")
    mark(attempt, "50", released=True)
    ScoreDelivery.objects.all().delete()
    maker = visit(role, "3", name="Tara Teacher")
    address = f"submissions/{attempt.submission_id}/trial/"
    if role == "student":
        assert address in maker.text()
    assert "Remove your trial?" in maker.text(address)

    assert maker.post(address).status_code == 302

    video = Video.objects.get()
    assert (video.state, video.current) == ("deleted", False)  # a worker deletes the object
    assert Event.objects.filter(kind="deleted", data__why="a trial was removed").count() == 1
    assert not Grade.objects.exists()
    assert not Comment.objects.exists()
    assert not Attempt.objects.submitted().exists()
    assert counters(visit("teacher", "3", name="Tara Teacher"))["all"] == 0
    assert maker.post(address).status_code == 302  # again: nothing


def test_maker_can_try_again(visit: Visit, trial: Visitor) -> None:
    trial.post(f"submissions/{Submission.objects.get().pk}/trial/")
    trial.upload("again.mp4", film())
    trial.submit()
    attempt = Attempt.objects.submitted().get()
    assert (attempt.number, attempt.submission.trial) == (1, True)


def test_others_remove_it_only_as_editors(visit: Visit, trial: Visitor) -> None:
    address = f"submissions/{Submission.objects.get().pk}/trial/"
    assert visit("assistant", "8").get(address).status_code == 404
    assert visit("student", "9").get(address).status_code == 404
    colleague = visit("teacher", "10")
    assert "the trial of" in colleague.text(address)
    colleague.post(address)
    assert not Attempt.objects.submitted().exists()


def test_students_work_can_be_neither_removed_nor_a_trial(
    visit: Visit, student: Visitor, assignment: Assignment
) -> None:
    """Also where they help to mark later."""
    hand_in(assignment, Person.objects.get(sub="6"))
    visit("assistant", "6", name="Ana Student")
    ana = visit("student", "6", name="Ana Student")
    assert "This is a trial" not in ana.text()
    assert ana.get(f"submissions/{Submission.objects.get().pk}/trial/").status_code == 404
    assert visit("teacher", "3").get(f"submissions/{Submission.objects.get().pk}/trial/").status_code == 404


def test_who_really_is_a_student_now_is_counted_by_an_editor(visit: Visit, trial: Visitor) -> None:
    attempt = Attempt.objects.get()
    mark(attempt, "50", released=True)
    colleague = visit("teacher", "10")
    colleague.post(f"submissions/{attempt.submission_id}/trial/", {"counts": "1"})

    assert not Submission.objects.get().trial
    assert Membership.objects.get(person__sub="3").staff_at is None
    delivery = ScoreDelivery.objects.get()
    assert (delivery.grading_progress, str(delivery.points)) == ("FullyGraded", "50.00")
