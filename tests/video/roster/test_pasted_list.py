"""More time for a list of people that was pasted: who is meant, and what becomes of it."""

import re
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from lti_tool.models import Course, Membership, Person
from tests.lti_tool.platform_double import LTI, PlatformDouble
from tests.video.conftest import Visit
from tests.video.course import enrol, hand_in, mark
from tests.video.visitor import Visitor
from video.models import Assignment, Event, Submission
from video.roster import pasted_list
from video.roster.pasted_list import LONGEST_LINE, MOST_LINES, MOST_NAMESAKES, Candidate, Line, read

LIST = "roster/more-time/"
UNTIL = datetime(2099, 1, 1, 12, tzinfo=UTC)
TYPED = {"until": "2099-01-01T12:00", "extra_attempts": "1"}


def candidate(name: str, email: str = "", sub: str = "") -> Candidate:
    return Candidate(uuid.uuid4(), name, email, sub)


ANA = candidate("Ana Student", "ana@x.org", "106")
BEN = candidate("Ben Student", "Ben@X.org", "107")
TWIN = candidate("Ben Student", "ben2@x.org", "108")
ZOE = candidate("Zoë Ångström", "", "109")
PEOPLE = [ANA, BEN, TWIN, ZOE]


def found(text: str) -> list[tuple[str, list[str]]]:
    return [(line.state, [one.sub for one in line.found]) for line in read(text, PEOPLE)]


