"""Who may reach what: one table over every address below a launch. What one may not see is the same 404 as nothing.

A new address makes `test_every_address_is_in_the_table` fail until `TABLE` has a row for each of its methods:

    row("video:comment-edit", "POST", AUTHOR, {"text": "Yes."}, json=True),

that is: its name, the method, who may, what is sent (a form; with `json` a script's body; a function of the world where
it names an id). Holes in the address are filled from `World.ids` by their names (`comment_id` by `comment`); a row that
means another one says so, `video="large"`. A new kind of id is made in `build` and named there.
"""

import json as jsons
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
import responses
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from demo.objectstore import ObjectStore
from lti_tool.models import Course, Person, ResourceLink, ScoreDelivery
from tests.films import film
from tests.lti_tool.platform_double import LTI, PlatformDouble
from tests.video.addresses import below_a_launch
from tests.video.visitor import Visitor
from video.models import Assignment, Attachment, BankComment, Comment, MarkImport, OwnMark, Submission, Video
from video.storage import storage

pytestmark = pytest.mark.django_db  # each test in a savepoint of the world's transaction

OTHER_LINK = {f"{LTI}resource_link": {"id": "2", "title": "Essay"}}
OTHER_COURSE = {f"{LTI}resource_link": {"id": "9", "title": "Lab"}, f"{LTI}context": {"id": "77", "title": "Physics"}}

# --- who ----------------------------------------------------------------------------------------------------------
# (role, sub, changed claims, platform). All but the last two have a launch of their own, which they ask below.
WHO: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "the student": ("student", "6", {}, "moodle"),
    "another student": ("student", "7", {}, "moodle"),
    "the student, from another link": ("student", "6", OTHER_LINK, "moodle"),
    "teacher who switched to student": ("student", "3", {}, "moodle"),
    "student of another platform": ("student", "6", {}, "twin"),
    "assistant": ("assistant", "4", {}, "moodle"),
    "assistant of another course": ("assistant", "40", OTHER_COURSE, "moodle"),
    "teacher": ("teacher", "3", {}, "moodle"),
    "teacher, from another link of the course": ("teacher", "3", OTHER_LINK, "moodle"),
    "teacher of another course": ("teacher", "5", OTHER_COURSE, "moodle"),
    "teacher of another platform": ("teacher", "3", {}, "twin"),
    "admin": ("admin", "2", {}, "moodle"),
    "admin, from another course": ("admin", "2", OTHER_COURSE, "moodle"),
    "admin of another platform": ("admin", "2", {}, "twin"),
}
SIGNED_OUT, WITH_ANOTHERS_COOKIE = "signed out", "with another launch's cookie"


def of_role(*roles: str) -> frozenset[str]:
    return frozenset(who for who, (role, *_) in WHO.items() if role in roles)


# Whatever is of one's own launch alone, such as its settings: by the role there.
EVERYBODY, STUDENTS, ADMINS = frozenset(WHO), of_role("student"), of_role("admin")
STAFF, EDITORS = of_role("assistant", "teacher", "admin"), of_role("teacher", "admin")
# What is of the student's work: seen, marked, released, and what only their own link's teachers do.
OWNER = frozenset({"the student"})
MARKERS = frozenset(
    {
        "assistant",
        "teacher",
        "teacher, from another link of the course",
        "admin",
        "admin, from another course",
    }
)
RELEASERS = MARKERS - {"assistant"}
# More time is given at the assignment of one's own link, to anybody of its course.
EXTENDERS = frozenset({"teacher", "teacher, from another link of the course", "admin"})
WATCHERS = OWNER | MARKERS
# Their own words and files: of the teacher, from whichever link of the course.
AUTHORS = frozenset({"teacher", "teacher, from another link of the course"})
# What belongs to this link alone.
AT_THE_LINK = frozenset({"teacher", "admin"})

# --- what ---------------------------------------------------------------------------------------------------------
Body = Mapping[str, Any]


@dataclass
class World:
    """Everything on a platform, built once. `ids` by kind: what fills the hole `<kind>_id`."""

    people: dict[str, Visitor] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    name: str
    method: str
    may: frozenset[str]
    body: Body | Callable[[World], Body]
    json: bool
    ids: Mapping[str, str]


def row(
    name: str,
    method: str,
    may: frozenset[str],
    body: Body | Callable[[World], Body] = {},  # noqa: B006
    *,
    json: bool = False,
    **ids: str,
) -> Row:
    return Row(name, method, may, body, json, ids)


