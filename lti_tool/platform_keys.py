"""Platforms' public keys, kept as loaded objects for each process."""

import threading
import time
from collections import defaultdict

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from lti_tool.errors import LaunchRefused, PlatformUnavailable
from lti_tool.platform import fetch_key_set

log = structlog.get_logger(__name__)

SHORTEST = 2048  # bits (RFC 7518, 3.3)
KEEP_SECONDS = 3600
REFETCH_SECONDS = 10  # for unknown key ids, so that forged ones cannot make us hammer the platform


class _Published:
    """One key set address: its keys as loaded, and when. The lock makes launches at once fetch it once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.keys: dict[str, RSAPublicKey] = {}
        self.fetched_at = float("-inf")


_published: defaultdict[str, _Published] = defaultdict(_Published)


def public_key(jwks_url: str, kid: str) -> RSAPublicKey:
    """The RSA key `kid` that a platform publishes at `jwks_url`.

    An unknown id is looked for once more at the platform (a key may just have been rotated), at most every ten seconds.

    Raises:
        LaunchRefused: the platform publishes no RSA key of that id, or its key set cannot be had.
    """
    published = _published[jwks_url]
    with published.lock:
        age = time.monotonic() - published.fetched_at
        if age > KEEP_SECONDS or (kid not in published.keys and age > REFETCH_SECONDS):
            _refresh(jwks_url, published)
        key = published.keys.get(kid)
    if key is None:
        raise LaunchRefused("The id_token names a key (kid) that the platform's key set does not hold.")
    return key


def forget() -> None:
    """Drop every key: tests play several platforms at one address."""
    _published.clear()


def _refresh(jwks_url: str, published: _Published) -> None:
    try:
        fetched = fetch_key_set(jwks_url)
    except PlatformUnavailable as unavailable:
        log.warning("key_set_unavailable", reason=unavailable.reason)
        if not published.keys:
            raise LaunchRefused(
                f"The platform's key set could not be fetched: {unavailable.reason}",
                next_step="Try again in a minute. If this page returns, show it to your Moodle admin.",
            ) from unavailable
        # The keys we have stay good: a launch must not fail because the key set address hiccups.
    else:
        published.keys = _rsa_keys(fetched)
    published.fetched_at = time.monotonic()


def _rsa_keys(fetched: list[dict[str, object]]) -> dict[str, RSAPublicKey]:
    keys: dict[str, RSAPublicKey] = {}
    for jwk in fetched:
        kid = jwk.get("kid")
        if jwk.get("kty") != "RSA" or not isinstance(kid, str) or jwk.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(jwk, algorithm="RS256").key
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            log.warning("unusable_platform_key")
            continue
        if isinstance(key, RSAPublicKey) and key.key_size >= SHORTEST:
            keys[kid] = key
        else:
            log.warning("unusable_platform_key")
    return keys
