"""Parsing JSON from outside: every fault is a ValueError, and too deep nesting is one."""

import json
from typing import Any

MOST_NESTED = 100  # levels; what platforms and our own pages send has a tenth of it


def loads(text: str | bytes) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: it is no JSON, has a number of thousands of digits, or is nested too deeply. (Python's own reader
            raises RecursionError then, at a depth that differs from version to version; and what it lets through may
            be too deep for whoever copies or prints it.)
    """
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deeply") from error
    if is_too_deep(value):
        raise ValueError("JSON that is nested too deeply")
    return value


def is_too_deep(value: Any) -> bool:
    """Whether there is something in it below MOST_NESTED levels."""
    level = [value]
    for _ in range(MOST_NESTED):
        inside = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [child for children in inside for child in children if isinstance(child, dict | list)]
        if not level:
            return False
    return True