PARTS = {"parts": [{"number": 1, "size": 8 * 1024 * 1024}], "sender": ""}
TABLE = [
    # the launch itself
    row("launch:window-ticket", "POST", EVERYBODY),
    row("launch:leave", "POST", EVERYBODY),
    row("launch:check", "GET", ADMINS),
    row("launch:check-run", "POST", ADMINS),
    # the assignment
    row("video:home", "GET", EVERYBODY),
    row("video:review", "GET", EVERYBODY),
    row("video:state", "GET", STUDENTS),
    row("video:settings", "GET", EDITORS),
    row("video:settings", "POST", EDITORS, {"title": "Interview", "points": "50", "max_size_gb": "0.5"}),
    row("video:restored", "GET", EDITORS),
    row("video:restored", "POST", EDITORS, {"what": "bring"}),
    row("video:points-change", "GET", EDITORS),
    row("video:points-change", "POST", EDITORS, {"keep": "1"}),
    row("video:trial", "GET", RELEASERS, submission="trial"),
    row("video:trial", "POST", RELEASERS, submission="trial"),
    row("video:refresh-roster", "POST", STAFF),
    row("video:more-time", "GET", EXTENDERS),
    row("video:more-time", "POST", EXTENDERS, {"extra_attempts": "1"}),
    # uploads: nobody sends for another
    row("video:upload-begin", "POST", STUDENTS, {"name": "a.mp4", "size": 1000, "type": "video/mp4"}, json=True),
    row("video:upload-renew", "POST", OWNER, json=True, video="coming"),
    row("video:upload-status", "GET", OWNER, video="coming"),
    row("video:upload-sign", "POST", OWNER, PARTS, json=True, video="large"),
    row("video:upload-complete", "POST", OWNER, json=True, video="draft"),
    row("video:upload-failed", "POST", OWNER, {"reason": "network"}, json=True, video="coming"),
    row("video:upload-remove", "POST", OWNER, video="coming"),
    # handing in
    row("video:submit", "POST", OWNER, lambda world: {"video": world.ids["draft"]}),
    row("video:submit-cancel", "POST", OWNER, lambda world: {"video": world.ids["draft"]}),
    row("video:withdraw", "POST", OWNER),  # told that it is being marked
    row("video:receipt", "GET", OWNER),
    row("video:seen", "POST", OWNER),
    # watching and marking
    row("video:playback", "GET", WATCHERS),
    row("video:playback", "GET", OWNER, video="draft"),
    row("video:room", "GET", MARKERS),
    row("video:room", "POST", MARKERS, {"points": "5"}),
    row("video:mark", "GET", MARKERS),
    row("video:mark", "POST", MARKERS, {"points": "5", "version": 0}, json=True),
    row("video:own-mark", "POST", MARKERS, {"own-points": "5", "give": "1"}),
    row("video:release", "POST", RELEASERS),
    row("video:points", "POST", MARKERS, {"points": "5", "version": 0}, json=True),
    row("video:peek", "GET", MARKERS),
    # what is said of it
    row("video:comments", "GET", WATCHERS),
    row("video:comments", "POST", MARKERS, {"text": "Here.", "at": 0.5}, json=True),
    row("video:comment-edit", "POST", AUTHORS, {"text": "There."}, json=True),
    row("video:comment-delete", "POST", RELEASERS, json=True),
    row("video:comment-restore", "POST", RELEASERS, json=True, comment="deleted_comment"),
    row("video:comment-reply", "POST", MARKERS, {"text": "Why?"}, json=True),
    row("video:bank", "GET", STAFF),
    row("video:bank", "POST", STAFF, {"text": "Well told."}, json=True),
    row("video:bank-edit", "POST", AUTHORS, {"text": "Well told."}, json=True),
    row("video:bank-delete", "POST", AUTHORS, json=True),
    row("video:files", "GET", MARKERS),
    row("video:files", "POST", MARKERS, {"name": "notes.pdf", "size": 9}, json=True),
    row("video:file-renew", "POST", AUTHORS, json=True, attachment="coming_file"),
    row("video:file-status", "GET", AUTHORS, attachment="coming_file"),
    row("video:file-sign", "POST", AUTHORS, PARTS, json=True, attachment="large_file"),
    row("video:file-complete", "POST", AUTHORS, json=True, attachment="coming_file"),
    row("video:file-failed", "POST", AUTHORS, json=True, attachment="coming_file"),
    row("video:file-remove", "POST", MARKERS),
    row("video:file-address", "GET", MARKERS),
    # the list
    row("video:roster-now", "GET", STAFF),
    row("video:bulk", "POST", STAFF, {"action": "again"}),
    row("video:pasted-list", "GET", EDITORS),
    row("video:pasted-list", "POST", EDITORS, {"people": "6"}),
    row("video:missing-addresses", "GET", STAFF),
    row("video:marks-export", "GET", STAFF),
    row("video:marks-import", "GET", STAFF),
    row("video:marks-import", "POST", STAFF),
    row("video:mark-import", "GET", AT_THE_LINK),
    row("video:mark-import-apply", "POST", AT_THE_LINK),
    row("video:mark-import-undo", "POST", AT_THE_LINK),
    # the rubric
    row("video:rubric-stored", "GET", EDITORS),
    row("video:rubric-of", "GET", EXTENDERS),
    row("video:rubric-import", "POST", EDITORS, {"table": "criterion,points\nVoice,5"}),
    row("video:rubric-export", "POST", EDITORS, {"rubric": "{}"}),
    # Moodle's gradebook
    row("video:deliveries", "GET", STAFF),
    row("video:send-again", "POST", EDITORS),
    row("video:compare", "POST", EDITORS),
    row("video:delivery", "GET", MARKERS),
    row("video:delivery-decide", "POST", RELEASERS, {"what": "theirs"}),
]
MAY = (200, 201, 204, 302, 409, 422)


