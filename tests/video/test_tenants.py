"""Platforms that call everything by the same ids never see or touch each other's, whatever address is tried.

Three platforms have the same people (`sub`), course, link and deployment ids; two share an issuer, two a client id. One
has a second deployment with the same course and link ids, and people of its own: a `sub` is one person on a platform.
Every address below a launch or a selection is found by walking Django's own resolver, so that a new one is tried by
itself. Each platform's words are in all it holds: one of them in an answer, or in another's row, is a leak.
"""

import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import responses
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.objectstore import ObjectStore
from lti_tool.checkup import platform_checks
from lti_tool.launch import platform_keys
from lti_tool.models import ContentSelection, Deployment, LaunchSession
from tests.films import film
from tests.lti_tool.platform_double import LTI, Claims, PlatformDouble, reviewing, selecting
from tests.video.visitor import ROLES, Visitor
from video.models import Assignment, Attempt, Comment, Submission, Video

pytestmark = pytest.mark.property

FORM = {"points": "20", "max_size_gb": "1", "due_at": "2098-01-01T12:00", "attempts_allowed": "5"}
FORM |= {"rubric": json.dumps({"criteria": [{"title": "Voice", "points": 5}]}), "double_marking": "on"}
# What any form or script of the product sends, so that a request gets as far as it can.
FIELDS: dict[str, Any] = {**FORM, "title": "Taken", "instructions": "", "feedback": "Taken", "reason": "network"}
FIELDS |= {"alone": "1", "own-points": "7", "own-note": "Taken"}
FIELDS |= {"until": "2099-01-01T12:00", "extra_attempts": "2", "table": "criterion,points\nTaken,5"}
FIELDS |= {"text": "Taken", "at": 0.5, "criterion": "Taken", "key": "1"}
FIELDS |= {"people": "Ana\n6"}
FIELDS |= {"action": "extend", "everybody": "1", "sure": "1", "version": "1"}
FILE = {"name": "a.mp4", "size": 1000, "type": "video/mp4"}
NAMES = ("attempt", "like", "assignment", "video", "submission", "person", "id", "next", "ticket")
METHODS = (
    "GET",
    "GET",
    "GET",
    "GET",
    "HEAD",
    "POST",
    "POST",
    "POST",
    "POST JSON",
    "POST JSON",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
)
NAMED_OTHERWISE = {"Import": "MarkImport", "Delivery": "ScoreDelivery"}
REFUSED = (400, 403, 404, 405, 422)

Row = tuple[str, Any]
Committing = Callable[..., AbstractContextManager[list[Callable[[], Any]]]]
steady = settings(derandomize=True, deadline=None, database=None)


@dataclass
class Tenant:
    """A platform with everything on it. `words` are in what it holds and nowhere else."""

    double: PlatformDouble
    word: str
    deployment: str = "1"
    people: dict[str, Visitor] = field(default_factory=dict)
    rows: set[Row] = field(default_factory=set)
    words: list[str] = field(default_factory=list)
    ids: list[tuple[str, str]] = field(default_factory=list)  # kind, id

    def launch(self, who: str, role: str, sub: str, **changes: Any) -> Visitor:
        self.people[who] = Visitor(self.double, role, self.sub(sub), **{**self.says(f"{self.word} {who}"), **changes})
        return self.people[who]

    def sub(self, number: str) -> str:
        return number if self.deployment == "1" else f"{self.deployment}-{number}"

    def says(self, name: str, *, link: str = "1", context: str = "2") -> Claims:
        return {
            "name": name,
            "email": f"{self.word}@example.org",
            f"{LTI}deployment_id": self.deployment,
            f"{LTI}context": {"id": context, "title": f"{self.word} course"},
            f"{LTI}resource_link": {"id": link, "title": "Interview", "description": f"{self.word} description"},
        }

    def ids_of(self, *kinds: str) -> list[str]:
        return [pk for kind, pk in self.ids if kind in kinds]


@pytest.fixture
def tenants(db: None, answers: responses.RequestsMock, object_store: ObjectStore) -> list[Tenant]:
    answers.add_passthru(object_store.endpoint)
    first = settle(Tenant(PlatformDouble(answers, client_id="tool-1"), "Alderwood"))
    second = settle(Tenant(PlatformDouble(answers, client_id="tool-2"), "Birchwick"))
    first.double.publish(first.double.public_jwk(), second.double.public_jwk())  # at the one address of their issuer
    platform_keys.forget()
    third = Tenant(PlatformDouble(answers, host="twin.example", client_id="tool-1"), "Cedarholt")
    Deployment.objects.create(platform=third.double.row, deployment_id="2")
    return [first, second, settle(third), settle(Tenant(third.double, "Dogwood", deployment="2"))]


