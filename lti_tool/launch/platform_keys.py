"""Platforms' public keys, kept as loaded objects for each process.

Who signs with a key that is known waits for nobody. A fetch runs in a thread of its own, one at a time for each
address; only a launch that no known key fits waits for it, and not for long. What it brings takes the place of what was
known; a fetch that fails, or brings no key that can be used, takes nothing away.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings

from config import outside
from lti_tool.errors import LaunchRefused, PlatformError, PlatformSlow, PlatformUnavailable
from lti_tool.platform import fetch_key_set, places_at

log = structlog.get_logger(__name__)

Keys = Mapping[str, Sequence[RSAPublicKey]]  # by their id; several may share one while a platform changes its key
SHORTEST = 2048  # bits (RFC 7518, 3.3)
KEEP_SECONDS = 3600  # then they are fetched anew, and serve meanwhile
REFETCH_SECONDS = 10  # between two fetches, so that forged launches cannot make us hammer the platform
_MOST = 100  # keys of one platform
# Seconds after a fetch began, in which everybody waits: a class comes at once, and a good answer is quick.
_MOMENT = 1.0
_PAGE_SECONDS = 60  # a page has less (PAGE_PATIENCE_SECONDS)


def known(jwks_url: str, kid: str) -> Sequence[RSAPublicKey]:
    """The RSA keys with this id, as known now; where those are old, fresh ones are on their way."""
    published = _published[jwks_url]
    if published.keys and published.age > KEEP_SECONDS:
        published.fetch()
    return published.keys.get(kid, ())


def fetched(jwks_url: str, kid: str) -> Sequence[RSAPublicKey]:
    """The same as the platform publishes them now: asked of it, unless it was asked a moment ago.

    Raises:
        LaunchRefused: no key of this platform is known yet, and its key set cannot be had; 503 where it is slow.
    """
    published = _published[jwks_url]
    fetching = published.fetch()
    in_time = True
    if fetching is not None and not fetching.wait(published.moment):
        try:
            if not published.may_come_soon:
                raise outside.NoPlace
            in_time = outside.wait(fetching, seconds=_PAGE_SECONDS, places=places_at(jwks_url))
        except outside.NoPlace:
            in_time = fetching.is_set()  # others waited, and it came
    if not in_time or (not published.keys and published.slow):
        raise _slow()
    if not published.keys and published.problem:
        raise LaunchRefused(
            f"The platform's key set could not be fetched: {published.problem}",
            next_step="Try again in a minute. If this page returns, show it to your Moodle admin.",
        )
    return published.keys.get(kid, ())


def forget() -> None:
    """Drop every key: tests play several platforms at one address."""
    _published.clear()


class _Published:
    """One key set address: its keys as loaded, and how they are fetched."""

    def __init__(self, jwks_url: str) -> None:
        self.keys: Keys = {}
        self.problem = ""
        self.slow = False
        self._jwks_url = jwks_url
        self._lock = threading.Lock()
        self._fetching: threading.Event | None = None
        self._fetched_at = self._tried_at = self._began_at = float("-inf")

    @property
    def age(self) -> float:
        """Seconds."""
        return time.monotonic() - self._fetched_at

    @property
    def moment(self) -> float:
        """Seconds for which whoever comes now may wait without a place among those who wait for the platform."""
        return max(0.0, self._began_at + _MOMENT - time.monotonic())

    @property
    def may_come_soon(self) -> bool:
        """Whether it is worth one of the places of those who wait: they are few, for all platforms together.

        What has been under way for longer than a page may wait, or took as long the last time, is not.
        """
        return not self.slow and time.monotonic() - self._began_at < settings.PAGE_PATIENCE_SECONDS

    def fetch(self) -> threading.Event | None:
        """Have them fetched, unless somebody is at it or was a moment ago. Set when it is done; None: nothing to do."""
        with self._lock:
            if self._fetching is not None:
                return self._fetching
            if time.monotonic() - self._tried_at < REFETCH_SECONDS:
                return None
            done = self._fetching = threading.Event()
            self._began_at = time.monotonic()
        # No call of a page: it has a worker's time, and whoever tries again finds what came too late for the first.
        threading.Thread(target=self._fetch, args=(done,), name="key set", daemon=True).start()
        return done

    def _fetch(self, done: threading.Event) -> None:
        try:
            keys = _rsa_keys(fetch_key_set(self._jwks_url))
            if not keys:
                raise PlatformUnavailable("It holds no RSA key that can be used.")
            self.keys, self.problem, self.slow, self._fetched_at = keys, "", False, time.monotonic()
        except PlatformError as error:
            log.warning("key_set_unavailable", reason=error.reason)
            self.problem, self.slow = error.reason, isinstance(error, PlatformSlow)
        except Exception:  # nobody else would hear of it, and whoever waits must not wait for ever
            log.exception("key_set_failed")
            self.problem, self.slow = "It could not be read.", False
        finally:
            with self._lock:
                self._tried_at = time.monotonic()
                self._fetching = None
            done.set()


class _Addresses(defaultdict[str, _Published]):
    def __missing__(self, jwks_url: str) -> _Published:
        # At once from several threads: all get the one that is kept.
        return self.setdefault(jwks_url, _Published(jwks_url))


_published = _Addresses()


def _slow() -> LaunchRefused:
    return LaunchRefused(
        "The platform's key set address is slow, and this launch is signed with a key that is not known yet.",
        what="Moodle is slow to say how its sign-ins are signed, so this one could not be checked yet.",
        next_step="Reload this page in a few seconds. If it returns, open the activity again from the course.",
        status=503,
        retry_after=outside.AGAIN_SECONDS,
    )


def _rsa_keys(fetched: list[dict[str, Any]]) -> Keys:
    """Those that can verify RS256, whatever else is published beside them (RFC 7517, 4.2 to 4.5)."""
    keys: dict[str, list[RSAPublicKey]] = {}
    for jwk in fetched[:_MOST]:
        kid = jwk.get("kid")
        if not isinstance(kid, str) or not _for_rs256(jwk):
            continue
        try:
            key = jwt.PyJWK(jwk, algorithm="RS256").key
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            log.warning("unusable_platform_key")
            continue
        if isinstance(key, RSAPublicKey) and key.key_size >= SHORTEST:
            keys.setdefault(kid, []).append(key)
        else:
            log.warning("unusable_platform_key")
    return keys


def _for_rs256(jwk: Mapping[str, Any]) -> bool:
    """What is not said of a key is left open."""
    operations = jwk.get("key_ops")
    return (
        jwk.get("kty") == "RSA"
        and jwk.get("use") in (None, "", "sig")
        and jwk.get("alg") in (None, "", "RS256")
        and (not isinstance(operations, list) or not operations or "verify" in operations)
    )
