"""The roster with its marks as a CSV file, a batch of people at a time."""

import csv
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

from django.db.models import Max, OuterRef, Subquery
from django.utils.text import slugify

from lti_tool.models import ScoreDelivery
from video import status_labels
from video.feedback import rich_text
from video.media.durations import clock
from video.models import Assignment, Attempt, Comment, Grade, Submission, Video
from video.roster import listing
from video.spreadsheet.cells import guard, number
from video.spreadsheet.columns import Column, criterion_headings, headings, rubric_of, scores_of
from video.submissions import anonymity

AT_ONCE = 500  # people
MOST_IN_A_CELL = 32_000  # characters: Excel cuts a cell after 32,767
_CUT = "\n[…] The rest is in Reelmark."
_BOM = "\ufeff"  # without it Excel takes UTF-8 for the system's own 8-bit letters
_BEFORE_HANDING_IN: dict[str, str] = {
    Submission.State.OPENED: status_labels.NOT_STARTED.label,
    Submission.State.DRAFT: status_labels.DRAFT.label,
}


@dataclass(frozen=True)
class Style:
    """How a file is written: times in `zone`, with their offset from UTC."""

    delimiter: str = ","
    decimal: str = "."
    zone: tzinfo = UTC


class Somebody(NamedTuple):
    """A person as markers may see them: `name` is an alias, and `email` empty, while hidden."""

    pk: uuid.UUID
    name: str
    email: str
    state: str


class _Line:
    """What a csv writer writes to: it gives each line back."""

    def write(self, line: str) -> str:
        return line


def lines(assignment: Assignment, style: Style) -> Iterator[str]:
    """The file, line by line: everybody of the roster with their newest attempt. Three statements for each AT_ONCE."""
    writer = csv.writer(_Line(), delimiter=style.delimiter, lineterminator="\r\n")
    names = headings(assignment)
    yield _BOM + str(writer.writerow([guard(name) for name in names]))
    everybody = people(assignment)
    for start in range(0, len(everybody), AT_ONCE):
        for row in _rows(assignment, everybody[start : start + AT_ONCE], style):
            yield str(writer.writerow([row.get(name, "") for name in names]))


def people(assignment: Assignment) -> list[Somebody]:
    """Everybody, by name; in anonymous marking by alias, or the order would tell who has which."""
    listed = listing.people(assignment).filter(trial=False).order_by("shown_name", "pk")
    found = [Somebody(*row) for row in listed.values_list("pk", "shown_name", "shown_email", "state")]
    return sorted(found, key=lambda one: identifier(assignment, one.pk)) if assignment.anonymous else found


def identifier(assignment: Assignment, person_id: uuid.UUID) -> str:
    """By which a row is found again. In anonymous marking the alias, before and after its release."""
    return anonymity.alias(assignment, person_id) if assignment.anonymous else str(person_id)


def feedback_cell(html: str) -> str:
    """Feedback as a cell shows it, not guarded yet."""
    return _cut(rich_text.plain(html))


def _rows(assignment: Assignment, some: Sequence[Somebody], style: Style) -> Iterator[dict[str, str]]:
    ids = [one.pk for one in some]
    attempts = _newest_attempts(assignment, ids)
    comments = _comments([attempt.pk for attempt in attempts.values()])
    deliveries = {
        delivery.person_id: delivery
        for delivery in ScoreDelivery.objects.filter(resource_link=assignment.resource_link_id, person__in=ids)
    }
    for one in some:
        attempt, delivery = attempts.get(one.pk), status_labels.delivery_label(deliveries.get(one.pk))
        row: dict[str, str] = {
            Column.IDENTIFIER: identifier(assignment, one.pk),
            Column.NAME: guard(one.name),
            Column.EMAIL: guard(one.email),
            Column.STATUS: _BEFORE_HANDING_IN.get(one.state, status_labels.NOT_OPENED.label),
            Column.MAXIMUM: number(assignment.points, style.decimal),
            Column.DELIVERY: delivery.label if delivery else "",
            Column.ASSIGNMENT: str(assignment.pk),
        }
        if attempt is not None:
            row |= _of_attempt(assignment, attempt, style)
            row[Column.COMMENTS] = guard(_cut("\n".join(comments[attempt.pk])))
        yield row


