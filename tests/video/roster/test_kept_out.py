"""An activity that is not open to the whole course: only who can open it is expected to hand in."""

import csv
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lti_tool.models import Course, KeptOut, Membership, Person, ResourceLink
from lti_tool.roster import nrps
from tests.lti_tool.platform_double import PlatformDouble
from tests.lti_tool.roster.test_roster import MEMBERS, member
from tests.video.conftest import Visit
from tests.video.course import hand_in, mark
from tests.video.visitor import Visitor
from video.models import Assignment, Mail
from video.roster import bulk_actions, email_addresses, listing
from video.roster.bulk_actions import Action
from video.roster.listing import View

RED, BLUE = ("11", "13", "15"), ("12", "14")
STAFF = member("3", "Tara Teacher", "Instructor")


class Lists:
    """What Moodle answers: for the course, and for the link. `asked`: the queries, in order."""

    def __init__(self, platform: PlatformDouble) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.of_course: dict[str, Any] = {}
        self.of_link: tuple[int, dict[str, Any]] = (200, {})
        platform.answers.post(platform.token_url, json={"access_token": "t", "expires_in": 3600})
        platform.answers.add_callback("GET", MEMBERS, callback=self._answer)
        self.course(*RED, *BLUE)

    def course(self, *subs: str) -> None:
        self.of_course = {"members": [STAFF, *map(self.entry, subs)]}

    def link(self, *subs: str) -> None:
        members = [{**one, "message": [{"custom": {}}]} for one in (STAFF, *map(self.entry, subs))]
        self.of_link = 200, {"members": members}

    def read(self) -> Course:
        link = Assignment.objects.order_by("created_at")[0].resource_link
        assert link is not None
        nrps.refresh_roster(Course.objects.select_related("platform").get(pk=link.course_id), link)
        return Course.objects.get(pk=link.course_id)

    @staticmethod
    def entry(sub: str) -> dict[str, Any]:
        return member(sub, f"Student {sub}", email=f"s{sub}@example.org")

    def _answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        query = parse_qs(urlsplit(request.url).query)
        self.asked.append(query)
        status, body = self.of_link if "rlid" in query else (200, self.of_course)
        return status, {}, json.dumps(body)


@pytest.fixture
def lists(platform: PlatformDouble, teacher: Visitor) -> Lists:
    return Lists(platform)


def listed(assignment: Assignment) -> list[str]:
    return sorted(listing.people(assignment).values_list("sub", flat=True))


def test_only_who_can_open_it_is_missing_everywhere(lists: Lists, teacher: Visitor, assignment: Assignment) -> None:
    lists.link(*RED)
    lists.read()

    page = teacher.text()
    assert "2 students of the course cannot open this activity in Moodle, and are not listed" in page
    assert "Student 11" in page
    assert "Student 12" not in page
    counted = listing.counted(assignment=assignment, view=View())
    assert [counted.of(code) for code in ("all", "missing", "not_opened")] == [3, 3, 3]
    assert email_addresses.missing(assignment=assignment).emails == [f"s{sub}@example.org" for sub in RED]
    everybody = listing.chosen(assignment=assignment, view=View(), keys=[], everybody=True)
    plan = bulk_actions.plan(action=Action.EXTEND, assignment=assignment, people=everybody)
    assert len(plan.able) == 3
    export = reverse("video:marks-export", args=[teacher.home.split("/")[2]])
    answer: Any = teacher.browser.get(export, secure=True)
    rows = list(csv.reader(b"".join(answer.streaming_content).decode().splitlines()))
    assert len(rows) == 1 + 3


def test_a_row_cannot_be_chosen_for_who_is_not_listed(lists: Lists, assignment: Assignment) -> None:
    lists.link(*RED)
    lists.read()
    blue = Person.objects.get(sub="12")

    assert not listing.chosen(assignment=assignment, view=View(), keys=[str(blue.pk)], everybody=False).exists()


def test_they_stay_in_the_course_and_in_other_activities(lists: Lists, visit: Visit, assignment: Assignment) -> None:
    lists.link(*RED)
    lists.read()

    assert Membership.objects.filter(role="student", active=True).count() == 5
    visit("teacher", "3", **{"https://purl.imsglobal.org/spec/lti/claim/resource_link": {"id": "2"}})
    other = ResourceLink.objects.get(resource_link_id="2")
    essay = Assignment.objects.create(resource_link=other, course=other.course, title="Essay")
    assert len(listed(essay)) == 5


def test_who_has_handed_in_stays_listed(lists: Lists, assignment: Assignment) -> None:
    lists.link(*RED, *BLUE)
    lists.read()
    hand_in(assignment, Person.objects.get(sub="12"))
    lists.link(*RED)
    lists.read()

    assert listed(assignment) == ["11", "12", "13", "15"]


