"""Every malformed, forged, replayed, expired or foreign launch is a 4xx page that says why."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import requests
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.test import Client

from lti_tool import registered
from lti_tool.models import LaunchSession, Platform
from tests.lti_tool.platform_double import LTI, Claims, PlatformDouble

NOW = time.time


def without(claim: str) -> Callable[[Claims], Claims]:
    return lambda claims: {name: value for name, value in claims.items() if name != claim}


def having(**changed: Any) -> Callable[[Claims], Claims]:
    return lambda claims: {**claims, **changed}


BROKEN_CLAIMS: dict[str, Callable[[Claims], Any]] = {
    "no exp": without("exp"),
    "expired": lambda c: {**c, "iat": int(NOW()) - 400, "exp": int(NOW()) - 300},
    "exp ten years ahead": lambda c: {**c, "exp": int(NOW()) + 10 * 365 * 86400},
    "exp is a text": having(exp="soon"),
    "exp is infinite": having(exp=float("inf")),
    "exp is no number": having(exp=float("nan")),
    "exp is true": having(exp=True),
    "exp has four hundred digits": having(exp=10**400),
    "exp is a number in a text": lambda c: {**c, "exp": str(int(NOW()) + 60)},
    "no iat": without("iat"),
    "iat a year old": lambda c: {**c, "iat": int(NOW()) - 365 * 86400},
    "iat in the future": lambda c: {**c, "iat": int(NOW()) + 3600, "exp": int(NOW()) + 3660},
    "iat is a text": having(iat="now"),
    "not good before tomorrow": lambda c: {**c, "nbf": int(NOW()) + 86400},
    "nbf is a text": having(nbf="yesterday"),
    "no nonce": without("nonce"),
    "another nonce": having(nonce="somebody else's"),
    "dict nonce": having(nonce={"a": 1}),
    "no iss": without("iss"),
    "another issuer": having(iss="https://evil.example"),
    "iss is a list": having(iss=["https://moodle.example"]),
    "no aud": without("aud"),
    "another aud": having(aud="another-tool"),
    "empty aud list": having(aud=[]),
    "aud list without us": having(aud=["a", "b"], azp="a"),
    "several aud, no azp": having(aud=["tool-1", "other"]),
    "azp not us": having(aud=["tool-1", "other"], azp="other"),
    "azp not us, one aud": having(azp="other"),
    "aud is an object": having(aud={"tool-1": 1}),
    "no sub": without("sub"),
    "empty sub": having(sub=""),
    "sub is a number": having(sub=6),
    "sub over 255 characters": having(sub="x" * 256),
    "sub with a NUL": having(sub="6\x00"),
    "no version": without(f"{LTI}version"),
    "LTI 1.1": having(**{f"{LTI}version": "1.1"}),
    "version is a number": having(**{f"{LTI}version": 1.3}),
    "no message type": without(f"{LTI}message_type"),
    "unknown message type": having(**{f"{LTI}message_type": "NotLti"}),
    "message type is a list": having(**{f"{LTI}message_type": ["LtiResourceLinkRequest"]}),
    "no roles": without(f"{LTI}roles"),
    "roles is a text": having(**{f"{LTI}roles": "Instructor"}),
    "roles is null": having(**{f"{LTI}roles": None}),
    "no deployment": without(f"{LTI}deployment_id"),
    "unknown deployment": having(**{f"{LTI}deployment_id": "2"}),
    "deployment is an object": having(**{f"{LTI}deployment_id": {}}),
    "deployment over 255 characters": having(**{f"{LTI}deployment_id": "1" * 256}),
    "no resource link": without(f"{LTI}resource_link"),
    "null resource link": having(**{f"{LTI}resource_link": None}),
    "resource link is a list": having(**{f"{LTI}resource_link": ["1"]}),
    "resource link without id": having(**{f"{LTI}resource_link": {"title": "x"}}),
    "resource link id is a number": having(**{f"{LTI}resource_link": {"id": 1}}),
    "context without id": having(**{f"{LTI}context": {"title": "Film"}}),
    "context id is a number": having(**{f"{LTI}context": {"id": 2}}),
    "resource link is PHP's empty array": having(**{f"{LTI}resource_link": []}),
    "resource link id is null": having(**{f"{LTI}resource_link": {"id": None}}),
    "review of nobody": having(**{f"{LTI}message_type": "LtiSubmissionReviewRequest", f"{LTI}for_user": []}),
    "no target": without(f"{LTI}target_link_uri"),
    "target on a foreign host": having(**{f"{LTI}target_link_uri": "https://evil.example/lti/launch/"}),
    "target on a lookalike host": having(**{f"{LTI}target_link_uri": "https://tool.example.evil.example/"}),
    "target on plain http": having(**{f"{LTI}target_link_uri": "http://tool.example/lti/launch/"}),
    "target is half an address": having(**{f"{LTI}target_link_uri": "https://[tool.example/"}),
    "target is no address": having(**{f"{LTI}target_link_uri": "javascript:alert(1)"}),
    "payload is a list": lambda c: [c],
    "payload is a text": lambda c: "launch",
    "payload is null": lambda c: None,
    "payload is empty": lambda c: {},
}


@pytest.mark.parametrize("break_claims", BROKEN_CLAIMS.values(), ids=BROKEN_CLAIMS.keys())
def test_broken_claims_are_refused(
    platform: PlatformDouble, browser: Client, break_claims: Callable[[Claims], Any]
) -> None:
    response = platform.launch(browser, mend=break_claims)

    assert_refused(response)


@pytest.mark.parametrize(
    "header",
    [{"kid": None}, {"kid": "unknown"}, {"kid": 7}, {"alg": "none"}, {"alg": "HS256"}, {"alg": "RS512"}],
    ids=["no kid", "unknown kid", "kid is a number", "alg none", "alg HS256", "alg RS512"],
)
def test_broken_header_is_refused(platform: PlatformDouble, browser: Client, header: dict[str, Any]) -> None:
    asked = platform.login(browser)
    whole = platform.sign(platform.claims(asked["nonce"]))
    _, payload, signature = whole.split(".")
    merged = {"alg": "RS256", "typ": "JWT", "kid": platform.kid, **header}
    head = encode({name: value for name, value in merged.items() if value is not None})

    assert_refused(platform.post(browser, id_token=f"{head}.{payload}.{signature}", state=asked["state"]))


def test_header_that_must_be_understood_and_is_not_is_refused(platform: PlatformDouble, browser: Client) -> None:
    assert_refused(platform.launch(browser, header={"crit": ["exp"]}))


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")  # said of our own signing here
def test_short_key_is_refused(platform: PlatformDouble, browser: Client) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    platform.publish(platform.public_jwk(key=short))

    assert_refused(platform.launch(browser, key=short))


def test_unsigned_token_is_refused(platform: PlatformDouble, browser: Client) -> None:
    asked = platform.login(browser)
    token = f"{encode({'alg': 'none', 'kid': platform.kid})}.{encode(platform.claims(asked['nonce']))}."

    assert_refused(platform.post(browser, id_token=token, state=asked["state"]))


def test_token_signed_with_the_public_key_as_secret_is_refused(platform: PlatformDouble, browser: Client) -> None:
    asked = platform.login(browser)
    pem = platform.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = encode({"alg": "HS256", "typ": "JWT", "kid": platform.kid})
    payload = encode(platform.claims(asked["nonce"]))
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    mac = signature.sign(f"{head}.{payload}".encode(), pem)
    token = f"{head}.{payload}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    assert_refused(platform.post(browser, id_token=token, state=asked["state"]))


def test_token_signed_with_another_key_is_refused(platform: PlatformDouble, browser: Client) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    assert_refused(platform.launch(browser, key=stranger))


def test_changed_payload_is_refused(platform: PlatformDouble, browser: Client) -> None:
    asked = platform.login(browser)
    head, _, signature = platform.sign(platform.claims(asked["nonce"])).split(".")
    teacher = encode(platform.claims(asked["nonce"], roles=["Instructor"]))

    assert_refused(platform.post(browser, id_token=f"{head}.{teacher}.{signature}", state=asked["state"]))


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "a.b.c.d", "é.ü.ß", "..", "null"])
def test_what_is_no_token_is_refused(platform: PlatformDouble, browser: Client, token: str) -> None:
    asked = platform.login(browser)

    assert_refused(platform.post(browser, id_token=token, state=asked["state"]))


def test_same_launch_posted_twice_is_refused(platform: PlatformDouble, browser: Client) -> None:
    asked = platform.login(browser)
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
    token = platform.sign(platform.claims(asked["nonce"]))

    first = platform.post(browser, id_token=token, state=asked["state"])
    browser.cookies.load(cookies)  # a browser that kept, or an attacker that copied, the state cookie
    second = platform.post(browser, id_token=token, state=asked["state"])

    assert first.status_code == 302
    assert_refused(second, sessions=1)


def test_launch_in_another_browser_is_refused(platform: PlatformDouble, browser: Client) -> None:
    asked = platform.login(browser)
    other = Client(HTTP_HOST="tool.example")

    response = platform.post(other, id_token=platform.sign(platform.claims(asked["nonce"])), state=asked["state"])

    assert_refused(response)
    assert response.status_code == 403


def test_state_of_another_platform_is_refused(platform: PlatformDouble, browser: Client) -> None:
    stranger = PlatformDouble(platform.answers, host="stranger.example", client_id="tool-1")
    asked = platform.login(browser)
    token = stranger.sign(stranger.claims(asked["nonce"]))

    assert_refused(platform.post(browser, id_token=token, state=asked["state"]))


@pytest.mark.parametrize("state", ["", "made-up", "a:b:c"])
def test_unknown_state_is_refused(platform: PlatformDouble, browser: Client, state: str) -> None:
    asked = platform.login(browser)

    assert_refused(platform.post(browser, id_token=platform.sign(platform.claims(asked["nonce"])), state=state))


def test_deactivated_platform_is_refused(
    platform: PlatformDouble, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lti_tool.registered.KEEP_SECONDS", -1)
    asked = platform.login(browser)
    platform.row.active = False
    platform.row.save()

    assert_refused(
        platform.post(browser, id_token=platform.sign(platform.claims(asked["nonce"])), state=asked["state"])
    )


def test_what_a_process_remembers_of_a_platform_opens_no_page_once_it_is_deactivated(
    platform: PlatformDouble, browser: Client
) -> None:
    asked = platform.login(browser)
    platform.row.active = False
    platform.row.save()
    launched = platform.post(browser, id_token=platform.sign(platform.claims(asked["nonce"])), state=asked["state"])

    assert launched.status_code >= 400 or browser.get(launched["Location"], secure=True).status_code == 404


@pytest.mark.parametrize("error", ["login_required", "invalid_request", "<script>alert(1)</script>"])
def test_error_posted_back_by_the_platform_is_explained(platform: PlatformDouble, browser: Client, error: str) -> None:
    response = platform.post(browser, error=error, error_description="No", state="whatever")

    assert_refused(response)
    assert b"<script>alert" not in response.content


KEY_SETS: dict[str, Any] = {
    "without keys": {"nothing": 1},
    "keys is a text": {"keys": "none"},
    "a list": [],
    "holds texts": {"keys": ["a", None, 3]},
    "an RSA key without modulus": {"keys": [{"kty": "RSA", "kid": "K", "alg": "RS256"}]},
    "an octet key": {"keys": [{"kty": "oct", "kid": "K", "k": "AAAA"}]},
}


@pytest.mark.parametrize("key_set", KEY_SETS.values(), ids=KEY_SETS.keys())
def test_strange_key_sets_are_refused(platform: PlatformDouble, browser: Client, key_set: Any) -> None:
    platform.kid = "K"
    platform.answers.upsert(responses.GET, platform.jwks_url, json=key_set)

    assert_refused(platform.launch(browser))


def test_elliptic_curve_key_is_refused(platform: PlatformDouble, browser: Client) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    platform.publish({**jwk, "kid": platform.kid, "alg": "ES256"})
    asked = platform.login(browser)
    token = jwt.encode(platform.claims(asked["nonce"]), key, algorithm="ES256", headers={"kid": platform.kid})

    assert_refused(platform.post(browser, id_token=token, state=asked["state"]))


@pytest.mark.parametrize(
    "answer", [{"status": 500}, {"status": 404}, {"body": "<html>"}, {"body": requests.ConnectionError()}]
)
def test_key_set_that_cannot_be_had_is_explained(
    platform: PlatformDouble, browser: Client, answer: dict[str, Any]
) -> None:
    platform.answers.upsert(responses.GET, platform.jwks_url, **answer)

    assert_refused(platform.launch(browser))


@pytest.mark.parametrize(
    "params",
    [
        {"iss": ""},
        {"iss": "https://unknown.example"},
        {"client_id": "unknown"},
        {"login_hint": ""},
        {"login_hint": "x" * 5000},
        {"target_link_uri": "https://evil.example/"},
        {"iss": "https://moodle.example\x00"},
    ],
    ids=["no issuer", "unknown issuer", "unknown client", "no hint", "endless hint", "foreign target", "NUL"],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_broken_login_is_refused(
    platform: PlatformDouble, browser: Client, params: dict[str, str], method: str
) -> None:
    good = {
        "iss": platform.issuer,
        "client_id": platform.row.client_id,
        "login_hint": "6",
        "target_link_uri": "https://tool.example/lti/launch/",
    }
    response = getattr(browser, method)("/lti/login/", {**good, **params}, secure=True)

    assert_refused(response)


def test_login_without_client_id_is_refused_where_it_could_be_two(platform: PlatformDouble, browser: Client) -> None:
    PlatformDouble(platform.answers, client_id="tool-2")
    params = {"iss": platform.issuer, "login_hint": "6", "target_link_uri": "https://tool.example/lti/launch/"}

    assert_refused(browser.post("/lti/login/", params, secure=True))


def test_launch_address_opened_by_hand_says_where_to_go(browser: Client, db: None) -> None:
    response = browser.get("/lti/launch/", secure=True)

    assert response.status_code == 405
    assert b"Moodle" in response.content


def encode(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def assert_refused(response: Any, *, sessions: int = 0) -> None:
    """A page for people, in any site's frame, that let nobody in."""
    assert 400 <= response.status_code < 500, response.content.decode()
    assert "text/html" in response["Content-Type"]
    assert b"could not be opened" in response.content
    assert "frame-ancestors *" in response["Content-Security-Policy"]
    assert LaunchSession.objects.count() == sessions


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["platform", "deployment"])
def test_what_was_deleted_a_moment_ago_is_refused(answers: responses.RequestsMock, what: str) -> None:
    platform, browser = PlatformDouble(answers), Client(HTTP_HOST="tool.example")
    platform.open_page(browser)
    asked = platform.login(browser)
    {"platform": platform.row, "deployment": platform.row.deployments.get()}[what].delete()

    refused = platform.post(browser, id_token=platform.sign(platform.claims(asked["nonce"])), state=asked["state"])

    assert refused.status_code == 400
    assert b"could not be opened" in refused.content


def test_client_id_that_went_to_another_row_is_looked_for_anew(platform: PlatformDouble, browser: Client) -> None:
    platform.login(browser)
    row = platform.row
    Platform.objects.filter(pk=row.pk).update(client_id="other")
    values = {"name": "New", "issuer": row.issuer, "client_id": "tool-1", "token_url": row.token_url}
    Platform.objects.create(authorization_url="https://moodle.example/new", jwks_url=row.jwks_url, **values)
    registered._by_id.clear()  # as after some seconds

    login = {"iss": row.issuer, "client_id": "tool-1", "login_hint": "6"}
    response = browser.get("/lti/login/", login, secure=True)
    assert response["Location"].startswith("https://moodle.example/new?")
