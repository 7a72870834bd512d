"""Third-party-initiated login (IMS Security 1.0, 5.1.1): the state that ties a launch to this browser, once.

The state is signed and holds the platform and a hash of the nonce; the nonce itself stays in a short-lived cookie named
for that state. So the login stores nothing, a launch posted in another browser finds no cookie, and the nonce of an
accepted launch becomes a row whose key can be taken only once, on any number of servers.

A login that leads nowhere leaves its cookie behind. Each login and launch drops all but the newest, or some dozens of
them would be more than web servers read.
"""

import hashlib
import re
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import MAX_URL_REDIRECT_LENGTH

from config import json_text
from config.compiled import Insert
from config.paths import path_of
from lti_tool import registered
from lti_tool.errors import LaunchRefused
from lti_tool.models import Platform, UsedNonce
from lti_tool.registered import Registration

STATE_SECONDS = 600
_SALT = "lti_tool.launch.oidc.state"
LONGEST_LOGIN_HINT = 4000  # characters
LONGEST_MESSAGE_HINT = 65_536  # characters; it is the platform's own, and nearly 4,000 were seen
_GOES_IN_ADDRESS = 4000  # characters of a message hint
_LONGEST_ADDRESS = 8000  # as Apache and nginx come, they read lines of 8,190
KEPT_STATES = 60  # cookies of logins under way, of 80 bytes: servers read 8,190 of all cookies together
_DROPPED_AT_ONCE = 12  # each is a line of 150 bytes, and proxies read 4,096 of an answer's head
_STATE_COOKIE = re.compile("lti_state_[0-9a-f]{24}")
_LONGEST_KEPT = 1000  # of a login in a state, which travels in an address
_LOGIN = ("iss", "client_id", "login_hint", "lti_message_hint", "target_link_uri", "lti_deployment_id")
_HIGHEST_ACTIVITY = 2**63
_MOODLE_AUTH = "/mod/lti/auth.php"
_NEW_NONCE = Insert(UsedNonce, ignore_conflicts=True)


@dataclass(frozen=True)
class Login:
    """An authentication request to make: where to send the browser with what, and the cookie to give it first."""

    platform: Platform
    request: Mapping[str, str]
    cookie_name: str
    nonce: str

    @property
    def address(self) -> str:
        """The request as an address of the platform's; empty where it is too long for one."""
        address = _with_query(self.platform.authorization_url, self.request)
        # What may have come in an address itself goes back in one, however much longer quoting makes it.
        fits = len(self.request.get("lti_message_hint", "")) <= _GOES_IN_ADDRESS or len(address) <= _LONGEST_ADDRESS
        return address if fits and len(address) <= MAX_URL_REDIRECT_LENGTH else ""


@dataclass(frozen=True)
class State:
    """A state that came back to the browser it was given to."""

    registration: Registration
    nonce: str
    cookie_name: str

    @property
    def platform(self) -> Platform:
        return self.registration.platform


def launch_url() -> str:
    """Our one redirect_uri. Moodle compares it exactly, so it never carries a query."""
    return settings.BASE_URL + path_of("lti:launch")


def is_ours(url: str) -> bool:
    """True for an address on this tool's own scheme, host and port."""
    ours = urlsplit(settings.BASE_URL)
    try:
        theirs = urlsplit(url)
    except ValueError:
        return False
    return (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)


def begin_login(params: Mapping[str, str]) -> Login:
    """Answer a login initiation's parameters (GET or POST) with the authentication request.

    Raises:
        LaunchRefused: issuer, client id or login hint missing, unknown or unreadable; a target that is not ours.
    """
    platform = _platform(params.get("iss", ""), params.get("client_id", ""))
    hint = params.get("login_hint", "")
    if not hint:
        raise LaunchRefused("The login has no login_hint.")
    target = params.get("target_link_uri", "")
    if target and not is_ours(target):
        raise LaunchRefused(
            f"The login's target_link_uri is not at {settings.BASE_URL}. Check the tool's URL in Moodle."
        )
    message_hint = params.get("lti_message_hint", "")
    for name, value, longest in (
        ("login_hint", hint, LONGEST_LOGIN_HINT),
        ("lti_message_hint", message_hint, LONGEST_MESSAGE_HINT),
    ):
        if len(value) > longest:
            raise LaunchRefused(f"The login's {name} is longer than {longest:,} characters.")
    nonce = f"{int(time.time()):08x}{secrets.token_urlsafe(24)}"  # the time: to tell the newest cookies
    held = {"p": str(platform.pk), "n": _hash(nonce), **_again(platform, params)}
    state = signing.dumps(held, salt=_SALT, compress=True)
    request = _authentication_request(platform, hint, message_hint, state, nonce)
    return Login(platform=platform, request=request, cookie_name=_cookie(state), nonce=nonce)


def _authentication_request(platform: Platform, hint: str, message_hint: str, state: str, nonce: str) -> dict[str, str]:
    """IMS Security 1.0, 5.1.1.2. The message hint goes back as it came, if there was one."""
    request = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": platform.client_id,
        "redirect_uri": launch_url(),
        "login_hint": hint,
        "state": state,
        "nonce": nonce,
    }
    return {**request, "lti_message_hint": message_hint} if message_hint else request


def remember(request: HttpRequest, response: HttpResponseBase, login: Login) -> None:
    """Give the browser the cookie that its launch must bring back, in place of its oldest ones."""
    _drop_all_but(request, response, KEPT_STATES - 1)
    response.set_cookie(
        login.cookie_name,
        login.nonce,
        max_age=STATE_SECONDS,
        path=_cookie_path(),
        secure=True,
        httponly=True,
        samesite="None",
    )


