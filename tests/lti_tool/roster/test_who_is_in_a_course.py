"""What launches and rosters together say of somebody: role, presence, name and address."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from lti_tool.models import Course, Membership, Person
from lti_tool.roster import nrps
from tests.lti_tool.platform_double import INSTRUCTOR, LEARNER, PlatformDouble
from tests.lti_tool.roster.test_roster import ADMINISTRATOR, MEMBERS, member

SITE_ADMIN = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"


class World:
    """One course, its people's launches and its rosters, an hour and more apart."""

    def __init__(self, platform: PlatformDouble, clock: time_machine.Traveller) -> None:
        self.platform, self.clock = platform, clock
        platform.answers.post(platform.token_url, json={"access_token": "t", "expires_in": 3600})

    def launch(self, *roles: str, **changes: Any) -> None:
        self.clock.shift(timedelta(hours=2))
        self.platform.open_page(Client(HTTP_HOST="tool.example"), roles=list(roles), **{"sub": "7", **changes})

    def roster(self, *entries: dict[str, Any]) -> None:
        """Beside somebody else, so that it is never empty."""
        self.clock.shift(timedelta(hours=2))
        self.platform.answers.upsert("GET", MEMBERS, json={"members": [member("99", "Zoë"), *entries]})
        nrps.refresh_roster(Course.objects.select_related("platform").get())

    @property
    def now(self) -> str:
        one = Membership.objects.get(person__sub="7")
        return one.role if one.active else "gone"

    @property
    def person(self) -> tuple[str, str]:
        person = Person.objects.get(sub="7")
        return person.name, person.email


@pytest.fixture
def world(platform: PlatformDouble) -> Iterator[World]:
    with time_machine.travel(timezone.now()) as clock:
        yield World(platform, clock)


def ben(role: str = "Learner", **more: Any) -> dict[str, Any]:
    return member("7", "Ben", role, **more)


@pytest.mark.parametrize("roles", [[INSTRUCTOR], [ADMINISTRATOR], [INSTRUCTOR, SITE_ADMIN]])
def test_staff_who_launched_and_are_not_on_the_list_stay_staff(world: World, roles: list[str]) -> None:
    world.launch(*roles)
    before = world.now
    for _ in range(3):
        world.roster()
        assert world.now == before


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("first", "second", "role"),
    [
        (ben("Instructor"), ben("Learner"), "teacher"),
        (ben("Instructor"), ben("Instructor", status="Inactive"), "teacher"),
        (ben("Instructor", status="Inactive"), ben("Learner"), "student"),
        (ben("Learner"), ben("Learner", status="Deleted"), "student"),
    ],
)
def test_who_is_listed_twice_is_the_most_of_it(
    world: World, first: dict[str, Any], second: dict[str, Any], role: str, order: int
) -> None:
    world.launch(INSTRUCTOR, sub="3")
    world.roster(*[first, second][::order])

    assert world.now == role


def test_teacher_listed_twice_keeps_what_the_launch_said(world: World) -> None:
    world.launch(INSTRUCTOR)
    world.roster(ben("Instructor"), ben("Learner"))
    world.roster(ben("Instructor"), ben("Learner"))

    assert world.now == "teacher"


def test_non_editing_teacher_of_moodle_stays_teacher_until_dropped(world: World) -> None:
    for _ in range(2):
        world.launch(INSTRUCTOR)
        world.roster(ben("Learner"))
        assert world.now == "teacher"

    world.roster()
    assert world.now == "gone"
    world.roster(ben("Learner"))
    assert world.now == "student", "enrolled anew: what the old launch said has ended"
    world.launch(INSTRUCTOR)
    assert world.now == "teacher"


def test_teacher_whom_the_roster_had_as_teacher_is_lowered_by_it(world: World) -> None:
    world.launch(INSTRUCTOR)
    world.roster(ben("Instructor"))
    world.roster(ben("Learner"))
    assert world.now == "student"

    world.launch(INSTRUCTOR)  # a non-editing teacher now
    world.roster(ben("Learner"))
    assert world.now == "teacher", "the list says nothing new"