def settle(tenant: Tenant) -> Tenant:
    before, word = set(every_row()), tenant.word
    platform_keys.forget()
    teacher = tenant.launch("teacher", "teacher", "3")
    teacher.post("settings/", {**FORM, "title": "Interview", "instructions": f"{word} instructions"})
    tenant.launch("assistant", "assistant", "4")
    tenant.launch("admin", "admin", "2")
    student = tenant.launch("student", "student", "6")
    student.upload(f"{word}.mp4", film())
    student.submit()
    work = Submission.objects.get(person__platform=tenant.double.row, person__sub=tenant.sub("6"))
    graded = teacher.post(f"submissions/{work.pk}/", {"points": "17", "feedback": f"{word} feedback", "alone": "1"})
    own = {"own-points": "16", "own-note": f"{word} own mark", "give": "1"}
    assert teacher.post(f"attempts/{work.attempts.get().pk}/own-mark/", own).status_code == 302
    assert graded.status_code == 302
    assert teacher.send("bank/", {"text": f"{word} banked", "key": "2"}).status_code == 200
    Assignment.objects.filter(submissions=work).update(replies=True)
    comments = f"videos/{Video.objects.get(attempt__submission=work).pk}/comments/"
    said = {"text": f"{word} comment", "at": 0.5}
    assert teacher.send(comments, said).status_code == 201
    version = work.attempts.get().grade.version
    again = {"points": "18", "feedback": f"{word} feedback", "version": version, "finish": True, "alone": True}
    assert teacher.send(f"attempts/{work.attempts.get().pk}/mark/", again).status_code == 200
    comment = Comment.objects.get(video__attempt__submission=work)
    assert student.send(f"comments/{comment.pk}/reply/", {"text": f"{word} reply"}).status_code == 201
    assert teacher.send(comments, {**said, "id": str(uuid.uuid4())}).status_code == 201
    teacher.send(f"comments/{Comment.objects.latest('created_at').pk}/delete/")
    files = f"attempts/{work.attempts.get().pk}/files/"
    for name, size in (("attached", 9), ("on-its-way", 9), ("large", 20 * 1024 * 1024)):
        begun = teacher.send(files, {"name": f"{word}-{name}.pdf", "size": size})
        ticket = json.loads(begun.content)
        if name == "attached":
            teacher.hand_over(ticket, b"%PDF-1.7\n")
            assert teacher.send(ticket["urls"]["complete"]).status_code == 200
    marks = SimpleUploadedFile("marks.csv", f"Name,Points,Feedback\n{word} student,18,{word} imported".encode())
    assert teacher.post("marks/import/", {"file": marks}).status_code == 302
    drafting = tenant.launch("drafting", "student", "7")
    drafting.upload(f"{word}-draft.mp4", film())
    drafting.begin(f"{word}-on-its-way.mp4", film())
    large = {"name": f"{word}-large.mp4", "size": 20 * 1024 * 1024, "type": "video/mp4"}
    assert drafting.send("uploads/", large).status_code == 201
    returns = selecting(deep_link_return_url=f"{tenant.double.issuer}/{word}")
    chooser = tenant.launch("choosing", "teacher", "3", **returns)
    chooser.post("", {**FORM, "title": f"{word} chosen", "instructions": "", "another": "1"})
    tenant.launch("reviewing", "teacher", "3", **reviewing(tenant.sub("6")))

    tenant.rows = set(every_row()) - before
    tenant.ids = [(label, str(pk)) for label, pk in sorted(tenant.rows, key=str) if re.fullmatch(r"[\w-]{36}", str(pk))]
    receipts = Attempt.objects.filter(submission=work).values_list("receipt_number", flat=True)
    videos = Video.objects.filter(attempt__submission__assignment__course=work.assignment.course_id)
    keys = videos.values_list("key", flat=True)
    tenant.words = [word, word.lower(), *(word for word in (*receipts, *keys) if word)]
    return tenant


