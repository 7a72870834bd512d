"""Guessing a password of Django's admin is braked, and nobody can lock its owner out."""

from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from config import limiter, sign_in

PASSWORD = "a long password of nobody else"
MINUTES = 15


@pytest.fixture(autouse=True)
def owner(db: None, settings: Settings) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return User.objects.create_superuser("owner", password=PASSWORD)


@pytest.fixture
def stranger() -> Client:
    return Client(HTTP_HOST="tool.example")


def sign(client: Client, password: str, name: str = "owner", **more: Any) -> HttpResponse:
    fields = {"username": name, "password": password}
    response: HttpResponse = client.post("/admin/login/", fields, secure=True, **more)  # type: ignore[assignment]
    return response


def guess(client: Client, times: int, **more: Any) -> list[int]:
    return [sign(client, f"guess {number}", **more).status_code for number in range(times)]


def test_right_password_signs_in(stranger: Client) -> None:
    assert sign(stranger, PASSWORD).status_code == 302
    assert stranger.get("/admin/", secure=True).status_code == 200


def test_guesses_are_braked_and_the_right_one_among_them(stranger: Client) -> None:
    assert guess(stranger, 12) == [200] * 10 + [429] * 2

    braked = sign(stranger, PASSWORD)
    assert braked.status_code == 429
    assert "too many tries" in braked.content.decode()
    assert "Try again in 15 minutes" in braked.content.decode()
    assert "sessionid" not in stranger.cookies


def test_neither_another_address_nor_a_fresh_browser_nor_another_case_goes_round(stranger: Client) -> None:
    guess(stranger, 10)

    for number in range(3):
        other = Client(HTTP_HOST="tool.example", REMOTE_ADDR=f"10.0.0.{number}")
        assert sign(other, PASSWORD, headers={"X-Forwarded-For": f"198.51.100.{number}"}).status_code == 429
    assert guess(stranger, 1, name="OWNER") == [429]


def test_brake_ends_by_itself(stranger: Client) -> None:
    with time_machine.travel("2026-11-29T12:00:00Z", tick=False) as now:
        guess(stranger, 11)
        now.shift(MINUTES * 60 + 1)
        assert sign(stranger, PASSWORD).status_code == 302


def test_stranger_who_goes_on_for_ever_keeps_out_nobody_who_was_here_before(stranger: Client) -> None:
    own = Client(HTTP_HOST="tool.example")
    sign(own, PASSWORD)
    own.post("/admin/logout/", secure=True)

    guess(stranger, 30)

    assert sign(own, "mistyped").status_code == 200
    assert sign(own, PASSWORD).status_code == 302


def test_known_browser_is_braked_for_itself(stranger: Client) -> None:
    sign(stranger, PASSWORD)
    stranger.post("/admin/logout/", secure=True)

    assert guess(stranger, 11)[-1] == 429
    assert sign(Client(HTTP_HOST="tool.example"), PASSWORD).status_code == 302


def test_browser_known_by_one_name_is_a_stranger_to_another(stranger: Client) -> None:
    User.objects.create_superuser("other", password=PASSWORD)
    sign(stranger, PASSWORD, name="other")
    guess(Client(HTTP_HOST="tool.example"), 10)

    assert guess(stranger, 1) == [429]


@pytest.mark.parametrize("cookie", ["", "made-up", "a:b:c"])
def test_made_up_cookie_makes_no_known_browser(stranger: Client, cookie: str) -> None:
    guess(stranger, 10)
    stranger.cookies[sign_in.COOKIE] = cookie

    assert guess(stranger, 1) == [429]


def test_signing_in_begins_the_count_anew(stranger: Client) -> None:
    guess(stranger, 9)
    sign(stranger, PASSWORD)
    stranger.cookies.clear()

    assert guess(stranger, 10) == [200] * 10


def test_without_redis_it_is_braked_all_the_same(stranger: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    limiter.forget()

    assert guess(stranger, 11)[-1] == 429
    limiter.forget()


def test_cookie_that_knows_a_browser_names_nobody_and_goes_to_the_sign_in_alone(stranger: Client) -> None:
    cookie = sign(stranger, PASSWORD).cookies[sign_in.COOKIE]

    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/admin/login/", True, "Lax")
    assert cookie["secure"]
    again = sign(Client(HTTP_HOST="tool.example"), PASSWORD).cookies[sign_in.COOKIE]
    assert again.value != cookie.value
    assert "owner" not in str(signing.loads(cookie.value, salt="config.sign_in"))


def test_signed_in_until_the_browser_is_closed(stranger: Client) -> None:
    cookie = sign(stranger, PASSWORD).cookies["sessionid"]

    assert (cookie["max-age"], cookie["expires"]) == ("", "")
