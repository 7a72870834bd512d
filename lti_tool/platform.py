"""HTTP to the platform: key sets, access tokens, service calls, registration. The only module that speaks to an LMS.

Every call has a deadline for the whole answer and a size limit, follows no redirect, and reaches no private network
(unless an operator named the host): platforms tell us addresses, and a tenant's must not lead into our own house. Every
failure becomes `PlatformUnavailable` (it will pass; `PlatformSlow`: more time may do) or `PlatformRefused` (a person
must act).
"""

import json
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
import structlog
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter

from config import connections, json_text, outside
from lti_tool.errors import PlatformRefused, PlatformSlow, PlatformUnavailable, PlatformUnreadable
from lti_tool.keys import tool_key
from lti_tool.models import Platform, PlatformHealth

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 5
REGISTRATION_SECONDS = 15  # for both calls: an admin is waiting, and knows for what
LISTING_TIMES = 3  # PLATFORM_ANSWER_SECONDS, for the whole of a roster's or a gradebook's page
LARGEST_ANSWER = 5_000_000  # bytes
LARGEST_LIST = 40_000_000  # of one page of a list; Moodle's roster of 20,000 people has 7 MB, with grade data 20 MB
ASSERTION_SECONDS = 60
# RFC 6749, 5.2. Moodle answers a signature that it cannot verify with a sentence of its own instead.
_OAUTH_ERRORS = {"invalid_scope", "invalid_client", "invalid_request", "invalid_grant", "unauthorized_client"}
_NO_TOKEN = {
    "invalid_scope": "Moodle does not let this tool use that service. Ask the admin to allow it for the tool.",
    "invalid_client": "Moodle does not know this tool's client id any more. Ask the admin to register the tool again.",
}
_NO_TOKEN_ELSE = "Moodle gave this tool no access token: it may not be able to read this tool's key set."  # noqa: S105
_IDLE = 10  # seconds, after which a kept connection may have been closed at its other end
_NO_JSON = b"?"
_LOOKED_AT = 4096  # bytes of an answer that cannot be read
_PHP_MESSAGES = (b"Notice", b"Warning", b"Deprecated", b"Fatal error", b"Strict Standards", b"Parse error")
_threads = threading.local()


@dataclass(frozen=True)
class Answer:
    """A successful answer: its status, headers and body. `json` is read when it is asked for: 2xx alone is success."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    clock_ahead: float | None = None  # seconds that its clock is ahead of ours, by its Date header

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None where it is empty.

        Raises:
            PlatformUnreadable: it is something else.
        """
        return _json(self.body, self.url)


def fetch_key_set(url: str) -> list[dict[str, Any]]:
    """The keys a platform publishes at `url`, as JWK dictionaries.

    Raises:
        PlatformUnavailable: no answer in time, an error status, or something else than a key set.
    """
    return fetch_key_set_answer(url)[0]


def fetch_key_set_answer(url: str) -> tuple[list[dict[str, Any]], Answer]:
    """As `fetch_key_set`, with the whole answer."""
    try:
        answer = _call("GET", url, headers={"Accept": "application/json"})
    except PlatformRefused as refused:
        raise PlatformUnavailable(refused.reason, status=refused.status) from refused
    keys = answer.json.get("keys") if isinstance(answer.json, dict) else None
    if not isinstance(keys, list):
        raise PlatformUnavailable("The platform's key set address does not answer with a key set.")
    return [key for key in keys if isinstance(key, dict)], answer


def fetch_configuration(url: str) -> Any:
    """The openid-configuration at `url`, as JSON (LTI Dynamic Registration 1.0, 3.4).

    Raises:
        PlatformUnavailable, PlatformRefused: as `call_service`.
    """
    return _call("GET", url, headers={"Accept": "application/json"}).json


def register_at(url: str, *, token: str, registration: Mapping[str, Any]) -> Any:
    """Post our registration with the platform's one-time token (3.5); its answer as JSON.

    Raises:
        PlatformUnavailable, PlatformRefused: as `call_service`.
    """
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(registration).encode()
    return _call("POST", url, headers=headers, data=body).json


