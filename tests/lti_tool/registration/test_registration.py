"""Dynamic registration: one pasted address, asked and answered as a real Moodle 4.5 was recorded to."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from threading import Thread
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests
import responses
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django.fixtures import Settings

from lti_tool import platform as lti_platform
from lti_tool.errors import PlatformRefused, PlatformUnavailable
from lti_tool.models import Deployment, Invitation, Platform
from lti_tool.registration import registration
from tests.lti_tool.platform_double import PlatformDouble

MOODLE = "https://moodle.example"
CONFIGURATION_URL = f"{MOODLE}/mod/lti/openid-configuration.php"
REGISTRATION_URL = f"{MOODLE}/mod/lti/openid-registration.php"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
Document = dict[str, Any]


def configuration(**changes: Any) -> Document:
    """Moodle 4.5's, as recorded; a change to ... leaves it out."""
    document: Document = {
        "issuer": MOODLE,
        "token_endpoint": f"{MOODLE}/mod/lti/token.php",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "jwks_uri": f"{MOODLE}/mod/lti/certs.php",
        "authorization_endpoint": f"{MOODLE}/mod/lti/auth.php",
        "registration_endpoint": REGISTRATION_URL,
        "scopes_supported": ["openid"],
        "https://purl.imsglobal.org/spec/lti-platform-configuration": {
            "product_family_code": "moodle",
            "version": "4.5.6 (Build: 20250811)",
        },
        **changes,
    }
    return {name: value for name, value in document.items() if value is not ...}


