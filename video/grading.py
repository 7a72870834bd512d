"""Marks: saved as they are typed, and given back to their students; what Moodle is owed is of the same transaction."""

import uuid
from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from lti_tool import outbox
from lti_tool.models import LaunchSession
from lti_tool.roles import Role
from video import events, rich_text, rubrics
from video.marks import Mark
from video.models import Assignment, Attempt, Event, Grade, OwnMark, Release, Submission
from video.problems import Problem


class MarkChanged(Exception):
    """Somebody else has changed the mark since it was shown. `theirs` is None where it is gone."""

    def __init__(self, theirs: Grade | None) -> None:
        super().__init__("the mark was changed since it was shown")
        self.theirs = theirs


def may_release(launch: LaunchSession, assignment: Assignment) -> bool:
    """Teachers and admins; assistants where the assignment allows it."""
    return launch.role in Role.editors() or (launch.role == Role.ASSISTANT and assignment.assistants_release)


def save_mark(
    *, launch: LaunchSession, attempt: Attempt, mark: Mark, version: int, finish: bool = False, alone: bool = False
) -> Grade | None:
    """Save what a marker typed of a handed-in attempt; None where that is nothing and nothing was there before.

    Args:
        version: of the mark that was shown; 0 where there was none.
        finish: the marker is done with it: it goes back to its student now, unless the assignment holds marks back or
            this marker may not release.
        alone: under double marking, a teacher says that one marker's word is enough.

    Raises:
        MarkChanged: it is another version by now. Nothing is saved.
        Problem: the attempt was taken back by its student, or own marks are missing for points. Nothing is saved.
    """
    with transaction.atomic():
        submission = locked(attempt)
        check_handed_in(attempt)
        grade = Grade.objects.select_related("release", "grader").filter(attempt=attempt).first()
        if (grade.version if grade else 0) != version:
            raise MarkChanged(grade)
        if grade is None and not mark:
            return None
        before = grade.points if grade else None
        by_one = mark.points != before and _by_one(launch, submission.assignment, attempt, mark, alone=alone)
        grade = grade or Grade(attempt=attempt, version=0)
        written = _write(grade, mark, launch)
        give = finish and grade.points is not None and not submission.assignment.hold_grades
        if give and grade.unreleased and may_release(launch, submission.assignment):
            _release(launch, submission, [grade])
            if by_one:
                _note_marked(launch, attempt, by_one)
        elif written:
            grade.save()
            if grade.points != before:
                _set_state(submission)
                _note_marked(launch, attempt, by_one)
    return grade


def release(*, launch: LaunchSession, submissions: Iterable[uuid.UUID]) -> int:
    """Give back what is marked of these submissions and not released as it stands; how many people's that was.

    Each in a transaction of its own: what was given back stays so, whatever becomes of the others.
    """
    given = 0
    for submission_id in submissions:
        with transaction.atomic():
            submission = _locked(Submission.objects.filter(pk=submission_id))
            grades = list(
                Grade.objects.filter(
                    attempt__submission=submission,
                    attempt__submitted_at__isnull=False,
                    points__isnull=False,
                    unreleased=True,
                ).select_related("attempt")
            )
            if grades:
                _release(launch, submission, grades)
                given += 1
    return given


def note_seen(*, launch: LaunchSession, attempt: Attempt, release: str) -> None:
    """The student has seen the release of that time (ISO 8601, as the page said it).

    Once each: one that was replaced meanwhile, or a second look, changes nothing.
    """
    with transaction.atomic():
        shown = Release.objects.filter(grade__attempt=attempt, seen_at=None).first()
        if shown is None or shown.at.isoformat() != release:
            return
        if Release.objects.filter(pk=shown.pk, at=shown.at, seen_at=None).update(seen_at=timezone.now()):
            events.record(Event.Kind.SEEN, launch=launch, attempt=attempt.number, submission=str(attempt.submission_id))


def touch(attempt: Attempt) -> None:
    """Something that goes with a mark, such as a comment, was changed: its student does not see it until a release."""
    Grade.objects.filter(attempt=attempt, unreleased=False).update(unreleased=True)


def check_handed_in(attempt: Attempt) -> None:
    """Raise Problem where its student has taken the attempt back. Call it with the submission locked."""
    if not Attempt.objects.submitted().filter(pk=attempt.pk).exists():
        raise Problem(
            "taken_back",
            "The attempt that you marked was taken back by its student. Nothing was saved.",
            "Reload the page to see what there is to mark.",
            status=409,
        )


