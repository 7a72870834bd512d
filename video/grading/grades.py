"""Marks: saved as they are typed, and released to their students, each in one transaction with its delivery."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from lti_tool.gradebook import outbox
from lti_tool.models import LaunchSession, Person
from lti_tool.roles import Role
from video import events, signals
from video.feedback import rich_text
from video.grading import marks
from video.grading.marks import Mark
from video.models import (
    Assignment,
    Attachment,
    Attempt,
    Comment,
    Event,
    Grade,
    OwnMark,
    Release,
    Submission,
)
from video.problems import Problem
from video.rubrics import rubrics
from video.submissions.locking import check_handed_in, locked, locked_row


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
        Problem: the attempt was taken back by its student, the assignment counts otherwise since the mark was typed,
            or own marks are missing for points. Nothing is saved.
    """
    with transaction.atomic():
        submission = locked(attempt)
        check_handed_in(attempt)
        check_terms(submission.assignment, mark.terms)
        grade = Grade.objects.select_related("release", "grader").filter(attempt=attempt).first()
        # What it says already is no change: two who give the same, or one whose last answer was lost on its way.
        if (grade.version if grade else 0) != version and not (grade and _says(grade, mark)):
            raise MarkChanged(grade)
        if grade is None and not mark:
            return None
        before = grade.points if grade else None
        by_one = mark.points != before and _by_one(launch, submission.assignment, attempt, mark, alone=alone)
        grade = grade or Grade(attempt=attempt, version=0)
        written = _write(grade, mark, launch)
        if grade.points != before:
            signals.send_on_commit(signals.graded, Grade, submission_id=submission.pk, attempt_id=attempt.pk)
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


def save_points(
    *, launch: LaunchSession, attempt: Attempt, typed: Mapping[str, Any], version: int, finish: bool = False
) -> Grade | None:
    """Save other points (`marks.read_points`) and leave the rest of the mark as it is; all else as `save_mark`.

    Args:
        attempt: with `submission__assignment` joined.

    Raises:
        ValidationError: what was typed is no mark; by field, in words.
        MarkChanged, Problem: as `save_mark`.
    """
    grade = Grade.objects.select_related("grader").filter(attempt=attempt).first()
    mark = marks.read_points(attempt.submission.assignment, grade, typed)
    if (grade.version if grade else 0) != version:
        raise MarkChanged(grade)
    # The rest is of that version: `save_mark` looks again under its lock, and refuses where it is another by then.
    return save_mark(launch=launch, attempt=attempt, mark=mark, version=version, finish=finish)


def release(*, launch: LaunchSession, submissions: Iterable[uuid.UUID]) -> int:
    """Give back what is marked of these submissions and not released as it stands; how many people's that was.

    Each in a transaction of its own: what was given back stays so, whatever becomes of the others.
    """
    given = 0
    for submission_id in submissions:
        with transaction.atomic():
            submission = locked_row(Submission.objects.filter(pk=submission_id))
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


def put_back(*, launch: LaunchSession, submission: Submission, grade: Grade, before: Mapping[str, Any]) -> None:
    """Make a mark and its release what they were, in the caller's transaction and under its lock; Moodle is told.

    A mark that had never been released until then is taken back: nobody but who has seen it already sees it any more,
    and Moodle is asked to clear its grade, unless another attempt's was given back.

    Args:
        grade: with `release` and `attempt` joined.
        before: `points` (text or None), `scores`, `overridden`, `feedback`, `unreleased`, `grader` (id or None) and
            `release`: None, or a `Release`'s `points`, `scores`, `overridden`, `feedback`, `by_id`, `at`, `seen_at`.
    """
    released, earlier = grade.returned, before.get("release")
    again = released is not None and (earlier is None or released.at.isoformat() != earlier["at"])
    grade.unreleased = before["unreleased"] or earlier is None or _added_since(grade, earlier["at"])
    grade.points = None if before["points"] is None else Decimal(before["points"])
    grade.scores, grade.overridden, grade.feedback = before["scores"], before["overridden"], before["feedback"]
    grade.grader = Person.objects.filter(pk=before["grader"]).first()
    grade.version += 1
    grade.save()
    if again and earlier is not None:
        # With its time too: what was added since was not released then.
        by = Person.objects.filter(pk=earlier["by_id"]).first()
        values = {**earlier, "by_id": by and by.pk, "points": Decimal(earlier["points"])}
        Release.objects.filter(grade=grade).update(
            **values | {name: earlier[name] and datetime.fromisoformat(earlier[name]) for name in ("at", "seen_at")}
        )
    elif again:
        Release.objects.filter(grade=grade).delete()
    _set_state(submission)
    if again:
        _owe_to_moodle(launch, submission)
    events.record(
        Event.Kind.GRADED,
        launch=launch,
        submission=str(submission.pk),
        attempt=grade.attempt.number,
        put_back=True,
        taken_back=again and earlier is None,
    )