def call_service(
    platform: Platform,
    method: str,
    url: str,
    *,
    scopes: Iterable[str],
    accept: str | None = None,
    content_type: str | None = None,
    json_body: bytes | None = None,
) -> Answer:
    """Call an LTI service with an access token for `scopes`; a 401 is tried once more with a fresh token.

    Raises:
        PlatformUnavailable: no answer, 429 or 5xx.
        PlatformRefused: any other status from 400, with `.status`; or no token is granted for these scopes.
    """
    headers = {name: value for name, value in (("Accept", accept), ("Content-Type", content_type)) if value}
    times = LISTING_TIMES if method == "GET" else 1
    for fresh in (False, True):
        token = access_token(platform, scopes, fresh=fresh)
        try:
            authorized = {**headers, "Authorization": f"Bearer {token}"}
            return _call(method, url, headers=authorized, data=json_body, times=times)
        except PlatformRefused as refused:
            if refused.status != 401 or fresh:
                raise
    raise AssertionError("unreachable")


def access_token(platform: Platform, scopes: Iterable[str], *, fresh: bool = False) -> str:
    """A bearer token by the client-credentials grant with a signed assertion (IMS Security 1.0, 4.1).

    Shared through the cache until a minute before it expires, for each platform and set of scopes.

    Raises:
        PlatformUnavailable, PlatformRefused: as `call_service`.
    """
    wanted = " ".join(sorted(set(scopes)))
    cache_key = f"access-token:{platform.pk}:{uuid.uuid5(uuid.NAMESPACE_URL, f'{platform.client_id} {wanted}')}"
    if not fresh and (known := _remembered(cache_key)):
        return known
    answer = _grant(platform, wanted)
    token = answer.json.get("access_token") if isinstance(answer.json, dict) else None
    if not isinstance(token, str) or not token:
        raise PlatformRefused("The platform's token address answered without an access token.", status=answer.status)
    lifetime = answer.json.get("expires_in", 3600)
    if isinstance(lifetime, int | float | str) and str(lifetime).isdigit() and int(lifetime) > 60:
        _remember(cache_key, token, int(lifetime) - 60)
    return token


def granted_scopes(platform: Platform, scopes: Iterable[str]) -> set[str]:
    """Which of `scopes` the platform grants now, asked of it anew.

    Raises:
        PlatformUnavailable, PlatformRefused: as `call_service`.
    """
    wanted = " ".join(sorted(set(scopes)))
    answer = _grant(platform, wanted)
    told = answer.json.get("scope") if isinstance(answer.json, dict) else None
    return set((told if isinstance(told, str) else wanted).split())  # RFC 6749, 5.1: absent means all


def _grant(platform: Platform, scope: str) -> Answer:
    try:
        return _call(
            "POST",
            platform.token_url,
            headers={"Accept": "application/json"},
            data={
                "grant_type": "client_credentials",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": _assertion(platform),
                "scope": scope,
            },
        )
    except PlatformRefused as refused:
        if refused.status is None:
            raise
        why = _NO_TOKEN.get(refused.code, _NO_TOKEN_ELSE)
        raise PlatformRefused(why, status=refused.status, code=refused.code) from refused


def _remembered(cache_key: str) -> str | None:
    """The cache saves a request; without it (Redis is down) grades must still go out."""
    if outside.redis.now:
        return None
    try:
        with outside.redis.watching():
            known = cache.get(cache_key)
    except Exception:  # each cache library has errors of its own
        log.warning("cache_unavailable")
        return None
    return str(known) if known else None


def _remember(cache_key: str, token: str, seconds: int) -> None:
    if outside.redis.now:
        return
    try:
        with outside.redis.watching():
            cache.set(cache_key, token, seconds)
    except Exception:  # as above
        log.warning("cache_unavailable")