def _of_attempt(assignment: Assignment, attempt: Any, style: Style) -> dict[str, str]:
    grade: Grade | None = getattr(attempt, "grade", None)
    cells: dict[str, str] = {
        Column.STATUS: status_labels.mark_label(attempt, grade).label,
        Column.ATTEMPT: str(attempt.number),
        Column.HANDED_IN: _time(attempt.submitted_at, style),
        Column.LATE: _yes_no(attempt.late),
        Column.LENGTH: "" if attempt.duration is None else _length(attempt.duration),
        Column.VERSION: str(grade.version if grade else 0),
    }
    return cells | (_of_grade(assignment, grade, style) if grade else {})


def _of_grade(assignment: Assignment, grade: Grade, style: Style) -> dict[str, str]:
    given = grade.returned
    cells: dict[str, str] = {
        Column.POINTS: number(grade.points, style.decimal),
        Column.PASSED: "" if grade.points is None else ("pass" if grade.points else "fail"),
        Column.OVERRIDDEN: _yes_no(grade.overridden),
        Column.FEEDBACK: guard(feedback_cell(grade.feedback)),
        Column.RELEASED: _yes_no(given is not None) if grade.points is not None or given else "",
        Column.RELEASED_AT: _time(given.at, style) if given else "",
        Column.MARKER: guard(grade.grader.name) if grade.grader else "",
    }
    rubric = rubric_of(assignment)
    scores = scores_of(rubric, grade)
    for heading, criterion in criterion_headings(rubric).items():
        if criterion.id in scores:
            cells[heading] = number(scores[criterion.id].points, style.decimal)
    return cells


def _newest_attempts(assignment: Assignment, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Any]:
    """What each has handed in last, by person; with `duration` in seconds, grade, release and marker."""
    handed_in = Attempt.objects.submitted().filter(submission=OuterRef("submission")).values("submission")
    video = Video.objects.filter(attempt=OuterRef("pk"), current=True)
    found = (
        Attempt.objects.submitted()
        .filter(submission__assignment=assignment, submission__person__in=ids)
        .filter(number=Subquery(handed_in.annotate(newest=Max("number")).values("newest")))
        .select_related("submission", "grade__release", "grade__grader")
        .annotate(duration=Subquery(video.values("duration")[:1]))
    )
    return {attempt.submission.person_id: attempt for attempt in found}


def _comments(attempts: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """What is said at moments, a line each, by attempt; without who said it, since a student may answer."""
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    thread = Comment.objects.filter(video__attempt__in=attempts, video__current=True, deleted_at=None)
    ordered = thread.exclude(reply_to__deleted_at__isnull=False)
    replies: dict[uuid.UUID, list[str]] = defaultdict(list)
    said: list[tuple[uuid.UUID, uuid.UUID, str]] = []
    columns = ("pk", "video__attempt_id", "reply_to_id", "at", "until", "text")
    for pk, attempt, reply_to, at, until, text in ordered.order_by("at", "created_at").values_list(*columns):
        words = " ".join(text.split())
        if reply_to is not None:
            replies[reply_to].append(f"Reply: {words}")
        else:
            when = clock(at) if until is None else f"{clock(at)}–{clock(until)}"
            said.append((attempt, pk, f"{when} {words}"))
    for attempt, pk, line in said:
        found[attempt] += [line, *replies[pk]]
    return found


def _cut(text: str) -> str:
    return text if len(text) <= MOST_IN_A_CELL else text[: MOST_IN_A_CELL - len(_CUT)] + _CUT


def _time(at: datetime | None, style: Style) -> str:
    return at.astimezone(style.zone).isoformat(timespec="seconds") if at else ""


def _length(seconds: float) -> str:
    """`0:03:07`: of `3:07` a spreadsheet would make three hours."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def file_name(assignment: Assignment, at: datetime) -> str:
    """Such as `marks-interview-2026-11-30.csv`: the assignment's title, never a person's."""
    return f"marks-{slugify(assignment.title)[:60] or 'assignment'}-{at:%Y-%m-%d}.csv"
