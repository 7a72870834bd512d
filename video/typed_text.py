"""What people and scripts send as text, made fit to be kept and shown."""

import re

# PostgreSQL stores no NUL, nobody can encode half of a surrogate pair (which JSON may carry), and control characters
# would be in a spreadsheet or a page what nobody sees.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def lines_of(value: object) -> str:
    """A text with its lines, without what cannot be kept; empty for None."""
    text = "" if value is None else str(value)
    return _UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def line_of(value: object) -> str:
    """The same on one line."""
    return " ".join(lines_of(value).split())