def tell_moodle_of_release(launch: LaunchSession, submission: Submission) -> None:
    """Its grade, where one was given back; in the caller's transaction and under its lock."""
    if submission.is_released:
        _owe_to_moodle(launch, submission)


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


def check_terms(assignment: Assignment, terms: str) -> None:
    """Raise Problem where marks are counted otherwise than a page said (`marks.terms_of`; empty: it said nothing)."""
    if terms and terms != marks.terms_of(assignment):
        raise Problem(
            "other_points",
            f"The assignment's points, rubric or way of marking were changed meanwhile: {_counted(assignment)}."
            " Nothing was saved.",
            "Reload the page, and look at the mark again.",
            status=409,
        )


def _counted(assignment: Assignment) -> str:
    if assignment.grading == Assignment.Grading.PASS_FAIL:
        return "it is passed or not passed now"
    return f"marks are out of {rubrics.short(assignment.points)} now"


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


def _columns(mark: Mark) -> dict[str, Any]:
    """What of it a student gets to see."""
    return {
        "points": mark.points,
        "scores": rubrics.scores_as_json(mark.scores),
        "overridden": mark.overridden,
        "feedback": mark.feedback,
    }


def _says(grade: Grade, mark: Mark) -> bool:
    same = all(getattr(grade, name) == value for name, value in _columns(mark).items())
    return same and grade.private_note == mark.private_note


def _write(grade: Grade, mark: Mark, launch: LaunchSession) -> bool:
    """Put the mark into the row, unsaved; False where it said the same before."""
    if grade.version and _says(grade, mark):
        return False
    new = _columns(mark)
    seen_by_student = any(getattr(grade, name) != value for name, value in new.items())
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
    _owe_to_moodle(launch, submission)
    events.record(
        Event.Kind.RELEASED,
        launch=launch,
        submission=str(submission.pk),
        attempts=[grade.attempt.number for grade in grades],
    )
    signals.send_on_commit(
        signals.released, Release, submission_id=submission.pk, attempt_ids=[grade.attempt_id for grade in grades]
    )


def _added_since(grade: Grade, at: str) -> bool:
    """Whether something beside the mark waits for the next release."""
    since = datetime.fromisoformat(at)
    changed = Q(created_at__gt=since) | Q(deleted_at__gt=since)
    return (
        Comment.objects.filter(changed | Q(edited_at__gt=since), video__attempt=grade.attempt_id).exists()
        or Attachment.objects.filter(changed, attempt=grade.attempt_id).exists()
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


def _owe_to_moodle(launch: LaunchSession, submission: Submission) -> None:
    """Moodle holds one grade a person: it gets that of the newest attempt whose mark was released.

    None is left only where the one that there was has been taken back. A trial is nobody's business there.
    """
    if submission.trial:
        return
    newest, given = None, None
    for attempt in submission.attempts.submitted().select_related("grade__release"):
        newest = newest or attempt
        grade: Grade | None = getattr(attempt, "grade", None)
        if grade is not None and grade.returned is not None:
            given = attempt
            break
    link = submission.assignment.link_now()
    if given is None:
        outbox.wish_ungraded(
            resource_link=link,
            person=submission.person,
            comment="The mark was taken back. Waiting to be marked.",
            submitted_at=newest.submitted_at if newest else None,
        )
        return
    back: Release = given.grade.release
    outbox.wish_graded(
        resource_link=link,
        person=submission.person,
        points=back.points,
        maximum=submission.assignment.points,
        comment=rich_text.plain(back.feedback),
        news="" if given == newest else "A newer attempt is waiting to be marked.",
        by=launch.person,
    )
