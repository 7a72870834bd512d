"""Marks as CSV, in: nothing is written before Apply, nobody's work is overwritten unasked, and Undo puts it back."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_tool.models import LaunchSession, Person, ScoreDelivery
from tests.video.sheets import (
    RUBRIC,
    apply,
    download,
    handed_in,
    marked,
    proposed,
    refusals,
    session_of,
    somebody,
    table,
    undo,
    upload,
    written,
)
from tests.video.test_access import OTHER_COURSE, OTHER_LINK
from tests.video.test_tenants import undone
from tests.video.visitor import Visitor
from video import tasks
from video.feedback import rich_text
from video.grading import grades
from video.grading.marks import Mark
from video.models import (
    Assignment,
    Attempt,
    Comment,
    Event,
    Grade,
    ImportedMark,
    MarkImport,
    Release,
    Submission,
    Video,
)
from video.rubrics.rubrics import Score
from video.spreadsheet import applying, proposing, reading

steady = settings(derandomize=True, deadline=None, database=None, max_examples=150)


def exported(visitor: Visitor, **query: str) -> list[dict[str, str]]:
    return table(download(visitor, **query))


def changed(visitor: Visitor, name: str, **cells: str) -> str:
    """An export in which one person's cells are other ones."""
    rows = exported(visitor)
    for row in rows:
        if row["Name"] == name:
            row.update(cells)
    return written(rows)


def states(marks_import: MarkImport) -> dict[int, str]:
    return dict(marks_import.rows.values_list("line", "state"))


def grade_rows() -> list[Any]:
    return list(Grade.objects.order_by("attempt").values())


@pytest.fixture
def ana(assignment: Assignment, teacher: Visitor) -> Submission:
    work = handed_in(assignment, "6", "Ana Student", "ana@example.org")
    marked(work, teacher, Mark(points=Decimal(50), feedback="<p>Well <em>told</em>.</p><p>-5</p>"))
    return work


@pytest.fixture
def ben(assignment: Assignment) -> Submission:
    return handed_in(assignment, "7", "Ben Student", "ben@example.org")


class TestReading:
    @pytest.mark.parametrize(
        ("encoding", "bom"),
        [
            ("utf-8", b""),
            ("utf-8", b"\xef\xbb\xbf"),
            ("utf-16-le", b"\xff\xfe"),
            ("utf-16-be", b"\xfe\xff"),
            ("utf-16-le", b""),
            ("utf-16-be", b""),
            ("cp1252", b""),
        ],
    )
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("end", ["\r\n", "\n"])
    def test_any_encoding_delimiter_and_line_end(
        self, assignment: Assignment, encoding: str, bom: bytes, delimiter: str, end: str
    ) -> None:
        text = end.join(delimiter.join(row) for row in (["E-Mail", "points"], ["zoë@example.org", "1"], [], ["b", "2"]))
        sheet = reading.read(bom + text.encode(encoding), assignment)

        assert [(line.number, dict(line.cells)) for line in sheet.lines] == [
            (2, {"E-mail": "zoë@example.org", "Points": "1"}),
            (4, {"E-mail": "b", "Points": "2"}),
        ]

    @pytest.mark.parametrize(
        "heading", ["Points", " points ", "POINTS", "\ufeffPoints", '"""Points"""', "Poi nts", "'Points"]
    )
    def test_headings_are_known_however_they_are_written(self, assignment: Assignment, heading: str) -> None:
        sheet = reading.read(f"{heading},Identifier\n5,x".encode(), assignment)

        assert dict(sheet.lines[0].cells) == {"Points": "5", "Identifier": "x"}

    def test_unknown_columns_are_ignored_and_said(self, assignment: Assignment) -> None:
        sheet = reading.read(b"Identifier,Group,Points,My notes,\nx,A,5,secret,", assignment)

        assert sheet.ignored == ["Group", "My notes"]
        assert dict(sheet.lines[0].cells) == {"Identifier": "x", "Points": "5"}

    def test_excels_own_line_for_the_delimiter(self, assignment: Assignment) -> None:
        assert reading.read(b"sep=;\r\nIdentifier;Points\r\nx;5", assignment).lines[0].cells["Points"] == "5"

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "is empty"),
            (b"\n", "names no column"),
            (b"PK\x03\x04rest", "CSV UTF-8"),
            (b"\xd0\xcf\x11\xe0rest", "CSV UTF-8"),
            (b"\x89PNG\r\n\x1a\n", "names no column"),
            (b"\x81\x8d\x8f", "could not be read"),
            (b"\xff\xfea", "could not be read"),
            (b"Group,Points\nA,5", "names no column"),
            (b"Identifier,Status\nx,y", "no column of points or feedback"),
            (b"Identifier,Points,points\nx,5,6", "is there twice"),
            (b'Identifier,Points\nx,"5\ny,6\n', "quotation marks"),
            (b"Identifier,Points\n" + b"," * 600, "more than 500 columns"),
            (b"Identifier,Points\n" + b"x,1\n" * 20_001, "more than 20,000 rows"),
            (b"Identifier,Points\n" + b"x" * (5 * 1024 * 1024), "too large"),
        ],
        ids=lambda value: str(value)[:24],
    )
    def test_what_is_no_csv_of_marks_is_refused_in_words(
        self, teacher: Visitor, assignment: Assignment, content: bytes, said: str
    ) -> None:
        response = upload(teacher, content)

        assert response.status_code == 422
        assert said in response.content.decode()
        assert not MarkImport.objects.exists()

    def test_no_file(self, teacher: Visitor, assignment: Assignment) -> None:
        response = teacher.post("marks/import/", {"file": "not a file"})

        assert response.status_code == 422
        assert "No file was chosen." in response.content.decode()


