"""The tool's own keys: one signs, those before and after it are published beside it (RFC 7517).

KEYS_DIR holds one file a key. `tool.pem` is the first, made on first need; `tool-20261122T080000Z.pem` signs from that
moment on. So a new key is published before it is used, every server changes over at the same second without a restart,
and the former key stays published until nothing signed by it is on its way any more.
"""

import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.utils import timezone
from jwcrypto.jwk import JWK

log = structlog.get_logger(__name__)

KEY_FILE = "tool.pem"
KEPT_AFTER = timedelta(hours=24)  # what we sign lives for minutes; platforms keep key sets for hours
LOOK_AGAIN_SECONDS = 30
_DATED = re.compile(r"tool-(\d{8}T\d{6}Z)\.pem")
_STAMP = "%Y%m%dT%H%M%SZ"
_FIRST = datetime.min.replace(tzinfo=UTC)


class ToolKey:
    """A loaded private key. Signing with an object costs 0.3 ms; with PEM text it is checked anew each time: 40 ms."""

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        self.private = private
        jwk = JWK.from_pyca(private.public_key())
        self.kid = str(jwk.thumbprint())  # RFC 7638: the same key has the same id on every server
        self.public_jwk: dict[str, Any] = {
            **jwk.export_public(as_dict=True),
            "kid": self.kid,
            "alg": "RS256",
            "use": "sig",
        }


@dataclass(frozen=True)
class KeyFile:
    """A key's file; it signs from `used_from` until the next one does, and is published until `published_until`."""

    path: Path
    key: ToolKey
    used_from: datetime
    published_until: datetime | None = None


def tool_key() -> ToolKey:
    """The key that signs now. The first is made (mode 0600) if there is none yet."""
    now = timezone.now()
    return [file for file in key_files() if file.used_from <= now][-1].key


def key_set() -> dict[str, list[dict[str, Any]]]:
    """The JSON Web Key Set that platforms fetch: the key that signs, the next, and those just replaced."""
    now = timezone.now()
    return {"keys": [file.key.public_jwk for file in key_files() if not _is_over(file, now)]}


def key_files() -> list[KeyFile]:
    """Every key, oldest first. The folder is looked at again every half minute."""
    return _listed(Path(settings.KEYS_DIR), int(time.monotonic() // LOOK_AGAIN_SECONDS))


def add_key(*, used_from: datetime) -> KeyFile:
    """Make the key that signs from that moment on; it is published at once."""
    folder = Path(settings.KEYS_DIR)
    key_files()  # the first one, if there is none
    file = folder / f"tool-{used_from.astimezone(UTC):{_STAMP}}.pem"
    _make(file)
    look_again()
    return next(known for known in key_files() if known.path == file)


def remove_replaced(*, at_once: bool = False) -> list[KeyFile]:
    """Delete the keys that are no longer published (with `at_once`: every one that no longer signs); returns them."""
    now = timezone.now()
    signing = tool_key()
    gone = [
        file
        for file in key_files()
        if _is_over(file, now) or (at_once and file.used_from <= now and file.key.kid != signing.kid)
    ]
    for file in gone:
        file.path.unlink(missing_ok=True)
    look_again()
    return gone


def look_again() -> None:
    """Forget what the folder held."""
    _listed.cache_clear()


def _is_over(file: KeyFile, now: datetime) -> bool:
    return file.published_until is not None and file.published_until < now


@lru_cache(maxsize=8)
def _listed(folder: Path, _moment: int) -> list[KeyFile]:
    found = dict(_readable(folder))
    if not any(used_from <= timezone.now() for used_from in found):
        _make(folder / KEY_FILE)
        found[_FIRST] = (folder / KEY_FILE, _load(folder / KEY_FILE))
    starts = sorted(found)
    ends = {start: following + KEPT_AFTER for start, following in pairwise(starts)}
    return [KeyFile(*found[start], used_from=start, published_until=ends.get(start)) for start in starts]


def _readable(folder: Path) -> Iterator[tuple[datetime, tuple[Path, ToolKey]]]:
    """The keys of a folder by when they begin. One that cannot be read (half copied, gone) must not stop the others."""
    for path in folder.glob("tool*.pem"):
        try:
            if path.name == KEY_FILE:
                yield _FIRST, (path, _load(path))
            elif dated := _DATED.fullmatch(path.name):
                yield datetime.strptime(dated.group(1), _STAMP).replace(tzinfo=UTC), (path, _load(path))
        except (OSError, ValueError, TypeError) as error:
            log.error("unreadable_key", file=path.name, error=type(error).__name__)


@lru_cache(maxsize=16)
def _load(file: Path) -> ToolKey:
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{file} holds no RSA private key.")
    return ToolKey(key)


def _make(file: Path) -> None:
    """Write a new key whole or not at all; of two processes that start at once, the first one's key stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".tool-", suffix=".pem")  # mode 0600 by itself
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(pem)
        os.link(name, file)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()