def _assertion(platform: Platform) -> str:
    key = tool_key()
    # Whole seconds, never ahead: Moodle refuses an `iat` in the future.
    health = PlatformHealth.objects.filter(platform=platform).first()
    now = int(time.time()) + min(0, health.clock_ahead if health else 0)
    claims = {
        "iss": platform.client_id,
        "sub": platform.client_id,
        "aud": platform.token_url,
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid})


def places_at(url: str) -> dict[str, int]:
    """What a page that waits for this platform has to find a place at (`outside.call`)."""
    return {
        f"platform {_host(url).lower()}": settings.PAGES_WAITING_FOR_ONE_PLATFORM,
        "platforms": settings.PAGES_WAITING_FOR_PLATFORMS,
    }


def _call(method: str, url: str, *, headers: Mapping[str, str], data: Any = None, times: int = 1) -> Answer:
    """`times` PLATFORM_ANSWER_SECONDS for the whole answer, while no page waits for it."""
    timeout = (CONNECT_SECONDS, settings.PLATFORM_ANSWER_SECONDS)
    asked_at, status, body = time.time(), 0, _NO_JSON
    try:
        # No redirects: a token must not follow one to another host.
        with (
            _our_errors(url),
            outside.call(seconds=times * settings.PLATFORM_ANSWER_SECONDS, places=places_at(url)),
            _session(url).request(
                method, url, headers=dict(headers), data=data, timeout=timeout, allow_redirects=False, stream=True
            ) as response,
        ):
            answered_at, status, answer_headers = time.time(), response.status_code, response.headers
            with suppress(requests.exceptions.ContentDecodingError):  # it is whole, and not packed as its header says
                is_list = method == "GET" and "Authorization" in headers
                body = _read(response, LARGEST_LIST if is_list else LARGEST_ANSWER)
    except PlatformUnavailable:
        if not status or (method == "GET" and status < 300):
            raise
        # It has said that it did what it was asked, or why not. To ask again would be to do it twice.
        log.warning("platform_answer_not_whole", host=_host(url), status=status)
    clock_ahead = _clock_ahead(answer_headers.get("Date"), (asked_at + answered_at) / 2)
    if status == 429 or status >= 500:
        log.warning("platform_error", host=_host(url), status=status)
        retry_after = _seconds(answer_headers.get("Retry-After"))
        raise PlatformUnavailable(f"{_host(url)} {_trouble(status)}.", status=status, retry_after=retry_after)
    if status >= 300:
        # The reason phrase and body are not logged: Moodle echoes the posted personal data in them.
        log.warning("platform_refused", host=_host(url), status=status)
        refused = PlatformRefused(f"{_host(url)} answered {status}.", status=status, code=_oauth_error(body))
        refused.clock_ahead = clock_ahead
        raise refused
    return Answer(url=url, status=status, headers=answer_headers, body=body, clock_ahead=clock_ahead)


@contextmanager
def _our_errors(url: str) -> Iterator[None]:
    """Everything by which an answer may fail to come."""
    try:
        yield
    except InvalidIPAddress as error:
        log.warning("platform_in_private_network", host=_host(url))
        raise PlatformRefused(
            f"{_host(url)} is in a private network. If that is meant, name it in PRIVATE_PLATFORM_HOSTS."
        ) from error
    except outside.NoAnswer as error:
        log.warning("platform_slow", host=_host(url))
        raise PlatformSlow(f"{_host(url)} did not answer in time.") from error
    except outside.NoPlace as error:
        log.warning("platform_crowded", host=_host(url))
        raise PlatformSlow(f"{_host(url)} is slow, and others wait for it already.") from error
    except (requests.RequestException, UnicodeError) as error:
        log.warning("platform_unreachable", host=_host(url), error=type(error).__name__)
        kind = PlatformSlow if isinstance(error, requests.Timeout) else PlatformUnavailable
        raise kind(f"{_host(url)} {_in_words(error)}.") from error


def _trouble(status: int) -> str:
    return "asks for fewer requests (429)" if status == 429 else f"has an error of its own ({status})"


