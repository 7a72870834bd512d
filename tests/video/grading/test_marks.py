"""What a marker typed, read; and the points that a rubric comes to."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from video.grading import marks
from video.models import Assignment, Grade, Release
from video.rubrics import rubrics
from video.rubrics.rubrics import Rubric, Score

LEVELS = [{"id": "low", "title": "Weak", "points": 2}, {"id": "high", "title": "Strong", "points": 10}]
RUBRIC: dict[str, Any] = {
    "criteria": [
        {"id": "content", "title": "Content", "levels": LEVELS},
        {"id": "voice", "title": "Voice", "points": 10},
    ]
}
STRONG = {"level-content": "high", "points-voice": "5"}
# What is counted here is counted in the browser too, while a marker chooses: frontend/tests/points.test.ts.
TOTALS = Path(__file__).with_name("rubric_totals.json")


def an_assignment(grading: str = "rubric", **changes: Any) -> Assignment:
    return Assignment(**{"points": Decimal(100), "rubric": RUBRIC, "grading": grading, **changes})


def read(typed: dict[str, Any], grading: str = "rubric") -> marks.Mark:
    return marks.read(an_assignment(grading), typed)


def wrong_in(typed: dict[str, Any], grading: str = "rubric") -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as error:
        read(typed, grading)
    found: dict[str, list[str]] = error.value.message_dict
    return found


class TestRubric:
    def test_points_follow_from_the_scores(self) -> None:
        mark = read(STRONG)

        assert (mark.points, mark.overridden) == (Decimal(75), False)
        assert mark.scores == {"content": Score(Decimal(10), "high"), "voice": Score(Decimal(5))}

    def test_points_that_are_sent_along_count_only_where_they_are_said_to_override(self) -> None:
        assert read({**STRONG, "points": "12"}).points == 75
        assert read({**STRONG, "points": "12", "overridden": ""}).points == 75
        assert read({**STRONG, "points": "12", "overridden": "false"}).points == 75

        for yes in ("1", "on", True):
            mark = read({**STRONG, "points": "12", "overridden": yes})
            assert (mark.points, mark.overridden) == (Decimal(12), True)

    def test_what_the_rubric_says_too_overrides_nothing(self) -> None:
        mark = read({**STRONG, "points": "75.0", "overridden": "1"})

        assert (mark.points, mark.overridden) == (Decimal(75), False)

    def test_emptied_points_are_the_rubrics_again(self) -> None:
        mark = read({**STRONG, "points": " ", "overridden": "1"})

        assert (mark.points, mark.overridden) == (Decimal(75), False)

    @pytest.mark.parametrize("one", [{"points-voice": "5"}, {"level-content": "high", "note-voice": "Quiet."}])
    def test_incomplete_rubric_comes_to_nothing_and_what_there_is_stays(self, one: dict[str, str]) -> None:
        mark = read(one)

        assert mark.points is None
        assert mark.scores
        assert bool(mark)
        assert (read({**one, "points": "40", "overridden": "1"}).points) == 40

    def test_no_points_at_all_are_points(self) -> None:
        """A script sends numbers, and 0 is one."""
        mark = read({"level-content": "low", "points-content": 0, "points-voice": 0})

        assert (mark.points, mark.scores["content"]) == (Decimal(0), Score(Decimal(0)))

    @pytest.mark.parametrize("wrong", ["-1", "10.5", "ten", "NaN", "1e400", [1], {"a": 1}, 1e300])
    def test_wrong_points_are_told_at_their_field(self, wrong: Any) -> None:
        assert list(wrong_in({**STRONG, "points-voice": wrong})) == ["points-voice"]

    def test_every_wrong_field_is_told(self) -> None:
        found = wrong_in({"points-content": "11", "points-voice": "x", "note-voice": "a" * 2001})

        assert list(found) == ["points-content", "note-voice", "points-voice"]

    @pytest.mark.parametrize("wrong", ["-1", "100.5", "many"])
    def test_wrong_override_is_told(self, wrong: str) -> None:
        assert list(wrong_in({**STRONG, "points": wrong, "overridden": "1"})) == ["points"]

    def test_unknown_criteria_and_levels_are_passed_over(self) -> None:
        mark = read({**STRONG, "level-gone": "high", "points-gone": "5000", "level-voice": "high"})

        assert (mark.points, set(mark.scores)) == (Decimal(75), {"content", "voice"})


class TestWithoutRubric:
    @pytest.mark.parametrize(
        ("typed", "points"), [("87.5", Decimal("87.5")), ("87,5", Decimal("87.5")), (0, 0), ("", None)]
    )
    def test_points(self, typed: Any, points: Decimal | None) -> None:
        mark = read({"points": typed, "level-content": "high", "overridden": "1"}, "points")

        assert (mark.points, mark.overridden, mark.scores) == (points, False, {})

    @pytest.mark.parametrize(("verdict", "points"), [("pass", 100), ("fail", 0), ("", None), ("x", None), ([], None)])
    def test_pass_or_fail(self, verdict: Any, points: int | None) -> None:
        mark = read({"verdict": verdict, "points": "50"}, "pass_fail")

        assert (mark.points, mark.overridden) == (points, False)

    @pytest.mark.parametrize(
        ("grading", "points", "words"),
        [
            ("points", Decimal("87.50"), "87.5 of 100"),
            ("rubric", Decimal(0), "0 of 100"),
            ("pass_fail", Decimal(100), "Passed"),
            ("pass_fail", Decimal(0), "Not passed"),
            ("pass_fail", None, "not marked"),
        ],
    )
    def test_in_words(self, grading: str, points: Decimal | None, words: str) -> None:
        assert marks.in_words(an_assignment(grading), points) == words


def test_what_no_database_keeps_is_left_out() -> None:
    mark = read({**STRONG, "note-voice": "a\x00\ud800b", "feedback": "\ud800c", "private_note": "\x00d\udfff"})

    assert (mark.scores["voice"].note, mark.feedback, mark.private_note) == ("ab", "<p>c</p>", "d")


def counted(scores: list[str], most: list[str], maximum: str) -> str | None:
    """Scores of criteria worth `most`, as texts; an empty one is missing."""
    rubric = Rubric(tuple(rubrics.Criterion(f"{n}", f"{n}", "", (), Decimal(one)) for n, one in enumerate(most)))
    given = {f"{n}": Score(Decimal(one)) for n, one in enumerate(scores) if one}
    found = marks.from_rubric(rubric, given, Decimal(maximum))
    return None if found is None else rubrics.short(found)


@pytest.mark.parametrize("case", json.loads(TOTALS.read_text()))
def test_totals_that_the_browser_counts_too(case: dict[str, Any]) -> None:
    assert counted(case["scores"], case["most"], case["maximum"]) == case["points"]


class TestShown:
    def test_changed_rubric_keeps_what_still_fits(self) -> None:
        scores = {"content": {"points": "10", "level": "high"}, "voice": {"points": "9"}, "gone": {"points": "3"}}
        shorter = {
            "criteria": [
                {**RUBRIC["criteria"][0], "levels": [*LEVELS[:1], {**LEVELS[1], "points": 12}]},
                {**RUBRIC["criteria"][1], "points": 5},
            ]
        }
        rows = marks.criterion_rows(an_assignment(rubric=shorter), Grade(scores=scores))

        assert [row.score for row in rows] == [Score(Decimal(10)), None]
        assert rows[0].level is None, "the level is worth something else now"

    def test_result_says_who_decided(self) -> None:
        def result(given: int, *, overridden: bool = False, **changes: Any) -> tuple[bool, bool]:
            scores = {"content": {"level": "high"}, "voice": {"points": "5"}}
            release = Release(points=Decimal(given), scores=scores, overridden=overridden)
            found = marks.rubric_result(an_assignment(**changes), release)
            assert (found.got, found.most) == (Decimal(15), Decimal(20))
            return found.overridden, found.changed

        assert result(75) == (False, False)
        assert result(80, overridden=True) == (True, False)
        assert result(75, points=Decimal(50)) == (False, True)

    def test_before_a_mark_there_are_criteria_alone(self) -> None:
        found = marks.rubric_result(an_assignment(), None)

        assert [row.score for row in found.rows] == [None, None]
        assert not found.changed
        assert marks.rubric_result(an_assignment("points"), None).rows == []

    def test_form_shows_what_was_typed_else_what_is_stored(self) -> None:
        rows = marks.criterion_rows(
            an_assignment(), Grade(scores={"content": {"points": "10", "level": "high"}, "voice": {"note": "Quiet."}})
        )
        stored = [(one.level, one.points, one.note) for one in marks.criterion_fields(rows)]
        typed = {"level-content": "low", "points-voice": "x", "note-voice": "Loud."}
        again = marks.criterion_fields(rows, typed, {"points-voice": ["Wrong."]})

        assert stored == [("high", "", ""), ("", "", "Quiet.")]
        assert [(one.level, one.points, one.note, one.errors) for one in again] == [
            ("low", "", "", []),
            ("", "x", "Loud.", ["Wrong."]),
        ]
