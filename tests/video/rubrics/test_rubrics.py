"""Rubrics by themselves: their JSON, their tables, and scores on them."""

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from video.rubrics import rubric_csv, rubrics
from video.rubrics.rubric_csv import TableRefused
from video.rubrics.rubrics import Criterion, Level, Rubric, Score
from video.typed_text import line_of, lines_of

LEVELS = [
    {"id": "low", "title": "Weak", "points": "2", "description": ""},
    {"id": "high", "title": "Strong", "points": "10", "description": "Everything is said."},
]
CONTENT = {"id": "content", "title": "Content", "description": "What is said", "levels": LEVELS}
VOICE = {"id": "voice", "title": "Voice", "points": "7,5"}
BOTH = {"criteria": [CONTENT, VOICE]}

NO_POINTS = ["", None, "-1", "NaN", "1e400", "9" * 50, "1.234", float("inf"), True, [5], 1e5]

steady = settings(derandomize=True, deadline=None, database=None, max_examples=60)
points = st.integers(0, 999_900).map(lambda hundredths: Decimal(hundredths) / 100)
ids = st.from_regex(rubrics._ID, fullmatch=True)
# Quotation marks, separators, line ends and what a spreadsheet calculates, more often than letters.
letters = st.one_of(st.sampled_from("=+-@'\";,\t\n\r|＝ \x00\u2028ä€"), st.characters(codec="utf-8"))
words = st.text(letters, max_size=10)


def level(level_id: str, title: str, worth: Decimal, description: str) -> Level:
    return Level(level_id, line_of(title) or rubrics.short(worth), worth, lines_of(description))


def criterion(name: str, title: str, description: str, levels: list[Level], worth: Decimal) -> Criterion:
    best = max((one.points for one in levels), default=worth)
    return Criterion(name, title, lines_of(description), tuple(levels), best)


levels = st.lists(st.builds(level, ids, words, points, words), max_size=3, unique_by=lambda one: one.id)
criteria = st.builds(
    criterion,
    ids,
    words.map(line_of).filter(bool),
    words,
    levels.filter(lambda found: len(found) != 1),
    points,
)
rubrics_drawn = (
    st.lists(criteria, min_size=1, max_size=4, unique_by=(lambda one: one.id, lambda one: one.title.casefold()))
    .map(lambda found: Rubric(tuple(found)))
    .filter(lambda rubric: rubric.points > 0)
)


