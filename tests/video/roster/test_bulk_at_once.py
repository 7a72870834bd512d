"""Two teachers who do something for the same students at the same moment."""

from datetime import UTC, datetime

import pytest
import responses
from django.db import connection

from lti_tool.models import LaunchSession, ResourceLink
from tests.lti_tool.platform_double import PlatformDouble
from tests.video.course import enrol, hand_in, mark
from tests.video.test_at_once import at_once
from tests.video.visitor import Visitor
from video import tasks
from video.assignments.extensions import MoreTime, extend_many
from video.models import Assignment, Event, Release, Submission
from video.roster import bulk_actions

pytestmark = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="a test's SQLite is in memory, where threads lock each other out"
)


@pytest.fixture
def platform(transactional_db: None, answers: responses.RequestsMock) -> PlatformDouble:
    return PlatformDouble(answers)


@pytest.fixture
def assignment(platform: PlatformDouble) -> Assignment:
    Visitor(platform, "teacher", "3")
    link = ResourceLink.objects.get()
    return Assignment.objects.create(
        resource_link=link, course=link.course, title="Interview", attempts_allowed=1, hold_grades=True
    )


def test_more_time_is_given_once_and_nobody_waits_for_ever(assignment: Assignment) -> None:
    people = [enrol(assignment, str(number), f"Student {number}") for number in range(100, 140)]
    launch = LaunchSession.objects.select_related("person").get()
    wanted = MoreTime(until=datetime(2099, 1, 1, tzinfo=UTC), extra_attempts=1)

    def give(number: int) -> int:
        order = people if number % 2 else people[::-1]
        at_least = {person.pk: wanted for person in order}
        return extend_many(launch=launch, assignment=assignment, at_least=at_least)

    assert sum(at_once(give)) == len(people)
    assert Submission.objects.filter(extra_attempts=1).count() == len(people)
    assert Event.objects.filter(kind="extended").count() == len(people)


def test_marks_are_released_once_by_however_many_workers(assignment: Assignment) -> None:
    for number in range(100, 120):
        mark(hand_in(assignment, enrol(assignment, str(number), f"Student {number}")), "50")
    launch = LaunchSession.objects.get()
    submissions = list(Submission.objects.values_list("pk", flat=True))
    Submission.objects.update(release_asked=launch)

    at_once(lambda number: tasks.release_asked(str(assignment.pk)))

    assert Release.objects.count() == len(submissions)
    assert Event.objects.filter(kind="released").count() == len(submissions)
    assert bulk_actions.releasing(assignment) == 0
