"""Secrets of one demo, made on its first start and kept in its folder, readable by its owner alone."""

import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def secret(file: Path) -> str:
    """The random text kept in `file`."""
    if not file.exists():
        _write(file, secrets.token_urlsafe(48).encode())
    return file.read_text()


def key_pair(private: Path, public: Path) -> None:
    """An RSA 2048 pair as PEM files, for signing and checking playback addresses."""
    if private.exists() and public.exists():
        return
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write(
        private,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    _write(
        public,
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    )


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
