"""Platforms' key sets as they really are: rotated, slow, mixed, down, and asked about by forgers."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import responses
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.test import Client
from pytest_django.fixtures import Settings

from config import outside
from lti_tool.launch import platform_keys
from tests.lti_tool.platform_double import PlatformDouble

LONG = 60  # seconds that nothing here needs
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NEWER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key sets may be fetched again without a pause."""
    monkeypatch.setattr("lti_tool.launch.platform_keys.REFETCH_SECONDS", 0)


def asked(platform: PlatformDouble) -> int:
    """How often the key set was fetched."""
    return len([call for call in platform.answers.calls if call.request.url == platform.jwks_url])


class HeldBack:
    """A key set address that answers when told to."""

    def __init__(self, platform: PlatformDouble) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()
        self._keys = [platform.public_jwk()]
        platform.answers.remove(responses.GET, platform.jwks_url)
        platform.answers.add_callback(responses.GET, platform.jwks_url, self._answer)

    def publish(self, *keys: dict[str, Any]) -> None:
        self._keys = list(keys)

    def _answer(self, request: object) -> tuple[int, dict[str, str], str]:
        self.asked.set()
        self.let_go.wait(LONG)
        return 200, {}, json.dumps({"keys": self._keys})


@pytest.fixture
def held_back(platform: PlatformDouble, browser: Client) -> Iterator[HeldBack]:
    """The platform's key is known; from now on its key set is slow."""
    platform.open_page(browser)
    held = HeldBack(platform)
    yield held
    held.let_go.set()


@pytest.mark.usefixtures("at_once")
def test_new_key_under_the_old_id_is_found_by_the_signature_that_does_not_fit(
    platform: PlatformDouble, browser: Client
) -> None:
    platform.open_page(browser)
    platform.key = NEWER
    platform.publish(platform.public_jwk())

    assert platform.launch(browser).status_code == 302
    assert platform.launch(browser).status_code == 302
    assert asked(platform) == 2


@pytest.mark.usefixtures("at_once")
def test_key_that_is_no_longer_published_is_no_longer_taken(platform: PlatformDouble, browser: Client) -> None:
    platform.open_page(browser)
    before = platform.key, platform.kid
    platform.rotate()
    platform.open_page(browser)
    platform.key, platform.kid = before

    assert platform.launch(browser).status_code == 400


def test_forged_launches_neither_hammer_the_platform_nor_drive_out_its_key(
    platform: PlatformDouble, browser: Client
) -> None:
    platform.open_page(browser)
    for number in range(6):
        header = {"kid": f"forged-{number}"} if number % 2 else {}
        assert platform.launch(browser, header=header, key=STRANGER).status_code == 400

    assert asked(platform) == 1, "the first fetch was a moment ago"
    assert platform.launch(browser).status_code == 302


@pytest.mark.usefixtures("at_once")
def test_launch_with_a_known_key_does_not_wait_for_a_fetch(
    platform: PlatformDouble, browser: Client, held_back: HeldBack, settings: Settings
) -> None:
    settings.PAGE_PATIENCE_SECONDS = LONG
    stranger = Client(HTTP_HOST="tool.example")
    login = platform.login(stranger)
    token = platform.sign(platform.claims(login["nonce"]), header={"kid": "forged"}, key=STRANGER)
    forging = threading.Thread(target=platform_keys.fetched, args=(platform.jwks_url, "forged"))
    forging.start()
    assert held_back.asked.wait(LONG)

    assert platform.launch(browser).status_code == 302

    held_back.let_go.set()
    forging.join(LONG)
    assert platform.post(stranger, id_token=token, state=login["state"]).status_code == 400


