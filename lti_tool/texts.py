"""What of a platform's texts can be kept."""

from urllib.parse import urlsplit

LONGEST_ADDRESS = 2000  # characters


def is_text(value: object, *, longest: int | None = None) -> bool:
    """True for a text that a database can hold, of at most so many characters.

    PostgreSQL stores no NUL, and nobody can encode half of a surrogate pair, though JSON may carry both.
    """
    if not isinstance(value, str) or (longest is not None and len(value) > longest):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in value


def id_text(told: object) -> str:
    """An id as the text it is compared and kept as; empty for what is none. Some platforms send numbers: 7, 7.0."""
    if isinstance(told, float) and told.is_integer():
        told = int(told)
    return str(told) if isinstance(told, int | str) and not isinstance(told, bool) else ""


def web_address(value: object) -> str:
    """An http(s) address that a link may lead to; empty for anything else."""
    if not isinstance(value, str) or not is_text(value, longest=LONGEST_ADDRESS) or not value.isprintable():
        return ""
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("https", "http") and parts.hostname and parts.username is None
    except ValueError:
        return ""
    return value if good else ""
