"""What stands between the columns of an export: as the spreadsheet program of that person's language wants it."""

import re
from dataclasses import dataclass
from datetime import tzinfo

from django.utils.formats import get_format
from django.utils.translation import get_language_from_request

from lti_tool.access import LaunchRequest
from video.spreadsheet.export import Style

_COMMA, _SEMICOLON, _TAB = "comma", "semicolon", "tab"


@dataclass(frozen=True)
class Choice:
    """One of the ways to write the file; `decimal` is the sign in its points."""

    code: str
    label: str
    delimiter: str
    decimal: str
    chosen: bool


def styles(request: LaunchRequest) -> list[Choice]:
    """The three, with the one for that person chosen.

    Where points are written 87,5 a comma cannot part the columns: those programs read semicolons, and would take 8.5
    for a date.
    """
    sign = _decimal_sign(request)
    usual = _SEMICOLON if sign == "," else _COMMA
    return [
        Choice(_COMMA, "Comma, points as 87.5", ",", ".", usual == _COMMA),
        Choice(_SEMICOLON, "Semicolon, points as 87,5", ";", ",", usual == _SEMICOLON),
        Choice(_TAB, f"Tab, points as 87{sign}5", "\t", sign, False),
    ]


def style_of(code: str, request: LaunchRequest, zone: tzinfo) -> Style:
    """The style that was asked for; that person's own for any other code."""
    offered = styles(request)
    choice = next((one for one in offered if one.code == code), None) or next(one for one in offered if one.chosen)
    return Style(delimiter=choice.delimiter, decimal=choice.decimal, zone=zone)


def _decimal_sign(request: LaunchRequest) -> str:
    """Of the language that the launch says, else of the browser's."""
    locale = request.launch.person.locale.replace("_", "-").lower() or get_language_from_request(request)
    known = re.match(r"[a-z]{2,3}(-[a-z]{2})?(?![a-z])", locale)
    return "," if known and get_format("DECIMAL_SEPARATOR", known.group(), use_l10n=True) == "," else "."
