"""More time for one person: given, shown, and taken away again."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse

from lti_tool.models import Course, Membership, Person
from tests.lti_tool.platform_double import LTI, PlatformDouble
from tests.video.conftest import Visit
from tests.video.visitor import Visitor
from video.models import Assignment, Attempt, Event, Submission, Video

DUE = datetime(2026, 11, 20, 22, 59, tzinfo=UTC)
CLOSES = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
UNTIL = datetime(2026, 11, 28, 22, 59, tzinfo=UTC)
TYPED = {"until": "2026-11-28T23:59", "time_zone": "Europe/Berlin", "extra_attempts": "2"}
OTHER_LINK = {f"{LTI}resource_link": {"id": "2", "title": "Essay"}}
OTHER_COURSE = {**OTHER_LINK, f"{LTI}context": {"id": "77", "title": "Physics"}}


@pytest.fixture
def assignment(assignment: Assignment) -> Assignment:
    assignment.due_at, assignment.closes_at, assignment.attempts_allowed = DUE, CLOSES, 1
    assignment.save()
    return assignment


@pytest.fixture
def ana(visit: Visit, assignment: Assignment) -> Person:
    """In the course, and never here."""
    person = Person.objects.create(platform=assignment.course.platform, sub="6", name="Ana Student")
    Membership.objects.create(course=assignment.course, person=person, role="student")
    return person


def address(person: Person) -> str:
    return f"people/{person.pk}/more-time/"


def values(person: Person) -> tuple[datetime | None, int]:
    return Submission.objects.values_list("extended_to", "extra_attempts").get(person=person)


def hand_in(assignment: Assignment, person: Person, *, at: datetime, begun_at: datetime | None = None) -> Attempt:
    """As if the person had done it then."""
    submission, _ = Submission.objects.get_or_create(assignment=assignment, person=person)
    number = submission.attempts.count() + 1
    late = submission.is_late(at)
    attempt = Attempt.objects.create(submission=submission, number=number, submitted_at=at, late=late)
    video = Video.objects.create(
        attempt=attempt, current=True, backend="s3", key=f"{attempt.pk}", state="ready", name="a.mp4", size=1
    )
    Video.objects.filter(pk=video.pk).update(created_at=begun_at or at)
    submission.state = Submission.State.SUBMITTED
    submission.save()
    return attempt


def row_of(name: str, page: str) -> str:
    rows: list[str] = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
    return next(row for row in rows if name in row)


class TestGiving:
    def test_it_moves_the_dates_and_attempts_of_this_person_alone(
        self, teacher: Visitor, assignment: Assignment, ana: Person, visit: Visit
    ) -> None:
        visit("student", "7", name="Ben Other").get()
        response = teacher.post(address(ana), TYPED)

        assert response.status_code == 302
        assert response["Location"] == teacher.home
        hers = Submission.objects.get(person=ana)
        assert (hers.due_at, hers.closes_at, hers.attempts_allowed) == (UNTIL, UNTIL, 3)
        other = Submission.objects.get(person__sub="7")
        assert (other.due_at, other.closes_at, other.attempts_allowed) == (DUE, CLOSES, 1)

    def test_looking_at_it_stores_nothing(self, teacher: Visitor, ana: Person) -> None:
        assert "More time for" in teacher.text(address(ana))
        assert not Submission.objects.exists()

    def test_it_is_written_down_once_however_often_it_is_saved(self, teacher: Visitor, ana: Person) -> None:
        for _ in range(2):
            teacher.post(address(ana), TYPED)

        event = Event.objects.get(kind="extended")
        assert event.data == {
            "submission": str(Submission.objects.get().pk),
            "until": "2026-11-28T22:59:00+00:00",
            "extra_attempts": 2,
        }
        assert (event.actor, event.role) == (Person.objects.get(sub="3"), "teacher")

    def test_the_page_holds_what_was_given(self, teacher: Visitor, ana: Person) -> None:
        assert 'name="remove"' not in teacher.text(address(ana))
        teacher.post(address(ana), TYPED)

        page = teacher.text(address(ana))
        assert 'data-utc="2026-11-28T22:59:00Z"' in page
        assert re.search(r'name="extra_attempts" value="2"', page)
        assert 'name="remove"' in page

    def test_removed_it_is_gone(self, teacher: Visitor, ana: Person) -> None:
        teacher.post(address(ana), TYPED)
        response = teacher.post(address(ana), {**TYPED, "remove": "1"})

        assert response.status_code == 302
        assert values(ana) == (None, 0)
        event = Event.objects.filter(kind="extended").latest("pk")
        assert (event.data["until"], event.data["extra_attempts"]) == (None, 0)

    def test_emptied_and_saved_it_is_gone_too(self, teacher: Visitor, ana: Person) -> None:
        teacher.post(address(ana), TYPED)
        teacher.post(address(ana), {"until": "", "extra_attempts": ""})

        assert values(ana) == (None, 0)

    def test_removing_what_was_never_given_stores_nothing(self, teacher: Visitor, ana: Person) -> None:
        assert teacher.post(address(ana), {"remove": "1"}).status_code == 302
        assert not Submission.objects.exists()
        assert not Event.objects.exists()

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            (
                {"until": "2026-11-21T12:00", "time_zone": "Asia/Calcutta"},
                (datetime(2026, 11, 21, 6, 30, tzinfo=UTC), 0),
            ),
            ({"until": "2026-11-21T12:00"}, (datetime(2026, 11, 21, 12, tzinfo=UTC), 0)),
            ({"extra_attempts": "20"}, (None, 20)),
        ],
        ids=["in an old name's zone", "between due and closing date", "attempts alone"],
    )
    def test_either_will_do(self, teacher: Visitor, ana: Person, typed: dict[str, str], stored: Any) -> None:
        assert teacher.post(address(ana), typed).status_code == 302
        assert values(ana) == stored

    @pytest.mark.parametrize(
        ("typed", "told"),
        [
            ({"until": "2026-11-20T22:59"}, "later than the due date"),
            ({"until": "2026-11-20T23:30", "time_zone": "Europe/Berlin"}, "later than the due date"),
            ({"until": "2026-12-20T23:30", "time_zone": "Mars/Olympus"}, "which is not known here"),
            ({"until": "soon"}, "Type a date and a time."),
            ({"extra_attempts": "-1"}, "from 0 to 20"),
            ({"extra_attempts": "21"}, "At most 20"),
            ({"extra_attempts": "many"}, "from 0 to 20"),
            ({"until": "2026-11-28T23:59", "extra_attempts": "1.5"}, "from 0 to 20"),
            ({"until": "", "extra_attempts": "0"}, "Nothing to save"),
        ],
    )
    def test_wrong_values_are_told_and_not_saved(
        self, teacher: Visitor, ana: Person, typed: dict[str, str], told: str
    ) -> None:
        response = teacher.post(address(ana), typed)

        assert response.status_code == 422
        assert told in response.content.decode()
        assert not Submission.objects.exists()

    def test_without_a_due_date_the_closing_date_decides(
        self, teacher: Visitor, assignment: Assignment, ana: Person
    ) -> None:
        Assignment.objects.update(due_at=None)

        refused = teacher.post(address(ana), {"until": "2026-11-24T12:00"})
        assert "later than the closing date" in refused.content.decode()
        assert teacher.post(address(ana), {"until": "2026-11-24T12:01"}).status_code == 302


class TestWhereThereIsNoLimit:
    def test_without_dates_there_is_no_date_to_move(self, teacher: Visitor, ana: Person) -> None:
        Assignment.objects.update(due_at=None, closes_at=None)
        assert 'name="until"' not in teacher.text(address(ana))

        teacher.post(address(ana), TYPED)
        assert values(ana) == (None, 2)

    def test_with_any_number_of_attempts_there_are_no_extra_ones(self, teacher: Visitor, ana: Person) -> None:
        Assignment.objects.update(attempts_allowed=None)
        assert 'name="extra_attempts"' not in teacher.text(address(ana))

        teacher.post(address(ana), TYPED)
        assert values(ana) == (UNTIL, 0)

    def test_where_nothing_is_limited_the_page_says_so(self, teacher: Visitor, ana: Person) -> None:
        Assignment.objects.update(due_at=None, closes_at=None, attempts_allowed=None)
        page = teacher.text(address(ana))
        assert "More time is not needed: this assignment has no due or closing date" in page
        assert "Save" not in page

        assert teacher.post(address(ana), TYPED).status_code == 422
        assert not Submission.objects.exists()

    def test_what_was_given_before_the_limit_went_can_still_be_removed(self, teacher: Visitor, ana: Person) -> None:
        teacher.post(address(ana), TYPED)
        Assignment.objects.update(due_at=None, closes_at=None, attempts_allowed=None)
        assert teacher.post(address(ana), TYPED).status_code == 422
        assert 'name="remove"' in teacher.text(address(ana))

        teacher.post(address(ana), {"remove": "1"})
        assert values(ana) == (None, 0)

    def test_a_date_that_is_not_asked_for_stays_as_it_was(self, teacher: Visitor, ana: Person) -> None:
        teacher.post(address(ana), TYPED)
        Assignment.objects.update(due_at=None, closes_at=None)

        teacher.post(address(ana), {"extra_attempts": "1"})
        assert values(ana) == (UNTIL, 1)


class TestWhoAndForWhom:
    @pytest.mark.parametrize(
        ("role", "status"), [("teacher", 200), ("admin", 200), ("assistant", 404), ("student", 404)]
    )
    def test_who_may_edit_may_give_it(self, visit: Visit, ana: Person, role: str, status: int) -> None:
        visitor = visit(role, "3", name="Tara Teacher")

        assert visitor.get(address(ana)).status_code == status
        assert (visitor.post(address(ana), TYPED).status_code == 302) is (status == 200)
        assert Submission.objects.filter(person=ana).exists() is (status == 200)

    def test_nobody_gives_it_to_whom_they_may_not_see(
        self, teacher: Visitor, ana: Person, visit: Visit, platform: PlatformDouble
    ) -> None:
        twin = PlatformDouble(platform.answers, host="twin.example")
        visit("student", "6", name="Ana of another platform", platform=twin)
        visit("student", "7", name="Ben of another course", **OTHER_COURSE)
        visit("teacher", "8", name="Tom Colleague")
        strangers = Person.objects.exclude(pk=ana.pk)
        assert strangers.count() == 4

        for person in strangers:
            assert teacher.get(address(person)).status_code == 404
            assert teacher.post(address(person), TYPED).status_code == 404
        assert not Submission.objects.exists()

    def test_who_left_keeps_theirs_only_where_they_have_handed_in(
        self, teacher: Visitor, assignment: Assignment, ana: Person
    ) -> None:
        Membership.objects.filter(person=ana).update(active=False)
        assert teacher.get(address(ana)).status_code == 404

        hand_in(assignment, ana, at=DUE)
        assert teacher.get(address(ana)).status_code == 200

    def test_a_link_without_an_assignment_gives_nothing(self, visit: Visit, ana: Person) -> None:
        assert visit("teacher", "3", **OTHER_LINK).get(address(ana)).status_code == 404


class TestLate:
    def test_given_afterwards_it_takes_the_late_mark_away_and_removed_brings_it_back(
        self, teacher: Visitor, assignment: Assignment, ana: Person
    ) -> None:
        attempt = hand_in(assignment, ana, at=DUE + timedelta(days=2))
        assert "Submitted late" in row_of("Ana", teacher.text())

        def late() -> tuple[bool, bool, bool]:
            listed = "Ana Student" in teacher.text(show="late").partition("<main")[2]
            in_room = "Submitted late" in teacher.text(f"submissions/{attempt.submission_id}/")
            return Attempt.objects.get().late, listed, in_room

        assert late() == (True, True, True)
        teacher.post(address(ana), TYPED)
        assert late() == (False, False, False)
        teacher.post(address(ana), {"remove": "1"})
        assert late() == (True, True, True)

    def test_too_short_an_extension_leaves_it_late(self, teacher: Visitor, assignment: Assignment, ana: Person) -> None:
        hand_in(assignment, ana, at=UNTIL + timedelta(days=2))
        teacher.post(address(ana), TYPED)

        assert Attempt.objects.get().late

    def test_what_was_begun_in_time_has_the_grace_to_arrive(
        self, teacher: Visitor, assignment: Assignment, ana: Person
    ) -> None:
        hand_in(assignment, ana, at=UNTIL + timedelta(minutes=5), begun_at=UNTIL - timedelta(minutes=5))
        teacher.post(address(ana), TYPED)

        assert not Attempt.objects.get().late

    def test_it_never_makes_late_what_was_not(self, teacher: Visitor, assignment: Assignment, ana: Person) -> None:
        """The due date was set, or moved, after it was handed in."""
        hand_in(assignment, ana, at=UNTIL + timedelta(days=2))
        Attempt.objects.update(late=False)
        teacher.post(address(ana), TYPED)

        assert not Attempt.objects.get().late

    def test_more_attempts_alone_change_no_late_mark(
        self, teacher: Visitor, assignment: Assignment, ana: Person
    ) -> None:
        hand_in(assignment, ana, at=UNTIL)
        Attempt.objects.update(late=False)
        teacher.post(address(ana), {"extra_attempts": "1"})

        assert not Attempt.objects.get().late


class TestShown:
    def test_row_says_until_when(self, teacher: Visitor, ana: Person, visit: Visit) -> None:
        visit("student", "7", name="Ben Other").get()
        teacher.post(address(ana), TYPED)

        page = teacher.text()
        time = r'until <time datetime="2026-11-28T22:59:00Z" data-local="short">Sat 28 Nov 2026, 22:59 UTC</time>'
        assert re.search(time, row_of("Ana", page))
        assert "+2 attempts" in row_of("Ana", page)
        assert "extended" not in row_of("Ben", page)

    def test_what_gives_nothing_any_more_is_not_shown(self, teacher: Visitor, ana: Person) -> None:
        teacher.post(address(ana), TYPED)
        Assignment.objects.update(due_at=UNTIL, closes_at=None, attempts_allowed=None)

        assert "extended" not in row_of("Ana", teacher.text())

    def test_each_row_leads_there(self, teacher: Visitor, ana: Person, visit: Visit) -> None:
        link = f'href="{teacher.home}{address(ana)}"'
        row = row_of("Ana", teacher.text())
        assert link in row
        assert "for Ana Student</span>" in row
        assert "more-time" not in visit("assistant", "4").text()

    def test_room_says_it_and_leads_there_and_back(
        self, teacher: Visitor, assignment: Assignment, ana: Person, visit: Visit
    ) -> None:
        room = f"submissions/{hand_in(assignment, ana, at=DUE).submission_id}/"
        assert "until <time" not in teacher.text(room)
        there = f"{teacher.home}{address(ana)}?from=room"
        assert f'href="{there}"' in teacher.text(room)

        response: HttpResponse = teacher.post(there, TYPED)

        assert response["Location"] == f"{teacher.home}{room}"
        assert "until <time" in teacher.text(room)
        assistant = visit("assistant", "4").text(room)
        assert "until <time" in assistant
        assert "more-time" not in assistant

    def test_room_of_another_link_leads_nowhere_else(self, assignment: Assignment, ana: Person, visit: Visit) -> None:
        """There it would be of the assignment of that link."""
        attempt = hand_in(assignment, ana, at=DUE)

        assert "more-time" not in visit("teacher", "3", **OTHER_LINK).text(f"submissions/{attempt.submission_id}/")

    def test_from_nowhere_it_leads_to_the_list(self, teacher: Visitor, ana: Person) -> None:
        response = teacher.post(f"{address(ana)}?from=room", TYPED)

        assert response["Location"] == teacher.home, "there is no room before something is handed in"


def test_course_of_the_row_is_the_assignments(teacher: Visitor, ana: Person, visit: Visit) -> None:
    """An admin who comes from another course gives there what is of there."""
    admin = visit("admin", "2", **OTHER_COURSE)
    admin.post("settings/", {"title": "Essay", "points": "10", "max_size_gb": "1", "attempts_allowed": "1"})
    assert Course.objects.count() == 2

    assert admin.get(address(ana)).status_code == 404