def forget(request: HttpRequest, response: HttpResponseBase, cookie_name: str) -> None:
    """Take back the cookie of a launch that has come, and the oldest of those that have not."""
    _delete(response, cookie_name)
    _drop_all_but(request, response, KEPT_STATES, besides=cookie_name)


def _drop_all_but(request: HttpRequest, response: HttpResponseBase, most: int, *, besides: str = "") -> None:
    others = {name: nonce for name, nonce in request.COOKIES.items() if _STATE_COOKIE.fullmatch(name)}
    others.pop(besides, None)
    # A nonce begins with its time. The newest first, so that what is dropped is the end.
    newest = sorted(others, key=lambda name: others[name], reverse=True)
    for name in newest[most:][-_DROPPED_AT_ONCE:]:
        _delete(response, name)


def _delete(response: HttpResponseBase, cookie_name: str) -> None:
    response.delete_cookie(cookie_name, path=_cookie_path(), samesite="None")


def _cookie_path() -> str:
    """Login and launch alike: a login could not count the cookies that only the launch is sent."""
    return path_of("lti:launch").removesuffix("launch/")


def read_state(request: HttpRequest) -> State:
    """The state of a posted launch.

    Raises:
        LaunchRefused: the state is missing, not ours, too old, or this browser did not begin the login (403).
    """
    state = request.POST.get("state", "")
    if not state:
        raise LaunchRefused("The launch has no state.")
    try:
        held = signing.loads(state, salt=_SALT, max_age=STATE_SECONDS)
        registration = registered.with_id(uuid.UUID(held["p"]))
    except signing.SignatureExpired as error:
        reason = "The login took longer than ten minutes."
        raise LaunchRefused(reason, what="Opening this activity took too long.") from error
    except (signing.BadSignature, KeyError, TypeError, ValueError) as error:
        raise LaunchRefused("The launch's state was not made by this tool.") from error
    if registration is None:
        raise LaunchRefused("The platform of this launch is no longer registered.")
    cookie_name = _cookie(state)
    nonce = request.COOKIES.get(cookie_name, "")
    if not nonce or not secrets.compare_digest(_hash(nonce), held["n"]):
        # On top already, one more window would end here again.
        on_top = request.headers.get("Sec-Fetch-Dest") == "document"
        raise _no_cookie("" if on_top else _begin_again(held))
    return State(registration=registration, nonce=nonce, cookie_name=cookie_name)


def use_up(nonce: str) -> None:
    """Take a nonce for ever. Call it for verified launches only, so that strangers cannot fill the table.

    In a transaction it is taken when that is committed; another that takes the same one waits until then.

    Raises:
        LaunchRefused: it was taken before: the launch is a replay.
    """
    # Kept well beyond the state's own life, after which its signature has expired anyway.
    expires = timezone.now() + timedelta(seconds=2 * STATE_SECONDS)
    if not _NEW_NONCE.store(UsedNonce(nonce_hash=_hash(nonce), expires_at=expires)):
        raise LaunchRefused(
            "This launch was already used.",
            what="This page was reloaded, and Moodle's sign-in works only once.",
            next_step="Open the activity again from the course.",
        )


def _again(platform: Platform, params: Mapping[str, str]) -> dict[str, Any]:
    """What the state keeps so that a login whose cookie was lost can be made once more, in a window of its own.

    Moodle's message hint serves once, so there the activity is opened again instead; its hint names the course module.
    """
    try:
        hint = json_text.loads(params.get("lti_message_hint", ""))
        activity = hint.get("cmid") if isinstance(hint, dict) else None
    except ValueError:
        activity = None
    if platform.authorization_url.endswith(_MOODLE_AUTH):
        known = isinstance(activity, int) and 0 < activity < _HIGHEST_ACTIVITY
        return {"m": platform.authorization_url.removesuffix(_MOODLE_AUTH), "a": activity} if known else {}
    login = {name: params[name] for name in _LOGIN if params.get(name)}
    return {"l": login} if sum(map(len, login.values())) < _LONGEST_KEPT else {}


def _begin_again(held: Mapping[str, Any]) -> str:
    """The address that starts the launch anew; empty where none is known."""
    if "m" in held:
        return f"{held['m']}/mod/lti/launch.php?{urlencode({'id': held['a'], 'triggerview': 0})}"
    return f"{path_of('lti:login')}?{urlencode(held['l'])}" if "l" in held else ""


def _no_cookie(again: str) -> LaunchRefused:
    host = urlsplit(settings.BASE_URL).hostname
    return LaunchRefused(
        "The browser sent no state cookie: it blocks cookies in frames, or the launch was begun elsewhere, "
        "or it was reloaded.",
        what="Your browser did not keep this activity's sign-in: it blocks cookies, or the page was reloaded.",
        next_step=f"Allow cookies for {host} in your browser's settings (the shield or lock beside the address), then "
        "open the activity again from the course. A private window may block them all.",
        status=403,
        again=again,
    )


def _platform(issuer: str, client_id: str) -> Platform:
    if not issuer or "\x00" in issuer + client_id:
        raise LaunchRefused("The login has no readable iss.")
    found = registered.of_issuer(issuer, client_id)
    if not found:
        raise LaunchRefused(
            "No active platform is registered here with this issuer and client id.",
            what="This Moodle site is not connected to this tool.",
            next_step="Ask your Moodle admin to register the tool, or to compare its issuer and client id with ours.",
        )
    if len(found) > 1:
        raise LaunchRefused("The login has no client_id, and several are registered for this issuer.")
    return found[0].platform


def _with_query(url: str, params: Mapping[str, str]) -> str:
    """`url` with `params` added to the query it may already have."""
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *params.items()]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _cookie(state: str) -> str:
    return f"lti_state_{_hash(state)[:24]}"


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