# --- the world ----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, object_store: ObjectStore, cloudfront_key: str
) -> Iterator[World]:
    """Built once, in a transaction that no test ever leaves: what a test does is undone with its savepoint."""
    keys = {
        "S3_ENDPOINT_URL": object_store.endpoint,
        "S3_BUCKET": object_store.bucket,
        "AWS_ACCESS_KEY_ID": object_store.access_key,
        "AWS_SECRET_ACCESS_KEY": object_store.secret_key,
        "CLOUDFRONT_PRIVATE_KEY": cloudfront_key,
    }
    with (
        django_db_blocker.unblock(),
        override_settings(**keys),
        responses.RequestsMock(assert_all_requests_are_fired=False) as answers,
        undone(),
    ):
        storage.cache_clear()
        answers.add_passthru(object_store.endpoint)
        yield build(answers)
    storage.cache_clear()


def build(answers: responses.RequestsMock) -> World:
    platforms = {"moodle": PlatformDouble(answers), "twin": PlatformDouble(answers, host="twin.example")}
    world = World()

    def launch(who: str) -> Visitor:
        role, sub, changes, platform = WHO[who]
        world.people[who] = Visitor(platforms[platform], role, sub, **changes)
        return world.people[who]

    for who in WHO:
        if who.startswith("teacher"):
            launch(who)
    for link in ResourceLink.objects.all():
        Assignment.objects.create(
            resource_link=link, course=link.course, title="Interview", points=Decimal(100), double_marking=True
        )
    rubric = {"criteria": [{"id": "c1", "title": "Voice", "description": "", "points": "5", "levels": []}]}
    Assignment.objects.update(attempts_allowed=9, replies=True, hold_grades=True, rubric=rubric)
    Assignment.objects.update(chosen_again=Assignment.objects.order_by("pk").first())
    student = launch("the student")
    student.upload("handed-in.mp4", film())
    student.submit()
    for who in WHO:
        if who not in world.people:
            launch(who)
    moodle = platforms["moodle"].row
    work = Submission.objects.get()
    attempt = work.attempts.get()
    video = attempt.video
    assert video is not None
    teacher, person = Person.objects.get(platform=moodle, sub="3"), work.person
    for sub in ("8", "9"):  # two own marks, so that points can be agreed on
        marker = Person.objects.create(platform=moodle, sub=sub, name=f"Marker {sub}")
        OwnMark.objects.create(attempt=attempt, marker=marker, points=Decimal(5), given_at=timezone.now())
    world.ids |= {
        "person": str(person.pk),
        "submission": str(work.pk),
        "attempt": str(attempt.pk),
        "video": str(video.pk),
        "assignment": str(work.assignment_id),
        "draft": student.upload("draft.mp4", film()),
        "coming": student.begin("coming.mp4", film())["video"],
        "large": begin_large(student),
        "deleted_comment": str(
            Comment.objects.create(video=video, author=teacher, at=2, text="Gone.", deleted_at=timezone.now()).pk
        ),
        "coming_file": attach_from(world.people["teacher"], attempt, 9),
        "large_file": attach_from(world.people["teacher"], attempt, 20 * 1024 * 1024),
        "delivery": str(ScoreDelivery.objects.get(person=person).pk),
        "comment": str(Comment.objects.create(video=video, author=teacher, at=1, text="Here.").pk),
        "bank_comment": str(BankComment.objects.create(owner=teacher, text="Well said.").pk),
        "import": imported(work.assignment, teacher),
        "attachment": str(attach(attempt, teacher).pk),
        "trial": str(Submission.objects.create(assignment=work.assignment, person=marker, trial=True).pk),
        "code": "deep-linking",  # a check that asks nobody outside
    }
    assert Course.objects.count() == 3
    return world