# --- the addresses ------------------------------------------------------------------------------------------------
def addresses(patterns: Sequence[URLPattern | URLResolver] | None = None, above: str = "") -> Iterator[str]:
    """Every route below /l/<id>/ and /s/<id>/, such as `l/<uuid:launch_id>/videos/<uuid:video_id>/playback/`."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = f"{above}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif re.match(r"[ls]/<", route):
            # The only texts in an address are the checks' own.
            yield from {route.replace("<slug:code>", check.code) for check in platform_checks.CHECKS}


ADDRESSES = sorted(addresses())
_HOLE = re.compile(r"<(\w+):\w+>")


def fill(route: str, values: Sequence[str]) -> str:
    left = iter(values)
    return "/" + _HOLE.sub(lambda _: next(left), route)


def test_every_hole_in_an_address_can_be_filled() -> None:
    assert len(ADDRESSES) >= 18
    assert {kind for route in ADDRESSES for kind in _HOLE.findall(route)} == {"uuid", "int"}, "fill() knows ids alone"


def meant(route: str, tenant: Tenant) -> list[str]:
    """The tenant's ids that fit the last hole by its name: of submissions for `submission_id`."""
    named = re.findall(r":(\w+)_id>", route)[-1].title().replace("_", "")
    kind = NAMED_OTHERWISE.get(named, named)
    return tenant.ids_of(f"video.{kind}", f"lti_tool.{kind}")


# --- the properties -----------------------------------------------------------------------------------------------
def test_no_address_gives_or_touches_what_is_another_platforms(
    tenants: list[Tenant], monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Committing
) -> None:
    queued: list[tuple[Any, ...]] = []
    monkeypatch.setattr("config.queue._publish", lambda task, args: queued.append((task.name, *args)))
    before, seen = every_row(), Counter[str]()
    pairs = [(viewer, victim) for viewer in tenants for victim in tenants if viewer is not victim]
    sources = ["own", "own", "own", "victim's own of that kind", "victim's"]

    @settings(steady, max_examples=400)
    @given(
        st.sampled_from(range(len(pairs))),
        st.sampled_from([*ADDRESSES, *(route for route in ADDRESSES if route.count("<") == 1)]),
        st.sampled_from(METHODS),
        st.integers(0, 1000),
        st.sampled_from(sources),
        st.lists(st.integers(0, 1000), min_size=3, max_size=3),
        st.dictionaries(st.sampled_from(NAMES), st.integers(0, 1000), max_size=2),
    )
    def every(pair: int, route: str, method: str, who: int, place: str, holes: list[int], sent: dict[str, int]) -> None:
        viewer, victim = pairs[pair]
        fitting = [visitor for visitor in viewer.people.values() if visitor.home[1] == route[0]]
        visitor = fitting[who % len(fitting)]
        fits = meant(route, victim)
        strange = [
            fits[hole % len(fits)] if fits and hole % 4 else victim.ids[hole % len(victim.ids)][1] for hole in holes
        ]
        if place == "own":
            strange[0] = home_id(visitor)
        elif place == "victim's own of that kind":
            like = [other for other in victim.people.values() if other.home[1] == route[0]]
            strange[0] = home_id(like[holes[0] % len(like)])
        fields = {name: victim.ids[number % len(victim.ids)][1] for name, number in sent.items()}
        queued.clear()
        with undone():
            with django_capture_on_commit_callbacks(execute=True):
                response = ask(client_of(visitor), method, fill(route, strange), fields)
            named = place != "own" or len(_HOLE.findall(route)) > 1
            if named:
                assert response.status_code in REFUSED, "what is another's is not there"
            assert response.status_code < 500
            if response.status_code in (301, 302):
                assert response["Location"].startswith(visitor.home.removesuffix("review/"))
            assert_nothing_of(victim, response)
            assert_apart(viewer, tenants, before)
            assert not [call for call in queued if set(map(str, call)) & {str(pk) for _, pk in victim.rows}]
            seen["refused" if response.status_code >= 400 else "answered"] += 1

    every()
    assert min(seen["refused"], seen["answered"]) > 30, seen


