"""Addresses of views, quicker than Django's `reverse` where only ids vary: each is worked out once in a process."""

import uuid
from functools import cache

from django.conf import settings
from django.urls import get_script_prefix, get_urlconf, reverse

_STAND_INS = [uuid.UUID(int=0xFACADE << 96 | number) for number in range(1, 5)]


def path_of(name: str, *ids: uuid.UUID) -> str:
    """As `reverse(name, args=ids)`, for at most four ids. Raises NoReverseMatch."""
    return _pattern(name, len(ids), get_urlconf() or settings.ROOT_URLCONF, get_script_prefix()).format(*ids)


@cache
def _pattern(name: str, ids: int, urlconf: str, prefix: str) -> str:
    found = reverse(name, args=_STAND_INS[:ids]).replace("{", "{{").replace("}", "}}")
    for stand_in in _STAND_INS[:ids]:
        found = found.replace(str(stand_in), "{}")
    return found
