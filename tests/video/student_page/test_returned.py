"""What came back, as its student sees it; nothing of it before; and that it was seen, as their teacher sees it."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lti_tool.models import Person
from tests.films import film
from tests.video.course import hand_in
from tests.video.grading.test_grading import room, shown_version
from tests.video.visitor import Visitor
from video.models import Assignment, Event, Release, Submission

RUBRIC = {
    "criteria": [
        {
            "id": "pace",
            "title": "Pace",
            "levels": [{"id": "slow", "title": "Slow", "points": "2"}, {"id": "good", "title": "Good", "points": "6"}],
        },
        {"id": "sound", "title": "Sound", "points": "4", "levels": []},
    ]
}


@pytest.fixture
def submission(student: Visitor) -> Submission:
    return hand_in(Assignment.objects.get(), Person.objects.get(sub="6"), name="a.mp4").submission


def mark(teacher: Visitor, submission: Submission, attempt: int = 1, **fields: Any) -> None:
    address = f"{room(submission)}?attempt={attempt}"
    answer = teacher.post(address, {"version": shown_version(teacher, address), **fields})
    assert answer.status_code == 302, answer.content.decode()


def attempts_of(page: str) -> str:
    return page.partition('data-live="attempts"')[2].partition('role="status" data-news')[0]


def part(page: str, number: int) -> str:
    """The newest attempt's section, or the fold of an earlier one."""
    found = re.search(rf'<(section|details)[^>]*"attempt-{number}".*?</\1>', page, re.DOTALL)
    assert found, f"attempt {number} is not on the page"
    return found.group()


def seen(student: Visitor, submission: Submission, number: int = 1, **fields: str) -> int:
    """What the page's script says once the mark is in sight."""
    data = re.search(r'data-seen-url="([^"]+)" data-release="([^"]+)"', part(student.text(), number))
    assert data, "the page has nothing to tell"
    return student.post(data.group(1), {"release": data.group(2).replace("&#x2B;", "+"), **fields}).status_code


class TestReturned:
    def test_points_feedback_and_when(self, teacher: Visitor, student: Visitor, submission: Submission) -> None:
        mark(teacher, submission, points="87.5", feedback="<p>Well <strong>told</strong>.</p><script>x</script>")
        page = part(student.text(), 1)

        assert re.search(r"<strong>87\.5</strong> <span>of 100</span>", page)
        assert "<p>Well <strong>told</strong>.</p>" in page
        assert "<script" not in page
        assert "Returned <time" in page
        assert "Waiting to be marked" not in page

    @pytest.mark.parametrize(("verdict", "words"), [("pass", "Passed"), ("fail", "Not passed")])
    def test_pass_or_fail_in_words(
        self, teacher: Visitor, student: Visitor, submission: Submission, verdict: str, words: str
    ) -> None:
        Assignment.objects.update(grading=Assignment.Grading.PASS_FAIL)
        mark(teacher, submission, verdict=verdict)
        page = student.text()

        assert f"<strong>{words}</strong>" in part(page, 1)
        assert "of 100" not in page
        assert "<dt>Points</dt>" not in page

    def test_overridden_points_are_said_to_be(self, teacher: Visitor, student: Visitor, submission: Submission) -> None:
        Assignment.objects.update(grading=Assignment.Grading.RUBRIC, rubric=RUBRIC)
        scores: dict[str, Any] = {"level-pace": "good", "points-sound": "4"}
        mark(teacher, submission, **scores)
        assert "not the sum of the rubric" not in student.text()
        mark(teacher, submission, **scores, overridden="1", points="50")

        assert "not the sum of the rubric" in part(student.text(), 1)

    def test_changed_and_released_again(self, teacher: Visitor, student: Visitor, submission: Submission) -> None:
        mark(teacher, submission, points="50")
        assert "released again" not in student.text()
        mark(teacher, submission, points="60")

        assert "Changed and released again <time" in part(student.text(), 1)

    def test_earlier_attempts_are_folded_with_marks_of_their_own(
        self, teacher: Visitor, student: Visitor, submission: Submission
    ) -> None:
        student.upload("b.mp4", film())
        student.submit()
        mark(teacher, submission, 1, points="40", feedback="Again, please.")
        first = part(student.text(), 1)
        assert first.startswith("<details")
        assert " open>" in first.partition("\n")[0], "its mark is the news as long as the newest has none"
        assert "Waiting to be marked." in part(student.text(), 2)

        mark(teacher, submission, 2, points="90", feedback="Much better.")
        page = student.text()
        first, second = part(page, 1), part(page, 2)
        assert " open>" not in first.partition("\n")[0]
        assert "40 of 100" in first.partition("</summary>")[0]
        assert "Again, please." in first
        assert "Much better." not in first
        assert "Much better." in second
        assert "a.mp4" in first
        assert "b.mp4" in second

    def test_one_player_loads_at_first(self, teacher: Visitor, student: Visitor, submission: Submission) -> None:
        for name in ("b.mp4", "c.mp4"):
            student.upload(name, film())
            student.submit()
        page = student.text()
        assert len(re.findall("data-player ", page)) == 3
        assert len(re.findall("data-player ", re.sub(r"<template>.*?</template>", "", page, flags=re.DOTALL))) == 1
        student.upload("d.mp4", film())

        page = re.sub(r"<template>.*?</template>", "", student.text(), flags=re.DOTALL)
        assert len(re.findall("data-player ", page)) == 1, "the draft's"

    def test_without_its_video_the_mark_stays(self, teacher: Visitor, student: Visitor, submission: Submission) -> None:
        mark(teacher, submission, points="87.5", feedback="Well told.")
        submission.attempts.get().videos.update(state="deleted")
        page = part(student.text(), 1)

        assert "has been deleted" in page
        assert "Well told." in page
        assert "data-player" not in page


