"""Several people at the same moment, in threads with connections of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import responses
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from lti_tool import registered
from lti_tool.gradebook import outbox
from lti_tool.models import Course, Deployment, LaunchSession, Membership, Person, ResourceLink, ScoreDelivery
from lti_tool.roles import Role
from lti_tool.roster import memberships
from lti_tool.roster.members import Member
from tests.lti_tool.platform_double import LTI, PlatformDouble
from tests.video.course import hand_in
from tests.video.post_office import PostOffice
from video.assignments import restored
from video.assignments.binding import begin_anew
from video.mail import sending
from video.models import Assignment, Mail
from video.problems import Problem
from video.submissions import locking

MANY = 6

pytestmark = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="a test's SQLite is in memory, where threads lock each other out"
)


@pytest.fixture
def platform(transactional_db: None, answers: responses.RequestsMock) -> PlatformDouble:
    return PlatformDouble(answers)


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """The answers of MANY threads that begin together."""
    barrier = Barrier(MANY)

    def one(number: int) -> Any:
        barrier.wait(timeout=30)
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(one, range(MANY)))


def opened(platform: PlatformDouble, sub: str, **changes: Any) -> int:
    browser = Client(HTTP_HOST="tool.example")
    page = platform.open_page(browser, sub=sub, name=f"Student {sub}", **changes)
    return browser.get(page, secure=True).status_code


def chosen(platform: PlatformDouble) -> Assignment:
    """An assignment that was given to Moodle and never opened."""
    course = Course.objects.create(
        platform=platform.row, deployment=Deployment.objects.get(), context_id="2", title="Film and Sound"
    )
    return Assignment.objects.create(course=course, title="Oral exam")


def test_first_launches_of_a_link_bind_it_once(platform: PlatformDouble) -> None:
    assignment = chosen(platform)
    custom = {f"{LTI}custom": {"assignment": str(assignment.pk)}}

    assert at_once(lambda number: opened(platform, str(number), **custom)) == [200] * MANY

    assert list(Assignment.objects.values_list("pk", "resource_link__resource_link_id")) == [(assignment.pk, "1")]
    assert Person.objects.count() == MANY
    assert ResourceLink.objects.count() == 1


def test_first_launches_of_a_copy_make_one_copy(platform: PlatformDouble) -> None:
    assignment = chosen(platform)
    custom = {f"{LTI}custom": {"assignment": str(assignment.pk)}}
    opened(platform, "99", **custom)
    platform.row.registered_at = timezone.now()
    platform.row.save()
    registered.forget()
    elsewhere = {
        f"{LTI}custom": {"assignment": str(assignment.pk), "context_history": "2"},
        f"{LTI}context": {"id": "77", "title": "Film 2027"},
        f"{LTI}resource_link": {"id": "9", "title": "Oral exam"},
    }

    assert at_once(lambda number: opened(platform, str(number), **elsewhere)) == [200] * MANY

    assert Assignment.objects.filter(copied_from=assignment).count() == 1
    assert Assignment.objects.count() == 2


def test_one_person_in_many_tabs(platform: PlatformDouble) -> None:
    chosen(platform)

    assert at_once(lambda number: opened(platform, "6")) == [200] * MANY

    assert Person.objects.count() == 1
    assert LaunchSession.objects.count() == MANY


def test_one_token_posted_many_times_at_once_opens_once(platform: PlatformDouble) -> None:
    browser = Client(HTTP_HOST="tool.example")
    asked = platform.login(browser)
    token = platform.sign(platform.claims(asked["nonce"]))
    cookies = browser.cookies

    def post(number: int) -> int:
        tab = Client(HTTP_HOST="tool.example")
        tab.cookies = cookies
        return platform.post(tab, id_token=token, state=asked["state"]).status_code

    assert sorted(at_once(post)) == [302] + [400] * (MANY - 1)
    assert LaunchSession.objects.count() == 1


@pytest.mark.parametrize("first", ["bring", "new"])
def test_answers_about_a_restored_activity_while_work_is_handed_in(platform: PlatformDouble, first: str) -> None:
    """One answer holds, and whatever is owed of the work is owed where it lives."""
    original = chosen(platform)
    named = {f"{LTI}custom": {"assignment": str(original.pk)}}
    opened(platform, "6", **named)
    attempt = hand_in(original, Person.objects.get(sub="6"))
    opened(platform, "7", **named, **{f"{LTI}resource_link": {"id": "52", "title": "Interview"}})
    launch = LaunchSession.objects.select_related("resource_link__course__platform", "person").latest("created_at")
    assert launch.resource_link.resource_link_id == "52"
    assert restored.asked(launch.resource_link) == [original]

    def answer(number: int) -> Any:
        if number > 3:
            with transaction.atomic():
                assignment = locking.locked(attempt).assignment
                return outbox.wish_withdrawn(
                    resource_link=assignment.link_now(), person=launch.person, comment="", something_left=True
                )
        try:
            if (number % 2 == 0) == (first == "bring"):
                return restored.bring_back(launch=launch, assignment_id=str(original.pk), shown_id="")
            return begin_anew(launch)
        except Problem as problem:
            return problem.code

    answers = at_once(answer)

    original.refresh_from_db()
    assert Assignment.objects.filter(resource_link=launch.resource_link).count() == 1
    assert (Assignment.objects.count() == 1) == (original.resource_link_id == launch.resource_link_id), answers
    assert ScoreDelivery.objects.get().resource_link_id == original.resource_link_id


@pytest.mark.parametrize("known", [False, True], ids=["new people", "renamed people"])
def test_rosters_with_the_same_people_in_another_order(platform: PlatformDouble, known: bool) -> None:
    if known:
        Person.objects.bulk_create(Person(platform=platform.row, sub=str(n), name="old") for n in range(2000))
    deployment = Deployment.objects.get()
    courses = [
        Course.objects.create(platform=platform.row, deployment=deployment, context_id=str(number))
        for number in range(MANY)
    ]
    members = [Member(sub=str(n), role=Role.STUDENT, name=f"Name {n}") for n in range(2000)]

    def store(number: int) -> None:
        course = Course.objects.select_related("platform").get(pk=courses[number].pk)
        told = {one.sub: one for one in (members if number % 2 else members[::-1])}
        memberships.store(course, told, began=timezone.now(), whole=True)

    at_once(store)

    assert Person.objects.count() == 2000
    assert {course.memberships.count() for course in courses} == {2000}


def test_launch_while_a_roster_is_being_stored_comes_after_it(platform: PlatformDouble) -> None:
    """Else it would look at the row as it was, see nothing to write, and open a session that holds nothing."""
    teacher = {"roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"], "sub": "3"}
    platform.open_page(Client(HTTP_HOST="tool.example"), **teacher)
    Membership.objects.update(listed="teacher")

    def launch() -> None:
        platform.open_page(Client(HTTP_HOST="tool.example"), **teacher)
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            memberships.store(Course.objects.select_related("platform").get(), {}, began=timezone.now(), whole=True)
            launched = threads.submit(launch)
            while not launched.done() and not _somebody_waits():
                pass
        launched.result()

    membership = Membership.objects.get()
    assert (membership.active, membership.role) == (True, "teacher")


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees what it saw first
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return cursor.fetchone() is not None


def test_one_batch_of_e_mail_at_many_workers_is_sent_once(
    platform: PlatformDouble, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, now = chosen(platform).course, timezone.now()
    people = [Person(platform=platform.row, sub=str(n), name="T", email=f"t{n}@example.org") for n in range(30)]
    Person.objects.bulk_create(people)
    Membership.objects.bulk_create(Membership(course=course, person=one, role="teacher") for one in people)
    times = {"wanted_at": now, "until": now, "told_until": now, "due_at": now}
    Mail.objects.bulk_create(Mail(kind="new_work", person=one, course=course, **times) for one in people)
    # What there is to say is not looked for: who says it is.
    monkeypatch.setattr("video.mail.sending.build_message", build_message)
    (batch,) = sending.hand_out()

    at_once(lambda number: sending.send_batch(batch))

    assert sorted(mail.to[0] for mail in post_office.received) == sorted(one.email for one in people)
    assert set(Mail.objects.values_list("state", flat=True)) == {"sent"}


def build_message(mail: Mail) -> EmailMessage:
    return EmailMessage(subject="New work", body="Hello", to=[mail.person.email])
