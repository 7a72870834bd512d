"""Every address below a launch, found by walking Django's own resolver: a new one is there by itself."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

_HOLE = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Address:
    """Such as `video:playback` with `l/<uuid:launch_id>/videos/<uuid:video_id>/playback/`."""

    name: str
    route: str

    @property
    def holes(self) -> list[str]:
        """`video_id`; the launch's own left out."""
        return [hole for hole in _HOLE.findall(self.route) if hole != "launch_id"]

    def path(self, home: str, ids: Mapping[str, str]) -> str:
        """Below a launch's `home`, the holes filled by their names."""
        below = self.route.partition(">/")[2]
        return home + _HOLE.sub(lambda hole: ids[hole[1]], below)


def below_a_launch() -> list[Address]:
    return sorted(_walk(get_resolver().url_patterns), key=lambda address: address.route)


def _walk(patterns: Sequence[URLPattern | URLResolver], above: str = "", app: str = "") -> Iterator[Address]:
    for pattern in patterns:
        route = f"{above}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route, pattern.app_name or app)
        elif route.startswith("l/<uuid:launch_id>/"):
            yield Address(f"{app}:{pattern.name}", route)