def test_who_moves_between_groups_and_who_comes_later(lists: Lists, visit: Visit, assignment: Assignment) -> None:
    lists.link(*RED)
    lists.read()
    lists.course(*RED, *BLUE, "16")
    lists.link("11", "12")
    lists.read()
    assert listed(assignment) == ["11", "12"]

    visit("student", "14")  # who opens it can open it
    assert listed(assignment) == ["11", "12", "14"]

    lists.link(*RED, *BLUE, "16")
    lists.read()
    assert len(listed(assignment)) == 6
    assert not KeptOut.objects.exists()


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
def test_platform_that_refuses_the_question_gets_the_whole_course(
    lists: Lists, assignment: Assignment, status: int
) -> None:
    lists.link(*RED)
    lists.read()
    lists.of_link = status, {}

    assert lists.read().roster_problem == ""
    if status < 500:
        assert len(listed(assignment)) == 5
        asked = len(lists.asked)
        lists.read()
        assert len(lists.asked) == asked + 1, "it is not asked again at once"
    else:
        assert len(listed(assignment)) == 3, "an outage changes nothing"


@pytest.mark.parametrize(
    "members",
    [
        [],
        [STAFF],  # a hidden activity
        [{"user_id": None}, {"user_id": "11", "roles": ["Learner"]}],
        [{"user_id": "11", "status": "Inactive"}],
    ],
)
def test_answer_that_leaves_no_student_hides_nobody(
    lists: Lists, assignment: Assignment, members: list[dict[str, Any]]
) -> None:
    lists.of_link = 200, {"members": members}
    lists.read()

    assert len(listed(assignment)) == 5


def test_platform_that_ignores_the_question(lists: Lists, assignment: Assignment) -> None:
    lists.of_link = 200, lists.of_course
    lists.read()

    assert len(listed(assignment)) == 5


def test_names_that_are_shared_with_the_activity_alone(lists: Lists, visit: Visit, assignment: Assignment) -> None:
    """Moodle: “Delegate to teacher”. The link's list shares what its launches do, and takes back what they took."""
    visit("student", "11", name="Ana", email="ana@example.org")
    nameless = {"user_id": "11", "roles": ["Learner"]}
    of_link = {**nameless, "message": [{}]}
    lists.of_course = {"members": [STAFF, nameless]}
    lists.of_link = 200, {"members": [{**of_link, "name": "Ana García", "email": "ana@example.org"}]}
    ana = Person.objects.filter(sub="11").values_list("name", "email")

    lists.read()
    assert ana.get() == ("Ana García", "ana@example.org")
    nrps.refresh_roster(Course.objects.select_related("platform").get())  # the periodic task asks for no link
    assert ana.get() == ("Ana García", "ana@example.org")
    lists.of_link = 200, {"members": [of_link]}
    lists.read()
    assert ana.get() == ("Person 11 (no name sent)", "")


def test_address_of_the_list_keeps_its_query(lists: Lists, assignment: Assignment) -> None:
    Course.objects.update(memberships_url=f"{MEMBERS}?type=1&role=")
    ResourceLink.objects.update(resource_link_id="a&b=é")
    lists.link(*RED)

    assert lists.read().roster_problem == ""
    assert lists.asked == [{"type": ["1"]}, {"type": ["1"], "rlid": ["a&b=é"]}]


def test_statements_do_not_grow(lists: Lists, teacher: Visitor, assignment: Assignment) -> None:
    Course.objects.update(roster_refreshed_at=timezone.now())

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            teacher.text()
        return len(captured)

    lists.link(*RED, *BLUE)
    lists.read()
    without = statements()
    lists.link(*RED)
    lists.read()

    assert statements() == without


def test_page_asks_for_its_own_link_also_where_another_has_just_read_the_course(
    lists: Lists, teacher: Visitor, visit: Visit, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[tuple[str, str]] = []
    monkeypatch.setattr("video.roster.views.enqueue", lambda task, *ids: queued.append(ids))
    other = visit("teacher", "3", **{"https://purl.imsglobal.org/spec/lti/claim/resource_link": {"id": "2"}})
    second = ResourceLink.objects.get(resource_link_id="2")
    Assignment.objects.create(resource_link=second, course=second.course, title="Essay")
    lists.link(*RED)
    lists.read()

    teacher.text()
    assert queued == []
    other.text()
    assert queued == [(str(second.course_id), str(second.pk))]


def test_page_asks_for_its_own_link(lists: Lists, teacher: Visitor, assignment: Assignment) -> None:
    lists.link(*RED)

    assert teacher.post("roster/").status_code == 302
    assert listed(assignment) == sorted(RED)


def test_who_cannot_open_it_is_not_mailed_of_its_mark(lists: Lists, assignment: Assignment) -> None:
    lists.link(*RED, *BLUE)
    lists.read()
    for sub in ("11", "12"):
        attempt = hand_in(assignment, Person.objects.get(sub=sub))
        mark(attempt, "80", released=True)
        Mail.objects.create(
            kind="released",
            person=attempt.submission.person,
            submission=attempt.submission,
            wanted_at=timezone.now(),
            until=timezone.now(),
            told_until=timezone.now() - timedelta(days=1),
            due_at=timezone.now(),
        )
    assert Mail.objects.all().needed().count() == 2
    lists.link(*RED)
    lists.read()

    assert [mail.person.sub for mail in Mail.objects.all().needed()] == ["11"]