def locked(attempt: Attempt) -> Submission:
    """The row that everything about a person's work waits for, with all that a mark asks of it."""
    return _locked(Submission.objects.filter(attempts=attempt.pk))


def _locked(rows: "QuerySet[Submission]") -> Submission:
    return rows.select_for_update(of=("self",)).select_related("assignment__resource_link", "person").get()


def _note_marked(launch: LaunchSession, attempt: Attempt, by_one: bool) -> None:
    data = {"alone": True} if by_one else {}
    events.record(Event.Kind.GRADED, launch=launch, video=attempt.video, attempt=attempt.number, **data)


def _by_one(launch: LaunchSession, assignment: Assignment, attempt: Attempt, mark: Mark, *, alone: bool) -> bool:
    """Under double marking: whether points are agreed on one marker's word. Raises Problem where they may not be."""
    if not assignment.double_marking or mark.points is None:
        return False
    given = OwnMark.objects.given().filter(attempt=attempt).count()
    if given >= OwnMark.NEEDED:
        return False
    if alone and launch.role in Role.editors():
        return True
    raise Problem(
        "own_marks_missing",
        f"The agreed mark needs {OwnMark.NEEDED} own marks; {given} {'is' if given == 1 else 'are'} given so far."
        " Nothing was saved.",
        "Give your own mark first. A teacher may also agree on one mark alone.",
    )


def _write(grade: Grade, mark: Mark, launch: LaunchSession) -> bool:
    """Put the mark into the row, unsaved; False where it said the same before."""
    new = {
        "points": mark.points,
        "scores": rubrics.scores_as_json(mark.scores),
        "overridden": mark.overridden,
        "feedback": mark.feedback,
    }
    seen_by_student = any(getattr(grade, name) != value for name, value in new.items())
    if grade.version and not seen_by_student and grade.private_note == mark.private_note:
        return False
    for name, value in new.items():
        setattr(grade, name, value)
    grade.private_note = mark.private_note
    grade.unreleased = grade.unreleased or seen_by_student
    grade.version += 1
    grade.grader = launch.person
    return True


def _release(launch: LaunchSession, submission: Submission, grades: list[Grade]) -> None:
    for grade in grades:
        grade.unreleased = False
        grade.save()
        values = {
            "points": grade.points,
            "scores": grade.scores,
            "overridden": grade.overridden,
            "feedback": grade.feedback,
            "by": launch.person,
            "at": timezone.now(),
            "seen_at": None,
        }
        if Release.objects.filter(grade=grade).update(**values) == 0:
            Release.objects.create(grade=grade, **values)
    _set_state(submission)
    _owe_to_moodle(submission)
    events.record(
        Event.Kind.RELEASED,
        launch=launch,
        submission=str(submission.pk),
        attempts=[grade.attempt.number for grade in grades],
    )


def _set_state(submission: Submission) -> None:
    """Marked once the newest attempt that was handed in is."""
    newest = submission.attempts.submitted().select_related("grade").first()
    grade: Grade | None = getattr(newest, "grade", None)
    marked = grade is not None and grade.points is not None
    state = Submission.State.GRADED if marked else Submission.State.SUBMITTED
    if submission.state != state:
        submission.state = state
        submission.save(update_fields=["state"])


def _owe_to_moodle(submission: Submission) -> None:
    """Moodle holds one grade a person: it is owed that of the newest attempt whose mark was released."""
    newest, given = None, None
    for attempt in submission.attempts.submitted().select_related("grade__release"):
        newest = newest or attempt
        grade: Grade | None = getattr(attempt, "grade", None)
        if grade is not None and grade.returned is not None:
            given = attempt
            break
    assert given is not None, "one has just been released"
    back: Release = given.grade.release
    comment = rich_text.plain(back.feedback)
    if given != newest:
        comment = f"{comment}\n\nA newer attempt is waiting to be marked.".strip()
    link = submission.assignment.resource_link
    assert link is not None, "nothing can be handed in to an assignment without a link"
    outbox.wish_graded(
        resource_link=link,
        person=submission.person,
        points=back.points,
        maximum=submission.assignment.points,
        comment=comment,
    )
