"""Statements that are compiled once find and store what a queryset would, with the values of each run alone."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet
from django.test.utils import CaptureQueriesContext

from config.compiled import Insert, Select, prefetched
from lti_tool.models import Course, Deployment, Membership, Person, Platform, ResourceLink, UsedNonce

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def people() -> dict[str, Person]:
    platform = Platform.objects.create(name="School", issuer="https://school.example", client_id="c")
    course = Course.objects.create(
        platform=platform,
        deployment=Deployment.objects.create(platform=platform, deployment_id="1"),
        context_id="2",
        history=["1", "0"],
    )
    ResourceLink.objects.create(platform=platform, course=course, resource_link_id="a", title="Interview")
    people = {name: Person.objects.create(platform=platform, sub=name, name=name.title()) for name in ("ana", "ben")}
    for person in people.values():
        Membership.objects.create(course=course, person=person, role="student")
    return people


def members(sub: object, link: object) -> "QuerySet[Membership]":
    of_link = Q(course__resource_links__resource_link_id=link)
    namesake = Person.objects.filter(sub=OuterRef("person__sub")).exclude(pk=OuterRef("person"))
    return (
        Membership.objects.filter(person__sub=sub)
        .annotate(link=FilteredRelation("course__resource_links", condition=of_link), namesake=Exists(namesake))
        .select_related("person", "course__platform", "link")  # type: ignore[misc]
    )


def test_each_run_finds_what_its_own_values_say(people: dict[str, Person]) -> None:
    select = Select(members, sub=models.CharField(), link=models.CharField())
    for sub, link in (("ana", "a"), ("ben", "a"), ("ana", "elsewhere"), ("nobody", "a")):
        wanted = members(sub, link).first()
        found = select.first(sub=sub, link=link)
        assert found == wanted
        if found is None or wanted is None:
            assert sub == "nobody"
            continue
        assert found.__dict__.keys() == wanted.__dict__.keys()
        assert found._state.__dict__.keys() == wanted._state.__dict__.keys()
        assert (found._state.adding, found._state.db) == (False, "default")
        assert found.person == people[sub]
        assert found.course.history == ["1", "0"]  # as the field reads it, on every database
        assert found.course.platform.issuer == "https://school.example"
        assert getattr(found, "link", None) == getattr(wanted, "link", None)
        assert getattr(found, "namesake") is False  # noqa: B009  the stubs do not know of it


def test_a_run_is_one_statement_and_asks_anew(people: dict[str, Person]) -> None:
    select = Select(members, sub=models.CharField(), link=models.CharField())
    select.first(sub="ana", link="a")
    Person.objects.filter(sub="ana").update(name="Somebody else")
    with CaptureQueriesContext(connection) as captured:
        found = select.first(sub="ana", link="a")
        assert found is not None
        assert (found.person.name, found.course.platform.name) == ("Somebody else", "School")
    assert len(captured) == 1


@pytest.mark.parametrize("values", [{"sub": "ana"}, {"sub": "ana", "link": "a", "role": "teacher"}, {}])
def test_values_are_those_that_it_was_written_for(values: dict[str, str]) -> None:
    with pytest.raises(TypeError):
        Select(members, sub=models.CharField(), link=models.CharField()).first(**values)


@pytest.mark.django_db(transaction=True)
def test_locks_need_a_transaction(people: dict[str, Person]) -> None:
    select = Select(lambda sub: Person.objects.select_for_update().filter(sub=sub), sub=models.CharField())
    with transaction.atomic():
        assert select.first(sub="ana") == people["ana"]
    if connection.features.has_select_for_update:
        with pytest.raises(transaction.TransactionManagementError):
            select.first(sub="ana")


def test_a_new_row_is_stored_as_save_would() -> None:
    insert = Insert(Person)
    person = Person(platform=Platform.objects.get(), sub="cem", name="Cem")
    assert insert.store(person)
    stored = Person.objects.get(sub="cem")
    assert stored == person
    assert stored.created_at == person.created_at
    person.name = "Cemile"
    person.save()
    assert Person.objects.get(sub="cem").name == "Cemile"


def test_a_row_that_is_there_is_refused_or_left_alone() -> None:
    expires = datetime(2030, 1, 1, tzinfo=UTC)
    nonce = UsedNonce(nonce_hash="a" * 64, expires_at=expires)
    once = Insert(UsedNonce, ignore_conflicts=True)
    assert once.store(nonce)
    assert not once.store(UsedNonce(nonce_hash="a" * 64, expires_at=datetime(2031, 1, 1, tzinfo=UTC)))
    with pytest.raises(IntegrityError), transaction.atomic():
        Insert(UsedNonce).store(nonce)
    assert UsedNonce.objects.get().expires_at == expires


def test_related_rows_are_given_as_prefetched_ones() -> None:
    course = Course.objects.get()
    links = list(ResourceLink.objects.all())
    prefetched(course, "resource_links", links)
    with CaptureQueriesContext(connection) as captured:
        assert list(course.resource_links.all()) == links
        assert len(course.resource_links.all()) == 1
    assert len(captured) == 0
    assert not course.resource_links.filter(title="Another").exists()
