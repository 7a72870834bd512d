"""The lock that is taken first for every change to a person's work: one order for all, so that nobody deadlocks."""

from django.db.models import QuerySet

from video.models import Assignment, Attempt, Grade, Submission, Video
from video.problems import Problem


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
    """The row that everything about a person's work waits for, with its assignment, link and person."""
    return locked_row(Submission.objects.filter(attempts=attempt.pk))


def locked_by_video(video: Video) -> Submission:
    """The same, by one of its videos."""
    return locked(Attempt(pk=video.attempt_id))


def locked_row(rows: "QuerySet[Submission]") -> Submission:
    submission = rows.select_for_update(of=("self",)).select_related("person").get()
    # Read once it is locked: what a statement that had to wait joins may be older than what it waited for.
    submission.assignment = Assignment.objects.select_related("resource_link").get(pk=submission.assignment_id)
    return submission
