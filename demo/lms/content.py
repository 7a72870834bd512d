"""The content items of a Deep Linking answer, as activities (Deep Linking 2.0, 3.2; Moodle 4.5's manners)."""

import re
from dataclasses import dataclass
from typing import Any

from demo.lms.tools import Tool

_LARGEST = 100  # Moodle's default maximum of a grade


class Refused(Exception):
    """Why an answer is refused."""


@dataclass(frozen=True)
class Activity:
    """`line_item` is None for one without a grade column."""

    title: str
    text: str
    url: str
    custom: dict[str, str]
    line_item: dict[str, Any] | None


def activities(items: Any, tool: Tool) -> list[Activity]:
    """
    Raises:
        Refused: an item is of another type than was asked for, or malformed.
    """
    if not isinstance(items, list):
        raise Refused("content_items must be a list")
    return [_activity(item, tool) for item in items]


def _activity(item: Any, tool: Tool) -> Activity:
    if not isinstance(item, dict) or item.get("type") != "ltiResourceLink":
        raise Refused("only ltiResourceLink is accepted")
    return Activity(
        title=_text(item, "title") or tool.name,
        text=_text(item, "text"),
        url=_url(item),
        custom=_custom(item),
        line_item=_line_item(item),
    )


def _custom(item: dict[str, Any]) -> dict[str, str]:
    found = item.get("custom", {})
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Refused("custom must be texts by name")
    return found


def _line_item(item: dict[str, Any]) -> dict[str, Any] | None:
    """None also for a maximum that Moodle does not take: it then makes the activity without a grade."""
    if "lineItem" not in item:
        return None
    found = item["lineItem"]
    if not isinstance(found, dict):
        raise Refused("lineItem must be an object")
    _text(found, "resourceId")
    _text(found, "tag")
    if "submissionReview" in found:
        review = found["submissionReview"]
        if not isinstance(review, dict):
            raise Refused("submissionReview must be an object")
        _url(review)
        _custom(review)
    maximum = found.get("scoreMaximum")
    if isinstance(maximum, bool) or not isinstance(maximum, int | float) or not 1 <= maximum <= _LARGEST:
        return None
    return found if float(maximum).is_integer() else None


def _url(item: dict[str, Any]) -> str:
    url = _text(item, "url")
    if url and not re.match(r"https?://[^/\s]+", url):
        raise Refused("url must be an http address")
    return url


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name, "")
    if not isinstance(value, str):
        raise Refused(f"{name} must be a text")
    return value
