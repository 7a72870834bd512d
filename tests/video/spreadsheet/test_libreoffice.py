"""The round trip through a real spreadsheet: CSV into LibreOffice's own file, edited there, and out as CSV again.

Skipped where LibreOffice is not installed (Debian: libreoffice-calc, too large for tests/system-packages.sh).
"""

import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from lti_tool.models import Person
from tests.video.sheets import RUBRIC, apply, download, handed_in, marked, proposed, table
from tests.video.visitor import Visitor
from video.feedback import rich_text
from video.grading.marks import Mark
from video.models import Assignment, Grade
from video.rubrics.rubrics import Score

pytestmark = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")

# What a spreadsheet likes to run, to count, to date or to translate.
HARD = (
    *("=1+1", "+1", "-1", "@x", "＝1", "'=1", "''", "'quoted'", '=HYPERLINK("http://evil.example";"x")'),
    *("007", "00", "12345678901234567890", "1234567890123456", "1.2E+10", "1e5", "0x1F", ".5", "5,5"),
    *("1,234.5", "1.234,5", "2026-11-01", "1/2", "1.2.2026", "3 May", "May 1", "Mar-5", "12:30"),
    *("3. Mai 2026", "1 janv. 2026", "2026-11-30T22:59", "50 %", "$5", "5 €", "(5)", "1 2/3", "5 PM"),
    *("TRUE", "false", "WAHR", "#N/A", "#REF!"),
    *("Zoë, Łukasz; Ünal", "日本語 العربية", "😀 👩\u200d🏫", '"quoted", and "again"'),
    *("one\ntwo\n\n=three\n- four", "tab\there", "x" * 30_000),
)
ENGLISH, GERMAN = 1033, 1031
# How the file is read and written: LibreOffice's tokens for delimiter, quote, letters (76: UTF-8), first line, columns,
# language, quoted fields as text, special numbers (dates and truth values) detected.
WAYS = {
    "xlsx, as it guesses": ("xlsx", "comma", "", ""),
    "ods, as it guesses": ("ods", "comma", "", ""),
    "xlsx, dates detected, English": ("xlsx", "comma", f"CSV:44,34,76,1,,{ENGLISH},false,true", ":44,34,76,1"),
    "ods, dates detected, German": ("ods", "semicolon", f"CSV:59,34,76,1,,{GERMAN},false,true", ":59,34,76,1"),
    "xlsx, quoted as text, tabs": ("xlsx", "tab", f"CSV:9,34,76,1,,{ENGLISH},true,true", ":9,34,76,1"),
    "ods, out as UTF-16": ("ods", "comma", f"CSV:44,34,76,1,,{ENGLISH},false,true", ":59,34,65535,1"),
}


class Office:
    """LibreOffice without a window, with a profile of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def convert(self, file: Path, to: str, *, reads: str = "") -> Path:
        target = self.folder / to.partition(":")[0]
        subprocess.run(
            [
                "soffice",
                f"-env:UserInstallation=file://{self.folder}/profile",
                "--headless",
                *([f"--infilter={reads}"] if reads else []),
                *("--convert-to", to, "--outdir", str(target), str(file)),
            ],
            check=True,
            capture_output=True,
            timeout=180,
        )
        return target / f"{file.stem}.{to.partition(':')[0]}"

    def round_trip(
        self, text: str, *, through: str, reads: str, writes: str, edit: tuple[str, str] = ("", "")
    ) -> bytes:
        """CSV -> `through` (xlsx, ods, or fods, which can be edited as text) -> CSV."""
        file = self.folder / "marks.csv"
        file.write_bytes(text.encode())
        own = self.convert(file, through, reads=reads)
        if edit[0]:
            xml = own.read_text()
            assert len(re.findall(edit[0], xml)) == 1
            own.write_text(re.sub(edit[0], edit[1], xml))
        return self.convert(own, f"csv:Text - txt - csv (StarCalc){writes}" if writes else "csv").read_bytes()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def crowd(teacher: Visitor, assignment: Assignment) -> Assignment:
    """A student for each hard text: in the feedback, and in the name."""
    Assignment.objects.update(grading="rubric", rubric=RUBRIC, points=Decimal("87.5"))
    assignment.refresh_from_db()
    for number, text in enumerate(HARD):
        work = handed_in(assignment, str(1000 + number), text[:200].replace("\n", " "), f"+{number}@example.org")
        scores = {"a": Score(points=Decimal("2.5")), "b": Score(points=Decimal(10), level="high")}
        mark = Mark(points=Decimal("61.25"), overridden=True, scores=scores, feedback=rich_text.from_plain(text))
        marked(work, teacher, mark)
    return assignment


@pytest.mark.parametrize(("through", "delimiter", "reads", "writes"), WAYS.values(), ids=WAYS.keys())
def test_nothing_changes_on_the_way(
    teacher: Visitor, crowd: Assignment, office: Office, through: str, delimiter: str, reads: str, writes: str
) -> None:
    text = download(teacher, delimiter=delimiter)
    result = proposed(teacher, office.round_trip(text, through=through, reads=reads, writes=writes))

    assert [(row.line, row.wanted, row.before["feedback"]) for row in result.rows.all()] == []
    assert result.report == {"lines": len(HARD), "unchanged": len(HARD), "refused": [], "ignored": []}


def test_only_what_is_edited_in_the_spreadsheet_changes(teacher: Visitor, crowd: Assignment, office: Office) -> None:
    person = Person.objects.get(sub="1000")
    Grade.objects.filter(attempt__submission__person=person).update(points=Decimal("33.25"))
    cell = r'office:value="33.25" calcext:value-type="float">\s*<text:p>33.25</text:p>'
    new = 'office:value="44.5" calcext:value-type="float"><text:p>44.5</text:p>'
    content = office.round_trip(
        download(teacher), through="fods", reads="CSV:44,34,76,1", writes=":44,34,76,1", edit=(cell, new)
    )
    result = proposed(teacher, content)
    before = {grade.pk: (grade.feedback, grade.version) for grade in Grade.objects.all()}
    apply(teacher, result)

    assert result.report["refused"] == []
    row = result.rows.get()
    assert (row.wanted["points"], row.attempt.submission.person) == ("44.5", person)
    changed = Grade.objects.get(attempt=row.attempt)
    assert changed.points == Decimal("44.5")
    assert {
        grade.pk: (grade.feedback, grade.version) for grade in Grade.objects.exclude(pk=changed.pk)
    }.items() < before.items()


def test_formula_of_a_student_is_not_calculated(teacher: Visitor, assignment: Assignment, office: Office) -> None:
    handed_in(assignment, "6", "=1+1", "@SUM(A1)")
    content = office.round_trip(download(teacher), through="fods", reads="CSV:44,34,76,1", writes=":44,34,76,1")

    row = table(content.decode("utf-8-sig"))[0]
    assert (row["Name"], row["E-mail"]) == ("'=1+1", "'@SUM(A1)")
    assert "table:formula" not in (office.folder / "fods" / "marks.fods").read_text()