@pytest.mark.usefixtures("at_once")
def test_launch_with_an_unknown_key_is_told_to_come_again_and_then_let_in(
    platform: PlatformDouble, browser: Client, held_back: HeldBack, settings: Settings
) -> None:
    settings.PAGE_PATIENCE_SECONDS = 0.1
    platform.key, platform.kid = NEWER, "new"
    held_back.publish(platform.public_jwk())
    login = platform.login(browser)
    token = platform.sign(platform.claims(login["nonce"]))

    response = platform.post(browser, id_token=token, state=login["state"])

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert "Reload this page in a few seconds" in response.content.decode()
    fetching = platform_keys._published[platform.jwks_url].fetch()
    held_back.let_go.set()
    assert fetching is not None
    assert fetching.wait(LONG)
    assert platform.post(browser, id_token=token, state=login["state"]).status_code == 302
    assert asked(platform) == 2, "the first one's, and one for all who came meanwhile"


@pytest.mark.usefixtures("at_once")
def test_nobody_takes_a_place_to_wait_for_what_has_taken_long_already(
    platform: PlatformDouble,
    browser: Client,
    held_back: HeldBack,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The places are for all platforms together: two slow ones would leave none to the others."""
    settings.PAGE_PATIENCE_SECONDS = 0.1
    monkeypatch.setattr(platform_keys, "_MOMENT", 0)
    platform.key, platform.kid = NEWER, "new"
    held_back.publish(platform.public_jwk())
    assert platform.launch(browser).status_code == 503

    with monkeypatch.context() as patch:
        patch.setattr(outside, "wait", lambda *args, **kwargs: pytest.fail("it waits"))
        assert platform.launch(browser).status_code == 503

    held_back.let_go.set()
    fetching = platform_keys._published[platform.jwks_url].fetch()
    assert fetching is None or fetching.wait(LONG)
    assert platform.launch(browser).status_code == 302


def test_old_keys_serve_while_they_are_fetched_anew(
    platform: PlatformDouble, browser: Client, held_back: HeldBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lti_tool.launch.platform_keys.KEEP_SECONDS", -1)
    monkeypatch.setattr("lti_tool.launch.platform_keys.REFETCH_SECONDS", 0)

    assert platform.launch(browser).status_code == 302
    assert held_back.asked.wait(LONG), "a fetch is under way"


NOTHING_OF_USE: dict[str, dict[str, Any]] = {
    "no keys": {"json": {"keys": []}},
    "no key set": {"json": {"error": "maintenance"}},
    "an error": {"status": 500},
    "a page": {"body": "<html>"},
    "only others": {"json": {"keys": [{"kty": "oct", "kid": "k", "k": "AAAA"}]}},
}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("answer", NOTHING_OF_USE.values(), ids=NOTHING_OF_USE.keys())
def test_fetch_that_brings_nothing_takes_nothing_away(
    platform: PlatformDouble, browser: Client, answer: dict[str, Any]
) -> None:
    platform.open_page(browser)
    platform.answers.upsert(responses.GET, platform.jwks_url, **answer)

    assert platform.launch(browser, header={"kid": "forged"}, key=STRANGER).status_code == 400
    assert platform.launch(browser).status_code == 302


def elliptic(kid: str) -> dict[str, Any]:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(public)), "kid": kid}


def test_several_keys_of_one_id_are_all_tried_and_others_beside_them_passed_over(
    platform: PlatformDouble, browser: Client
) -> None:
    kid = platform.kid
    bare = {name: value for name, value in platform.public_jwk().items() if name not in ("alg", "use")}
    platform.publish(
        elliptic(kid),
        {"kty": "RSA", "kid": kid, "n": "?", "e": "AQAB"},
        platform.public_jwk(key=STRANGER),
        {**platform.public_jwk(key=NEWER), "use": "enc"},
        {**platform.public_jwk(key=NEWER), "alg": "RSA-OAEP", "use": None},
        {**platform.public_jwk(key=NEWER), "key_ops": ["encrypt"]},
        {**bare, "alg": None, "use": None, "key_ops": []},
    )

    assert platform.launch(browser).status_code == 302
    assert platform.launch(browser, key=NEWER).status_code == 400, "a key for encryption signs nothing"