def granted(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
    """Moodle's answer: what was asked, with a client id and a deployment id."""
    asked = json.loads(request.body or b"")
    answer = {**asked, "client_id": "z9K1TWE5exZP0Ne"}
    answer[TOOL] = {**asked[TOOL], "version": "1.3.0", "deployment_id": "1"}
    return 200, {"Content-Type": "application/json"}, json.dumps(answer)


@pytest.fixture
def moodle(answers: responses.RequestsMock) -> responses.RequestsMock:
    answers.add(responses.GET, CONFIGURATION_URL, json=configuration())
    answers.add_callback(responses.POST, REGISTRATION_URL, callback=granted)
    return answers


@pytest.fixture
def address(db: None) -> str:
    return Invitation.make(hours=1)[1]


def opened_by_moodle(address: str, url: str = CONFIGURATION_URL) -> str:
    return f"{address}&{urlencode({'openid_configuration': url, 'registration_token': 'reg.token'})}"


def post(browser: Client, address: str) -> HttpResponse:
    response: HttpResponse = browser.post(address.removeprefix("https://tool.example"), secure=True)  # type: ignore[assignment]
    return response


def get(browser: Client, address: str) -> HttpResponse:
    response: HttpResponse = browser.get(address.removeprefix("https://tool.example"), secure=True)  # type: ignore[assignment]
    return response


def test_one_address_registers_both_sides(moodle: responses.RequestsMock, browser: Client, address: str) -> None:
    page = get(browser, opened_by_moodle(address))
    assert b"data-sends-itself" in page.content
    assert not Platform.objects.exists()

    done = post(browser, opened_by_moodle(address))

    assert done.status_code == 200, done.content.decode()
    platform = Platform.objects.get()
    assert (platform.issuer, platform.client_id) == (MOODLE, "z9K1TWE5exZP0Ne")
    assert platform.authorization_url == f"{MOODLE}/mod/lti/auth.php"
    assert platform.token_url == f"{MOODLE}/mod/lti/token.php"
    assert platform.jwks_url == f"{MOODLE}/mod/lti/certs.php"
    assert (platform.product, platform.name) == ("moodle", "Moodle at moodle.example")
    assert Deployment.objects.get().deployment_id == "1"
    text = done.content.decode()
    assert "data-closes-registration" in text
    assert "Activate" in text
    assert "LTI External tools" in text
    for response in (page, done):
        assert "frame-ancestors 'self' https://moodle.example;" in response["Content-Security-Policy"] + ";"
        assert "no-store" in response["Cache-Control"]


def test_what_is_left_to_do_is_in_the_words_of_each_moodle(
    moodle: responses.RequestsMock, browser: Client, address: str
) -> None:
    left = strip_tags(post(browser, opened_by_moodle(address)).content.decode()).replace("&gt;", ">")

    for words in (
        "Tool configuration usage",  # every course, by the pencil on the tool's card
        "Show in activity chooser and as a preconfigured tool",
        "More > LTI External tools",  # one course
        "Add an activity or resource",  # Moodle 4.5
        "+ > Activity or resource",  # 5.1
        "Select content",
        "Allow Reelmark to add grades in the gradebook",  # off for an activity with a name alone
    ):
        assert words in left, words


def test_what_is_asked_for(moodle: responses.RequestsMock, browser: Client, address: str) -> None:
    post(browser, opened_by_moodle(address))

    request = moodle.calls[-1].request
    assert request.headers["Authorization"] == "Bearer reg.token"
    asked = json.loads(request.body or b"")
    assert asked["redirect_uris"] == ["https://tool.example/lti/launch/"]
    assert asked["initiate_login_uri"] == "https://tool.example/lti/login/"
    assert asked["jwks_uri"] == "https://tool.example/lti/jwks/"
    assert asked["logo_uri"] == "https://tool.example/static/icon.svg"
    assert asked["token_endpoint_auth_method"] == "private_key_jwt"
    assert {scope.rpartition("/")[2] for scope in asked["scope"].split()} == {
        "lineitem",
        "lineitem.readonly",
        "result.readonly",
        "score",
        "contextmembership.readonly",
    }
    tool = asked[TOOL]
    assert tool["domain"] == "tool.example"
    assert tool["custom_parameters"] == {
        "context_history": "$Context.id.history",
        "group_ids": "$Moodle.Person.userGroupIds",
    }
    assert {"name", "email"} <= set(tool["claims"])
    assert [message["type"] for message in tool["messages"]] == [
        "LtiResourceLinkRequest",
        "LtiDeepLinkingRequest",
        "LtiSubmissionReviewRequest",
    ]


def test_invitation_serves_once(moodle: responses.RequestsMock, browser: Client, address: str) -> None:
    post(browser, opened_by_moodle(address))

    for again in (post(browser, opened_by_moodle(address)), get(browser, opened_by_moodle(address))):
        assert again.status_code == 403
        assert b"used already" in again.content
    assert Platform.objects.count() == 1


def test_expired_invitation_is_refused(moodle: responses.RequestsMock, browser: Client, address: str) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    response = post(browser, opened_by_moodle(address))

    assert response.status_code == 403
    assert b"expired" in response.content
    assert not moodle.calls


@pytest.mark.parametrize("secret", ["", "x", "%00", "a" * 500])
def test_unknown_invitation_is_refused(moodle: responses.RequestsMock, browser: Client, db: None, secret: str) -> None:
    response = post(browser, opened_by_moodle(f"https://tool.example/lti/register/?invitation={secret}"))

    assert response.status_code == 403
    assert b"not known" in response.content
    assert not moodle.calls


def test_invitation_opened_in_a_browser_says_where_to_paste_it_and_is_not_used(browser: Client, address: str) -> None:
    page = get(browser, address)

    assert page.status_code == 200
    assert address in page.content.decode()
    assert b"Manage tools" in page.content
    assert Invitation.objects.get().is_open()


def test_secret_is_stored_nowhere(address: str) -> None:
    assert address.rpartition("=")[2] not in str(Invitation.objects.values().get())


def test_second_registration_updates(moodle: responses.RequestsMock, browser: Client, address: str) -> None:
    post(browser, opened_by_moodle(address))
    Platform.objects.update(name="Our Moodle", jwks_url="https://moodle.example/old")

    done = post(browser, opened_by_moodle(Invitation.make(hours=1)[1]))

    assert done.status_code == 200
    platform = Platform.objects.get()
    assert (platform.name, platform.jwks_url) == ("Our Moodle", f"{MOODLE}/mod/lti/certs.php")
    assert Deployment.objects.count() == 1


def test_what_a_registration_changes_is_known_at_once(
    moodle: responses.RequestsMock, browser: Client, address: str
) -> None:
    post(browser, opened_by_moodle(address))
    login = {"iss": MOODLE, "client_id": "z9K1TWE5exZP0Ne", "login_hint": "6"}
    browser.get("/lti/login/", login, secure=True)
    moodle.upsert(responses.GET, CONFIGURATION_URL, json=configuration(authorization_endpoint=f"{MOODLE}/new"))

    post(browser, opened_by_moodle(Invitation.make(hours=1)[1]))

    assert browser.get("/lti/login/", login, secure=True)["Location"].startswith(f"{MOODLE}/new?")


def test_platform_that_was_switched_off_does_not_switch_itself_on(
    moodle: responses.RequestsMock, browser: Client, address: str
) -> None:
    post(browser, opened_by_moodle(address))
    Platform.objects.update(active=False)

    response = post(browser, opened_by_moodle(Invitation.make(hours=1)[1]))

    assert response.status_code == 422
    assert not Platform.objects.get().active


def test_client_id_of_another_issuer_is_refused(platform: PlatformDouble, browser: Client, address: str) -> None:
    """What we sign for it would be good at the other one: Moodle does not look whom it was meant for."""
    evil = "https://evil.example"
    names = ("registration", "token", "authorization")
    endpoints = {f"{name}_endpoint": f"{evil}/{name}" for name in names}
    document = configuration(issuer=evil, jwks_uri=f"{evil}/keys", **endpoints)
    platform.answers.get(f"{evil}/conf", json=document)
    platform.answers.post(f"{evil}/registration", json={"client_id": "tool-1", TOOL: {"deployment_id": "1"}})

    response = post(browser, opened_by_moodle(address, f"{evil}/conf"))

    assert response.status_code == 422
    assert Platform.objects.get() == platform.row


ENDPOINTS = ("issuer", "registration_endpoint", "token_endpoint", "authorization_endpoint", "jwks_uri")


@pytest.mark.parametrize("elsewhere", ENDPOINTS)
def test_nobody_speaks_for_another_host(
    moodle: responses.RequestsMock, browser: Client, address: str, elsewhere: str
) -> None:
    evil = "https://evil.example"
    own = {name: f"{evil}/{name}" for name in ENDPOINTS}
    moodle.add(responses.GET, f"{evil}/conf", json=configuration(**{**own, elsewhere: f"{MOODLE}/{elsewhere}"}))
    moodle.add_callback(responses.POST, f"{evil}/registration_endpoint", callback=granted)

    response = post(browser, opened_by_moodle(address, f"{evil}/conf"))

    assert response.status_code == 422
    assert not Platform.objects.exists()
    assert Invitation.objects.get().is_open(), "it may be tried again"
    assert [call.request.method for call in moodle.calls] == ["GET"], "nothing was posted anywhere"


BROKEN: dict[str, Any] = {
    "a list": [],
    "a text": "configuration",
    "no issuer": configuration(issuer=...),
    "issuer is a list": configuration(issuer=[MOODLE]),
    "no registration endpoint": configuration(registration_endpoint=...),
    "registration elsewhere": configuration(registration_endpoint="https://evil.example/register"),
    "tokens elsewhere": configuration(token_endpoint="https://evil.example/token"),
    "plain http": configuration(jwks_uri="http://moodle.example/keys"),
    "a script": configuration(authorization_endpoint="javascript:alert(1)"),
    "a password in it": configuration(jwks_uri="https://user:pass@moodle.example/keys"),
    "no key set": configuration(jwks_uri=...),
}


@pytest.mark.parametrize("document", BROKEN.values(), ids=BROKEN.keys())
def test_broken_configuration_is_told_and_the_invitation_stays(
    moodle: responses.RequestsMock, browser: Client, address: str, document: Any
) -> None:
    moodle.upsert(responses.GET, CONFIGURATION_URL, json=document)

    response = post(browser, opened_by_moodle(address))

    assert response.status_code == 422
    assert b"was not registered" in response.content
    assert not Platform.objects.exists()
    assert Invitation.objects.get().is_open()
    assert all(call.request.method == "GET" for call in moodle.calls)


@pytest.mark.parametrize(
    "url",
    [
        "http://moodle.example/c",
        "ftp://moodle.example/c",
        "file:///etc/passwd",
        "https://",
        "//moodle.example/c",
        "x",
        "https://[bad/c",
    ],
)
def test_configuration_address_must_be_https(
    moodle: responses.RequestsMock, browser: Client, address: str, url: str
) -> None:
    page = get(browser, opened_by_moodle(address, url))
    assert page.status_code == 200
    assert "frame-ancestors 'self';" in page["Content-Security-Policy"] + ";" or url.startswith("http://")

    response = post(browser, opened_by_moodle(address, url))

    assert response.status_code == 422
    assert not moodle.calls


ANSWERS: dict[str, Callable[[responses.RequestsMock], Any]] = {
    "403": lambda mock: mock.upsert(responses.POST, REGISTRATION_URL, status=403),
    "500": lambda mock: mock.upsert(responses.POST, REGISTRATION_URL, status=500),
    "redirect": lambda mock: mock.upsert(
        responses.POST, REGISTRATION_URL, status=302, headers={"Location": "http://169.254.169.254/"}
    ),
    "no json": lambda mock: mock.upsert(responses.POST, REGISTRATION_URL, body="<html>"),
    "empty": lambda mock: mock.upsert(responses.POST, REGISTRATION_URL, body=""),
    "a list": lambda mock: mock.upsert(responses.POST, REGISTRATION_URL, json=[]),
    "no client id": lambda mock: mock.upsert(responses.POST, REGISTRATION_URL, json={TOOL: {}}),
    "client id is a number": lambda mock: mock.upsert(responses.POST, REGISTRATION_URL, json={"client_id": 7}),
}


UNFIT: dict[str, tuple[Document, Document]] = {
    "a long issuer": ({"issuer": f"{MOODLE}/{'x' * 600}"}, {"client_id": "c"}),
    "NUL in the client id": ({}, {"client_id": "c\x00"}),
    "half a surrogate pair in the client id": ({}, {"client_id": "c\ud800"}),
}


@pytest.mark.parametrize(("changes", "answer"), UNFIT.values(), ids=UNFIT.keys())
def test_what_cannot_be_kept_is_refused(
    moodle: responses.RequestsMock, browser: Client, address: str, changes: Document, answer: Document
) -> None:
    moodle.upsert(responses.GET, CONFIGURATION_URL, json=configuration(**changes))
    moodle.remove(responses.POST, REGISTRATION_URL)
    moodle.add(responses.POST, REGISTRATION_URL, json=answer)

    assert post(browser, opened_by_moodle(address)).status_code == 422


GRANTED: dict[str, tuple[Any, list[str]]] = {
    "null": (None, []),
    "false": (False, []),
    "a list": (["a", "b"], ["a", "b"]),
    "PHP's list with a gap": ({"0": "a", "2": "b"}, ["a", "b"]),
    "one text": ("a b", ["a", "b"]),
}


@pytest.mark.parametrize(("scope", "kept"), GRANTED.values(), ids=GRANTED.keys())
def test_granted_scopes_are_read_however_they_are_written(
    moodle: responses.RequestsMock, browser: Client, address: str, scope: Any, kept: list[str]
) -> None:
    moodle.remove(responses.POST, REGISTRATION_URL)
    moodle.add(responses.POST, REGISTRATION_URL, json={"client_id": "c-1", "scope": scope, TOOL: []})

    assert post(browser, opened_by_moodle(address)).status_code == 200
    assert Platform.objects.get().granted_scopes == kept


@pytest.mark.parametrize("about", [[], None, "moodle", {"version": 2024100700, "product_family_code": False}])
def test_what_a_platform_says_of_itself_may_be_anything(
    moodle: responses.RequestsMock, browser: Client, address: str, about: Any
) -> None:
    told = {"https://purl.imsglobal.org/spec/lti-platform-configuration": about}
    moodle.upsert(responses.GET, CONFIGURATION_URL, json=configuration(**told))

    assert post(browser, opened_by_moodle(address)).status_code == 200
    platform = Platform.objects.get()
    assert (platform.product, platform.version) == ("", "2024100700" if isinstance(about, dict) else "")


@pytest.mark.parametrize("told", [{"version": "4\x00"}, {"version": ["4"]}, {"product_family_code": "\ud800"}])
def test_what_a_platform_calls_itself_may_be_nonsense(
    moodle: responses.RequestsMock, browser: Client, address: str, told: Document
) -> None:
    about = {"https://purl.imsglobal.org/spec/lti-platform-configuration": told}
    moodle.upsert(responses.GET, CONFIGURATION_URL, json=configuration(**about))

    assert post(browser, opened_by_moodle(address)).status_code == 200


def test_answer_that_is_too_large_is_refused(
    moodle: responses.RequestsMock, browser: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lti_tool.platform.LARGEST_ANSWER", 100)

    assert post(browser, opened_by_moodle(address)).status_code == 422


def test_redirect_is_not_followed(moodle: responses.RequestsMock, browser: Client, address: str) -> None:
    inside = moodle.add(responses.GET, "https://moodle.example/elsewhere", json=configuration())
    moodle.upsert(
        responses.GET, CONFIGURATION_URL, status=302, headers={"Location": "https://moodle.example/elsewhere"}
    )

    assert post(browser, opened_by_moodle(address)).status_code == 422
    assert inside.call_count == 0


class TestTaking:
    def test_of_two_at_once_one_gets_it_and_the_other_is_told_the_truth(self, address: str) -> None:
        mine, theirs = Invitation.objects.get(), Invitation.objects.get()

        assert theirs.take()
        assert not mine.take()
        assert "used already" in registration.used_up(mine).what

    def test_expired_one_is_not_taken(self, address: str) -> None:
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

        assert not Invitation.objects.get().take()

    def test_one_that_a_dead_process_left_may_be_used_a_little_later(
        self, moodle: responses.RequestsMock, browser: Client, address: str
    ) -> None:
        Invitation.objects.get().take()
        assert post(browser, opened_by_moodle(address)).status_code == 403

        Invitation.objects.update(used_at=timezone.now() - timedelta(minutes=3))
        assert post(browser, opened_by_moodle(address)).status_code == 200

        Invitation.objects.update(used_at=timezone.now() - timedelta(minutes=3))
        assert post(browser, opened_by_moodle(address)).status_code == 403, "it led to a platform"

    def test_failure_while_storing_leaves_nothing(
        self, moodle: responses.RequestsMock, browser: Client, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*args: Any, **kwargs: Any) -> None:
            raise PlatformUnavailable("the disk is full")

        monkeypatch.setattr("lti_tool.models.Deployment.objects.get_or_create", fail)
        post(browser, opened_by_moodle(address))

        assert not Platform.objects.exists()
        assert Invitation.objects.get().is_open()


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_refusal_of_the_platform_is_told_and_the_invitation_stays(
    moodle: responses.RequestsMock, browser: Client, address: str, answer: Callable[[responses.RequestsMock], Any]
) -> None:
    moodle.remove(responses.POST, REGISTRATION_URL)
    answer(moodle)

    response = post(browser, opened_by_moodle(address))

    assert response.status_code == 422
    assert not Platform.objects.exists()
    assert Invitation.objects.get().is_open()


def test_platform_that_does_not_answer_in_time_may_be_asked_again(
    moodle: responses.RequestsMock, browser: Client, address: str
) -> None:
    moodle.upsert(responses.POST, REGISTRATION_URL, body=requests.ReadTimeout())

    response = post(browser, opened_by_moodle(address))

    assert response.status_code == 503
    assert "did not answer in time" in response.content.decode()
    assert not Platform.objects.exists()
    assert Invitation.objects.get().is_open()


def test_platform_without_a_deployment_id_is_kept_and_said(
    moodle: responses.RequestsMock, browser: Client, address: str
) -> None:
    moodle.remove(responses.POST, REGISTRATION_URL)
    moodle.add(responses.POST, REGISTRATION_URL, json={"client_id": "c-1", TOOL: {"deployment_id": 5}})

    response = post(browser, opened_by_moodle(address))

    assert b"named no deployment id" in response.content
    assert not Deployment.objects.exists()


class TestPrivateNetworks:
    @pytest.fixture
    def inside(self) -> Iterator[str]:
        """A server inside our own house, which must not be reached by an address that somebody told us."""

        class Inside(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"keys": []}')

            def log_message(self, *args: Any) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Inside)
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()
        server.server_close()

    def test_they_are_not_reached(self, inside: str) -> None:
        for url in (inside, inside.replace("127.0.0.1", "localhost"), "http://169.254.169.254/", "http://[::1]:1/"):
            with pytest.raises(PlatformRefused, match="private network"):
                lti_platform.fetch_configuration(url)

    def test_a_host_that_an_operator_named_is(self, inside: str, settings: Settings) -> None:
        settings.PRIVATE_PLATFORM_HOSTS = ["127.0.0.1"]

        assert lti_platform.fetch_configuration(inside) == {"keys": []}

    def test_neither_is_a_key_set_in_them(self, inside: str) -> None:
        with pytest.raises(PlatformUnavailable, match="private network"):
            lti_platform.fetch_key_set(inside)


class TestCommand:
    def test_prints_an_address_that_is_good(self, db: None) -> None:
        out, err = StringIO(), StringIO()
        call_command("invite_platform", note="Moodle of Our School", expires=5, stdout=out, stderr=err)

        parts = urlsplit(out.getvalue().strip())
        assert (parts.scheme, parts.netloc, parts.path) == ("https", "tool.example", "/lti/register/")
        invitation = Invitation.of(parts.query.partition("=")[2])
        assert invitation is not None
        assert invitation.is_open()
        assert not invitation.is_open(timezone.now() + timedelta(hours=5))
        assert "Manage tools" in err.getvalue()

    @pytest.mark.parametrize("hours", [0, -1, 100_000])
    def test_refuses_odd_times(self, db: None, hours: int) -> None:
        with pytest.raises(CommandError, match="hours"):
            call_command("invite_platform", expires=hours)

    def test_note_names_the_platform(self, moodle: responses.RequestsMock, browser: Client, db: None) -> None:
        _, address = Invitation.make(hours=1, note="Moodle of Our School")
        post(browser, opened_by_moodle(address))

        assert Platform.objects.get().name == "Moodle of Our School"


def test_admin_shows_a_new_address_once(admin_client: Client) -> None:
    page = admin_client.post(
        "/admin/lti_tool/invitation/add/", {"note": "Ours", "hours": "3"}, secure=True, headers={"Host": "tool.example"}
    )

    assert page.status_code == 200
    found = re.search(r'value="(https://tool\.example/lti/register/\?invitation=[\w-]+)"', page.content.decode())
    assert found
    assert Invitation.of(found.group(1).partition("=")[2]) == Invitation.objects.get()
    listed = admin_client.get("/admin/lti_tool/invitation/", secure=True, headers={"Host": "tool.example"})
    assert b"Ours" in listed.content
    assert found.group(1).encode() not in listed.content


def test_values_to_register_by_hand(browser: Client) -> None:
    page = browser.get("/lti/register/by-hand/", secure=True).content.decode()

    order = [
        "Tool name",
        "https://tool.example/lti/launch/",
        "Public keyset",
        "https://tool.example/lti/jwks/",
        "Initiate login URL",
        "https://tool.example/lti/login/",
        "Redirection URI(s)",
        "Custom parameters",
        "context_history=$Context.id.history",
        "Supports Deep Linking",
        "Content Selection URL",
        "Assignment and Grade Services",
        "Names and Role Provisioning",
        "Share launcher",
        "Platform ID",
        "Deployment ID",
        "register_platform",
    ]
    places = [page.find(value) for value in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places), "in Moodle's order"