def test_administrator_is_not_lowered_by_a_list_that_never_knew_it(world: World) -> None:
    world.launch(INSTRUCTOR, SITE_ADMIN)
    for entries in ([ben("Instructor")], [ben("Learner")], []):
        world.roster(*entries)
        assert world.now == "admin"

    world.roster(ben("Instructor", status="Inactive"))
    assert world.now == "admin", "it was off the list before"


def test_launch_lowers_and_raises(world: World) -> None:
    world.launch(INSTRUCTOR)
    world.launch(LEARNER)
    assert world.now == "student"
    world.launch(INSTRUCTOR)
    assert world.now == "teacher"


@pytest.mark.parametrize("without", [[], [ben("Instructor", status="Inactive")]])
def test_dropped_teacher_who_launches_again_is_back_until_the_list_has_news(
    world: World, without: list[dict[str, Any]]
) -> None:
    world.launch(INSTRUCTOR)
    world.roster(ben("Instructor"))
    world.roster(*without)
    assert world.now == "gone"

    world.launch(INSTRUCTOR)  # the platform lets them in: such as an administrator of its category
    for _ in range(2):
        world.roster(*without)
        assert world.now == "teacher", "else every refresh would end their session"

    world.roster(ben("Instructor"))
    world.roster(*without)
    assert world.now == "gone"


def test_student_who_launched_and_was_never_listed_leaves_with_the_session(world: World) -> None:
    world.launch(LEARNER)
    world.roster()
    assert world.now == "student"

    world.clock.shift(timedelta(hours=24))
    world.roster()
    assert world.now == "gone"


def test_launch_during_the_read_is_the_newer_word(world: World) -> None:
    world.launch(INSTRUCTOR)
    world.roster(ben("Instructor"))

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        world.clock.shift(1)
        world.platform.open_page(Client(HTTP_HOST="tool.example"), roles=[LEARNER], sub="7")
        return 200, {}, '{"members": [{"user_id": "7", "roles": ["Instructor"], "name": "Old"}]}'

    world.platform.answers.remove("GET", MEMBERS)
    world.platform.answers.add_callback("GET", MEMBERS, callback=answer)
    nrps.refresh_roster(Course.objects.select_related("platform").get())

    assert (world.now, world.person[0]) == ("student", "Ana Student")


class TestWhatIsNoLongerSent:
    def test_address_that_the_roster_ceases_to_send_is_forgotten(self, world: World) -> None:
        world.launch(INSTRUCTOR, sub="3")
        world.roster(ben(email="ben@example.org"))
        world.roster(ben())
        assert world.person == ("Ben", "")

    def test_also_of_who_has_launched_with_it(self, world: World) -> None:
        world.launch(LEARNER, name="Ben", email="ben@example.org")
        world.roster(ben(email="ben@example.org"))
        world.roster(ben())
        assert world.person == ("Ben", "")

    def test_name_that_the_roster_ceases_to_send_is_forgotten(self, world: World) -> None:
        world.launch(INSTRUCTOR, sub="3")
        world.roster(ben(email="ben@example.org"))
        world.roster({"user_id": "7", "roles": ["Learner"], "email": "ben@example.org"})
        assert world.person == ("ben@example.org", "ben@example.org")
        world.roster({"user_id": "7", "roles": ["Learner"]})
        assert world.person == ("Person 7 (no name sent)", "")

    def test_roster_that_never_told_takes_nothing_back(self, world: World) -> None:
        """Moodle shares with some activities alone where the site leaves it to teachers."""
        world.launch(LEARNER, name="Ben", email="ben@example.org")
        for _ in range(2):
            world.roster({"user_id": "7", "roles": ["Learner"]})
            assert world.person == ("Ben", "ben@example.org")

    def test_launch_that_never_told_takes_nothing_back(self, world: World) -> None:
        world.launch(INSTRUCTOR, sub="3")
        world.roster(ben(email="ben@example.org"))
        world.launch(LEARNER, name=..., given_name=..., family_name=..., email=...)
        assert world.person == ("Ben", "ben@example.org")