class TestBounds:
    """What is too much is refused before anything looks into it."""

    @pytest.mark.parametrize(
        "text", ["x" * 21, "ok\n" + "a@" * 11, "a b\n\nx," + "y" * 20, "1\r2\r3\r4", "1\n2\n3\n4\n"]
    )
    def test_too_long_a_line_or_too_many_are_too_much(self, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        monkeypatch.setattr(pasted_list, "LONGEST_LINE", 20)
        monkeypatch.setattr(pasted_list, "MOST_LINES", 3)

        assert "too long" in pasted_list.too_much(text)

    def test_what_fits_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pasted_list, "LONGEST_LINE", 20)
        monkeypatch.setattr(pasted_list, "MOST_LINES", 3)

        assert pasted_list.too_much("x" * 20 + "\n" + "y" * 20) == ""

    def test_page_does_not_read_what_is_too_much(
        self, teacher: Visitor, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Assignment.objects.update(due_at=datetime(2026, 1, 1, tzinfo=UTC))
        monkeypatch.setattr(pasted_list, "LONGEST_LINE", 20)
        monkeypatch.delattr(pasted_list, "read")

        response = teacher.post(LIST, {**TYPED, "people": "x" * 21})

        assert response.status_code == 422
        assert "Line 1 is too long" in response.content.decode()
        assert "x" * 21 in response.content.decode(), "what was pasted is still there"

    def test_namesakes_that_are_offered_are_few(self) -> None:
        many = [candidate("Ana Student", f"ana{number}@x.org") for number in range(MOST_NAMESAKES + 5)]

        [line] = read("Ana Student", many)
        assert (line.state, len(line.found)) == ("ambiguous", MOST_NAMESAKES)


class TestReading:
    @pytest.mark.parametrize(
        ("line", "sub"),
        [
            ("ana@x.org", "106"),
            ("  ANA@X.ORG  ", "106"),
            ("Ana Student", "106"),
            ("ana   student", "106"),
            ("Student, Ana", "106"),
            ("Ana Student <ana@x.org>", "106"),
            ("Ana Student <old@x.org>", "106"),
            ("Student\tAna\tGroup 3", "106"),
            ("3;Ana;Student", "106"),
            ('"Ana Student";"Group 3"', "106"),
            ("106", "106"),
            ("ben2@x.org", "108"),
            ("Ben Student, ben@x.org", "107"),
            ("Zoe\u0308 A\u030angstro\u0308m", "109"),
        ],
    )
    def test_one_is_found_however_they_are_called(self, line: str, sub: str) -> None:
        assert found(line) == [("found", [sub])]

    @pytest.mark.parametrize("line", ["Cia", "Ana", "nobody@x.org", "10", "@", ",", "%", "Student"])
    def test_who_is_not_clear_is_not_guessed(self, line: str) -> None:
        assert found(line) == [("missing", [])]

    def test_two_of_a_name_are_both_told(self) -> None:
        assert found("Ben Student") == [("ambiguous", ["107", "108"])]

    def test_the_same_person_twice_is_told(self) -> None:
        assert found("Ana Student\n\nana@x.org") == [("found", ["106"]), ("again", ["106"])]

    def test_lines_keep_their_numbers_and_odd_characters_do_no_harm(self) -> None:
        lines = read("\n\x00\r\nAna Student\x00\n" + "x" * 5000, PEOPLE)
        assert [(line.number, line.state, len(line.text)) for line in lines] == [
            (3, "found", 11),
            (4, "missing", 200),
        ]

    def test_without_people_nothing_is_found(self) -> None:
        assert [line.state for line in read("a\nb", [])] == ["missing", "missing"]
        assert read("", PEOPLE) == []
        assert Line(1, "x", ()).field == "line-1"


@pytest.fixture
def assignment(assignment: Assignment) -> Assignment:
    assignment.due_at = datetime(2098, 1, 1, tzinfo=UTC)
    assignment.attempts_allowed = 1
    assignment.save()
    return assignment


@pytest.fixture
def people(assignment: Assignment) -> list[Person]:
    return [
        enrol(assignment, "106", "Ana Student", email="ana@x.org"),
        enrol(assignment, "107", "Ben Student", email="ben@x.org"),
        enrol(assignment, "108", "Ben Student"),
    ]


def hidden_fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(looked_at)" value="(\w+)"', page))


def give(teacher: Visitor, people: str, **fields: str) -> Any:
    """Look who is meant, then give it to them."""
    looked = teacher.post(LIST, {**TYPED, "people": people, **fields})
    assert looked.status_code == 200, looked.content.decode()
    return teacher.post(
        LIST, {**TYPED, "people": people, "apply": "1", **hidden_fields(looked.content.decode()), **fields}
    )


class TestGiving:
    def test_who_is_meant_is_shown_before_anything_is_saved(self, teacher: Visitor, people: list[Person]) -> None:
        response = teacher.post(LIST, {**TYPED, "people": "ana@x.org\nBen Student\nCia\nAna Student"})
        page = response.content.decode()

        assert response.status_code == 200
        assert "1 found, 1 to choose, 1 not found." in page
        for status_label in ("Found", "Several", "Not found", "Twice"):
            assert f">{status_label}<" in page
        assert "Ben Student (ben@x.org)" in page
        assert "Ben Student (id 108)" in page
        assert not Submission.objects.exists()

    def test_those_found_and_chosen_get_it(self, teacher: Visitor, people: list[Person]) -> None:
        text = "ana@x.org\r\nBen Student\r\nCia"
        response = give(teacher, text, **{"line-2": str(people[2].pk)})

        assert response["Location"] == teacher.home
        given = Submission.objects.values_list("person__sub", "extended_to", "extra_attempts").order_by("person__sub")
        assert list(given) == [("106", UNTIL, 1), ("108", UNTIL, 1)]
        assert Event.objects.filter(kind="extended").count() == 2
        page = teacher.text()
        assert "Saved for 2 students." in page
        assert "Nothing was changed for 1 of the lines" in page

    def test_several_of_a_name_get_nothing_unless_one_is_chosen(self, teacher: Visitor, people: list[Person]) -> None:
        response = give(teacher, "Ben Student", **{"line-1": str(people[0].pk)})

        assert response.status_code == 200
        assert "none of the lines names somebody" in response.content.decode()
        assert not Submission.objects.exists()

    def test_a_list_that_was_changed_is_shown_again_first(self, teacher: Visitor, people: list[Person]) -> None:
        page = teacher.post(LIST, {**TYPED, "people": "ana@x.org"}).content.decode()
        seen = hidden_fields(page)
        response = teacher.post(LIST, {**TYPED, "people": "ben@x.org", "apply": "1", **seen})

        assert response.status_code == 200
        assert not Submission.objects.exists()

    def test_who_has_more_keeps_it(self, teacher: Visitor, assignment: Assignment, people: list[Person]) -> None:
        later = datetime(2100, 1, 1, tzinfo=UTC)
        Submission.objects.create(assignment=assignment, person=people[0], extended_to=later, extra_attempts=5)
        give(teacher, "ana@x.org")

        assert Submission.objects.values_list("extended_to", "extra_attempts").get() == (later, 5)
        assert not Event.objects.exists()

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"people": ""}, "paste the list first"),
            ({"people": " \n\x00\n"}, "paste the list first"),
            ({"people": "x\n" * MOST_LINES}, f"at most {MOST_LINES} lines"),
            ({"people": "x\u2028" * (MOST_LINES + 1)}, f"at most {MOST_LINES} lines"),
            ({"people": "ana@x.org\n" + "x" * (LONGEST_LINE + 1)}, "Line 2 is too long"),
            ({"until": "", "extra_attempts": ""}, "Nothing to save"),
            ({"until": "2001-01-01T00:00"}, "later than the due date"),
            ({"extra_attempts": "9" * 400}, "At most 20"),
        ],
    )
    def test_what_is_wrong_is_told(
        self, teacher: Visitor, people: list[Person], fields: dict[str, str], told: str
    ) -> None:
        response = teacher.post(LIST, {**TYPED, "people": "ana@x.org", "apply": "1", **fields})

        assert response.status_code == 422
        assert told in response.content.decode()
        assert not Submission.objects.exists()

    def test_where_nothing_is_limited_the_page_says_so(self, teacher: Visitor) -> None:
        Assignment.objects.update(due_at=None, closes_at=None, attempts_allowed=None)

        assert "More time is not needed" in teacher.text(LIST)