def test_no_launch_can_name_what_is_another_platforms(tenants: list[Tenant]) -> None:
    """By the custom parameter of Deep Linking, a course's history, a review of the same person, or `like`."""
    before, seen = every_row(), Counter[str]()
    pairs = [(viewer, victim) for viewer in tenants for victim in tenants if viewer is not victim]

    @settings(steady, max_examples=40)
    @given(
        st.sampled_from(range(len(pairs))),
        st.sampled_from(["link", "link", "review", "selection"]),
        st.sampled_from(list(ROLES)),
        st.sampled_from(["3", "6", "99"]),
        st.sampled_from([("1", "2"), ("9", "2"), ("9", "50")]),
        st.integers(0, 1000),
        st.booleans(),
    )
    def every(
        pair: int, message: str, role: str, sub: str, place: tuple[str, str], which: int, from_history: bool
    ) -> None:
        viewer, victim = pairs[pair]
        named = victim.ids_of("video.Assignment")
        named = [*named, *named, *(pk for _, pk in victim.ids)]
        name = named[which % len(named)] if which % 3 else named[which % 2]
        custom = {"assignment": "" if from_history else name, "context_history": "2,1,6"}
        changes = {**viewer.says(f"{viewer.word} somebody", link=place[0], context=place[1]), f"{LTI}custom": custom}
        if message == "review":
            changes |= reviewing(viewer.sub("6"))
        if message == "selection":
            role, changes = "teacher", changes | selecting()
        with undone():
            visitor = Visitor(viewer.double, role, viewer.sub(sub), **changes)
            client = client_of(visitor)
            place_ = visitor.home.removesuffix("review/")
            for path in ("", "settings/", "review/"):
                for query in ({}, {"like": name}):
                    response = client.get(f"{place_}{path}", query, secure=True, follow=True)
                    seen[str(response.status_code)] += 1
                    assert_nothing_of(victim, response)
            for path in ("", "settings/", "submit/", "uploads/", "finish/"):
                response = ask(client, "POST", f"{place_}{path}", {"like": name, "attempt": name})
                assert_nothing_of(victim, response)
            ask(client, "POST JSON", f"{place_}uploads/", {})
            assert_nothing_of(victim, client.get(place_, secure=True, follow=True))
            assert_apart(viewer, tenants, before)
            # Not even an empty trace: what is bound to this link or chosen here is none of the victim's.
            theirs = {pk for kind, pk in victim.rows if kind == "lti_tool.Course"}
            assert not Assignment.objects.filter(copied_from__course__in=theirs).exists()

    every()
    assert seen["200"] > 80, seen


def test_people_with_the_same_ids_see_their_own(tenants: list[Tenant]) -> None:
    for tenant in tenants:
        assert f"{tenant.word} student" in tenant.people["teacher"].text()
        assert f"{tenant.word} feedback" in tenant.people["student"].text()
        assert f"{tenant.word} chosen" in tenant.people["choosing"].text()
    assert LaunchSession.objects.count() == 6 * len(tenants)
    assert ContentSelection.objects.count() == len(tenants)


# --- what is looked at --------------------------------------------------------------------------------------------
def every_row() -> dict[Row, dict[str, Any]]:
    """All rows of the product's own apps, those of a new model too."""
    found: dict[Row, dict[str, Any]] = {}
    for app in ("lti_tool", "video"):
        for model in apps.get_app_config(app).get_models():
            pk = model._meta.pk.name
            for values in model._default_manager.values():
                found[model._meta.label, values[pk]] = values
    return found


def assert_nothing_of(victim: Tenant, response: Any) -> None:
    said = response.getvalue().decode(errors="replace") + str(response.headers) + str(response.cookies)
    for word in victim.words:
        assert word not in said


def assert_apart(viewer: Tenant, tenants: list[Tenant], before: dict[Row, dict[str, Any]]) -> None:
    """Others' rows are as they were, and no other row has come to point to them or to hold their words."""
    now = every_row()
    others = [tenant for tenant in tenants if tenant is not viewer]
    theirs = set[Row]().union(*(tenant.rows for tenant in others))
    for row in theirs:
        assert now.get(row) == before[row]
    for row in now.keys() - theirs:
        if now[row] == before.get(row):
            continue
        text = repr(now[row])
        assert not [word for tenant in others for word in tenant.words if word in text]
        for key in apps.get_model(row[0])._meta.get_fields():
            if isinstance(key, models.ForeignKey):
                to = key.related_model
                assert not isinstance(to, str)
                assert (to._meta.label, now[row][key.attname]) not in theirs


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def home_id(visitor: Visitor) -> str:
    return visitor.home.split("/")[2]


def client_of(visitor: Visitor) -> Client:
    """A bold browser with the visitor's cookie: it sends it to every path, and its forms need no token."""
    client = Client(HTTP_HOST="tool.example", headers={"Accept": "text/html"})
    client.cookies["launch"] = visitor.browser.cookies["launch"].value
    return client


def ask(client: Client, method: str, path: str, ids: dict[str, str]) -> Any:
    if method in ("GET", "HEAD", "OPTIONS"):
        return getattr(client, method.lower())(path, ids, secure=True)
    if method == "POST":
        return client.post(path, {**FIELDS, **ids}, query_params=ids, secure=True)
    body = json.dumps({**FIELDS, **FILE, **ids})
    return client.generic(method.split()[0], path, body, content_type="application/json", secure=True)
