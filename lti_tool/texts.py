"""What of a platform's texts can be kept."""


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
