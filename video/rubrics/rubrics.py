"""Rubrics: criteria with levels or a range of points, and what was scored on them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError

from video.typed_text import line_of, lines_of

MOST_CRITERIA = 30
MOST_LEVELS = 12
MOST_POINTS = Decimal(9999)
MOST_TITLE = 255  # characters, as all of these
MOST_DESCRIPTION = 2000
MOST_NOTE = 2000
MOST_TEXT = 60_000  # of a whole rubric: it goes along with each save of the set-up form
UNREADABLE = "The rubric could not be read. Reload the page and try again."
# They are parts of the names of a form's fields.
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True)
class Level:
    """One step of a criterion."""

    id: str
    title: str
    points: Decimal
    description: str = ""


@dataclass(frozen=True)
class Criterion:
    """What is looked at: with `levels` to choose from, or without any: a range from 0 to `points`."""

    id: str
    title: str
    description: str
    levels: tuple[Level, ...]
    points: Decimal

    def level(self, level_id: str) -> Level | None:
        return next((level for level in self.levels if level.id == level_id), None)


@dataclass(frozen=True)
class Score:
    """What one criterion got. `points` None: nothing yet but a note. `level` is empty for a range, or for points
    between two levels.
    """

    points: Decimal | None
    level: str = ""
    note: str = ""


@dataclass(frozen=True)
class Rubric:
    criteria: tuple[Criterion, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.criteria)

    @property
    def points(self) -> Decimal:
        """The most that can be reached."""
        return sum((criterion.points for criterion in self.criteria), Decimal(0))

    def criterion(self, criterion_id: str) -> Criterion | None:
        return next((criterion for criterion in self.criteria if criterion.id == criterion_id), None)

    def as_json(self) -> dict[str, Any]:
        """Points as decimal strings; the empty rubric is `{}`:
        `{"criteria": [{"id", "title", "description", "points", "levels": [{"id", "title", "points",
        "description"}]}]}`.
        """
        if not self.criteria:
            return {}
        return {
            "criteria": [
                {
                    "id": criterion.id,
                    "title": criterion.title,
                    "description": criterion.description,
                    "points": short(criterion.points),
                    "levels": [
                        {
                            "id": level.id,
                            "title": level.title,
                            "points": short(level.points),
                            "description": level.description,
                        }
                        for level in criterion.levels
                    ],
                }
                for criterion in self.criteria
            ]
        }


@dataclass(frozen=True)
class Fault:
    """Something wrong with a rubric, in words. `criterion` and `level` count from 0; None: it is of none."""

    words: str
    criterion: int | None = None
    level: int | None = None


def parse(value: Any) -> Rubric:
    """A rubric from its JSON. The points of a criterion with levels are those of its best level.

    Raises:
        ValidationError: not of that shape, too much of something, two of the same name or id, a name or a level is
            missing, points are not from 0 to 9999, or nothing can be reached at all; in words, all that is wrong.
    """
    rubric, faults = read(value)
    if faults:
        raise ValidationError(list(dict.fromkeys(fault.words for fault in faults)))
    return rubric


def stored(value: Any) -> Rubric:
    """A rubric from the database, where only valid ones are; of one that a later rule forbids, what can be made out."""
    return read(value)[0]


def read(value: Any) -> tuple[Rubric, list[Fault]]:
    """A rubric from its JSON as far as it can be made out, and what is wrong with it."""
    if not value:
        return Rubric(), []
    listed = value.get("criteria") if isinstance(value, Mapping) else None
    if not isinstance(listed, list) or not _all_objects(listed):
        return Rubric(), [Fault(UNREADABLE)]
    if len(listed) > MOST_CRITERIA:
        return Rubric(), [Fault(f"At most {MOST_CRITERIA} criteria: this rubric has {len(listed)}.")]
    reading = _Reading()
    rubric = Rubric(tuple(reading.criterion(one, at) for at, one in enumerate(listed)))
    if reading.length > MOST_TEXT:
        reading.faults.append(Fault(f"The rubric is too long: at most {MOST_TEXT:,} characters in all."))
    if rubric and not rubric.points and not reading.faults:
        reading.faults.append(Fault("The rubric is worth nothing: give at least one criterion more than 0 points."))
    return rubric, reading.faults


def read_scores(rubric: Rubric, value: Any) -> tuple[dict[str, Score], dict[str, str]]:
    """What was scored, by criterion id, from `{criterion id: {"points"?, "level"?, "note"?}}`; and what of it is
    wrong, in words, by the name of its field in the form (`points-<id>`, `note-<id>`).

    A level gives its points unless others are typed. Left out are criteria that the rubric has no more, and those with
    nothing said of them.
    """
    found: dict[str, Score] = {}
    wrong: dict[str, str] = {}
    for criterion in rubric.criteria:
        given = value.get(criterion.id) if isinstance(value, Mapping) else None
        if not isinstance(given, Mapping):
            continue
        level, typed, note = (
            criterion.level(str(given.get("level"))),
            line_of(given.get("points")),
            lines_of(given.get("note")),
        )
        if len(note) > MOST_NOTE:
            wrong[f"note-{criterion.id}"] = (
                f"The note on “{criterion.title}” is too long: at most {MOST_NOTE:,} characters."
            )
        points = level.points if level else None
        if typed:
            try:
                points = points_of(typed, f"“{criterion.title}”", criterion.points)
            except ValidationError as error:
                wrong[f"points-{criterion.id}"] = error.messages[0]
                continue
        if points is not None or note:
            kept = level is not None and level.points == points
            found[criterion.id] = Score(points=points, level=level.id if level and kept else "", note=note)
    return found, wrong


def scores_of(rubric: Rubric, value: Any) -> dict[str, Score]:
    """What was scored, as `read_scores`.

    Raises:
        ValidationError: points that are no number, or not from 0 to the criterion's; a note that is too long.
    """
    found, wrong = read_scores(rubric, value)
    if wrong:
        raise ValidationError(list(wrong.values()))
    return found


def scores_as_json(scores: Mapping[str, Score]) -> dict[str, dict[str, str]]:
    """What `scores_of` reads again."""
    return {
        name: {key: text for key, text in zip(("points", "level", "note"), _texts(score), strict=True) if text}
        for name, score in scores.items()
    }


def total(scores: Mapping[str, Score]) -> Decimal:
    """Of what has points by now."""
    return sum((score.points for score in scores.values() if score.points is not None), Decimal(0))


def complete(rubric: Rubric, scores: Mapping[str, Score]) -> bool:
    """Every criterion has points."""
    scored = {name for name, score in scores.items() if score.points is not None}
    return scored == {criterion.id for criterion in rubric.criteria}


def short(number: Decimal) -> str:
    """`5` rather than `5.00`."""
    return f"{number.quantize(Decimal('0.01')).normalize():f}"


def points_of(value: Any, what: str, most: Decimal) -> Decimal:
    """Typed points, with a point or a comma. Raises ValidationError in words that begin with `what`."""
    typed = str(value).strip()
    try:
        points = Decimal(typed.replace(",", ".") if len(typed) < 40 else "")
    except InvalidOperation:
        raise ValidationError(f"{what} needs points: a number such as 5 or 2.5.") from None
    if not points.is_finite() or not 0 <= points <= most or points != points.quantize(Decimal("0.01")):
        raise ValidationError(f"{what} takes points from 0 to {short(most)}, with two decimals at most.")
    return abs(points)  # -0 is a number too


class _Reading:
    """Goes through the JSON of a rubric, and notes what is wrong on the way."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.length = 0
        self._ids: set[str] = set()
        self._titles: set[str] = set()

    def criterion(self, value: Mapping[str, Any], at: int) -> Criterion:
        title = self._text(value.get("title"), line=True, what=f"The name of criterion {at + 1}", at=(at, None))
        name = f"“{title}”" if title else f"Criterion {at + 1}"
        if not title:
            self._fault(f"Criterion {at + 1} has no name.", at)
        elif title.casefold() in self._titles:
            self._fault(f"Two criteria are called {name}: give each a name of its own.", at)
        self._titles.add(title.casefold())
        levels = self._levels(value.get("levels") or [], name, at)
        points = max((level.points for level in levels), default=None)
        return Criterion(
            id=self._id(value.get("id"), f"c{at + 1}", self._ids, (at, None)),
            title=title or name,
            description=self._text(value.get("description"), what=f"The description of {name}", at=(at, None)),
            levels=levels,
            points=self._points(value.get("points"), name, (at, None)) if points is None else points,
        )

    def _levels(self, listed: Any, name: str, at: int) -> tuple[Level, ...]:
        if not isinstance(listed, list) or not _all_objects(listed):
            self._fault(UNREADABLE, at)
            return ()
        if len(listed) > MOST_LEVELS:
            self._fault(f"{name} has {len(listed)} levels: at most {MOST_LEVELS}.", at)
        if len(listed) == 1:
            self._fault(f"{name} needs two levels or more. For any number of points, remove its level.", at)
        ids: set[str] = set()
        return tuple(self._level(one, name, ids, (at, step)) for step, one in enumerate(listed[: MOST_LEVELS + 1]))

    def _level(self, value: Mapping[str, Any], name: str, ids: set[str], at: tuple[int, int]) -> Level:
        step = f"{at[1] + 1} of {name}"
        points = self._points(value.get("points"), f"Level {step}", at)
        title = self._text(value.get("title"), line=True, what=f"The name of level {step}", at=at)
        return Level(
            id=self._id(value.get("id"), f"l{at[1] + 1}", ids, at),
            title=title or short(points),
            points=points,
            description=self._text(value.get("description"), what=f"The description of level {step}", at=at),
        )

    def _id(self, value: Any, instead: str, taken: set[str], at: tuple[int, int | None]) -> str:
        if value and not (isinstance(value, str) and _ID.fullmatch(value) and value not in taken):
            self._fault(UNREADABLE, *at)
            value = None
        free = (name for name in (instead, *(f"{instead}-{n}" for n in range(2, 99))) if name not in taken)
        chosen = str(value or next(free))
        taken.add(chosen)
        return chosen

    def _text(self, value: Any, *, what: str, at: tuple[int, int | None], line: bool = False) -> str:
        if not isinstance(value, str | int | float | None):
            self._fault(UNREADABLE, *at)
            return ""
        text, most = (line_of(value), MOST_TITLE) if line else (lines_of(value), MOST_DESCRIPTION)
        if len(text) > most:
            self._fault(f"{what} is too long: at most {most:,} characters.", *at)
        self.length += len(text)
        return text

    def _points(self, value: Any, what: str, at: tuple[int, int | None]) -> Decimal:
        try:
            return points_of("" if value is None else value, what, MOST_POINTS)
        except ValidationError as error:
            self._fault(error.messages[0], *at)
            return Decimal(0)

    def _fault(self, words: str, criterion: int, level: int | None = None) -> None:
        self.faults.append(Fault(words, criterion, level))


def _all_objects(listed: list[Any]) -> bool:
    return all(isinstance(one, Mapping) for one in listed)


def _texts(score: Score) -> tuple[str, str, str]:
    return "" if score.points is None else short(score.points), score.level, score.note
