"""The address in every e-mail that ends them: for its reader, and for mail programs (RFC 8058)."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.signing import Signer
from django.test import Client
from django.utils import timezone

from lti_tool.models import Person
from tests.video.visitor import Visitor
from video.mail.preferences import Choice, Kind
from video.models import MailChoice

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def person(student: Visitor) -> Person:
    return Person.objects.get(sub="6")


@pytest.fixture
def path(person: Person) -> str:
    return Choice(person_id=person.pk, kind=Kind.RELEASED).path


def program() -> Client:
    """A mail program: no cookie, no page, no referrer."""
    return Client(enforce_csrf_checks=True, HTTP_HOST="tool.example")


def off() -> dict[str, bool]:
    return dict(MailChoice.objects.values_list("kind", "off"))


def test_one_click_ends_them(path: str) -> None:
    response = program().post(path, ONE_CLICK, secure=True)

    assert response.status_code == 200, "RFC 8058 allows no redirect to rely on"
    assert off() == {"released": True}
    program().post(path, ONE_CLICK, secure=True)
    assert off() == {"released": True}


@pytest.mark.parametrize("body", ["List-Unsubscribe=One-Click", "", "wanted=off", "\x00=\xff&&=", "wanted=on\x00"])
def test_any_other_body_only_ends_them(path: str, body: str) -> None:
    response = program().post(path, body, content_type="application/x-www-form-urlencoded", secure=True)

    assert response.status_code == 200
    assert off() == {"released": True}


def test_opening_it_changes_nothing(path: str) -> None:
    """Filters open every link of an e-mail."""
    for method in ("get", "head"):
        assert getattr(program(), method)(path, secure=True).status_code == 200
    assert off() == {}


def test_page_switches_off_and_on_again(path: str) -> None:
    browser = program()
    page = browser.get(path, secure=True).content.decode()
    assert "Reelmark sends you an e-mail when your work was marked." in page
    assert 'name="wanted"' not in page

    page = browser.post(path, secure=True).content.decode()
    assert "Reelmark sends you no e-mails when your work was marked." in page
    assert 'name="wanted" value="on"' in page
    assert "sends you no e-mails" in browser.get(path, secure=True).content.decode()

    page = browser.post(path, {"wanted": "on"}, secure=True).content.decode()
    assert "Reelmark sends you an e-mail when your work was marked." in page
    assert off() == {"released": False}


def test_each_kind_is_a_choice_of_its_own(person: Person, path: str) -> None:
    other = Choice(person_id=person.pk, kind=Kind.NEW_WORK)
    program().post(path, ONE_CLICK, secure=True)

    assert "sends you an e-mail when there is new work" in program().get(other.path, secure=True).content.decode()
    program().post(other.path, ONE_CLICK, secure=True)
    assert off() == {"released": True, "new_work": True}


def test_it_is_good_for_years(path: str) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=1200)):
        assert program().post(path, ONE_CLICK, secure=True).status_code == 200


@pytest.mark.parametrize(
    "spoil",
    [
        lambda choice: "",
        lambda choice: choice[:-1],
        lambda choice: choice[:-1] + ("A" if choice[-1] != "A" else "B"),
        lambda choice: choice.replace("released", "new_work"),
        lambda choice: choice.replace("released", "everything"),
        lambda choice: f"released.{uuid.uuid4().hex}.{choice.rpartition('.')[2]}",
        lambda choice: Signer(sep=".").sign(choice.rpartition(".")[0]),
        lambda choice: "\x00",
        lambda choice: "é" * 5000,
        lambda choice: "...",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_other_address_does_anything(path: str, method: str, spoil: Any) -> None:
    choice = spoil(path.partition("choice=")[2])
    response = getattr(program(), method)("/mail/", query_params={"choice": choice}, secure=True)

    assert response.status_code == 404
    assert "copy the whole of it" in response.content.decode()
    assert off() == {}


def test_a_signature_of_nonsense_is_refused(person: Person) -> None:
    """Signed by us, of another time."""
    for value in ("released", "released.", "released.1", f"gone.{person.pk.hex}", f"{person.pk.hex}.released"):
        signed = Signer(salt="reelmark.mail-choice", sep=".").sign(value)
        assert program().get("/mail/", {"choice": signed}, secure=True).status_code == 404


def test_nobody_learns_whether_a_person_is_still_there(path: str) -> None:
    gone = Choice(person_id=uuid.uuid4(), kind=Kind.RELEASED).path
    browser = program()

    asks: list[Callable[[str], Any]] = [
        lambda path: browser.get(path, secure=True),
        lambda path: browser.post(path, ONE_CLICK, secure=True),
        lambda path: browser.post(path, {"wanted": "on"}, secure=True),
    ]
    for ask in asks:
        here, there = ask(path), ask(gone)
        assert here.status_code == there.status_code == 200
        assert here.content.decode().replace(path.partition("=")[2], "") == there.content.decode().replace(
            gone.partition("=")[2], ""
        )
    assert MailChoice.objects.count() == 1


def test_page_names_nobody_and_keeps_its_address_to_itself(person: Person, path: str) -> None:
    response = program().get(path, secure=True)

    page = response.content.decode()
    assert person.name not in page
    assert person.email not in page
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex"
    assert "no-store" in response["Cache-Control"]
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    # Paths are logged, queries are not.
    assert path.startswith("/mail/?choice=")


def test_other_methods_are_refused(path: str) -> None:
    for method in ("put", "patch", "delete"):
        assert getattr(program(), method)(path, secure=True).status_code == 405


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("de", "Keine solchen E-Mails mehr"),
        ("fr", "Ne plus recevoir ces courriels"),
        ("es_mx", "No recibir más estos correos"),
        ("nl", "No more of these e-mails"),
    ],
)
def test_page_is_in_its_readers_language(person: Person, path: str, locale: str, words: str) -> None:
    Person.objects.filter(pk=person.pk).update(locale=locale)
    page = program().get(path, secure=True).content.decode()

    assert words in page
    assert f'<html lang="{locale[:2] if locale != "nl" else "en"}">' in page
    assert "This address is not complete" in program().get("/mail/", secure=True).content.decode(), "English again"


def test_times_do_not_change_the_address(person: Person, path: str) -> None:
    """An e-mail of last year and one of today lead to the same."""
    with time_machine.travel(datetime(2030, 1, 1, tzinfo=UTC)):
        assert Choice(person_id=person.pk, kind=Kind.RELEASED).path == path