class TestJson:
    @steady
    @given(rubrics_drawn)
    def test_it_comes_back_as_it_was_written(self, rubric: Rubric) -> None:
        assert rubrics.parse(rubric.as_json()) == rubric

    def test_criterion_is_worth_its_best_level(self) -> None:
        rubric = rubrics.parse(BOTH)

        assert [one.points for one in rubric.criteria] == [Decimal(10), Decimal("7.5")]
        assert rubric.points == Decimal("17.5")

    def test_no_points_have_no_sign(self) -> None:
        [first, _] = rubrics.parse({"criteria": [{**VOICE, "points": "-0"}, CONTENT]}).as_json()["criteria"]

        assert first["points"] == "0"

    @pytest.mark.parametrize("nothing", [None, {}, [], "", {"criteria": []}])
    def test_none(self, nothing: Any) -> None:
        assert rubrics.parse(nothing) == Rubric()
        assert rubrics.parse(nothing).as_json() == {}

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ([1], "could not be read"),
            ("text", "could not be read"),
            ({"criteria": {}}, "could not be read"),
            ({"criteria": ["Content"]}, "could not be read"),
            ({"criteria": [{**VOICE, "title": ["a"]}]}, "could not be read"),
            ({"criteria": [{**VOICE, "id": 'a" onclick="'}]}, "could not be read"),
            ({"criteria": [{**VOICE, "id": {"a": 1}}]}, "could not be read"),
            ({"criteria": [VOICE, {**CONTENT, "id": "voice"}]}, "could not be read"),
            ({"criteria": [{**CONTENT, "levels": [LEVELS[0], {**LEVELS[1], "id": "low"}]}]}, "could not be read"),
            ({"criteria": [{**CONTENT, "levels": "many"}]}, "could not be read"),
            ({"criteria": [{**CONTENT, "levels": [1, 2]}]}, "could not be read"),
            ({"criteria": [{**VOICE, "title": " \x00 "}]}, "Criterion 1 has no name"),
            ({"criteria": [VOICE, {**VOICE, "id": "other", "title": "voice "}]}, "Two criteria are called"),
            ({"criteria": [{**CONTENT, "levels": LEVELS[:1]}]}, "needs two levels"),
            ({"criteria": [{**CONTENT, "levels": [{"points": n} for n in range(13)]}]}, "has 13 levels"),
            ({"criteria": [{"title": f"{n}", "points": 1} for n in range(31)]}, "At most 30 criteria"),
            ({"criteria": [{**VOICE, "title": "a" * 256}]}, "name of criterion 1 is too long"),
            ({"criteria": [{**VOICE, "description": "a" * 2001}]}, "description of “Voice” is too long"),
            ({"criteria": [{**VOICE, "points": "0"}]}, "worth nothing"),
            ({"criteria": [{**CONTENT, "levels": [{"points": 0}, {"points": "-0"}]}]}, "worth nothing"),
            *(({"criteria": [{**VOICE, "points": wrong}]}, "Voice") for wrong in NO_POINTS),
        ],
    )
    def test_what_is_no_rubric_is_told_in_words(self, wrong: Any, told: str) -> None:
        with pytest.raises(ValidationError, match=told):
            rubrics.parse(wrong)

    def test_all_that_is_wrong_is_told_at_once(self) -> None:
        with pytest.raises(ValidationError) as told:
            rubrics.parse({"criteria": [{**VOICE, "title": ""}, {**CONTENT, "levels": [{"points": "x"}, {}]}]})

        assert len(told.value.messages) == 3

    def test_whole_length_has_a_limit(self) -> None:
        long = [{"title": f"{n}", "points": 1, "description": "a" * 2000} for n in range(30)]
        rubrics.parse({"criteria": long[:29]})

        with pytest.raises(ValidationError, match="60,000"):
            rubrics.parse({"criteria": long})

    def test_missing_ids_are_given_beside_those_that_are_there(self) -> None:
        rubric = rubrics.parse({"criteria": [{**VOICE, "id": "c2"}, {"title": "Second", "points": 1}]})

        assert [one.id for one in rubric.criteria] == ["c2", "c2-2"]

    def test_stored_one_that_a_later_rule_forbids_is_still_shown(self) -> None:
        assert [one.title for one in rubrics.stored({"criteria": [VOICE, VOICE]}).criteria] == ["Voice", "Voice"]

    @steady
    @given(
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), words, st.sampled_from(["\ud800", "c1"])),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(
                    st.sampled_from(["criteria", "levels", "title", "id", "points", "description"]), inner, max_size=5
                ),
            ),
            max_leaves=25,
        )
    )
    def test_any_json_is_a_rubric_or_refused_in_words(self, value: Any) -> None:
        for tried in (value, {"criteria": [value]}, {"criteria": [VOICE, {**VOICE, "id": value, "title": value}]}):
            rubric, faults = rubrics.read(tried)
            told = "".join(fault.words for fault in faults)

            assert faults or rubrics.parse(rubric.as_json()) == rubric
            assert all(fault.words for fault in faults)
            (json.dumps(rubric.as_json(), ensure_ascii=False) + told).encode()


