"""What a platform, a browser or an attacker could send and nobody should, as hypothesis strategies."""

import copy
import json
import re
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

TEXTS = (
    *("", " ", "\x00", "6\x00", "\ud800", "a\udfff", "\u202etxt.4pm", "\ufeff", "é" * 300, "x" * 256, "x" * 2001),
    *("null", "true", "1e999", "1.3.0", "$Person.sourcedId", "../../etc/passwd", "\r\nSet-Cookie: launch=x"),
    *("https://[bad", "javascript:alert(1)", "//evil.example/", "https://evil.example/lti/launch/", "https://"),
    *(
        "https://tool.example@evil.example/",
        "https://tool.example/elsewhere/",
        "https://tool.example:8443/",
        "https://tool.example.evil.example/",
    ),
    *(
        "<script>alert(1)</script>",
        "\"'><img src=x onerror=alert(1)>",
        "3&next=https://evil.example/#",
        "Instructor",
        "Administrator",
        "x@y" * 110,
    ),
)
NUMBERS = (
    0,
    -1,
    6,
    2**31,
    2**63,
    -(2**64),
    10**400,
    -(10**400),
    1e308,
    0.5,
    float("inf"),
    float("-inf"),
    float("nan"),
)


def texts() -> st.SearchStrategy[str]:
    return st.sampled_from(TEXTS) | st.text(max_size=20)


def as_json(value: Any) -> bytes:
    """JSON with `deep:N` as N lists in each other, which Python's own writer could not write."""
    return re.sub(
        rb'"deep:(\d+)"', lambda found: b"[" * int(found[1]) + b"]" * int(found[1]), json.dumps(value).encode()
    )


def values() -> st.SearchStrategy[Any]:
    """Any JSON, and what only Python's JSON takes for some (NaN, half of a surrogate pair)."""
    plain = st.none() | st.booleans() | st.sampled_from(NUMBERS) | st.integers() | texts()
    some = st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3),
        max_leaves=4,
    )
    deep = st.sampled_from([300, 900, 920, 940, 960, 980, 2000]).map("deep:{}".format)
    return plain | texts() | some | deep


@dataclass(frozen=True)
class Change:
    """One change to some JSON, at the place that `where` comes to in it."""

    how: str
    where: int
    value: Any

    def apply(self, whole: dict[str, Any]) -> dict[str, Any]:
        changed = copy.deepcopy(whole)
        places = list(_places(changed))
        if not places:
            return changed
        parent, key = places[self.where % len(places)]
        before = parent[key]
        if self.how == "drop":
            del parent[key]
        elif self.how == "replace":
            parent[key] = self.value
        elif self.how == "wrap":
            parent[key] = [before]
        elif self.how == "as text":
            parent[key] = json.dumps(before)
        elif self.how == "go on":
            parent[key] = f"{before}{self.value}"
        elif self.how == "rename" and isinstance(parent, dict):
            parent[f"{key} "] = parent.pop(key)
        elif self.how == "capitals" and isinstance(parent, dict):
            parent[key.upper()] = self.value
        return changed


def changes() -> st.SearchStrategy[list[Change]]:
    ways = ["drop", "replace", "replace", "replace", "wrap", "as text", "go on", "rename", "capitals"]
    one = st.builds(Change, how=st.sampled_from(ways), where=st.integers(0, 10_000), value=values())
    return st.lists(one, min_size=1, max_size=3)


def values_in(whole: Any) -> list[Any]:
    """Every value inside, in the order of a Change's `where`."""
    return [parent[key] for parent, key in _places(whole)]


def _places(part: Any) -> list[tuple[Any, Any]]:
    """Every value inside: what holds it, and under which key or number."""
    keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else []
    return [place for key in keys for place in ((part, key), *_places(part[key]))]


@dataclass(frozen=True)
class Slip:
    """One slip in a text, at the place that `where` comes to in it."""

    how: str
    where: int
    character: str

    def apply(self, text: str) -> str:
        at = self.where % (len(text) + 1)
        before, after = text[:at], text[at:]
        if self.how == "insert":
            return f"{before}{self.character}{after}"
        if self.how == "delete":
            return f"{before}{after[1:]}"
        if self.how == "flip":
            return f"{before}{self.character}{after[1:]}"
        if self.how == "flip a bit":
            return f"{before}{chr(ord(after[0]) ^ 1)}{after[1:]}" if after else before
        if self.how == "cut":
            return before
        return f"{text}{text}"


def slips() -> st.SearchStrategy[list[Slip]]:
    ways = ["insert", "delete", "flip", "flip a bit", "cut", "double"]
    characters = st.sampled_from([*"AaZz09-_=.:+/ \n\t\x00é\u202e%&", "\udcff"]) | st.characters()
    one = st.builds(Slip, how=st.sampled_from(ways), where=st.integers(0, 10_000), character=characters)
    return st.lists(one, min_size=1, max_size=3)