class TestWho:
    @pytest.mark.parametrize(
        ("role", "status"), [("teacher", 200), ("admin", 200), ("assistant", 404), ("student", 404)]
    )
    def test_who_may_edit(self, visit: Visit, people: list[Person], role: str, status: int) -> None:
        visitor = visit(role, "3")

        assert visitor.get(LIST).status_code == status
        assert visitor.post(LIST, {**TYPED, "people": "ana@x.org"}).status_code == status

    def test_nobody_of_another_course_or_platform_is_found(
        self, teacher: Visitor, assignment: Assignment, visit: Visit, platform: PlatformDouble
    ) -> None:
        twin = PlatformDouble(platform.answers, host="twin.example")
        visit("student", "6", name="Ana Elsewhere", platform=twin)
        other = {f"{LTI}context": {"id": "77", "title": "Physics"}, f"{LTI}resource_link": {"id": "2", "title": "x"}}
        visit("student", "7", name="Ben Elsewhere", **other)
        visit("teacher", "8", name="Tom Colleague")

        page = teacher.post(LIST, {**TYPED, "people": "Ana Elsewhere\nBen Elsewhere\nTom Colleague\n6\n7\n8"})
        assert "0 found, 6 not found." in page.content.decode()

    def test_in_anonymous_marking_only_those_who_are_known_already(
        self, teacher: Visitor, assignment: Assignment, people: list[Person]
    ) -> None:
        Assignment.objects.update(anonymous=True)
        mark(hand_in(assignment, people[0]), "5", released=True)
        Course.objects.update(roster_refreshed_at=datetime(2026, 1, 1, tzinfo=UTC))

        page = teacher.post(LIST, {**TYPED, "people": "Ana Student\nben@x.org\n107"}).content.decode()
        assert "1 found, 2 not found." in page
        assert "Marking is anonymous" in page
        assert Membership.objects.filter(person=people[1], active=True).exists()
