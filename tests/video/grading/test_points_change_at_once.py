"""Marks that are saved at the very moment in which their assignment gets other points."""

from decimal import Decimal
from typing import Any

import pytest
import responses
from django.core.exceptions import ValidationError
from django.db import connection

from lti_tool.models import LaunchSession, ResourceLink
from tests.lti_tool.platform_double import PlatformDouble
from tests.video.course import enrol, hand_in, mark
from tests.video.test_at_once import MANY, at_once
from tests.video.visitor import Visitor
from video.grading import grades, marks, points_change
from video.models import Assignment, Attempt, Grade, Submission
from video.problems import Problem

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
    return Assignment.objects.create(resource_link=link, course=link.course, title="Interview", hold_grades=True)


@pytest.mark.parametrize("way", [points_change.Way.NUMBERS, points_change.Way.PROPORTION])
def test_no_mark_is_of_other_points_than_its_assignment(assignment: Assignment, way: points_change.Way) -> None:
    """Whichever comes first: the mark is brought along or stands in the way, or its marker is told."""
    known = [hand_in(assignment, enrol(assignment, str(number), f"Student {number}")) for number in range(100, 130)]
    mark(known[0], "40")
    launch = LaunchSession.objects.select_related("person").get()
    newcomers = [enrol(assignment, f"new{number}", f"New {number}") for number in range(MANY)]

    def change() -> points_change.Question | None:
        changed = Assignment.objects.get(pk=assignment.pk)
        changed.points = Decimal(50)
        answer = points_change.Answer(way, "100 points")
        return points_change.save(launch=launch, changed=changed, store=changed.save, answer=answer)

    def give(attempt: Attempt) -> bool:
        read = Attempt.objects.select_related("submission__assignment").get(pk=attempt.pk)
        try:
            typed = marks.read(read.submission.assignment, {"points": "80"})
            return grades.save_mark(launch=launch, attempt=read, mark=typed, version=0) is not None
        except (Problem, ValidationError):  # told of the new points, or read by them: 80 are too many
            return False

    def work(number: int) -> Any:
        if number == 0:
            return change()
        # And somebody who hands in for the first time, and is marked at once.
        return sum(map(give, [*known[number :: MANY - 1], hand_in(assignment, newcomers[number])]))

    asked, *saved = at_once(work)

    points = sorted(grade.points or Decimal(-1) for grade in Grade.objects.all())
    assert len(points) == sum(saved) + 1
    if asked is None:
        assert Assignment.objects.get().points == 50
        expected = {Decimal(40)} if way == points_change.Way.NUMBERS else {Decimal(20), Decimal(40)}
        assert set(points) <= expected
    else:
        assert way == points_change.Way.NUMBERS
        assert Assignment.objects.get().points == 100
        assert set(points) <= {Decimal(40), Decimal(80)}
    assert Submission.objects.count() == len(known) + MANY - 1
