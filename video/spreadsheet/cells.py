"""Texts and numbers in the cells of a CSV, so that a spreadsheet neither runs nor rewrites them."""

import re
from decimal import Decimal

from django.core.exceptions import ValidationError

from video.rubrics import rubrics
from video.rubrics.rubrics import short

# Where a program may see the beginning of a cell: of a line, and behind a delimiter when a file is opened with another
# than it was written with.
_BREAKS = r"\n\r\t\v\f\x1c-\x1e\x85\u2028\u2029,;"
_BLANKS = r"[ \x00-\x08\x0e-\x1b\x1f\x7f\xa0\xad\u1680\u180e\u2000-\u200f\u202a-\u202f\u205f-\u2069\u3000\ufeff]*"
_BEGINS_A_FORMULA = r"[=+\-@＝＋－＠﹦﹢﹣﹫]"
_INSIDE = re.compile(rf"(?<=[{_BREAKS}])('*)(?={_BLANKS}{_BEGINS_A_FORMULA})")
_INSIDE_GUARDED = re.compile(rf"(?<=[{_BREAKS}])'('*)(?={_BLANKS}{_BEGINS_A_FORMULA})")
_AT_FRONT = re.compile(rf"{_BLANKS}(?:{_BEGINS_A_FORMULA}|[\t\r\n])|#")
# What a spreadsheet takes for a number, a date or a truth value, and writes differently: 007, 1.2E+10, 3 May, TRUE.
_MONTH = "jan|ene|gen|feb|fév|fev|mar|mär|mrt|maa|apr|abr|avr|may|mai|mei|mag|jun|giu|jui|jul|lug|aug|ago|aoû|sep|set"
_MONTH += "|oct|okt|ott|out|nov|dec|dez|dic|déc"
_VALUE = re.compile(
    rf"\W*\d[\d\W_]*(?:[^\W\d_]{{1,9}}\.?[\d\W_]*){{0,2}}|\s*(?:{_MONTH})[^\W\d_]*\.?[\s,/-]*\d[\d\s,/:-]*",
    re.IGNORECASE,
)
_TRUTH = {"true", "false", "wahr", "falsch", "vrai", "faux", "verdadero", "falso", "verdadeiro", "vero", "waar"}
_MOST_OF_A_VALUE = 1000  # characters
_PLAIN_NUMBER = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,12})?")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:[.,  '’][0-9]{3})+")


def guard(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would run or rewrite; `unguard` gives it back exactly.

    Runs of apostrophes there get one more, so that what was written so is not mistaken for ours.
    """
    text = _INSIDE.sub(r"'\1", text)
    return f"'{text}" if _needs_guard(text.lstrip("'")) else text


def unguard(cell: str) -> str:
    """The text that `guard` was given; any text that it never makes stays as it is."""
    if cell.startswith("'") and _needs_guard(cell.lstrip("'")):
        cell = cell[1:]
    return _INSIDE_GUARDED.sub(r"\1", cell)


def number(value: Decimal | None, decimal: str) -> str:
    """Such as `87.5` or `87,5`; empty for None."""
    return "" if value is None else short(value).replace(".", decimal)


def points(cell: str, what: str, most: Decimal, *, now: Decimal | None) -> Decimal:
    """Points from a cell, with a decimal point or comma. Raises ValidationError in words that begin with `what`.

    Args:
        now: what they are already: right, whatever the limit has become since.
    """
    text = cell.strip()
    if _THOUSANDS.fullmatch(text):
        raise ValidationError(f"{what} says “{text}”: write it without thousands, with two decimals at most.")
    if not _PLAIN_NUMBER.fullmatch(text):
        raise ValidationError(f"{what} says “{clipped(text)}”, which is not a number such as 5 or 2.5.")
    if now is not None and Decimal(text.replace(",", ".")) == now:
        return now
    return rubrics.points_of(text, what, most)


def same_words(one: str, other: str) -> bool:
    """Whether two plain texts say the same, however a spreadsheet has broken their lines and spaced their words."""
    return _words(one) == _words(other)


def clipped(text: str, most: int = 60) -> str:
    """A cell's text to be named in a sentence."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[:most]}…"


def _needs_guard(text: str) -> bool:
    if _AT_FRONT.match(text):
        return True
    if len(text) > _MOST_OF_A_VALUE:
        return False
    return text.strip().casefold() in _TRUTH or _VALUE.fullmatch(text) is not None


def _words(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]
