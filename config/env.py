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


def origin(url: str) -> str:
    """`scheme://host[:port]` of an address; a bare host name is taken as https."""
    if "//" not in url:
        url = f"https://{url}"
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