class TestBeforeRelease:
    @pytest.fixture(autouse=True)
    def held(self, assignment: Assignment, submission: Submission) -> None:
        """Past its due date: whether an attempt can still be taken back depends on nothing any more."""
        Assignment.objects.update(hold_grades=True, due_at=timezone.now() - timedelta(minutes=1))

    def look(self, student: Visitor) -> tuple[str, str, str]:
        receipt = Submission.objects.get(person__sub="6").attempts.get()
        page = re.sub(r'"[A-Za-z0-9]{64}"', "token", student.text())
        return (
            page,
            student.text("state/"),
            re.sub(r'"[A-Za-z0-9]{64}"', "token", student.text(f"receipts/{receipt.pk}/")),
        )

    def test_a_mark_that_is_held_changes_nothing_at_all(
        self, teacher: Visitor, student: Visitor, submission: Submission
    ) -> None:
        before = self.look(student)
        assert "Waiting to be marked." in before[0]
        mark(teacher, submission, points="87.5", feedback="Well told.", private_note="Hm.")

        assert self.look(student) == before

    def test_nor_does_what_was_changed_since_a_release(
        self, teacher: Visitor, student: Visitor, submission: Submission
    ) -> None:
        mark(teacher, submission, points="50", feedback="Fair.")
        assert teacher.post(f"{room(submission)}release/").status_code == 302
        before = self.look(student)
        assert "Fair." in before[0]
        mark(teacher, submission, points="87.5", feedback="Well told.")

        assert self.look(student) == before
        teacher.post(f"{room(submission)}release/")
        after = self.look(student)
        assert "Well told." in after[0]
        assert json.loads(after[1])["version"] != json.loads(before[1])["version"]

    def test_there_is_nothing_to_have_seen(self, teacher: Visitor, student: Visitor, submission: Submission) -> None:
        attempt = submission.attempts.get()
        before = student.post(f"attempts/{attempt.pk}/seen/", {"release": ""})
        mark(teacher, submission, points="87.5")
        after = student.post(f"attempts/{attempt.pk}/seen/", {"release": ""})

        assert (before.status_code, before.content) == (after.status_code, after.content)
        assert not Event.objects.filter(kind="seen").exists()