class TestScores:
    rubric = rubrics.parse(BOTH)

    def test_level_gives_its_points_unless_others_are_typed(self) -> None:
        def score(**given: Any) -> Score:
            return rubrics.scores_of(self.rubric, {"content": given})["content"]

        assert score(level="high") == Score(Decimal(10), "high")
        assert score(level="high", points="10.00") == Score(Decimal(10), "high")
        assert score(level="high", points="6,5") == Score(Decimal("6.5"))
        assert score(level="gone", points=6) == Score(Decimal(6))
        assert score(points=0) == Score(Decimal(0))

    def test_note_alone_is_kept_and_is_no_score(self) -> None:
        scores = rubrics.scores_of(self.rubric, {"voice": {"note": " Too quiet. "}})

        assert scores == {"voice": Score(None, note="Too quiet.")}
        assert rubrics.total(scores) == 0
        assert not rubrics.complete(rubrics.parse({"criteria": [VOICE]}), scores)

    @pytest.mark.parametrize("nothing", [None, {}, "", 5, {"points": " "}, {"level": "gone"}, {"level": {}}])
    def test_nothing_said_is_no_score(self, nothing: Any) -> None:
        assert rubrics.scores_of(self.rubric, {"content": nothing, "gone": {"points": 5}}) == {}

    @pytest.mark.parametrize("wrong", ["-1", "10.01", "1.005", "ten", "NaN", "1e400", [5], float("inf")])
    def test_wrong_points_are_told_by_their_field(self, wrong: Any) -> None:
        found, told = rubrics.read_scores(self.rubric, {"content": {"points": wrong}, "voice": {"points": "3"}})

        assert list(told) == ["points-content"]
        assert "Content" in told["points-content"]
        assert found == {"voice": Score(Decimal(3))}

    def test_long_note_is_told_not_cut(self) -> None:
        with pytest.raises(ValidationError, match="too long"):
            rubrics.scores_of(self.rubric, {"voice": {"points": 1, "note": "a" * 2001}})

    @steady
    @given(rubrics_drawn, st.data())
    def test_they_come_back_as_they_were_written(self, rubric: Rubric, data: st.DataObject) -> None:
        given_ = {
            one.id: {
                "level": data.draw(st.sampled_from([*(level.id for level in one.levels), ""])),
                "points": data.draw(st.none() | st.integers(0, int(one.points * 100)).map(lambda n: str(n / 100))),
                "note": data.draw(words),
            }
            for one in rubric.criteria
        }
        scores = rubrics.scores_of(rubric, given_)

        assert rubrics.scores_of(rubric, rubrics.scores_as_json(scores)) == scores


TABLE = """criterion;description;points;level;level points;level description
Content;What is said;;Weak;2;
;;;Strong;10;Everything is said.
Voice;;7,5;;;
"""


def without_ids(rubric: Rubric) -> list[Any]:
    return [
        (one.title, one.description, one.points, [(step.title, step.points, step.description) for step in one.levels])
        for one in rubric.criteria
    ]


def told_of(table: str) -> list[str]:
    with pytest.raises(TableRefused) as refused:
        rubric_csv.read(table)
    return refused.value.told


