"""The roster's filters, order, search and pages; the room that follows them; and how much the database is asked."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lti_tool.models import Course, Membership, Person
from tests.video.conftest import Visit
from tests.video.course import DAY, delivery_of, enrol, hand_in, mark
from tests.video.visitor import Visitor
from video.models import Assignment, Attempt, Grade, Release, Submission, Video
from video.roster import listing
from video.roster.filters import FILTERS
from video.roster.listing import View
from video.submissions import anonymity

MISSING = "roster/missing/"


@pytest.fixture(autouse=True)
def list_is_fresh(teacher: Visitor) -> None:
    Course.objects.update(roster_refreshed_at=timezone.now())


@pytest.fixture
def everybody(assignment: Assignment) -> Assignment:
    """One at each stage; who they are is in their names."""
    Assignment.objects.update(due_at=timezone.now() - DAY, hold_grades=True)
    assignment.refresh_from_db()
    enrol(assignment, "10", "Absent")
    Submission.objects.create(assignment=assignment, person=enrol(assignment, "11", "Opened"))
    for sub, name in (("12", "Drafting"), ("13", "Uploading")):
        draft = Submission.objects.create(assignment=assignment, person=enrol(assignment, sub, name), state="draft")
        Attempt.objects.create(submission=draft, number=1)
    Video.objects.create(
        attempt=Attempt.objects.get(submission__person__sub="13"), backend="s3", key="k", name="a", size=1
    )
    early = timezone.now() - 2 * DAY
    hand_in(assignment, enrol(assignment, "14", "Waiting"), at=early, length=30)
    hand_in(assignment, enrol(assignment, "15", "Belated"), length=10)
    mark(hand_in(assignment, enrol(assignment, "16", "Held"), at=early - DAY, length=20), "70")
    mark(
        hand_in(assignment, enrol(assignment, "17", "Given"), at=early + timedelta(hours=1), length=40),
        "90",
        released=True,
    )
    again = enrol(assignment, "18", "Again")
    mark(hand_in(assignment, again, at=early), "5")
    delivery_of(
        hand_in(assignment, again, at=early + timedelta(hours=2), length=50), "refused", last_answer="No column."
    )
    return assignment


def listed(visitor: Visitor, **query: str) -> list[str]:
    return re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', visitor.text(**query))


WHO = {
    "all": {"Absent", "Opened", "Drafting", "Uploading", "Waiting", "Belated", "Held", "Given", "Again"},
    "to_mark": {"Waiting", "Belated", "Again"},
    "late": {"Belated"},
    "marked": {"Held", "Given"},
    "unreleased": {"Held", "Again"},
    "returned": {"Given"},
    "problem": {"Again"},
    "missing": {"Absent", "Opened", "Drafting", "Uploading"},
    "draft": {"Drafting", "Uploading"},
    "uploading": {"Uploading"},
    "not_started": {"Opened"},
    "not_opened": {"Absent"},
}


def test_every_filter_is_tried() -> None:
    assert set(WHO) == {one.code for one in FILTERS}


@pytest.mark.parametrize("show", WHO)
def test_a_filter_shows_those_it_counts(teacher: Visitor, everybody: Assignment, show: str) -> None:
    assert set(listed(teacher, show=show)) == WHO[show]
    counted = re.search(rf'href="\?show={show}"[^>]*><strong>(\d+)<', teacher.text())
    assert counted
    assert int(counted.group(1)) == len(WHO[show])
    now = teacher.get("roster/now/").json()  # type: ignore[attr-defined]
    assert now["counters"][show] == len(WHO[show])


@pytest.mark.parametrize("show", [one.code for one in FILTERS])
def test_where_nobody_is_the_page_says_what_that_means(teacher: Visitor, assignment: Assignment, show: str) -> None:
    heading, meaning = next(one.empty for one in FILTERS if one.code == show)
    page = html.unescape(teacher.text(show=show))

    assert heading in page
    assert meaning in page


def test_rows_say_how_far_each_is(teacher: Visitor, everybody: Assignment) -> None:
    page = teacher.text()
    rows = {row.partition("<bdi>")[2].partition("<")[0]: row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)}
    for name, label in {
        "Absent": "Not opened",
        "Opened": "Not started",
        "Drafting": "Draft, not handed in",
        "Uploading": "Uploading",
        "Waiting": "Submitted",
        "Belated": "Submitted late",
        "Held": "Marked, not released",
        "Given": "Returned",
        "Again": "Earlier mark not released",
    }.items():
        assert f">{label}</span>" in rows[name], name
    assert "No column." in rows["Again"]
    assert "Send again" in rows["Again"]
    assert "<strong data-marked>2</strong> of <span data-handed-in>5</span> marked" in page


ORDERS = {
    "name": ["Again", "Belated", "Given", "Held", "Waiting"],
    "-name": ["Waiting", "Held", "Given", "Belated", "Again"],
    "handed_in": ["Held", "Waiting", "Given", "Again", "Belated"],
    "-handed_in": ["Belated", "Again", "Given", "Waiting", "Held"],
    "length": ["Belated", "Held", "Waiting", "Given", "Again"],
    "-length": ["Again", "Given", "Waiting", "Held", "Belated"],
    "mark": ["Held", "Given", "Again", "Belated", "Waiting"],
    "-mark": ["Given", "Held", "Again", "Belated", "Waiting"],
    "status": ["Again", "Belated", "Waiting", "Held", "Given"],
    "-status": ["Given", "Held", "Again", "Belated", "Waiting"],
}


@pytest.mark.parametrize("sort", ORDERS)
def test_the_list_and_the_room_have_one_order(teacher: Visitor, everybody: Assignment, sort: str) -> None:
    """Who has no value of that kind comes last, either way."""
    missing = {"Absent", "Opened", "Drafting", "Uploading"}

    assert [name for name in listed(teacher, sort=sort) if name not in missing] == ORDERS[sort]
    entries = listing.handed_in(assignment=everybody, view=View(sort=sort))
    assert [entry.name for entry in entries] == ORDERS[sort]
    assert listing.next_to_mark(assignment=everybody, view=View(sort=sort)) == next(
        entry.submission_id for entry in entries if entry.state == "submitted"
    )
    if sort.removeprefix("-") in ("handed_in", "length"):
        assert set(listed(teacher, sort=sort)[5:]) == missing


def test_case_does_not_sort_a_name_elsewhere(teacher: Visitor, assignment: Assignment) -> None:
    for sub, name in (("6", "anton"), ("7", "Berta"), ("8", "Anna")):
        enrol(assignment, sub, name)

    assert listed(teacher) == ["Anna", "anton", "Berta"]


def test_headings_say_the_order_and_turn_it(teacher: Visitor, everybody: Assignment) -> None:
    page = teacher.text(show="marked", q="e", sort="mark")

    assert page.count("aria-sort") == 1
    assert re.search(r'aria-sort="ascending"><a href="\?show=marked&amp;q=e&amp;sort=-mark">Mark<', page)
    assert '<a href="?show=marked&amp;q=e">Student<' in page
    assert 'aria-sort="descending"' in teacher.text(sort="-mark")


@pytest.mark.parametrize("sort", ["", "x", "--mark", "-", "mark; drop", "\x00", "pk"])
def test_unknown_orders_are_by_name(teacher: Visitor, everybody: Assignment, sort: str) -> None:
    assert listed(teacher, sort=sort) == sorted(WHO["all"])


def test_room_goes_by_filter_search_and_order(teacher: Visitor, everybody: Assignment) -> None:
    page = teacher.text(show="to_mark", q="ai", sort="-handed_in")
    assert listed(teacher, show="to_mark", q="ai", sort="-handed_in") == ["Again", "Waiting"]
    first = re.search(r'<th scope="row"><a href="([^"]+)">', page)
    assert first

    room = teacher.browser.get(html.unescape(first.group(1)), secure=True).content.decode()
    following = re.search(r'<a [^>]*href="([^"]+)" rel="next"', room)
    assert following
    assert html.unescape(following.group(1)).endswith("?show=to_mark&q=ai&sort=-handed_in")
    assert "Waiting" in teacher.browser.get(html.unescape(following.group(1)), secure=True).content.decode()
    assert "1 of 2" in room


def test_next_to_mark_leads_to_the_first_room(teacher: Visitor, everybody: Assignment) -> None:
    found = re.search(r'href="([^"]+)">Next to mark', teacher.text(sort="length"))
    assert found
    address = html.unescape(found.group(1))

    assert address.endswith("?show=to_mark&sort=length")
    assert "<bdi>Belated</bdi>" in teacher.browser.get(address, secure=True).content.decode()
    Submission.objects.filter(state="submitted").update(state="graded")
    assert "Next to mark" not in teacher.text()


def test_room_counts_everybody_marked_in_any_view(teacher: Visitor, everybody: Assignment) -> None:
    """Whoever is marked leaves the view of those to mark, and still counts."""
    own = everybody.submissions.get(person__name="Waiting")
    for show, place in (("all", "5 of 5"), ("to_mark", "3 of 3")):
        page = teacher.text(f"submissions/{own.pk}/", show=show)
        assert f'<span class="room-place">{place}</span>' in page
        assert "<span data-marked>2</span> of 5 marked" in page


def test_room_keeps_whom_one_has_just_marked_among_those_to_mark(
    teacher: Visitor, visit: Visit, everybody: Assignment
) -> None:
    """Else nobody could go back to them; who marked on another day, or somebody else, has them no more."""
    first = everybody.submissions.get(person__name="Again")
    teacher.send(f"attempts/{first.attempts.latest('number').pk}/mark/", {"version": 0, "points": "70", "finish": True})
    own = everybody.submissions.get(person__name="Waiting")
    page = teacher.text(f"submissions/{own.pk}/", show="to_mark")
    assert '<span class="room-place">3 of 3</span>' in page
    assert f"/submissions/{first.pk}/" in page
    assert "Again" not in listed(teacher, show="to_mark")

    for somebody in (visit("assistant", "4"), visit("teacher", "3", name="Tara Teacher")):
        page = somebody.text(f"submissions/{own.pk}/", show="to_mark")
        assert '<span class="room-place">2 of 2</span>' in page


def test_pages_keep_filter_search_and_order(teacher: Visitor, assignment: Assignment) -> None:
    for number in range(120):
        enrol(assignment, f"s{number}", f"Person {number:03}", email=f"p{number}@x.org")

    page = teacher.text(show="missing", q="person", sort="-name", page="2")
    assert "Page 2 of 3" in page
    assert listed(teacher, show="missing", q="person", sort="-name", page="2")[0] == "Person 069"
    assert "?show=missing&amp;q=person&amp;sort=-name&amp;page=3" in page
    assert 'data-everybody="120"' in page


class TestAnonymous:
    @pytest.fixture
    def hidden(self, assignment: Assignment) -> list[Person]:
        Assignment.objects.update(anonymous=True, hold_grades=True)
        assignment.refresh_from_db()
        people = [enrol(assignment, f"sub-{n}", f"Secret {n:02}", email=f"secret{n}@x.org") for n in range(12)]
        for number, person in enumerate(people):
            if number % 3:
                delivery_of(mark(hand_in(assignment, person), str(number)).attempt, "refused")
        return people

    @pytest.mark.parametrize("query", [{}, {"show": "unreleased"}, {"sort": "-mark"}, {"show": "problem"}])
    def test_nothing_names_anybody(
        self, teacher: Visitor, hidden: list[Person], visit: Visit, query: dict[str, str]
    ) -> None:
        for visitor in (teacher, visit("assistant", "4")):
            page = visitor.text(**query)
            assert "Student " in page
            for secret in ("Secret", "secret", "sub-", *(str(person.pk) for person in hidden)):
                assert secret not in page
            assert 'more-time/"' not in page.partition("<table")[2]

    @pytest.mark.parametrize("query", ["Secret", "secret1@x.org", "x.org", "sub-1"])
    def test_search_finds_nobody_by_what_is_hidden(self, teacher: Visitor, hidden: list[Person], query: str) -> None:
        assert listed(teacher, q=query) == []

    def test_search_and_order_go_by_the_alias(
        self, teacher: Visitor, assignment: Assignment, hidden: list[Person]
    ) -> None:
        aliases = sorted(anonymity.alias(assignment, person.pk) for person in hidden)

        assert listed(teacher) == aliases
        assert listed(teacher, sort="-name") == aliases[::-1]
        assert listed(teacher, q=aliases[3].removeprefix("Student ").lower()) == [aliases[3]]

    def test_whose_mark_was_released_is_known(self, teacher: Visitor, hidden: list[Person]) -> None:
        grade = Grade.objects.get(attempt__submission__person=hidden[1])
        Release.objects.create(grade=grade, points=grade.points or 0, at=timezone.now())

        assert listed(teacher, q="secret") == ["Secret 01"]
        assert f"people/{hidden[1].pk}/more-time/" in teacher.text()

    def test_addresses_of_the_missing_are_not_told(self, teacher: Visitor, hidden: list[Person]) -> None:
        page = teacher.text(MISSING)

        assert "Not in anonymous marking" in page
        assert "@x.org" not in page


class TestAddresses:
    def test_those_who_have_handed_nothing_in_each_once(self, teacher: Visitor, assignment: Assignment) -> None:
        for sub, name, email in (
            ("6", "Ben", "ben@x.org"),
            ("7", "Ana", "ana@x.org"),
            ("8", "Cia", ""),
            ("9", "Dan", "ana@x.org"),
        ):
            enrol(assignment, sub, name, email=email)
        hand_in(assignment, enrol(assignment, "10", "Eve", email="eve@x.org"))

        page = teacher.text(MISSING)
        assert ">ana@x.org, ben@x.org</textarea>" in page
        assert "1 more has no address here" in page
        assert ">ana@x.org; ben@x.org</textarea>" in teacher.text(MISSING, separator="semicolon")

    def test_without_any_it_says_why(self, teacher: Visitor, assignment: Assignment) -> None:
        assert "Nobody is missing" in teacher.text(MISSING)
        enrol(assignment, "6", "Ana")
        assert "Moodle gave no e-mail address" in teacher.text(MISSING)

    @pytest.mark.parametrize(("role", "status"), [("assistant", 200), ("admin", 200), ("student", 404)])
    @pytest.mark.parametrize("path", [MISSING, "roster/now/"])
    def test_for_staff(self, assignment: Assignment, visit: Visit, path: str, role: str, status: int) -> None:
        assert visit(role, "9").get(path).status_code == status


def test_as_much_is_asked_of_the_database_for_300_as_for_3(teacher: Visitor, assignment: Assignment) -> None:
    Assignment.objects.update(due_at=timezone.now() - DAY, closes_at=timezone.now(), attempts_allowed=2)
    assignment.refresh_from_db()
    queries: tuple[dict[str, str], ...] = (
        {},
        {"show": "unreleased", "sort": "-mark"},
        {"show": "to_mark", "sort": "length"},
        {"q": "x.org"},
    )

    def fill(numbers: range) -> None:
        for number in numbers:
            person = enrol(assignment, f"s{number}", f"Person {number:03}", email=f"p{number}@x.org")
            for _ in range(3):
                attempt = hand_in(assignment, person)
            delivery_of(attempt, ("refused", "sent", "waiting")[number % 3])
            if number % 3 == 1:
                mark(attempt, "50", released=number % 2 == 0)
        Submission.objects.update(extended_to=timezone.now() + DAY, extra_attempts=1)

    def statements() -> list[int]:
        counts = []
        for query in queries:
            with CaptureQueriesContext(connection) as captured:
                teacher.text(**query)
            counts.append(len(captured))
        return counts

    fill(range(3))
    few = statements()
    fill(range(3, 300))

    assert statements() == few
    assert max(few) <= 15


def test_people_of_the_platform_are_not_all_walked_over(teacher: Visitor, assignment: Assignment) -> None:
    """Only who is in this course, or has handed in here: whatever others are at the platform."""
    stranger = Person.objects.create(platform=assignment.course.platform, sub="99", name="Stranger")
    other = Course.objects.create(
        platform=assignment.course.platform, deployment=assignment.course.deployment, context_id="77"
    )
    Membership.objects.create(course=other, person=stranger, role="student")
    gone = enrol(assignment, "9", "Gone")
    Membership.objects.filter(person=gone).update(active=False)

    assert listed(teacher) == []
    hand_in(assignment, gone)
    assert listed(teacher) == ["Gone"]