def _in_words(error: Exception) -> str:
    """For a teacher, who reads it beside a grade; the log has the error's own name."""
    if isinstance(error, _TooLarge):
        return f"sent more than {error.args[0] / 1_000_000:g} MB in one answer, which this tool does not read"
    if isinstance(error, requests.Timeout):
        return "did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "could not be reached safely: please look at its certificate"
    return "could not be reached"


def _clock_ahead(date: str | None, between: float) -> float | None:
    """Seconds that a Date header (whole seconds) is ahead of our time `between` question and answer."""
    try:
        return parsedate_to_datetime(date or "").timestamp() + 0.5 - between
    except (TypeError, ValueError, OverflowError):
        return None


def _session(url: str) -> requests.Session:
    """One for each thread and host, so that a thousand grades need not shake hands a thousand times."""
    known: dict[str, tuple[requests.Session, float]] = _threads.__dict__.setdefault("sessions", {})
    parts = urlsplit(url)
    anywhere = settings.DEBUG or settings.DEMO or parts.hostname in settings.PRIVATE_PLATFORM_HOSTS
    place = f"{parts.scheme}://{parts.netloc} {anywhere}"
    session, used_at = known.get(place, (None, 0.0))
    if session is None or time.monotonic() - used_at > _IDLE:
        if session is not None:
            session.close()
        session = _new_session(anywhere=anywhere)
    known[place] = session, time.monotonic()
    return session


class _Adapter(HTTPAdapter):
    """Its connections end with their call."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = connections.POOLS


class _PublicAdapter(IPFilterAdapter, _Adapter):  # type: ignore[misc]
    """Resolves the name, looks at the address, and connects to that very address."""

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        return outside.look_up(partial(super().build_connection_pool_key_attributes, *args, **kwargs))


def _new_session(*, anywhere: bool) -> requests.Session:
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # one platform's tenants share a host
    for scheme in ("https", "http"):
        adapter = _Adapter() if anywhere else _PublicAdapter(is_https_proto=scheme == "https")  # type: ignore[call-arg]
        session.mount(f"{scheme}://", adapter)
    return session


class _TooLarge(requests.ConnectionError):
    """More than `args[0]` bytes."""


def _read(response: requests.Response, largest: int) -> bytes:
    parts, size = [], 0
    for part in response.iter_content(65536):
        parts.append(part)
        size += len(part)
        if size > largest:
            raise _TooLarge(largest)
    return b"".join(parts)


def _json(body: bytes, url: str) -> Any:
    if not body.strip():
        return None
    try:
        return json_text.loads(body)
    except ValueError as error:
        log.warning("platform_unreadable", host=_host(url))
        raise PlatformUnreadable(f"{_host(url)} answered with {_what_instead(body)}.", status=200) from error


def _what_instead(body: bytes) -> str:
    """Of data. Its text is not told: it may hold anything."""
    start = body[:_LOOKED_AT].lstrip()
    if b" on line " in start and any(word in start for word in _PHP_MESSAGES):
        return (
            "error messages of PHP in front of its data. In Moodle, an admin switches them off: "
            "Site administration > Development > Debugging, “Display debug messages”"
        )
    return "a web page in place of data" if start.startswith(b"<") else "something that is not JSON"


def _oauth_error(body: bytes) -> str:
    """The error code of a refused token request; empty for any other text, which may hold anything."""
    try:
        told = json_text.loads(body)
    except ValueError:
        return ""
    code = told.get("error") if isinstance(told, dict) else None
    return code if isinstance(code, str) and code in _OAUTH_ERRORS else ""


def _host(url: str) -> str:
    return urlsplit(url).netloc or "The platform"


def _seconds(retry_after: str | None) -> int | None:
    """Retry-After in seconds from now, from a number or an HTTP date (RFC 9110, 10.2.3)."""
    if not retry_after:
        return None
    if retry_after.isdigit():
        return int(retry_after)
    try:
        return max(0, int((parsedate_to_datetime(retry_after) - timezone.now()).total_seconds()))
    except (TypeError, ValueError):
        return None
