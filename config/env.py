"""The environment, typed. `NAME_FILE` holds a path whose content is the value, for secrets mounted as files."""

from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import environ

_env = environ.FileAwareEnv()


def text(name: str, default: str = "") -> str:
    """The value of NAME (or the content of the file NAME_FILE), stripped."""
    return str(_env.str(name, default=default)).strip()


def flag(name: str, default: bool = False) -> bool:
    """True for 1, true, yes, on (any case)."""
    return bool(_env.bool(name, default=default))


def number(name: str, default: int) -> int:
    """A whole number; ImproperlyConfigured for anything else."""
    return int(_env.int(name, default=default))


def words(name: str, default: list[str] | None = None) -> list[str]:
    """A comma-separated list, blanks dropped."""
    return [word.strip() for word in cast(list[str], _env.list(name, default=default or [])) if word.strip()]


def path(name: str, default: Path) -> Path:
    """A folder or file, relative paths from the working directory."""
    value = text(name)
    return Path(value).expanduser().absolute() if value else default


def database(name: str, default: str) -> dict[str, Any]:
    """Django's settings for a database URL such as `postgres://user:pass@host/name` or `sqlite:////path`."""
    return cast(dict[str, Any], _env.db_url(name, default=default))


def mail() -> dict[str, Any]:
    """Django's EMAIL_ settings, from EMAIL_URL or else from EMAIL_HOST, _PORT, _USER, _PASSWORD and _TLS.

    EMAIL_URL is such as `smtp+tls://user:password@host:587` (STARTTLS), `smtp+ssl://…:465`, `smtp://…:25` (in the
    clear), `consolemail://` or `filemail:///folder`. EMAIL_TLS is starttls (the default), ssl or off. With neither
    an address nor a host, the backend is one that sends nothing.
    """
    if url := text("EMAIL_URL"):
        told = _env.email_url_config(url)
        tls = "starttls" if told.get("EMAIL_USE_TLS") else "ssl" if told.get("EMAIL_USE_SSL") else "off"
        backend, folder = told["EMAIL_BACKEND"], told["EMAIL_FILE_PATH"]
        host, port, user, password = (told[f"EMAIL_{name}"] for name in ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD"))
    else:
        host, port, tls = text("EMAIL_HOST"), number("EMAIL_PORT", 0), text("EMAIL_TLS", "starttls").lower()
        backend, folder = f"django.core.mail.backends.{'smtp' if host else 'dummy'}.EmailBackend", ""
        user, password = text("EMAIL_USER"), text("EMAIL_PASSWORD")
    return {
        "EMAIL_BACKEND": backend,
        "EMAIL_FILE_PATH": f"/{folder}" if folder else None,
        "EMAIL_HOST": host or "",
        "EMAIL_PORT": port or {"ssl": 465, "off": 25}.get(tls, 587),
        "EMAIL_HOST_USER": user or "",
        "EMAIL_HOST_PASSWORD": password or "",
        "EMAIL_USE_TLS": tls not in ("ssl", "off"),
        "EMAIL_USE_SSL": tls == "ssl",
    }


def origin(url: str) -> str:
    """`scheme://host[:port]` of an address; a bare host name is taken as https."""
    if "//" not in url:
        url = f"https://{url}"
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
