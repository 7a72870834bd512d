"""A list of people that somebody pasted, one a line, matched to those of a roster."""

import re
import unicodedata
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

MOST_LINES = 3000
LONGEST_LINE = 500  # characters
MOST_NAMESAKES = 50  # offered to choose among; whoever is meant can be named by an address
_MOST_CELLS = 20
_AROUND_EMAILS = re.compile(r"([\s<>,;\"']+)")
_CELLS = re.compile(r"[\t;,]")


@dataclass(frozen=True)
class Candidate:
    """Somebody of the roster; `sub` is the person's id at the platform, in Moodle that of the profile's address."""

    person_id: uuid.UUID
    name: str
    email: str
    sub: str


@dataclass(frozen=True)
class Line:
    """`found` has one candidate where it is clear who is meant. `again`: the same person as a line before."""

    number: int
    text: str
    found: tuple[Candidate, ...]
    again: bool = False

    @property
    def state(self) -> str:
        if self.again:
            return "again"
        return ("missing", "found")[len(self.found)] if len(self.found) < 2 else "ambiguous"

    @property
    def field(self) -> str:
        """What the choice among several is called in a form."""
        return f"line-{self.number}"


def too_much(text: str) -> str:
    """Why this is more than is read, in words; empty for what can be read. Nothing of it is looked at before."""
    lines = text.splitlines()
    if max(len(lines), text.count("\n") + 1) > MOST_LINES:
        return f"This list is too long: paste at most {MOST_LINES} lines at once."
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            return f"Line {number:,} is too long: paste one person a line, of at most {LONGEST_LINE} characters."
    return ""


def read(text: str, candidates: Iterable[Candidate]) -> list[Line]:
    """One Line for each line that is not empty, in their order; of a text that is not `too_much`.

    A line is an e-mail address, a name ("Ana Student" or "Student, Ana"), an id, or cells of a table with one of these
    in it. An address says most: where it is known, nothing else of the line is asked.
    """
    known = list(candidates)
    by_email = _index(known, lambda one: one.email)
    by_name = _index(known, lambda one: one.name)
    by_sub = _index(known, lambda one: one.sub)
    lines: list[Line] = []
    seen: set[uuid.UUID] = set()
    for number, raw in enumerate(text.replace("\x00", "").splitlines(), 1):
        typed = raw.strip()
        if not typed:
            continue
        found: tuple[Candidate, ...] = ()
        for index, key in _readings(typed, by_email, by_name, by_sub):
            found = index.get(key, ())
            if found:
                break
        again = len(found) == 1 and found[0].person_id in seen
        seen.update(one.person_id for one in found if len(found) == 1)
        lines.append(Line(number=number, text=typed[:200], found=found, again=again))
    return lines


Index = dict[str, tuple[Candidate, ...]]


def _readings(typed: str, by_email: Index, by_name: Index, by_sub: Index) -> Iterable[tuple[Index, str]]:
    """Where to look for what, the surest first."""
    parts = _AROUND_EMAILS.split(typed)
    for email in filter(_is_email, parts):
        yield by_email, _plain(email)
    rest = "".join(" " if _is_email(part) else part for part in parts).strip(" <>\"'\t;,")
    yield by_name, _plain(rest)
    yield by_sub, _plain(typed)
    cells = [cell for cell in (_plain(cell.strip(" \"'")) for cell in _CELLS.split(rest)[:_MOST_CELLS]) if cell]
    for one, other in pairwise(cells):
        yield by_name, f"{other} {one}"
        yield by_name, f"{one} {other}"
    for cell in cells:
        yield by_name, cell


def _is_email(part: str) -> bool:
    return "@" in part[1:-1]


def _index(candidates: list[Candidate], of: Callable[[Candidate], str]) -> Index:
    index: dict[str, list[Candidate]] = {}
    for one in candidates:
        if key := _plain(of(one)):
            index.setdefault(key, []).append(one)
    return {key: tuple(found[:MOST_NAMESAKES]) for key, found in index.items()}


def _plain(text: str) -> str:
    """As it is compared: neither case, nor spaces, nor how an accent is written."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
