"""What the list says of a video that is under way."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lti_tool.models import Course, Membership, Person
from tests.video.assignments.test_extensions import row_of
from tests.video.visitor import Visitor
from video.models import Assignment, Attempt, Submission, Video
from video.roster.filters import GOES_ON

JUST, LONG_AGO = GOES_ON - timedelta(minutes=1), GOES_ON + timedelta(minutes=1)
DRAFT, UPLOADING, CHECKING = "Draft, not handed in", "Uploading", "Being checked"


@pytest.fixture(autouse=True)
def list_is_fresh(teacher: Visitor) -> None:
    Course.objects.update(roster_refreshed_at=timezone.now())


def student(assignment: Assignment, sub: str, name: str) -> Submission:
    person = Person.objects.create(platform=assignment.course.platform, sub=sub, name=name)
    Membership.objects.create(course=assignment.course, person=person, role="student")
    return Submission.objects.create(assignment=assignment, person=person, state=Submission.State.DRAFT)


def video(attempt: Attempt, state: str, quiet: timedelta = timedelta(0)) -> Video:
    """One whose browser last asked for something that long ago."""
    return Video.objects.create(
        attempt=attempt,
        state=state,
        current=state == "ready",
        active_at=timezone.now() - quiet,
        backend="s3",
        key=f"{attempt.pk}/{attempt.videos.count()}",
        name="a.mp4",
        size=1,
    )


@pytest.mark.parametrize(
    ("videos", "said"),
    [
        ([], DRAFT),
        ([("pending", JUST)], UPLOADING),
        ([("pending", LONG_AGO)], DRAFT),
        ([("checking", JUST)], CHECKING),
        ([("checking", LONG_AGO)], CHECKING),
        ([("ready", JUST)], DRAFT),
        ([("error", JUST)], DRAFT),
        ([("deleted", JUST)], DRAFT),
        ([("ready", LONG_AGO), ("pending", JUST)], UPLOADING),
        ([("checking", JUST), ("pending", LONG_AGO)], CHECKING),
        ([("checking", JUST), ("pending", JUST)], UPLOADING),
    ],
)
def test_draft_says_how_far_its_newest_video_is(
    teacher: Visitor, assignment: Assignment, videos: list[tuple[str, timedelta]], said: str
) -> None:
    draft = Attempt.objects.create(submission=student(assignment, "6", "Ana Student"), number=1)
    for state, quiet in videos:
        video(draft, state, quiet)

    row = row_of("Ana", teacher.text())
    assert [word for word in (DRAFT, UPLOADING, CHECKING) if f">{word}<" in row] == [said]
    assert "Ana Student" in teacher.text(show="draft")


def test_after_handing_in_the_next_attempts_video_says_nothing(teacher: Visitor, assignment: Assignment) -> None:
    submission = student(assignment, "6", "Ana Student")
    video(Attempt.objects.create(submission=submission, number=1, submitted_at=timezone.now()), "ready")
    Submission.objects.update(state=Submission.State.SUBMITTED)
    video(Attempt.objects.create(submission=submission, number=2), "pending")

    row = row_of("Ana", teacher.text())
    assert ">Submitted<" in row
    assert ">Uploading<" not in row


def test_anothers_upload_is_not_ones_own(teacher: Visitor, assignment: Assignment) -> None:
    for sub, name in (("6", "Ana Student"), ("7", "Ben Student")):
        Attempt.objects.create(submission=student(assignment, sub, name), number=1)
    video(Attempt.objects.get(submission__person__sub="7"), "pending")

    assert f">{DRAFT}<" in row_of("Ana", teacher.text())
    assert f">{UPLOADING}<" in row_of("Ben", teacher.text())


def test_uploads_and_extensions_ask_the_database_nothing_more(teacher: Visitor, assignment: Assignment) -> None:
    Assignment.objects.update(due_at=timezone.now(), attempts_allowed=1)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            teacher.text()
        return len(captured)

    submission = student(assignment, "6", "Ana Student")
    with_one = statements()
    for number in range(10, 20):
        submission = student(assignment, str(number), f"Student {number}")
        video(Attempt.objects.create(submission=submission, number=1), "pending")
    Submission.objects.update(extended_to=timezone.now() + timedelta(days=1), extra_attempts=1)

    assert statements() == with_one
    assert teacher.text().count("status-label extended") == 2 * 11
