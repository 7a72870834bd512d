"""Rubrics: criteria with levels or a range of points, and what was scored on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError

MOST_CRITERIA = 30
MOST_LEVELS = 12
MOST_POINTS = Decimal(9999)


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
    """What one criterion got. `level` is empty for a range, or for points between two levels."""

    points: Decimal
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


def parse(value: Any) -> Rubric:
    """A rubric from its JSON. The points of a criterion with levels are those of its best level.

    Raises:
        ValidationError: not of that shape, a name or a level is missing, or points are not from 0 to 9999; in words.
    """
    if not value:
        return Rubric()
    listed = value.get("criteria") if isinstance(value, Mapping) else None
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise ValidationError("The rubric could not be read.")
    if len(listed) > MOST_CRITERIA:
        raise ValidationError(f"At most {MOST_CRITERIA} criteria.")
    return Rubric(tuple(_criterion(one, number) for number, one in enumerate(listed, 1)))


def stored(value: Any) -> Rubric:
    """A rubric from the database, where only valid ones are."""
    return parse(value)


def scores_of(rubric: Rubric, value: Any) -> dict[str, Score]:
    """What was scored, by criterion id, from `{criterion id: {"points"?, "level"?, "note"?}}`.

    A level gives its points unless others are typed. Left out are criteria that the rubric has no more, and those with
    neither points nor level.

    Raises:
        ValidationError: points that are no number, or not from 0 to the criterion's.
    """
    found: dict[str, Score] = {}
    if not isinstance(value, Mapping):
        return found
    for criterion in rubric.criteria:
        given = value.get(criterion.id)
        if not isinstance(given, Mapping):
            continue
        level = criterion.level(str(given.get("level", "")))
        typed = str(given.get("points", "")).strip()
        if not typed and level is None:
            continue
        points = level.points if not typed and level else points_of(typed, f"“{criterion.title}”", criterion.points)
        if level is not None and level.points != points:
            level = None
        note = str(given.get("note", "")).replace("\x00", "").strip()[:2000]
        found[criterion.id] = Score(points=points, level=level.id if level else "", note=note)
    return found


def scores_as_json(scores: Mapping[str, Score]) -> dict[str, dict[str, str]]:
    """What `scores_of` reads again."""
    return {
        name: {key: text for key, text in zip(("points", "level", "note"), _texts(score), strict=True) if text}
        for name, score in scores.items()
    }


def total(scores: Mapping[str, Score]) -> Decimal:
    return sum((score.points for score in scores.values()), Decimal(0))


def short(number: Decimal) -> str:
    """`5` rather than `5.00`."""
    return f"{number.quantize(Decimal('0.01')).normalize():f}"


def _texts(score: Score) -> tuple[str, str, str]:
    return short(score.points), score.level, score.note


def _criterion(value: Mapping[str, Any], number: int) -> Criterion:
    title = _text(value.get("title"), 255)
    if not title:
        raise ValidationError(f"Criterion {number} has no name.")
    listed = value.get("levels") or []
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise ValidationError("The rubric could not be read.")
    if len(listed) > MOST_LEVELS:
        raise ValidationError(f"“{title}” has more than {MOST_LEVELS} levels.")
    levels = tuple(_level(one, at, title) for at, one in enumerate(listed, 1))
    if len(levels) == 1:
        raise ValidationError(f"“{title}” needs two levels or more; for a range, remove its level.")
    points = (
        max(level.points for level in levels) if levels else points_of(value.get("points"), f"“{title}”", MOST_POINTS)
    )
    return Criterion(
        id=_text(value.get("id"), 40) or f"c{number}",
        title=title,
        description=_text(value.get("description"), 2000),
        levels=levels,
        points=points,
    )


def _level(value: Mapping[str, Any], number: int, criterion: str) -> Level:
    title = _text(value.get("title"), 255)
    points = points_of(value.get("points"), f"Level {number} of “{criterion}”", MOST_POINTS)
    return Level(
        id=_text(value.get("id"), 40) or f"l{number}",
        title=title or short(points),
        points=points,
        description=_text(value.get("description"), 2000),
    )


def _text(value: Any, most: int) -> str:
    return str(value or "").replace("\x00", "").strip()[:most]


def points_of(value: Any, what: str, most: Decimal) -> Decimal:
    """Typed points, with a point or a comma. Raises ValidationError in words that begin with `what`."""
    try:
        points = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        raise ValidationError(f"{what} needs points: a number such as 5 or 2.5.") from None
    if not points.is_finite() or not 0 <= points <= most or points != points.quantize(Decimal("0.01")):
        raise ValidationError(f"{what} takes points from 0 to {short(most)}, with two decimals at most.")
    return points
