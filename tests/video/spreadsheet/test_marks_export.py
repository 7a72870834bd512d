"""Marks as CSV, out: who is in it, what a spreadsheet may not run or rewrite, and what anonymous marking keeps."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_tool.models import Person, ScoreDelivery
from tests.video.sheets import RUBRIC, download, handed_in, marked, somebody, table
from tests.video.visitor import Visitor
from video.grading.marks import Mark
from video.models import Assignment, Comment, Release, Submission, Video
from video.rubrics.rubrics import Score
from video.spreadsheet import export
from video.spreadsheet.cells import guard, unguard

FORMULA = re.compile(r"(?:^|[\n\r\t,;])[\s\u200b\ufeff]*[=+\-@＝＋－＠]")
DANGER = "=+-@＝＋－＠'\t\r\n ,;\u00a0\u200b\ufeff#a1.:é😀\u2028\x0b"
steady = settings(derandomize=True, deadline=None, database=None, max_examples=400)


class TestCells:
    @pytest.mark.parametrize(
        ("text", "cell"),
        [
            ("Well told.", "Well told."),
            ("=1+1", "'=1+1"),
            ("+49 30 1", "'+49 30 1"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t'=1"),
            ("\rx", "'\rx"),
            ("  =1", "'  =1"),
            ("\u00a0\u200b=1", "'\u00a0\u200b=1"),
            ("＝1", "'＝1"),
            ("＋1", "'＋1"),
            ("Good\n=1", "Good\n'=1"),
            ("Good\r\n - next", "Good\r\n' - next"),
            ("Good;=1", "Good;'=1"),
            ("'=1", "''=1"),
            ("''=1", "'''=1"),
            ("'quoted'", "'quoted'"),
            ("007", "'007"),
            ("12345678901234567890", "'12345678901234567890"),
            ("1.2E+10", "'1.2E+10"),
            ("2026-11-01", "'2026-11-01"),
            ("3 May", "'3 May"),
            ("Mar 5", "'Mar 5"),
            ("TRUE", "'TRUE"),
            ("wahr", "'wahr"),
            ("#N/A", "'#N/A"),
            ("Ana Student", "Ana Student"),
            ("Student 6", "Student 6"),
            ("Three good ideas, 2 of them new", "Three good ideas, 2 of them new"),
            ("", ""),
        ],
    )
    def test_what_a_spreadsheet_would_run_or_rewrite_gets_an_apostrophe(self, text: str, cell: str) -> None:
        assert guard(text) == cell
        assert unguard(cell) == text

    def test_every_text_comes_back_and_none_begins_a_formula(self) -> None:
        @settings(steady, max_examples=600)
        @given(st.text(st.sampled_from(DANGER), max_size=12) | st.text(max_size=30))
        def every(text: str) -> None:
            assert unguard(guard(text)) == text
            assert not FORMULA.search(guard(text))

        every()

    @pytest.mark.parametrize("text", ["it's", "'", "''", "'tis the season", "the '5' is", "O'Neill-Smith"])
    def test_what_somebody_typed_in_a_spreadsheet_is_not_stripped(self, text: str) -> None:
        assert unguard(text) == text


class TestFile:
    def test_a_row_for_everybody_with_what_is_known(self, teacher: Visitor, assignment: Assignment) -> None:
        ana = handed_in(assignment, "6", "Ana Ångström", "ana@example.org", attempts=2)
        marked(
            ana, teacher, Mark(points=Decimal("87.5"), feedback="<p>Well <em>told</em>.</p><p>Go on.</p>"), release=True
        )
        ben = somebody(assignment, "7", "Ben")
        Submission.objects.create(assignment=assignment, person=ben)
        somebody(assignment, "8", "Cia")
        video = Video.objects.get(attempt=ana.attempts.submitted()[0])
        said = Comment.objects.create(video=video, at=20, text="Look\nhere")
        Comment.objects.create(video=video, at=30, until=62.4, text="A span")
        Comment.objects.create(video=video, at=5, text="Gone", deleted_at=datetime.now(UTC))
        Comment.objects.create(video=video, reply_to=said, text="Thanks")

        rows = {row["Name"]: row for row in table(download(teacher, tz="Europe/Berlin"))}

        assert list(rows) == ["Ana Ångström", "Ben", "Cia"]
        row = rows["Ana Ångström"]
        assert row["Released at"].endswith("+01:00")
        assert {name: row[name] for name in row if name != "Released at"} == {
            "Identifier": str(ana.person_id),
            "Name": "Ana Ångström",
            "E-mail": "ana@example.org",
            "Status": "Returned",
            "Attempt": "2",
            "Handed in": "2026-11-30T22:59:00+01:00",
            "Late": "no",
            "Length": "0:03:07",
            "Points": "87.5",
            "Maximum": "100",
            "Feedback": "Well told.\n\nGo on.",
            "Comments": "0:20 Look here\nReply: Thanks\n0:30–1:02 A span",
            "Released": "yes",
            "Moodle": "On its way to Moodle",
            "Marker": "Tara Teacher",
            "Version": "1",
            "Assignment": str(assignment.pk),
        }
        assert (rows["Ben"]["Status"], rows["Cia"]["Status"]) == ("Not started", "Not opened")
        assert rows["Ben"]["Points"] == rows["Ben"]["Attempt"] == rows["Ben"]["Version"] == ""

    def test_excel_reads_its_letters_lines_and_columns(self, teacher: Visitor, assignment: Assignment) -> None:
        handed_in(assignment, "6", "Zoë; 😀")
        text = download(teacher)

        assert text.startswith("\ufeffIdentifier,Name,")
        assert text.count("\r\n") == 2
        assert table(text)[0]["Name"] == "Zoë; 😀"

    @pytest.mark.parametrize(
        ("locale", "asked", "delimiter", "points"),
        [
            ("en", "", ",", "87.5"),
            ("de", "", ";", "87,5"),
            ("fr_CA", "", ";", "87,5"),
            ("es-MX", "", ",", "87.5"),
            ("de", "comma", ",", "87.5"),
            ("en", "semicolon", ";", "87,5"),
            ("de", "tab", "\t", "87,5"),
            ("en", "tab", "\t", "87.5"),
            ("../x", "pipe", ",", "87.5"),
        ],
    )
    def test_delimiter_and_decimals_are_those_of_the_persons_language_unless_chosen(
        self, teacher: Visitor, assignment: Assignment, locale: str, asked: str, delimiter: str, points: str
    ) -> None:
        marked(handed_in(assignment, "6", "Ana"), teacher, Mark(points=Decimal("87.5")))
        Person.objects.filter(sub="3").update(locale=locale)

        assert table(download(teacher, delimiter=asked), delimiter)[0]["Points"] == points

    def test_rubric_has_a_column_for_each_criterion(self, teacher: Visitor, assignment: Assignment) -> None:
        Assignment.objects.update(grading="rubric", rubric=RUBRIC)
        scores = {"a": Score(points=Decimal("2.5")), "b": Score(points=Decimal(10), level="high")}
        marked(handed_in(assignment, "6", "Ana"), teacher, Mark(points=Decimal(60), scores=scores, overridden=True))
        handed_in(assignment, "7", "Ben")

        ana, ben = table(download(teacher))
        voice, picture = "Rubric: Voice", "Rubric: =Picture, sound; light"
        assert (ana[voice], ana[picture], ana["Points"], ana["Overridden"]) == ("2.5", "10", "60", "yes")
        assert (ben[voice], ben["Points"]) == ("", "")
        assert "Passed" not in ana

    @pytest.mark.parametrize(("points", "said"), [(Decimal(100), "pass"), (Decimal(0), "fail"), (None, "")])
    def test_pass_or_fail(self, teacher: Visitor, assignment: Assignment, points: Decimal | None, said: str) -> None:
        Assignment.objects.update(grading="pass_fail")
        marked(handed_in(assignment, "6", "Ana"), teacher, Mark(points=points, feedback="<p>Hm.</p>"))

        assert table(download(teacher))[0]["Passed"] == said

    def test_unreleased_mark_says_so(self, teacher: Visitor, assignment: Assignment) -> None:
        marked(handed_in(assignment, "6", "Ana"), teacher, Mark(points=Decimal(5)))

        row = table(download(teacher))[0]
        assert (row["Status"], row["Released"], row["Released at"]) == ("Marked, not released", "no", "")

    def test_formulas_of_students_are_text(self, teacher: Visitor, assignment: Assignment) -> None:
        ana = handed_in(assignment, "6", '=HYPERLINK("http://evil.example","Ana")', "@evil.example")
        video = Video.objects.get(attempt__submission=ana)
        said = Comment.objects.create(video=video, at=0, text="Hm.")
        Comment.objects.create(video=video, reply_to=said, text="Ok;=cmd|' /C calc'!A0")
        marked(ana, teacher, Mark(points=Decimal(5), feedback="<ul><li>one</li></ul>"))

        row = table(download(teacher))[0]
        assert row["Name"].startswith("'=HYPERLINK")
        assert row["E-mail"] == "'@evil.example"
        assert row["Comments"].endswith("Ok;'=cmd|' /C calc'!A0")
        assert row["Feedback"] == "'- one"
        assert not [cell for cell in row.values() if FORMULA.search(cell)]

    def test_cell_is_no_longer_than_excel_takes(self, teacher: Visitor, assignment: Assignment) -> None:
        long = "<p>" + "word " * 9000 + "</p>"
        marked(handed_in(assignment, "6", "Ana"), teacher, Mark(points=Decimal(5), feedback=long))

        row = table(download(teacher))[0]
        assert 30_000 < len(row["Feedback"]) < 32_767
        assert row["Feedback"].endswith("The rest is in Reelmark.")

    def test_file_is_named_for_the_assignment(self, teacher: Visitor, assignment: Assignment) -> None:
        Assignment.objects.update(title='Über "x"\r\nSet-Cookie: a=b')
        response = teacher.browser.get(f"{teacher.home}marks/export/", secure=True)

        assert re.fullmatch(
            r'attachment; filename="marks-[a-z0-9-]+-\d{4}-\d\d-\d\d\.csv"', response["Content-Disposition"]
        )

    @pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "\x00", "x" * 5000])
    def test_unknown_zone_is_utc_and_says_so(self, teacher: Visitor, assignment: Assignment, zone: str) -> None:
        handed_in(assignment, "6", "Ana")

        assert table(download(teacher, tz=zone))[0]["Handed in"] == "2026-11-30T21:59:00+00:00"


class TestAnonymous:
    @pytest.fixture
    def anonymous(self, assignment: Assignment) -> Assignment:
        Assignment.objects.update(anonymous=True)
        assignment.refresh_from_db()
        return assignment

    def test_nothing_tells_who_it_is_until_the_mark_is_released(self, teacher: Visitor, anonymous: Assignment) -> None:
        names = ["Ana", "Ben", "Cia", "Dan", "Eve", "Fay"]
        work = [
            handed_in(anonymous, str(n), f"{name} Student", f"{name}@example.org") for n, name in enumerate(names, 6)
        ]
        for one in work:
            marked(one, teacher, Mark(points=Decimal(5)))
        before = download(teacher)

        rows = table(before)
        for one in work:
            for secret in (
                one.person.name,
                one.person.email,
                str(one.person_id),
                str(one.pk),
                ".mp4",
            ):
                assert secret not in before
        assert [row["Identifier"] for row in rows] == sorted(row["Identifier"] for row in rows)
        assert all(re.fullmatch(r"Student [0-9A-F]{8}", row["Identifier"]) for row in rows)
        assert {row["E-mail"] for row in rows} == {""}

        marked(work[2], teacher, Mark(points=Decimal(6)), release=True)
        after = table(download(teacher))
        assert [row["Identifier"] for row in after] == [row["Identifier"] for row in rows], "the order tells nothing"
        assert [(row["Name"], row["E-mail"]) for row in after if row["E-mail"]] == [("Cia Student", "Cia@example.org")]


class TestReach:
    @pytest.mark.parametrize(
        ("role", "status"), [("student", 404), ("assistant", 200), ("teacher", 200), ("admin", 200)]
    )
    def test_staff_alone(self, assignment: Assignment, visit: Any, role: str, status: int) -> None:
        visitor = visit(role, "9")

        assert visitor.browser.get(f"{visitor.home}marks/export/", secure=True).status_code == status

    def test_of_another_course_nothing_is_in_it(self, assignment: Assignment, visit: Any) -> None:
        from tests.video.test_access import OTHER_COURSE

        handed_in(assignment, "6", "Ana Student")
        stranger = visit("teacher", "5", **OTHER_COURSE)
        assert stranger.browser.get(f"{stranger.home}marks/export/", secure=True).status_code == 404

    def test_statements_are_constant_for_a_batch_and_marks_are_read_batch_by_batch(
        self, teacher: Visitor, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def statements() -> int:
            with CaptureQueriesContext(connection) as captured:
                for _ in export.lines(assignment, export.Style()):
                    pass
            return len(captured)

        def crowd(first: int, size: int) -> None:
            for number in range(first, first + size):
                work = handed_in(assignment, str(number), f"Student {number:04}", attempts=3)
                marked(work, teacher, Mark(points=Decimal(1)), release=True)
                video = Video.objects.get(attempt=work.attempts.submitted()[0])
                Comment.objects.bulk_create(Comment(video=video, at=n, text="Hm.") for n in range(5))

        crowd(100, 2)
        few = statements()
        crowd(200, 4)
        assert statements() == few == 4
        monkeypatch.setattr(export, "AT_ONCE", 2)
        assert statements() == 1 + 3 * 3
        with CaptureQueriesContext(connection) as captured:
            begun: Iterator[str] = export.lines(assignment, export.Style())
            next(begun), next(begun)
            assert len(captured) == 4, "the second batch waits until the first is sent"

    def test_it_is_streamed(self, teacher: Visitor, assignment: Assignment) -> None:
        assert teacher.browser.get(f"{teacher.home}marks/export/", secure=True).streaming

    def test_released_points_are_not_the_typed_ones(self, teacher: Visitor, assignment: Assignment) -> None:
        work = handed_in(assignment, "6", "Ana")
        marked(work, teacher, Mark(points=Decimal(5)), release=True)
        marked(work, teacher, Mark(points=Decimal(7)))

        row = table(download(teacher))[0]
        assert (row["Points"], row["Status"], row["Released"]) == ("7", "Changed since released", "yes")
        assert Release.objects.get().points == 5
        assert ScoreDelivery.objects.get().points == 5
