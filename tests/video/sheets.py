"""People with work and marks, straight in the database; and what a teacher does with their CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from lti_tool.models import Membership, Person
from tests.video.visitor import Visitor
from video.grading import grades
from video.grading.marks import Mark
from video.models import Assignment, Attempt, Grade, MarkImport, Submission, Video

HANDED_IN = datetime(2026, 11, 30, 21, 59, tzinfo=UTC)
RUBRIC = {
    "criteria": [
        {"id": "a", "title": "Voice", "points": "10"},
        {
            "id": "b",
            "title": "=Picture, sound; light",
            "levels": [{"id": "low", "title": "Low", "points": "0"}, {"id": "high", "title": "High", "points": "10"}],
        },
    ]
}


def somebody(assignment: Assignment, sub: str, name: str, email: str = "") -> Person:
    """A student of the course who has not opened the assignment."""
    person = Person.objects.create(platform=assignment.course.platform, sub=sub, name=name, email=email)
    Membership.objects.create(course=assignment.course, person=person, role="student")
    return person


def handed_in(assignment: Assignment, sub: str, name: str, email: str = "", attempts: int = 1) -> Submission:
    """A student who has handed in; the newest of `attempts` counts."""
    person = Person.objects.filter(platform=assignment.course.platform, sub=sub).first()
    submission = Submission.objects.create(
        assignment=assignment,
        person=person or somebody(assignment, sub, name, email),
        state=Submission.State.SUBMITTED,
    )
    for number in range(1, attempts + 1):
        attempt = Attempt.objects.create(submission=submission, number=number, submitted_at=HANDED_IN)
        video = Video(attempt=attempt, state="ready", current=True, backend="s3", key=str(attempt.pk), size=1)
        video.name, video.duration = f"{name}.mp4", 187.0
        video.save()
    return submission


def marked(submission: Submission, marker: Visitor, mark: Mark, *, release: bool = False) -> Grade:
    """The newest attempt's mark, saved as the room saves it."""
    attempt = submission.attempts.submitted()[0]
    grade = Grade.objects.filter(attempt=attempt).first()
    saved = grades.save_mark(
        launch=session_of(marker), attempt=attempt, mark=mark, version=grade.version if grade else 0, finish=release
    )
    assert saved is not None
    return saved


def session_of(visitor: Visitor) -> Any:
    from lti_tool.models import LaunchSession

    return LaunchSession.objects.select_related("person", "resource_link__course").get(pk=visitor.home.split("/")[2])


def download(visitor: Visitor, **query: str) -> str:
    response: Any = visitor.browser.get(f"{visitor.home}marks/export/", query, secure=True)
    assert response.status_code == 200
    content = b"".join(response.streaming_content)
    assert isinstance(content, bytes)
    return content.decode()


def table(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter))


def written(rows: Sequence[Mapping[str, str]], delimiter: str = ",") -> str:
    """As a spreadsheet writes it."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def upload(visitor: Visitor, content: str | bytes) -> HttpResponse:
    data = content.encode() if isinstance(content, str) else content
    return visitor.post("marks/import/", {"file": SimpleUploadedFile("marks.csv", data, "text/csv")})


def proposed(visitor: Visitor, content: str | bytes) -> MarkImport:
    """The preview of a file that can be read."""
    response = upload(visitor, content)
    assert response.status_code == 302, response.content.decode()
    return MarkImport.objects.get(pk=response["Location"].rstrip("/").rpartition("/")[2])


def refusals(marks_import: MarkImport) -> dict[int, str]:
    return dict(marks_import.report["refused"])


def apply(visitor: Visitor, marks_import: MarkImport, **choices: str) -> str:
    """Press Apply; the page that follows."""
    response = visitor.post(f"marks/import/{marks_import.pk}/apply/", choices)
    assert response.status_code == 302
    return visitor.text(response["Location"])


def undo(visitor: Visitor, marks_import: MarkImport) -> str:
    response = visitor.post(f"marks/import/{marks_import.pk}/undo/")
    assert response.status_code == 302
    return visitor.text(response["Location"])