class TestPreview:
    def test_export_is_no_change(self, teacher: Visitor, ana: Submission, ben: Submission) -> None:
        for delimiter in ("comma", "semicolon", "tab"):
            result = proposed(teacher, download(teacher, delimiter=delimiter))

            assert (result.rows.count(), result.report["unchanged"], result.report["refused"]) == (0, 2, [])
            assert "There is nothing to import" in teacher.text(f"marks/import/{result.pk}/")

    def test_old_and_new_are_shown_and_nothing_is_written(
        self, teacher: Visitor, ana: Submission, ben: Submission
    ) -> None:
        rows = exported(teacher)
        rows[0].update({"Points": "60,5", "Feedback": "Better & better"})
        rows[1].update({"Points": "1", "Extra": "x"})
        before = grade_rows()
        result = proposed(teacher, written([{"Extra": "", **row} for row in rows]))

        page = " ".join(re.sub(r"<[^>]+>", " ", teacher.text(f"marks/import/{result.pk}/")).split())
        for words in (
            "Points from 50 of 100 → to 60.5 of 100",
            "from Well told. -5 → to Better &amp; better",
            "from not marked → to 1 of 100",
            "“Extra”",
            "Ana Student",
            "Ben Student",
        ):
            assert words in page
        assert grade_rows() == before
        assert not Event.objects.filter(kind="imported").exists()

    def test_mark_that_changed_since_the_export_is_a_conflict(
        self, teacher: Visitor, ana: Submission, ben: Submission
    ) -> None:
        content = changed(teacher, "Ana Student", Points="70")
        marked(ana, teacher, Mark(points=Decimal(55)))
        result = proposed(teacher, content)

        assert list(result.rows.values_list("conflict", "version")) == [(True, 2)]
        assert "Changed since the export" in teacher.text(f"marks/import/{result.pk}/")

    def test_row_that_was_not_edited_but_is_old_is_a_conflict_too(self, teacher: Visitor, ana: Submission) -> None:
        content = download(teacher)
        marked(ana, teacher, Mark(points=Decimal(55)))

        assert proposed(teacher, content).rows.get().conflict, "or an old file would undo a colleague's work"

    def test_file_without_versions_is_taken_at_its_word(self, teacher: Visitor, ana: Submission) -> None:
        assert not proposed(teacher, "E-mail,Points\nANA@example.org ,70").rows.get().conflict

    @pytest.mark.parametrize(
        ("cells", "said"),
        [
            ({"Identifier": "x", "E-mail": "", "Name": ""}, "“x” is no student of this assignment."),
            ({"Identifier": "", "E-mail": "", "Name": ""}, "It names nobody."),
            ({"Points": "101"}, "Points takes points from 0 to 100"),
            ({"Points": "-1"}, "not a number"),
            ({"Points": "NaN"}, "not a number"),
            ({"Points": "1e1"}, "not a number"),
            ({"Points": "1_0"}, "not a number"),
            ({"Points": "٥"}, "not a number"),
            ({"Points": "9" * 3000}, "not a number"),
            ({"Points": "1.234"}, "without thousands"),
            ({"Points": "1,000"}, "without thousands"),
            ({"Points": "1.2345"}, "two decimals"),
            ({"Points": "<b>many</b>"}, "not a number"),
            ({"Feedback": "x" * 50_001}, "too long"),
            ({"Points": "1", "Version": "-1"}, "leave that column"),
            ({"Points": "1", "Version": "9" * 99}, "leave that column"),
            ({"Points": "1", "Attempt": "2"}, "Attempt 2 is not handed in"),
            ({"Points": "1", "Attempt": "one"}, "leave that column"),
            ({"Points": "1", "Assignment": "x"}, "exported from another assignment"),
            ({"Points": "1", "E-mail": "ben@example.org"}, "sorted without the others"),
            ({"Points": "1", "Name": "ben  student"}, "sorted without the others"),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_refused_rows_say_why(
        self, teacher: Visitor, ana: Submission, ben: Submission, cells: dict[str, str], said: str
    ) -> None:
        result = proposed(teacher, changed(teacher, "Ana Student", **cells))

        assert said in refusals(result)[2]
        assert result.rows.count() == 0
        page = teacher.text(f"marks/import/{result.pk}/")
        assert "<strong>Row 2:</strong>" in page
        assert "<b>many" not in page

    def test_twice_in_the_file_is_refused_both_times(self, teacher: Visitor, ana: Submission, ben: Submission) -> None:
        rows = exported(teacher)
        result = proposed(teacher, written([*rows, {**rows[0], "Identifier": "", "Points": "70"}]))

        assert set(refusals(result)) == {2, 4}
        assert "is 2 times in the file" in refusals(result)[4]

    def test_row_numbers_are_the_spreadsheets(self, teacher: Visitor, ana: Submission) -> None:
        result = proposed(teacher, 'Name,Points,Feedback\nAna Student,,"a\nb\nc"\n\nNobody,5,')

        assert set(refusals(result)) == {4}
        assert result.rows.get().line == 2

    def test_nothing_handed_in(self, teacher: Visitor, assignment: Assignment) -> None:
        somebody(assignment, "8", "Cia")
        rows = exported(teacher)

        assert proposed(teacher, written(rows)).report["unchanged"] == 1
        rows[0]["Points"] = "5"
        assert "Nothing is handed in" in refusals(proposed(teacher, written(rows)))[2]

    def test_name_or_address_of_two_is_nobodys(self, teacher: Visitor, ana: Submission, assignment: Assignment) -> None:
        handed_in(assignment, "9", "ana student", "ana@example.org")

        assert "is the name of 2 people" in refusals(proposed(teacher, "Name,Points\nAna Student,5"))[2]
        assert "is the e-mail of 2 people" in refusals(proposed(teacher, "E-mail,Points\nana@example.org,5"))[2]

    def test_anonymous_marking_finds_nobody_by_what_is_hidden(
        self, teacher: Visitor, ana: Submission, assignment: Assignment
    ) -> None:
        Assignment.objects.update(anonymous=True)
        alias = exported(teacher)[0]["Identifier"]
        told = [
            refusals(proposed(teacher, f"{column},Points\n{value},5"))[2]
            for column, value in (
                ("Name", "Ana Student"),
                ("E-mail", "ana@example.org"),
                ("Identifier", str(ana.person_id)),
                ("Name", "Nobody"),
            )
        ]
        assert all("is no student of this assignment" in reason for reason in told)
        # Nor does a name beside the alias tell whether it is theirs.
        for name in ("Ana Student", "Nobody"):
            content = f"Identifier,Name,E-mail,Points\n{alias},{name},ana@example.org,5"
            assert proposed(teacher, content).rows.count() == 1

        page = teacher.text(f"marks/import/{MarkImport.objects.get().pk}/")
        assert alias in page
        assert "Ana " not in page.partition("<main")[2]

    def test_alias_is_still_known_after_the_release(self, teacher: Visitor, ana: Submission) -> None:
        Assignment.objects.update(anonymous=True)
        content = written([{**row, "Points": "70"} for row in exported(teacher)])
        grades.release(launch=session_of(teacher), submissions=[ana.pk])

        assert proposed(teacher, content).rows.count() == 1

    def test_attempt_that_was_exported_is_meant_though_a_newer_came(self, teacher: Visitor, ana: Submission) -> None:
        content = changed(teacher, "Ana Student", Points="70")
        Attempt.objects.create(submission=ana, number=2, submitted_at=timezone.now())

        assert proposed(teacher, content).rows.get().attempt.number == 1
        assert proposed(teacher, "Name,Points\nAna Student,5").rows.get().attempt.number == 2

    def test_new_file_takes_the_place_of_the_one_before(self, teacher: Visitor, ana: Submission) -> None:
        first = proposed(teacher, "Name,Points\nAna Student,5")
        proposed(teacher, "Name,Points\nAna Student,6")

        assert not MarkImport.objects.filter(pk=first.pk).exists()

    def test_statements_do_not_grow_with_the_file(self, teacher: Visitor, assignment: Assignment) -> None:
        def statements() -> tuple[int, int]:
            content = written([{**row, "Points": "5"} for row in exported(teacher)]).encode()
            with CaptureQueriesContext(connection) as reading_it:
                result = proposing.propose(
                    launch=session_of(teacher), assignment=assignment, sheet=reading.read(content, assignment)
                )
            with CaptureQueriesContext(connection) as looking:
                teacher.text(f"marks/import/{result.pk}/")
            return len(reading_it), len(looking)

        handed_in(assignment, "100", "Student 100")
        statements()  # the next takes its place
        few = statements()
        for number in range(101, 108):
            handed_in(assignment, str(number), f"Student {number}")
        assert statements() == few


class TestRubric:
    VOICE, PICTURE = "Rubric: Voice", "Rubric: =Picture, sound; light"

    @pytest.fixture
    def work(self, teacher: Visitor, assignment: Assignment) -> Submission:
        Assignment.objects.update(grading="rubric", rubric=RUBRIC)
        assignment.refresh_from_db()
        work = handed_in(assignment, "6", "Ana")
        scores = {"a": Score(points=Decimal(5), note="Hm."), "b": Score(points=Decimal(0), level="low")}
        marked(work, teacher, Mark(points=Decimal(25), scores=scores))
        return work

    @pytest.mark.parametrize(
        ("cells", "points", "overridden", "scores"),
        [
            ({VOICE: "7.5"}, "37.5", False, {"a": ("7.5", ""), "b": ("0", "low")}),
            ({PICTURE: "10"}, "75", False, {"a": ("5", ""), "b": ("10", "high")}),
            ({PICTURE: "4"}, "45", False, {"a": ("5", ""), "b": ("4", "")}),
            ({"Points": "90"}, "90", True, {"a": ("5", ""), "b": ("0", "low")}),
            ({VOICE: "10", "Points": "50"}, "50", False, {"a": ("10", ""), "b": ("0", "low")}),
            ({VOICE: "10", "Points": "51"}, "51", True, {"a": ("10", ""), "b": ("0", "low")}),
        ],
    )
    def test_total_follows_the_criteria_unless_points_are_typed(
        self,
        teacher: Visitor,
        work: Submission,
        cells: dict[str, str],
        points: str,
        overridden: bool,
        scores: dict[str, tuple[str, str]],
    ) -> None:
        apply(teacher, proposed(teacher, changed(teacher, "Ana", **cells)))

        grade = Grade.objects.get()
        assert (grade.points, grade.overridden) == (Decimal(points), overridden)
        assert {key: (one["points"], one.get("level", "")) for key, one in grade.scores.items()} == scores
        assert grade.scores["a"]["note"] == "Hm.", "a note that the file does not know of stays"

    def test_override_can_be_dropped(self, teacher: Visitor, work: Submission) -> None:
        apply(teacher, proposed(teacher, changed(teacher, "Ana", Points="90")))
        assert proposed(teacher, download(teacher)).rows.count() == 0
        apply(teacher, proposed(teacher, changed(teacher, "Ana", **{self.VOICE: "10"})))
        assert Grade.objects.get().points == 90, "an override stays when a criterion changes"
        apply(teacher, proposed(teacher, changed(teacher, "Ana", Overridden="no")))

        grade = Grade.objects.get()
        assert (grade.points, grade.overridden) == (Decimal(50), False)

    @pytest.mark.parametrize(
        ("cells", "said"),
        [
            ({VOICE: "11"}, "“Voice” takes points from 0 to 10"),
            ({VOICE: "good"}, "not a number"),
        ],
    )
    def test_wrong_points_of_a_criterion(
        self, teacher: Visitor, work: Submission, cells: dict[str, str], said: str
    ) -> None:
        assert said in refusals(proposed(teacher, changed(teacher, "Ana", **cells)))[2]

    def test_criterion_that_was_renamed_since_is_said(self, teacher: Visitor, work: Submission) -> None:
        content = changed(teacher, "Ana", **{self.VOICE: "7.5"})
        Assignment.objects.update(
            rubric={"criteria": [{"id": "a", "title": "Speech", "points": "10"}, RUBRIC["criteria"][1]]}
        )
        result = proposed(teacher, content)

        assert result.report["ignored"] == [self.VOICE]
        assert result.rows.count() == 0


class TestPassOrFail:
    @pytest.fixture(autouse=True)
    def pass_fail(self, assignment: Assignment) -> None:
        Assignment.objects.update(grading="pass_fail")
        assignment.refresh_from_db()

    @pytest.mark.parametrize(
        ("cells", "points"),
        [
            ({"Passed": "Pass"}, 100),
            ({"Passed": "no"}, 0),
            ({"Points": "100"}, 100),
            ({"Points": "0"}, 0),
            ({"Passed": "fail", "Points": "0"}, 0),
        ],
    )
    def test_by_either_column(self, teacher: Visitor, ben: Submission, cells: dict[str, str], points: int) -> None:
        apply(teacher, proposed(teacher, changed(teacher, "Ben Student", **cells)))

        assert Grade.objects.get().points == points
        assert proposed(teacher, download(teacher)).rows.count() == 0

    @pytest.mark.parametrize(
        ("cells", "said"),
        [
            ({"Points": "50"}, "nothing but 0 or the maximum"),
            ({"Passed": "maybe"}, "not pass or fail"),
            ({"Passed": "pass", "Points": "0"}, "two different things"),
        ],
    )
    def test_refused(self, teacher: Visitor, ben: Submission, cells: dict[str, str], said: str) -> None:
        assert said in refusals(proposed(teacher, changed(teacher, "Ben Student", **cells)))[2]


class TestApply:
    def test_marks_and_feedback_are_written_and_nothing_else(
        self, teacher: Visitor, ana: Submission, ben: Submission
    ) -> None:
        marked(ana, teacher, Mark(points=Decimal(50), feedback="<p>Well <em>told</em>.</p>", private_note="Hush."))
        content = changed(teacher, "Ana Student", Points="60")
        page = apply(teacher, proposed(teacher, content))

        grade = Grade.objects.get()
        assert (grade.points, grade.private_note) == (Decimal(60), "Hush.")
        assert grade.feedback == "<p>Well <em>told</em>.</p>"
        assert "Imported 1 mark" in page
        assert not Release.objects.exists()
        assert Submission.objects.get(pk=ana.pk).state == "graded"
        event = Event.objects.get(kind="imported")
        assert (event.actor, event.data["rows"], event.data["released"]) == (
            Person.objects.get(sub="3"),
            {"applied": 1},
            False,
        )

    def test_feedback_is_plain_text(self, teacher: Visitor, ben: Submission) -> None:
        text = "<script>alert(1)</script> & '=1\n\nsecond"
        apply(teacher, proposed(teacher, changed(teacher, "Ben Student", Feedback=text)))

        grade = Grade.objects.get()
        assert "<script" not in grade.feedback
        assert rich_text.plain(grade.feedback) == "<script>alert(1)</script> & '=1\n\nsecond"
        assert grade.points is None
        assert proposed(teacher, download(teacher)).rows.count() == 0

    def test_empty_cells_change_nothing(self, teacher: Visitor, ana: Submission) -> None:
        result = proposed(teacher, changed(teacher, "Ana Student", Points="", Feedback=""))

        assert (result.rows.count(), result.report["unchanged"]) == (0, 1)

    def test_conflicts_are_kept_unless_overwritten(self, teacher: Visitor, ana: Submission, ben: Submission) -> None:
        rows = [{**row, "Points": "70"} for row in exported(teacher)]
        marked(ana, teacher, Mark(points=Decimal(55)))
        result = proposed(teacher, written(rows))
        page = apply(teacher, result)
        assert states(result) == {2: "kept", 3: "applied"}
        assert "1 was left as it was" in page
        assert Grade.objects.get(attempt__submission=ana).points == 55

        again = proposed(teacher, written(rows))
        apply(teacher, again, overwrite="1")
        assert states(again) == {2: "applied"}
        assert Grade.objects.get(attempt__submission=ana).points == 70

    @pytest.mark.parametrize("overwrite", ["", "1"])
    def test_what_nobody_has_seen_in_the_preview_is_never_overwritten(
        self, teacher: Visitor, ana: Submission, overwrite: str
    ) -> None:
        result = proposed(teacher, changed(teacher, "Ana Student", Points="70"))
        marked(ana, teacher, Mark(points=Decimal(55)))
        page = apply(teacher, result, overwrite=overwrite)

        assert states(result) == {2: "overtaken"}
        assert Grade.objects.get().points == 55
        assert "Changed in Reelmark while you looked at the preview." in page

    def test_attempt_that_was_taken_back_meanwhile(self, teacher: Visitor, ben: Submission) -> None:
        result = proposed(teacher, changed(teacher, "Ben Student", Points="70"))
        Attempt.objects.update(submitted_at=None)
        apply(teacher, result)

        assert states(result) == {2: "taken_back"}
        assert not Grade.objects.exists()

    def test_rubric_that_changed_meanwhile(self, teacher: Visitor, ben: Submission) -> None:
        Assignment.objects.update(grading="rubric", rubric=RUBRIC)
        result = proposed(teacher, changed(teacher, "Ben Student", **{"Rubric: Voice": "9"}))
        Assignment.objects.update(rubric={"criteria": [{"id": "a", "title": "Voice", "points": "5"}]})
        apply(teacher, result)

        assert states(result) == {2: "overtaken"}

    @pytest.mark.parametrize(
        ("asked", "hold", "released"), [("1", False, True), ("", False, False), ("1", True, False)]
    )
    def test_release_at_once_follows_the_assignment(
        self, teacher: Visitor, ben: Submission, asked: str, hold: bool, released: bool
    ) -> None:
        Assignment.objects.update(hold_grades=hold)
        result = proposed(teacher, changed(teacher, "Ben Student", Points="70"))
        assert ('name="release"' in teacher.text(f"marks/import/{result.pk}/")) is not hold
        apply(teacher, result, release=asked)

        assert Release.objects.exists() is released
        assert MarkImport.objects.get().release is released, "the page says what was done, not what was asked"
        assert ScoreDelivery.objects.exists() is released

    def test_assistant_imports_and_releases_only_where_allowed(self, visit: Any, ben: Submission) -> None:
        assistant = visit("assistant", "4")
        result = proposed(assistant, "Name,Points\nBen Student,70")
        assert 'name="release"' not in assistant.text(f"marks/import/{result.pk}/")
        apply(assistant, result, release="1")

        assert Grade.objects.get().points == 70
        assert not Release.objects.exists()

    def test_pressed_twice_it_is_done_once(self, teacher: Visitor, ana: Submission) -> None:
        result = proposed(teacher, changed(teacher, "Ana Student", Points="70"))
        apply(teacher, result)
        marked(ana, teacher, Mark(points=Decimal(80)))
        apply(teacher, result, overwrite="1", release="1")

        assert Grade.objects.get().points == 80
        assert not MarkImport.objects.get().release
        assert Event.objects.filter(kind="imported").count() == 1

    def test_large_import_goes_on_where_it_stopped(
        self, teacher: Visitor, ana: Submission, ben: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(applying.go_on, "__kwdefaults__", {"seconds": 0.0})
        result = proposed(teacher, written([{**row, "Points": "70"} for row in exported(teacher)]))
        page = apply(teacher, result)
        assert "1 of 2" in page
        assert "data-sends-itself" in page
        assert "Go on with the import" in teacher.text()
        page = apply(teacher, result)

        assert states(result) == {2: "applied", 3: "applied"}
        assert "data-sends-itself" not in page
        assert Event.objects.get(kind="imported").data["rows"] == {"applied": 2}


class TestUndo:
    def test_marks_are_as_they_were(self, teacher: Visitor, ana: Submission, ben: Submission) -> None:
        before = Grade.objects.get()
        result = proposed(teacher, written([{**row, "Points": "70", "Feedback": "New"} for row in exported(teacher)]))
        apply(teacher, result)
        assert "Undo the import of 2 marks" in teacher.text()
        page = undo(teacher, result)

        assert "2 marks are as they were before." in page
        after = Grade.objects.get(pk=before.pk)
        for name in ("points", "scores", "overridden", "feedback", "unreleased", "grader_id"):
            assert getattr(after, name) == getattr(before, name)
        empty = Grade.objects.get(attempt__submission=ben)
        assert (empty.points, empty.feedback, empty.version) == (None, "", 2)
        assert Submission.objects.get(pk=ben.pk).state == "submitted"
        assert Submission.objects.get(pk=ana.pk).state == "graded"
        assert "Undo the import" not in teacher.text()
        assert [event.data.get("undo") for event in Event.objects.filter(kind="imported").order_by("at")] == [
            None,
            True,
        ]

    def test_what_was_changed_since_stays_and_is_told(self, teacher: Visitor, ana: Submission, ben: Submission) -> None:
        result = proposed(teacher, written([{**row, "Points": "70"} for row in exported(teacher)]))
        apply(teacher, result)
        marked(ana, teacher, Mark(points=Decimal(71)))
        page = undo(teacher, result)

        assert states(result) == {2: "left", 3: "undone"}
        assert Grade.objects.get(attempt__submission=ana).points == 71
        assert "1 was changed or released since" in page

    def test_what_was_released_since_stays(self, teacher: Visitor, ben: Submission) -> None:
        result = proposed(teacher, changed(teacher, "Ben Student", Points="70"))
        apply(teacher, result)
        grades.release(launch=session_of(teacher), submissions=[ben.pk])
        undo(teacher, result)

        assert states(result) == {2: "left"}
        assert Release.objects.get().points == 70

    def test_released_mark_goes_back_as_it_was_released_before(self, teacher: Visitor, ana: Submission) -> None:
        grades.release(launch=session_of(teacher), submissions=[ana.pk])
        Release.objects.update(seen_at=timezone.now())
        before = Release.objects.values().get()
        result = proposed(teacher, changed(teacher, "Ana Student", Points="70"))
        apply(teacher, result, release="1")
        assert ScoreDelivery.objects.get().points == 70
        undo(teacher, result)

        assert Release.objects.values().get() == before
        grade = Grade.objects.get()
        assert (grade.points, grade.unreleased) == (Decimal(50), False)
        delivery = ScoreDelivery.objects.get()
        assert (delivery.points, delivery.grading_progress, delivery.state) == (Decimal(50), "FullyGraded", "waiting")

    def test_comment_since_waits_for_the_next_release(self, teacher: Visitor, ana: Submission) -> None:
        grades.release(launch=session_of(teacher), submissions=[ana.pk])
        result = proposed(teacher, changed(teacher, "Ana Student", Points="70"))
        apply(teacher, result, release="1")
        Comment.objects.create(video=Video.objects.get(), at=1, text="New")
        undo(teacher, result)

        assert Grade.objects.get().unreleased

    def test_mark_that_was_released_for_the_first_time_is_taken_back_and_moodle_told(
        self, teacher: Visitor, ben: Submission
    ) -> None:
        result = proposed(teacher, changed(teacher, "Ben Student", Points="70"))
        page = apply(teacher, result, release="1")
        assert "1 of the marks was released by this import for the first time" in page
        assert "0 students have opened a mark of this import already" in page
        Release.objects.update(seen_at=timezone.now())
        assert "1 student has opened" in teacher.text(f"marks/import/{result.pk}/")
        page = undo(teacher, result)

        assert not Release.objects.exists()
        delivery = ScoreDelivery.objects.get()
        assert (delivery.grading_progress, delivery.points, delivery.activity_progress) == (
            "PendingManual",
            None,
            "Submitted",
        )
        assert "Moodle is asked to clear" in page
        assert Submission.objects.get(pk=ben.pk).state == "submitted"

    def test_grade_of_another_attempt_stays_in_moodle(self, teacher: Visitor, ana: Submission) -> None:
        grades.release(launch=session_of(teacher), submissions=[ana.pk])
        Attempt.objects.create(submission=ana, number=2, submitted_at=timezone.now())
        result = proposed(teacher, changed(teacher, "Ana Student", Points="70"))
        apply(teacher, result, release="1")
        assert ScoreDelivery.objects.get().points == 70
        undo(teacher, result)

        delivery = ScoreDelivery.objects.get()
        assert (delivery.points, delivery.grading_progress) == (Decimal(50), "FullyGraded")

    def test_once_within_a_day_and_until_the_next(self, teacher: Visitor, ana: Submission) -> None:
        first = proposed(teacher, changed(teacher, "Ana Student", Points="70"))
        apply(teacher, first)
        second = proposed(teacher, changed(teacher, "Ana Student", Points="80"))
        assert "Undo the import of 1 mark…" in teacher.text(), "a preview alone ends nothing"
        apply(teacher, second)
        assert "Nothing was undone" in undo(teacher, first)
        assert Grade.objects.get().points == 80
        undo(teacher, second)
        undo(teacher, second)
        assert Grade.objects.get().points == 70
        assert "Nothing was undone" in undo(teacher, first), "one undo, not a history"

        third = proposed(teacher, changed(teacher, "Ana Student", Points="90"))
        apply(teacher, third)
        MarkImport.objects.filter(pk=third.pk).update(applied_at=timezone.now() - timedelta(hours=25))
        assert "Undo the import" not in teacher.text()
        assert "Nothing was undone" in undo(teacher, third)
        assert Grade.objects.get().points == 90

    def test_undo_goes_on_where_it_stopped(
        self, teacher: Visitor, ana: Submission, ben: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        result = proposed(teacher, written([{**row, "Points": "70"} for row in exported(teacher)]))
        apply(teacher, result)
        monkeypatch.setattr(applying.go_on_undoing, "__kwdefaults__", {"seconds": 0.0})
        assert "data-sends-itself" in undo(teacher, result)
        assert "2 marks are as they were before." in undo(teacher, result)


class TestReach:
    """Besides tests/video/test_tenants.py, which tries all addresses from other platforms."""

    PAGES = (("GET", ""), ("POST", "apply/"), ("POST", "undo/"))

    def reach(self, visitor: Visitor, marks_import: MarkImport) -> set[int]:
        path = f"marks/import/{marks_import.pk}/"
        return {
            (visitor.get(f"{path}{page}") if method == "GET" else visitor.post(f"{path}{page}")).status_code
            for method, page in self.PAGES
        }

    @pytest.mark.parametrize(
        ("role", "status"), [("student", 404), ("assistant", 200), ("teacher", 200), ("admin", 200)]
    )
    def test_staff_alone_import(self, assignment: Assignment, visit: Any, role: str, status: int) -> None:
        visitor = visit(role, "9")

        assert visitor.get("marks/import/").status_code == status
        assert upload(visitor, "Name,Points\nx,5").status_code == (404 if status == 404 else 302)

    def test_preview_is_of_its_launch_alone(self, teacher: Visitor, visit: Any, ana: Submission) -> None:
        result = proposed(teacher, "Name,Points\nAna Student,70")
        for visitor in (
            visit("teacher", "3"),
            visit("admin", "2"),
            visit("assistant", "4"),
            visit("student", "6"),
            visit("teacher", "3", **OTHER_LINK),
            visit("teacher", "5", **OTHER_COURSE),
        ):
            assert self.reach(visitor, result) == {404}
        assert Grade.objects.get().points == 50

    def test_preview_ends(self, teacher: Visitor, ana: Submission) -> None:
        result = proposed(teacher, "Name,Points\nAna Student,70")
        MarkImport.objects.update(at=timezone.now() - timedelta(hours=3))

        assert self.reach(teacher, result) == {404}
        tasks.forget_mark_imports()
        assert not MarkImport.objects.exists()

    def test_editors_and_who_imported_may_undo(self, teacher: Visitor, visit: Any, ana: Submission) -> None:
        assistant = visit("assistant", "4")
        result = proposed(assistant, "Name,Points\nAna Student,70")
        apply(assistant, result)
        for visitor in (
            visit("assistant", "44"),
            visit("student", "6"),
            visit("teacher", "3", **OTHER_LINK),
            visit("teacher", "5", **OTHER_COURSE),
        ):
            assert self.reach(visitor, result) == {404}
        assert "Undo the import" in assistant.text()
        assert "Undo the import" not in visit("assistant", "44").text()
        undo(visit("teacher", "3"), result)
        assert Grade.objects.get().points == 50

    def test_copies_of_marks_are_forgotten_after_a_day(self, teacher: Visitor, ana: Submission) -> None:
        result = proposed(teacher, "Name,Points\nAna Student,70")
        apply(teacher, result)
        tasks.forget_mark_imports()
        assert MarkImport.objects.exists()
        MarkImport.objects.update(applied_at=timezone.now() - timedelta(hours=25))
        tasks.forget_mark_imports()

        assert not ImportedMark.objects.exists()
        assert Grade.objects.get().points == 70

    def test_undo_outlives_the_launch(self, teacher: Visitor, visit: Any, ana: Submission) -> None:
        result = proposed(teacher, "Name,Points\nAna Student,70")
        apply(teacher, result)
        LaunchSession.objects.filter(pk=session_of(teacher).pk).delete()
        undo(visit("teacher", "3"), result)

        assert Grade.objects.get().points == 50


WORDS = st.text(
    st.sampled_from("=+-@'\"\t\r\n ,;0123456789.:/eE<>&é😀＝\u2028\u00a0\x0b\x00abTRUEfalsMay"), max_size=40
)
POINTS = st.decimals(min_value=0, max_value=100, places=2)


@pytest.mark.property
def test_for_any_texts_and_marks_export_and_import_is_no_change(
    teacher: Visitor, ana: Submission, ben: Submission, assignment: Assignment
) -> None:
    launch = session_of(teacher)

    @settings(steady)
    @given(
        WORDS | st.text(max_size=60),
        st.booleans(),
        st.none() | POINTS,
        WORDS,
        WORDS,
        st.sampled_from(["comma", "semicolon", "tab"]),
        st.sampled_from(["points", "rubric", "pass_fail"]),
        st.fixed_dictionaries({}, optional={"a": POINTS, "b": POINTS}),
    )
    def every(
        words: str, html: bool, points: Decimal | None, name: str, title: str, delimiter: str, way: str, given: Any
    ) -> None:
        with undone():
            rubric = {
                "criteria": [
                    {"id": id, "title": title.replace("\x00", "").strip() or "x", "points": "100"} for id in "ab"
                ]
            }
            Assignment.objects.update(grading=way, rubric=rubric if way == "rubric" else {})
            Person.objects.filter(pk=ana.person_id).update(name=name.replace("\x00", ""))
            Person.objects.filter(sub="3").update(name=name.replace("\x00", "") or "T")
            feedback = rich_text.clean(f"<p>{words}</p>") if html else rich_text.from_plain(words)
            scores = {id: Score(points=value) for id, value in given.items()} if way == "rubric" else {}
            Grade.objects.update(
                points=points,
                feedback=feedback,
                overridden=way == "rubric" and points is not None,
                scores={id: {"points": str(score.points)} for id, score in scores.items()},
            )
            assignment.refresh_from_db()
            content = download(teacher, delimiter=delimiter).encode()
            result = proposing.propose(launch=launch, assignment=assignment, sheet=reading.read(content, assignment))
            assert (result.rows.count(), result.report["refused"], result.report["unchanged"]) == (0, [], 2)
            assert result.report["ignored"] == []

    every()


@pytest.mark.property
def test_any_mutated_file_is_answered_and_writes_nothing_before_apply(
    teacher: Visitor, ana: Submission, ben: Submission
) -> None:
    Assignment.objects.update(grading="rubric", rubric=RUBRIC)
    good = download(teacher).encode()
    before = grade_rows()
    junk = st.sampled_from(
        [b'"', b"\x00", b"\xff", b"\xff\xfe", b",", b";", b"\r", b"\n", b"=", b"1e999", b"NaN", b"\xef\xbb\xbf", b"'"]
    ) | st.binary(max_size=6)
    change = st.tuples(st.integers(0, len(good)), st.integers(0, 30), junk)
    seen: dict[int, int] = {}

    @settings(steady, max_examples=250)
    @given(st.lists(change, min_size=1, max_size=6), st.booleans())
    def every(changes: list[tuple[int, int, bytes]], cut: bool) -> None:
        content = good
        for at, size, put in changes:
            content = content[:at] + put + content[at + size :]
        with undone():
            response = upload(teacher, content[: len(content) // 2] if cut else content)
            assert response.status_code in (302, 422)
            seen[response.status_code] = seen.get(response.status_code, 0) + 1
            if response.status_code == 302:
                assert teacher.get(response["Location"]).status_code == 200
            assert grade_rows() == before
            assert not Release.objects.exists()
            if response.status_code == 302:  # and applied, it is no fault either
                assert teacher.post(f"{response['Location']}apply/", {"overwrite": "1"}).status_code == 302
                assert teacher.get(response["Location"]).status_code == 200

    every()
    assert min(seen[302], seen[422]) > 10, seen


@pytest.mark.property
def test_any_cells_are_answered(teacher: Visitor, ana: Submission, ben: Submission) -> None:
    rows = exported(teacher)
    cells = st.dictionaries(st.sampled_from(list(rows[0])), WORDS | st.text(st.characters(codec="utf-8"), max_size=20))
    before = grade_rows()

    @settings(steady)
    @given(cells, cells)
    def every(first: dict[str, str], second: dict[str, str]) -> None:
        with undone():
            out = io.StringIO()
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows([{**rows[0], **first}, {**rows[1], **second}])
            response = upload(teacher, out.getvalue())
            assert response.status_code in (302, 422)
            assert grade_rows() == before
            if response.status_code == 302:
                result = MarkImport.objects.get()
                assert teacher.get(response["Location"]).status_code == 200
                report = result.report
                assert report["lines"] == report["unchanged"] + len(report["refused"]) + result.rows.count()

    every()


def test_two_requests_write_a_row_once(teacher: Visitor, ana: Submission, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another tab has settled meanwhile is not written again."""
    result = proposed(teacher, changed(teacher, "Ana Student", Points="70"))
    waiting = list(result.rows.values_list("pk", flat=True))
    apply(teacher, result)
    monkeypatch.setattr(applying, "_waiting", lambda *_: waiting)
    MarkImport.objects.update(done_at=None)
    apply(teacher, result)

    assert Grade.objects.get().version == 2
    assert states(result) == {2: "applied"}
