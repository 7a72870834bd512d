"""Two deployments of one client id, with the same context and link ids, are two places (LTI Core 1.3, 5.3.5, 5.4.1)."""

import pytest
from django.utils import timezone

from lti_tool import registered
from lti_tool.models import Course, Deployment, Membership, Platform, ResourceLink
from tests.films import film
from tests.lti_tool.platform_double import LTI, PlatformDouble, reviewing, selecting
from tests.video.conftest import Visit
from tests.video.course import delivery_of, enrol, hand_in, mark
from tests.video.visitor import Visitor
from video.models import Assignment, Submission

B = {f"{LTI}deployment_id": "2"}
FORM = {"title": "Interview", "points": "100", "max_size_gb": "1"}


@pytest.fixture
def second(platform: PlatformDouble) -> Deployment:
    return Deployment.objects.create(platform=platform.row, deployment_id="2")


@pytest.fixture
def work(visit: Visit, second: Deployment) -> Submission:
    """Ana's, marked with 71 and owed to Moodle, in the course of the first deployment."""
    visit("teacher", "3", name="Tara of A").post("settings/", {**FORM, "title": "Interview of A"})
    assignment = Assignment.objects.get()
    attempt = hand_in(assignment, enrol(assignment, "6", "Ana of A"))
    mark(attempt, "71", released=True)
    delivery_of(attempt, "refused", points=71, maximum=100)
    return attempt.submission


def places(visitor: Visitor) -> list[tuple[int, str]]:
    """What staff of a course may look at."""
    paths = ("", "settings/", "marks/export/", "moodle/", "roster/missing/", "settings/rubric/export/")
    answers = [(path, visitor.get(path)) for path in paths]
    return [
        (answer.status_code, b"".join(answer).decode() if answer.streaming else answer.content.decode())
        for _, answer in answers
    ]


@pytest.mark.parametrize("role", ["teacher", "assistant", "admin"])
def test_staff_of_the_second_see_nothing_of_the_first(visit: Visit, work: Submission, role: str) -> None:
    stranger = visit(role, "33", name="Tom of B", **B)

    for _, said in places(stranger):
        assert "of A" not in said
        assert ">71<" not in said
    for path in (f"submissions/{work.pk}/", f"moodle/{owed_id(work)}/"):
        assert stranger.get(path).status_code == 404
    assert Course.objects.count() == ResourceLink.objects.count() == 2


def owed_id(work: Submission) -> int:
    return int(work.person.score_deliveries.get().pk)


def test_each_launch_leads_to_its_own_whatever_the_order(visit: Visit, work: Submission) -> None:
    visit("teacher", "33", **B).post("settings/", {**FORM, "title": "Interview of B"})
    for _ in range(2):
        assert "Interview of A" in visit("teacher", "3").text()
        assert "Interview of B" in visit("teacher", "33", **B).text()
    student = visit("student", "66", name="Ben of B", **B)
    student.upload("b.mp4", film())
    student.submit()

    assert "Ben of B" not in visit("teacher", "3").text()
    assert "Ben of B" in visit("teacher", "33", **B).text()
    assert Submission.objects.get(person__sub="66").assignment.title == "Interview of B"


def test_somebody_in_both_is_in_each_what_that_launch_says(visit: Visit, work: Submission) -> None:
    visit("student", "3", **B)

    found = Membership.objects.filter(person__sub="3").values_list("course__deployment__deployment_id", "role")
    assert dict(found) == {"1": "teacher", "2": "student"}


def test_review_of_the_same_person_leads_to_no_work_of_the_other(visit: Visit, work: Submission) -> None:
    stranger = visit("teacher", "33", **B, **reviewing("6"))
    said = stranger.text()

    assert "of A" not in said


def test_history_names_courses_of_the_same_deployment_alone(
    visit: Visit, work: Submission, platform: PlatformDouble
) -> None:
    Platform.objects.update(registered_at=timezone.now())
    registered.forget()
    copied = {
        **B,
        f"{LTI}context": {"id": "77", "title": "Elsewhere"},
        f"{LTI}custom": {"assignment": str(work.assignment_id), "context_history": "2"},
    }

    assert "not set up yet" in visit("student", "66", **copied).text()
    assert Assignment.objects.count() == 1


def test_somebody_who_teaches_in_both_may_take_settings_along(visit: Visit, work: Submission) -> None:
    """A person is one on a platform; what they may copy is what they may see."""
    named = {f"{LTI}custom": {"assignment": str(work.assignment_id)}}
    page = visit("teacher", "3", **B, **named).text()

    copy = Assignment.objects.exclude(pk=work.assignment_id).get()
    assert copy.copied_from_id == work.assignment_id
    assert copy.course.deployment.deployment_id == "2"
    assert "Ana of A" not in page


def test_content_chosen_in_one_binds_in_that_one(visit: Visit, second: Deployment) -> None:
    visit("teacher", "33", **B, **selecting()).post("", FORM)
    chosen = Assignment.objects.get()
    named = {f"{LTI}custom": {"assignment": str(chosen.pk)}}

    assert "not set up yet" in visit("student", "6", **named).text()
    assert "Interview" in visit("student", "66", **B, **named).text()
    chosen.refresh_from_db()
    assert chosen.resource_link is not None
    assert chosen.resource_link.deployment == chosen.course.deployment == second
