"""What is done for many rows of the roster at once."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lti_tool.models import Course, LaunchSession, Person, ScoreDelivery
from tests.video.conftest import Visit
from tests.video.course import DAY, delivery_of, enrol, hand_in, mark
from tests.video.visitor import Visitor
from video import tasks
from video.grading import grades
from video.models import Assignment, Attempt, Event, Release, Submission
from video.roster import bulk_actions

CHOSEN = "roster/chosen/"
FAR = "2098-01-01T12:00"


@pytest.fixture(autouse=True)
def quiet(teacher: Visitor, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """No course list is asked for. What is queued."""
    Course.objects.update(roster_refreshed_at=timezone.now())
    queued: list[tuple[Any, ...]] = []
    monkeypatch.setattr("config.queue._publish", lambda task, args: queued.append((task.name, *args)))
    return queued


@pytest.fixture
def held(assignment: Assignment) -> Assignment:
    Assignment.objects.update(hold_grades=True)
    assignment.refresh_from_db()
    return assignment


def do(visitor: Visitor, action: str, *people: Person, **fields: Any) -> str:
    """What the page says afterwards; the whole filter where nobody is named."""
    rows = {"row": [str(person.pk) for person in people]} if people else {"everybody": "1"}
    show = fields.pop("show", "all")
    response = visitor.post(f"{visitor.home}{CHOSEN}?show={show}", {"action": action, "sure": "1", **rows, **fields})
    assert response.status_code == 302, response.content.decode()
    return "\n".join(html.unescape(notice) for notice in re.findall(r"<span>(.*?)</span>\s*</div>", visitor.text()))


def asked(visitor: Visitor, action: str, *people: Person, show: str = "all", **fields: Any) -> str:
    rows = {"row": [str(person.pk) for person in people]} if people else {"everybody": "1"}
    response = visitor.post(f"{visitor.home}{CHOSEN}?show={show}", {"action": action, **rows, **fields})
    assert response.status_code == 200
    return html.unescape(response.content.decode())


class TestRelease:
    def test_those_with_a_mark_get_it_and_the_others_are_named(self, teacher: Visitor, held: Assignment) -> None:
        ana, ben = enrol(held, "6", "Ana Student"), enrol(held, "7", "Ben Student")
        mark(hand_in(held, ana), "80")
        hand_in(held, ben)
        absent = enrol(held, "8", "Cia Absent")

        question = asked(teacher, "release", ana, ben, absent)
        assert "Release the marks of 1 student?" in question
        assert "2 have no mark that waits to be released: Ben Student, Cia Absent" in question
        assert not Release.objects.exists(), "so far it was asked about"

        told = do(teacher, "release", ana, ben, absent)
        assert "Released: 1 student can see their marks" in told
        assert "Left out: 2 have no mark that waits to be released: Ben Student, Cia Absent." in told
        assert Release.objects.get().grade.attempt.submission.person == ana
        assert ScoreDelivery.objects.get().points == 80
        assert Event.objects.get(kind="released").actor == Person.objects.get(sub="3")

    def test_everybody_in_the_filter_means_that_filter(self, teacher: Visitor, held: Assignment) -> None:
        late, early = enrol(held, "6", "Ana Student"), enrol(held, "7", "Ben Student")
        mark(hand_in(held, late), "80")
        mark(hand_in(held, early), "70")
        Attempt.objects.filter(submission__person=late).update(late=True)

        do(teacher, "release", show="late")

        assert Release.objects.get().points == 80

    def test_an_earlier_attempts_mark_is_released_too(self, teacher: Visitor, held: Assignment) -> None:
        ana = enrol(held, "6", "Ana Student")
        mark(hand_in(held, ana), "40")
        hand_in(held, ana)

        page = teacher.text(show="unreleased")
        assert "Ana Student" in page
        assert "Earlier mark not released" in page
        do(teacher, "release", ana)

        assert Release.objects.get().points == 40
        assert "Ana Student" not in teacher.text(show="unreleased")

    def test_twice_changes_nothing(self, teacher: Visitor, held: Assignment) -> None:
        ana = enrol(held, "6", "Ana Student")
        mark(hand_in(held, ana), "80")
        do(teacher, "release", ana)
        response = teacher.post(CHOSEN, {"action": "release", "sure": "1", "row": str(ana.pk)})

        assert "Nothing to do" in response.content.decode()
        assert Event.objects.filter(kind="released").count() == 1

    @pytest.mark.parametrize(("allowed", "status"), [(False, 404), (True, 302)])
    def test_assistants_release_where_they_may(
        self, held: Assignment, visit: Visit, allowed: bool, status: int
    ) -> None:
        Assignment.objects.update(assistants_release=allowed)
        ana = enrol(held, "6", "Ana Student")
        mark(hand_in(held, ana), "80")
        assistant = visit("assistant", "4")

        assert ('value="release"' in assistant.text()) is allowed
        response = assistant.post(CHOSEN, {"action": "release", "sure": "1", "row": str(ana.pk)})
        assert response.status_code == status
        assert Release.objects.exists() is allowed


class TestReleaseOfMany:
    @pytest.fixture
    def many(self, held: Assignment, monkeypatch: pytest.MonkeyPatch) -> list[Person]:
        """More than are released while somebody waits."""
        monkeypatch.setattr(bulk_actions, "MOST_AT_ONCE", 2)
        people = [enrol(held, str(number), f"Student {number}") for number in range(10, 15)]
        for person in people:
            mark(hand_in(held, person), "50")
        return people

    def work(self, queued: list[tuple[Any, ...]]) -> None:
        """As a worker does: one message after the other."""
        while queued:
            name, *args = queued.pop(0)
            if name == "video.roster.tasks.release_asked":
                tasks.release_asked(*args)

    @pytest.mark.django_db(transaction=True)
    def test_a_worker_does_it_in_batches_and_the_page_counts_down(
        self, teacher: Visitor, held: Assignment, many: list[Person], quiet: list[tuple[Any, ...]]
    ) -> None:
        told = do(teacher, "release")
        assert "Releasing the marks of 5 students. This goes on when you leave the page." in told
        assert not Release.objects.exists()
        assert re.search(r"data-to-go>5<", teacher.text())
        assert teacher.get("roster/now/").json()["releasing"] == 5  # type: ignore[attr-defined]

        message = next(message for message in quiet if message[0] == "video.roster.tasks.release_asked")
        tasks.release_asked(*message[1:])
        assert Release.objects.count() == 2, "a batch, so that other work gets its turn"
        assert teacher.get("roster/now/").json()["releasing"] == 3  # type: ignore[attr-defined]
        self.work(quiet)

        assert Release.objects.count() == 5
        assert "data-to-go" not in teacher.text()
        assert set(Event.objects.filter(kind="released").values_list("actor__sub", flat=True)) == {"3"}

    @pytest.mark.django_db(transaction=True)
    def test_a_lost_message_is_found_and_twice_is_once(
        self, teacher: Visitor, held: Assignment, many: list[Person], quiet: list[tuple[Any, ...]]
    ) -> None:
        do(teacher, "release")
        quiet.clear()
        for _ in range(2):
            tasks.release_left_behind()
        self.work(quiet)

        assert Release.objects.count() == 5
        assert Event.objects.filter(kind="released").count() == 5
        quiet.clear()
        tasks.release_left_behind()
        assert quiet == []

    @pytest.mark.django_db(transaction=True)
    def test_who_may_not_any_more_releases_nothing(
        self, held: Assignment, many: list[Person], visit: Visit, quiet: list[tuple[Any, ...]]
    ) -> None:
        Assignment.objects.update(assistants_release=True)
        do(visit("assistant", "4"), "release")
        Assignment.objects.update(assistants_release=False)
        self.work(quiet)

        assert not Release.objects.exists()
        assert bulk_actions.releasing(held) == 0

    @pytest.mark.django_db(transaction=True)
    def test_one_that_fails_does_not_keep_the_others(
        self, teacher: Visitor, many: list[Person], quiet: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        do(teacher, "release")
        bad = Submission.objects.order_by("pk").first()
        assert bad is not None
        release: Callable[..., int] = grades.release

        def sometimes(*, submissions: list[Any], **rest: Any) -> int:
            if bad.pk in submissions:
                raise ValueError("broken")
            return release(submissions=submissions, **rest)

        monkeypatch.setattr(grades, "release", sometimes)
        self.work(quiet)
        assert Release.objects.count() == 4
        monkeypatch.undo()
        tasks.release_asked(str(bad.assignment_id))
        assert Release.objects.count() == 5

    def test_an_ended_session_leaves_the_marks_as_they_were(
        self, teacher: Visitor, held: Assignment, many: list[Person]
    ) -> None:
        do(teacher, "release")
        LaunchSession.objects.all().delete()

        assert bulk_actions.releasing(held) == 0
        assert not Release.objects.exists()


class TestMoreTime:
    @pytest.fixture
    def assignment(self, assignment: Assignment) -> Assignment:
        assignment.due_at, assignment.closes_at = timezone.now() - 2 * DAY, timezone.now() - DAY
        assignment.attempts_allowed = 1
        assignment.save()
        return assignment

    def test_everybody_chosen_gets_it_and_who_has_more_keeps_it(self, teacher: Visitor, assignment: Assignment) -> None:
        ana, ben = enrol(assignment, "6", "Ana Student"), enrol(assignment, "7", "Ben Student")
        later = datetime(2099, 1, 1, tzinfo=UTC)
        Submission.objects.create(assignment=assignment, person=ben, extended_to=later, extra_attempts=3)

        told = do(teacher, "extend", ana, ben, until=FAR, extra_attempts="1")

        assert "Saved for 1 student. 1 student had as much or more already, and keep it." in told
        values = dict(Submission.objects.values_list("person__sub", "extra_attempts"))
        assert values == {"6": 1, "7": 3}
        assert Submission.objects.get(person=ana).extended_to == datetime(2098, 1, 1, 12, tzinfo=UTC)
        assert Submission.objects.get(person=ben).extended_to == later
        event = Event.objects.get(kind="extended")
        assert event.data["submission"] == str(Submission.objects.get(person=ana).pk)
        assert event.actor == Person.objects.get(sub="3")

    def test_late_marks_follow(self, teacher: Visitor, assignment: Assignment) -> None:
        ana, ben = enrol(assignment, "6", "Ana Student"), enrol(assignment, "7", "Ben Student")
        for person in (ana, ben):
            attempt = hand_in(assignment, person, at=timezone.now())
            assert attempt.late
        assert Attempt.objects.filter(late=True).count() == 2

        do(teacher, "extend", ana, until=FAR)

        assert list(Attempt.objects.filter(late=True).values_list("submission__person__sub", flat=True)) == ["7"]

    def test_statements_do_not_grow_with_the_people(self, teacher: Visitor, assignment: Assignment) -> None:
        def statements(people: list[Person]) -> int:
            for person in people:
                hand_in(assignment, person)
            rows = {"row": [str(person.pk) for person in people]}
            with CaptureQueriesContext(connection) as captured:
                teacher.post(CHOSEN, {"action": "extend", "sure": "1", "until": FAR, **rows})
            return len(captured)

        teacher.token()
        one = statements([enrol(assignment, "6", "Ana Student")])
        assert statements([enrol(assignment, str(n), f"Student {n}") for n in range(20, 40)]) == one

    @pytest.mark.parametrize("until", ["", "soon", "2001-01-01T12:00", "\x00"])
    def test_nonsense_is_asked_for_again(self, teacher: Visitor, assignment: Assignment, until: str) -> None:
        ana = enrol(assignment, "6", "Ana Student")
        response = teacher.post(CHOSEN, {"action": "extend", "sure": "1", "until": until, "row": str(ana.pk)})

        assert response.status_code == 422
        assert "More time for 1 student" in response.content.decode()
        assert not Submission.objects.exists()


class TestReopen:
    def test_who_has_used_up_their_attempts_gets_one_more(self, teacher: Visitor, assignment: Assignment) -> None:
        Assignment.objects.update(attempts_allowed=1)
        ana, ben = enrol(assignment, "6", "Ana Student"), enrol(assignment, "7", "Ben Student")
        hand_in(assignment, ana)

        question = asked(teacher, "reopen", ana, ben)
        assert "1 has used up all attempts, and may hand in once more." in question
        assert "1 can hand in already: Ben Student" in question
        assert 'name="until"' not in question
        for _ in range(2):  # pressed twice, it is one more all the same
            teacher.post(CHOSEN, {"action": "reopen", "sure": "1", "row": str(ana.pk)})

        assert Submission.objects.get(person=ana).extra_attempts == 1
        assert not Submission.objects.filter(person=ben).exists()

    def test_a_draft_is_an_attempt_that_can_still_be_handed_in(self, teacher: Visitor, assignment: Assignment) -> None:
        Assignment.objects.update(attempts_allowed=1)
        ana = enrol(assignment, "6", "Ana Student")
        draft = Submission.objects.create(assignment=assignment, person=ana, state="draft")
        Attempt.objects.create(submission=draft, number=1)

        assert "Nothing to do" in asked(teacher, "reopen", ana)

    def test_for_whom_it_has_closed_it_is_open_until_the_date(self, teacher: Visitor, assignment: Assignment) -> None:
        Assignment.objects.update(closes_at=timezone.now() - DAY)
        ana, ben = enrol(assignment, "6", "Ana Student"), enrol(assignment, "7", "Ben Student")
        Submission.objects.create(assignment=assignment, person=ben, extended_to=timezone.now() + DAY)

        question = asked(teacher, "reopen", ana, ben)
        assert "For 1 it has closed" in question
        for wrong in ("", "2001-01-01T12:00", "x"):
            fields = {"action": "reopen", "sure": "1", "row": str(ana.pk), "until": wrong}
            assert teacher.post(CHOSEN, fields).status_code == 422
        told = do(teacher, "reopen", ana, ben, until=FAR)

        assert "Reopened: 1 student can hand in again." in told
        assert Submission.objects.get(person=ana).closes_at == datetime(2098, 1, 1, 12, tzinfo=UTC)
        until = Submission.objects.get(person=ben).extended_to
        assert until is not None
        assert until < timezone.now() + 2 * DAY

    def test_no_more_than_there_can_be(self, teacher: Visitor, assignment: Assignment) -> None:
        Assignment.objects.update(attempts_allowed=1)
        ana = enrol(assignment, "6", "Ana Student")
        for _ in range(21):
            hand_in(assignment, ana)
        Submission.objects.update(extra_attempts=20)

        assert "1 has had all 20 extra attempts that there can be: Ana Student" in asked(teacher, "reopen", ana)


class TestSendAgain:
    def test_whatever_became_of_it_it_is_due_now(
        self, teacher: Visitor, assignment: Assignment, quiet: list[tuple[Any, ...]]
    ) -> None:
        later = timezone.now() + timedelta(hours=5)
        people = [enrol(assignment, str(n), f"Student {n}") for n in range(10, 14)]
        states: list[tuple[str, dict[str, Any]]] = [
            ("refused", {}),
            ("waiting", {"next_try_at": later, "tries": 3}),
            ("sent", {"sent_version": 1}),
        ]
        for person, (state, more) in zip(people, states, strict=False):
            delivery_of(hand_in(assignment, person), state, **more)

        told = do(teacher, "again", *people)

        assert "On its way to Moodle again: 3 students." in told
        assert "1 has nothing to send yet: Student 13" in told
        assert set(ScoreDelivery.objects.values_list("state", "tries")) == {("waiting", 0)}
        assert not ScoreDelivery.objects.filter(next_try_at__gt=timezone.now()).exists()

    def test_one_row_has_its_own_button(self, teacher: Visitor, assignment: Assignment) -> None:
        ana, ben = enrol(assignment, "6", "Ana Student"), enrol(assignment, "7", "Ben Student")
        for person in (ana, ben):
            delivery_of(hand_in(assignment, person), "refused", last_answer="Moodle says no.")
        page = teacher.text()
        assert "Moodle says no." in page
        assert f'name="only" value="{ana.pk}"' in page

        teacher.post(CHOSEN, {"only": str(ana.pk), "row": str(ben.pk)})

        assert list(ScoreDelivery.objects.filter(state="waiting").values_list("person__sub", flat=True)) == ["6"]

    def test_assistants_may(self, assignment: Assignment, visit: Visit) -> None:
        delivery_of(hand_in(assignment, enrol(assignment, "6", "Ana Student")), "refused")

        do(visit("assistant", "4"), "again")

        assert ScoreDelivery.objects.get().state == "waiting"


class TestWhoAndWhat:
    @pytest.mark.parametrize("action", ["extend", "reopen"])
    def test_assistants_give_no_time(self, assignment: Assignment, visit: Visit, action: str) -> None:
        ana = enrol(assignment, "6", "Ana Student")
        fields = {"action": action, "sure": "1", "row": str(ana.pk), "until": FAR}

        assert visit("assistant", "4").post(CHOSEN, fields).status_code == 404

    @pytest.mark.parametrize("action", ["", "delete", "\x00", "RELEASE"])
    def test_unknown_actions_are_not_there(self, teacher: Visitor, action: str) -> None:
        assert teacher.post(CHOSEN, {"action": action, "everybody": "1"}).status_code == 404

    @pytest.mark.parametrize("row", [[], [""], ["x"], ["\x00"], ["9" * 5000], ["Student ABCDEF01"]])
    def test_who_is_not_in_the_roster_is_nobody(self, teacher: Visitor, row: list[str]) -> None:
        response = teacher.post(CHOSEN, {"action": "release", "sure": "1", "row": row})

        assert response.status_code == 302
        assert "choose somebody first" in teacher.text()

    def test_it_leads_back_to_where_it_was_pressed(self, teacher: Visitor, assignment: Assignment) -> None:
        ana = enrol(assignment, "6", "Ana Student")
        delivery_of(hand_in(assignment, ana), "refused")
        address = f"{teacher.home}{CHOSEN}?show=problem&sort=-mark&page=2&next=https://evil.example"

        response = teacher.post(address, {"action": "again", "sure": "1", "row": str(ana.pk)})
        assert response["Location"] == f"{teacher.home}?show=problem&sort=-mark&page=2"


class TestAnonymous:
    @pytest.fixture
    def assignment(self, assignment: Assignment) -> Assignment:
        assignment.anonymous = assignment.hold_grades = True
        assignment.attempts_allowed = 1
        assignment.save()
        return assignment

    def alias(self, teacher: Visitor) -> str:
        found = re.search(r'name="row" value="(Student [0-9A-F]{8})"', teacher.text())
        assert found
        return found.group(1)

    def test_rows_are_known_by_their_alias_alone(self, teacher: Visitor, assignment: Assignment) -> None:
        ana = enrol(assignment, "6", "Ana Student", email="ana@x.org")
        mark(hand_in(assignment, ana), "80")
        response = teacher.post(CHOSEN, {"action": "release", "sure": "1", "row": str(ana.pk)})
        assert response.status_code == 302
        assert "choose somebody first" in teacher.text()
        assert not Release.objects.exists(), "who is hidden is not found by an id from elsewhere"

        alias = self.alias(teacher)
        question = teacher.post(CHOSEN, {"action": "release", "row": alias}).content.decode()
        assert "Release the marks of 1 student?" in question
        for secret in ("Ana", "ana@x.org", str(ana.pk)):
            assert secret not in question
        teacher.post(CHOSEN, {"action": "release", "sure": "1", "row": alias})
        assert Release.objects.get().points == 80

    def test_left_out_by_alias(self, teacher: Visitor, assignment: Assignment) -> None:
        enrol(assignment, "6", "Ana Student")
        alias = self.alias(teacher)

        question = teacher.post(CHOSEN, {"action": "release", "row": alias}).content.decode()
        assert f"1 has no mark that waits to be released: {alias}" in question

    def test_more_time_by_alias_is_not_shown_beside_it(self, teacher: Visitor, assignment: Assignment) -> None:
        """Else time that was given by name would tell whose row it is."""
        ana = enrol(assignment, "6", "Ana Student")
        teacher.post(CHOSEN, {"action": "extend", "sure": "1", "row": self.alias(teacher), "extra_attempts": "2"})

        assert Submission.objects.get(person=ana).extra_attempts == 2
        assert "status-label extended" not in teacher.text()
        assert teacher.get(f"people/{ana.pk}/more-time/").status_code == 404
