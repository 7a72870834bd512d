"""What a login initiation sends on, however long its hints are, and the cookies it leaves in the browser."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from lti_tool.launch import oidc
from lti_tool.models import LaunchSession
from tests.lti_tool.launch.test_launch_refused import assert_refused
from tests.lti_tool.platform_double import PlatformDouble

HINTS = {
    "letters": "x",
    "JSON": '{"cmid":3,"launchid":"a b&c=d"}',
    "base64": "aGVsbG8+Pz8/Lw==+/",
    "not ASCII": "é✓ ",
}


def asked_for(platform: PlatformDouble, **params: str) -> dict[str, str]:
    return {"iss": platform.issuer, "client_id": platform.row.client_id, "login_hint": "6", **params}


def sent_on(page: str) -> dict[str, str]:
    """The fields of the form that goes on to the platform."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


@pytest.mark.parametrize("length", [3900, 6000, 30_000, oidc.LONGEST_MESSAGE_HINT])
@pytest.mark.parametrize("text", HINTS.values(), ids=HINTS.keys())
def test_long_hint_goes_back_as_it_came(platform: PlatformDouble, browser: Client, text: str, length: int) -> None:
    hint = (text * length)[:length]

    response = browser.post("/lti/login/", asked_for(platform, lti_message_hint=hint), secure=True)

    if response.status_code == 302:
        assert length < 6000 or len(response["Location"]) < 8100, "servers read 8,190"
        given = {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}
    else:
        given = sent_on(response.content.decode())
    assert given["lti_message_hint"] == hint
    assert len(given["state"]) < 2000, "what is long is not carried in the state as well"
    token = platform.sign(platform.claims(given["nonce"]))
    assert platform.post(browser, id_token=token, state=given["state"]).status_code == 302


@pytest.mark.parametrize("length", [3900, 6000])
def test_hint_that_fits_an_address_is_a_redirect(platform: PlatformDouble, browser: Client, length: int) -> None:
    """Moodle's own Lax cookie goes along with that alone."""
    for method in (browser.get, browser.post):
        response = method("/lti/login/", asked_for(platform, lti_message_hint="x" * length), secure=True)
        assert response.status_code == 302


def test_form_that_goes_on_is_framed_by_its_platform_and_sent_to_it_alone(
    platform: PlatformDouble, browser: Client
) -> None:
    response = browser.post("/lti/login/", asked_for(platform, lti_message_hint="<b>" * 5000), secure=True)

    policy = response["Content-Security-Policy"] + ";"
    assert "form-action 'self' https://moodle.example;" in policy
    assert "frame-ancestors 'self' https://moodle.example;" in policy
    assert (
        f'<form method="post" action="{platform.row.authorization_url}" data-sends-itself>' in response.content.decode()
    )
    assert "<b>" not in response.content.decode()
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("name", "longest"),
    [("lti_message_hint", oidc.LONGEST_MESSAGE_HINT), ("login_hint", oidc.LONGEST_LOGIN_HINT)],
)
def test_hint_beyond_all_measure_is_told_in_words(
    platform: PlatformDouble, browser: Client, name: str, longest: int
) -> None:
    response = browser.post("/lti/login/", asked_for(platform, **{name: "x" * (longest + 1)}), secure=True)

    assert_refused(response)
    assert f"{name} is longer than" in response.content.decode()
    assert not response.cookies


def states(browser: Client) -> list[str]:
    """Names of the state cookies that a browser still has: a deletion has come with an age of nothing."""
    return [key for key, morsel in browser.cookies.items() if key.startswith("lti_state_") and morsel["max-age"] != 0]


def drop_deleted(browser: Client) -> None:
    for key in [key for key, morsel in browser.cookies.items() if morsel["max-age"] == 0]:
        del browser.cookies[key]


def begin_many(platform: PlatformDouble, browser: Client, many: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """So many logins that lead nowhere, a second apart; the names of their cookies in order."""
    order: list[str] = []
    for second in range(many):
        monkeypatch.setattr("lti_tool.launch.oidc.time.time", lambda at=second: 1_800_000_000 + at)
        before = set(states(browser))
        platform.login(browser)
        drop_deleted(browser)
        order += set(states(browser)) - before
    monkeypatch.undo()
    return order


def test_logins_that_led_nowhere_leave_few_cookies_and_the_newest(
    platform: PlatformDouble, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = begin_many(platform, browser, oidc.KEPT_STATES + 5, monkeypatch)

    assert sorted(states(browser)) == sorted(order[-oidc.KEPT_STATES :])
    line = "; ".join(f"{key}={morsel.value}" for key, morsel in browser.cookies.items())
    assert len(line) < 6000, "of the 8,190 bytes that servers read"
    assert platform.launch(browser).status_code == 302


def test_cookies_that_came_all_at_once_are_dropped_by_and_by(platform: PlatformDouble) -> None:
    """As where a browser opens all of its tabs again: no login has seen another's cookie."""
    together = Client(HTTP_HOST="tool.example")
    for _ in range(oidc.KEPT_STATES + 20):
        alone = Client(HTTP_HOST="tool.example")
        platform.login(alone)
        together.cookies.update(alone.cookies)

    for _ in range(2):
        assert platform.launch(together).status_code == 302
        drop_deleted(together)
    assert len(states(together)) <= oidc.KEPT_STATES
    assert LaunchSession.objects.count() == 2


def test_launch_takes_its_own_cookie_back(platform: PlatformDouble, browser: Client) -> None:
    platform.launch(browser)

    assert states(browser) == []


def test_login_is_sent_the_cookies_it_has_to_count(platform: PlatformDouble, browser: Client) -> None:
    platform.login(browser)

    assert [morsel["path"] for morsel in browser.cookies.values()] == ["/lti/"]


@pytest.mark.parametrize("name", ["lti_state_\u00e9", "lti_state_a b", "lti_state_", "lti_state_" + "z" * 24])
def test_cookie_of_another_name_is_left_alone(platform: PlatformDouble, name: str) -> None:
    cookie = "; ".join([f"{name}=1"] + [f"lti_state_{n:024x}=0" for n in range(oidc.KEPT_STATES + 1)])
    response = Client(HTTP_HOST="tool.example").post(
        "/lti/login/", asked_for(platform), secure=True, headers={"Cookie": cookie}
    )

    assert response.status_code == 302
    assert name not in response.cookies