class TestTables:
    @steady
    @given(rubrics_drawn, st.sampled_from(["", "en", "de-at", "fr_FR", "xx", "../../etc"]))
    def test_rubric_comes_back_as_it_was_written(self, rubric: Rubric, locale: str) -> None:
        content = rubric_csv.in_bytes(rubric_csv.write(rubric, locale=locale))

        assert without_ids(rubric_csv.read(rubric_csv.decoded(content))) == without_ids(rubric)

    @steady
    @given(rubrics_drawn, st.sampled_from(["en", "de"]))
    def test_no_cell_is_a_formula(self, rubric: Rubric, locale: str) -> None:
        table = rubric_csv.write(rubric, locale=locale)
        cells = [cell for row in csv.reader(io.StringIO(table), delimiter=table[11]) for cell in row]

        assert "Criterion" in cells
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r\n＝＋－＠") and cell]

    @pytest.mark.parametrize("separator", [";", "\t", ","])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
    def test_every_kind_of_file_that_spreadsheets_write(self, separator: str, encoding: str, line_end: str) -> None:
        table = TABLE.replace("Voice", "Übung – “laut”").replace("7,5", "7.5").replace("said", "said, or shown")
        rows = io.StringIO(newline="")
        csv.writer(rows, delimiter=separator, lineterminator=line_end).writerows(
            line.split(";") for line in table.splitlines()
        )
        rubric = rubric_csv.read(rubric_csv.decoded(rows.getvalue().encode(encoding)))

        assert [one.title for one in rubric.criteria] == ["Content", "Übung – “laut”"]
        assert rubric.points == Decimal("17.5")
        assert [step.points for step in rubric.criteria[0].levels] == [Decimal(2), Decimal(10)]

    @pytest.mark.parametrize(
        "table",
        [
            "sep=;\r\n" + TABLE,
            "\n\n" + TABLE,
            TABLE.replace(";;;Strong", "Content;;;Strong"),
            TABLE.replace("criterion;", "CRITERION ;").replace("level points", "Level_Points"),
            TABLE.replace("said;;Weak", "said;10;Weak"),
            TABLE.replace("\n", ";;;\n\n;;;;;;\n"),
        ],
    )
    def test_ways_to_say_the_same(self, table: str) -> None:
        assert without_ids(rubric_csv.read(table)) == without_ids(rubrics.parse(BOTH))

    def test_columns_may_be_in_any_order_and_some_left_out(self) -> None:
        rubric = rubric_csv.read("Points,Remarks,Criterion\n5,none,Voice\n")

        assert without_ids(rubric) == [("Voice", "", Decimal(5), [])]

    @pytest.mark.parametrize(
        ("table", "told"),
        [
            ("", ["Row 1 must name the columns: criterion"]),
            ("Voice;5\n", ["Row 1 must name the columns"]),
            ("criterion;description\n", ["Row 1 must name the columns"]),
            ("criterion;points\n", ["There is no criterion below"]),
            ("criterion;points\nVoice;loud\nBody;\n", ["Row 2: “Voice” needs points", "Row 3: “Body” needs points"]),
            (TABLE.replace(";10;", ";ten;"), ["Row 3: Level 2 of “Content” needs points"]),
            (TABLE.replace(";;;Strong;10;Everything is said.\n", ""), ["Row 2: “Content” needs two levels"]),
            (TABLE + "Content;;3;;;\n", ["Row 5: Two criteria are called “Content”"]),
            (TABLE + ";;;Loud;5;\n", ["Row 5: “Voice” goes on here, but a level is missing in row 4."]),
            (TABLE + "Voice;;3;;;\n", ["Row 5: “Voice” goes on here, but a level is missing in row 4."]),
            (
                TABLE.replace("said;;Weak", "said;8;Weak"),
                ["Row 2: “Content” says 8 points, but its best level has 10."],
            ),
            ("criterion;points\n;5\n", ["Row 2: the first row below the names"]),
            ("criterion;points\nVoice;0\n", ["The rubric is worth nothing"]),
            ("criterion;points\n\x00;5\n", ["This is no table"]),
        ],
    )
    def test_errors_name_their_rows(self, table: str, told: list[str]) -> None:
        found = told_of(table)

        assert len(found) == len(told)
        for words_, expected in zip(found, told, strict=True):
            assert expected in words_

    def test_of_hundreds_of_errors_the_first_are_told(self) -> None:
        found = told_of("criterion;points\n" + "".join(f";{n}\n" for n in range(500)))

        assert len(found) == 21
        assert found[-1] == "And 480 more."

    @pytest.mark.parametrize("content", [b"PK\x03\x04...", b"\xd0\xcf\x11\xe0..."])
    def test_workbook_is_told_from_a_table(self, content: bytes) -> None:
        with pytest.raises(TableRefused, match="workbook"):
            rubric_csv.decoded(content)

    def test_too_large(self) -> None:
        with pytest.raises(TableRefused, match="1 MB"):
            rubric_csv.decoded(b"a" * 1_000_001)

    @steady
    @given(st.binary(max_size=200), st.booleans())
    def test_any_bytes_are_a_rubric_or_refused_in_words(self, content: bytes, headed: bool) -> None:
        told = ["read"]
        try:
            rubric_csv.read(rubric_csv.decoded((b"criterion;points\n" if headed else b"") + content))
        except TableRefused as refused:
            told = refused.told
        assert all(told)

    def test_decimals_are_the_locales_own(self) -> None:
        rubric = rubrics.parse({"criteria": [VOICE]})

        assert '"Voice";"";"7,5"' in rubric_csv.write(rubric, locale="de")
        assert '"Voice","","7.5"' in rubric_csv.write(rubric, locale="en")