class TestSeen:
    def test_teacher_sees_whether_and_when(self, teacher: Visitor, student: Visitor, submission: Submission) -> None:
        assert "Not seen yet" not in teacher.text(room(submission))
        mark(teacher, submission, points="50")
        assert "Not seen yet" in teacher.text(room(submission))

        assert seen(student, submission) == 302
        at = Release.objects.get().seen_at
        assert at is not None
        assert f'Seen <time datetime="{at:%Y-%m-%dT%H:%M:%S}Z"' in teacher.text(room(submission))
        event = Event.objects.get(kind="seen")
        assert event.actor == submission.person

    def test_a_script_gets_no_page(self, teacher: Visitor, student: Visitor, submission: Submission) -> None:
        mark(teacher, submission, points="50")
        attempt, release = submission.attempts.get(), Release.objects.get()
        browser = Client(HTTP_HOST="tool.example", headers={"Accept": "application/json"})
        browser.cookies = student.browser.cookies
        answer = browser.post(
            f"{student.home}attempts/{attempt.pk}/seen/", {"release": release.at.isoformat()}, secure=True
        )

        assert (answer.status_code, answer.content) == (204, b"")
        assert Release.objects.get().seen_at

    def test_looking_by_get_does_not_count(self, teacher: Visitor, student: Visitor, submission: Submission) -> None:
        mark(teacher, submission, points="50")
        student.text()
        student.text("state/")

        assert Release.objects.get().seen_at is None
        assert student.get(f"attempts/{submission.attempts.get().pk}/seen/").status_code == 405

    def test_once_for_each_release(self, teacher: Visitor, student: Visitor, submission: Submission) -> None:
        mark(teacher, submission, points="50")
        seen(student, submission)
        first = Release.objects.get()
        student.post(f"attempts/{submission.attempts.get().pk}/seen/", {"release": first.at.isoformat()})
        assert Release.objects.get().seen_at == first.seen_at
        assert "data-seen-url" not in student.text()

        mark(teacher, submission, points="60")
        assert "Not seen yet" in teacher.text(room(submission))
        student.post(f"attempts/{submission.attempts.get().pk}/seen/", {"release": first.at.isoformat()})
        assert Release.objects.get().seen_at is None, "it was the one before that this page showed"
        seen(student, submission)
        assert Release.objects.get().seen_at
        assert Event.objects.filter(kind="seen").count() == 2

    @pytest.mark.parametrize("release", ["", "soon", "\x00", "0001-01-01T00:00:00+23:59", "9" * 5000])
    def test_nonsense_is_nothing(
        self, teacher: Visitor, student: Visitor, submission: Submission, release: str
    ) -> None:
        mark(teacher, submission, points="50")
        answer = student.post(f"attempts/{submission.attempts.get().pk}/seen/", {"release": release})

        assert answer.status_code == 302
        assert Release.objects.get().seen_at is None

    def test_another_students_look_does_not_count(
        self, teacher: Visitor, student: Visitor, submission: Submission, visit: Any
    ) -> None:
        mark(teacher, submission, points="50")
        path, release = f"attempts/{submission.attempts.get().pk}/seen/", Release.objects.get().at.isoformat()

        for other in (visit("student", "7"), teacher):
            assert other.post(path, {"release": release}).status_code == 404
        assert Release.objects.get().seen_at is None

    def test_list_knows_it(self, teacher: Visitor, student: Visitor, submission: Submission) -> None:
        from video.roster import listing

        def row() -> listing.Row:
            page = listing.page(
                assignment=submission.assignment, view=listing.View(), number=None, room_url=lambda pk: f"/{pk}"
            )
            return page.object_list[0]

        assert (row().returned_at, row().seen_at) == (None, None)
        mark(teacher, submission, points="50")
        seen(student, submission)
        release = Release.objects.get()
        assert (row().returned_at, row().seen_at) == (release.at, release.seen_at)
