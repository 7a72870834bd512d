"""The tool's own key pair (made on first need) and its public key set."""

import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from jwcrypto.jwk import JWK

KEY_FILE = "tool.pem"


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


def tool_key() -> ToolKey:
    """This installation's key, from KEYS_DIR/tool.pem; made there (mode 0600) if there is none yet."""
    return _load(Path(settings.KEYS_DIR))


def key_set() -> dict[str, list[dict[str, Any]]]:
    """The JSON Web Key Set that platforms fetch (RFC 7517)."""
    return {"keys": [tool_key().public_jwk]}


@lru_cache(maxsize=8)
def _load(folder: Path) -> ToolKey:
    file = folder / KEY_FILE
    if not file.exists():
        _make(file)
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