def begin_large(student: Visitor) -> str:
    answer = student.send("uploads/", {"name": "large.mp4", "size": 20 * 1024 * 1024, "type": "video/mp4"})
    assert answer.status_code == 201, answer.content.decode()
    assert Video.objects.exclude(upload_id="").exists()
    return str(jsons.loads(answer.content)["video"])


def imported(assignment: Assignment, teacher: Person) -> str:
    report = {"lines": 1, "unchanged": 1, "refused": [], "ignored": []}
    made = MarkImport.objects.create(assignment=assignment, by=teacher, applied_at=timezone.now(), report=report)
    return str(made.pk)


def attach_from(teacher: Visitor, attempt: Any, size: int) -> str:
    """A file that is on its way."""
    answer = teacher.send(f"attempts/{attempt.pk}/files/", {"name": "coming.pdf", "size": size})
    assert answer.status_code == 201, answer.content.decode()
    return str(jsons.loads(answer.content)["attachment"])


def attach(attempt: Any, author: Person) -> Attachment:
    return Attachment.objects.create(
        attempt=attempt,
        author=author,
        state=Attachment.State.READY,
        backend="s3",
        key="feedback/1",
        name="notes.pdf",
        size=5,
        content_type="application/pdf",
    )


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


# --- the tests ----------------------------------------------------------------------------------------------------
ADDRESSES = {address.name: address for address in below_a_launch()}


def ask(world: World, row: Row, who: str, *, method: str = "") -> Any:
    """One request of the row's."""
    owner = who if who in WHO else sorted(row.may)[0]
    client = Client(HTTP_HOST="tool.example", headers={"Accept": "application/json" if row.json else "text/html"})
    if who != SIGNED_OUT:
        other = next(name for name in WHO if name not in (owner, "the student"))
        cookies = world.people[who if who in WHO else other].browser.cookies
        client.cookies["launch"] = cookies["launch"].value
    ids = {f"{kind}_id": world.ids[row.ids.get(kind, kind)] for kind in world.ids}
    home = world.people[owner].home
    path = ADDRESSES[row.name].path(home, ids | {"code": world.ids["code"]})
    body = row.body(world) if callable(row.body) else row.body
    method = method or row.method
    if row.json and method == "POST":
        return client.post(path, jsons.dumps(dict(body)), content_type="application/json", secure=True)
    if method in ("GET", "POST"):
        return getattr(client, method.lower())(path, dict(body), secure=True)
    return client.generic(method, path, secure=True)


def test_every_address_is_in_the_table() -> None:
    """Each new one needs a row: see the top of this file."""
    assert sorted(set(ADDRESSES) - {row.name for row in TABLE}) == []
    assert sorted({row.name for row in TABLE} - set(ADDRESSES)) == []


@pytest.mark.parametrize("name", ADDRESSES)
def test_every_method_is_in_the_table(world: World, name: str) -> None:
    rows = [row for row in TABLE if row.name == name]
    allowed = ask(world, rows[0], sorted(rows[0].may)[0], method="OPTIONS").headers["Allow"]

    assert {row.method for row in rows} == set(allowed.split(", ")) - {"HEAD"}


@pytest.mark.parametrize("who", [*WHO, SIGNED_OUT, WITH_ANOTHERS_COOKIE])
@pytest.mark.parametrize(
    "row", TABLE, ids=[f"{row.method} {row.name} {' '.join(row.ids.values())}".strip() for row in TABLE]
)
def test_who_may(world: World, row: Row, who: str) -> None:
    answer = ask(world, row, who)

    if who in row.may:
        assert answer.status_code in MAY, answer.content.decode()
    else:
        assert answer.status_code == 404
