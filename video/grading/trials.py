"""Work of teachers who look at an assignment as a student (Moodle's *switch role*): shown as a trial, counted nowhere.

Moodle keeps the person's id and sends them as a Learner (`moodle.md`, 13), and refuses a score for a teacher with 400:
so nothing of a trial is ever sent to its gradebook.
"""

import uuid

from django.db import transaction
from django.db.models import QuerySet

from lti_tool.models import LaunchSession, Membership, ScoreDelivery
from lti_tool.roles import Role
from video import deletion
from video.feedback import attachments
from video.grading import grades
from video.models import Attachment, Attempt, Comment, Grade, OwnMark, Submission, Video
from video.submissions import handing_in

WHY = "a trial was removed"


def notice(submission: Submission) -> None:
    """Call it where somebody opens their page as a student and has begun nothing: were they staff here before?

    What was begun stays what it was: a student who helps to mark later has handed in as a student.
    """
    if submission.trial or submission.state != Submission.State.OPENED:
        return
    staff = Membership.objects.filter(
        person=submission.person_id, course=submission.assignment.course_id, staff_at__isnull=False
    )
    if staff.exists() and not submission.attempts.exists():
        submission.trial = True
        Submission.objects.filter(pk=submission.pk, state=Submission.State.OPENED).update(trial=True)


def removable(launch: LaunchSession, submission_id: uuid.UUID) -> Submission | None:
    """A trial that this launch may remove: one's own, and for editors anybody's that they see."""
    found = Submission.objects.visible_to(launch).filter(pk=submission_id, trial=True)
    if launch.role not in Role.editors():
        found = found.filter(person=launch.person_id)
    return found.select_related("assignment__resource_link", "person").first()


def remove(*, launch: LaunchSession, submission: Submission) -> None:
    """Begin anew: marks, comments and deliveries go at once, and a worker deletes the files. Again changes nothing.

    An empty draft stays, which holds the rows of what a worker still has to delete.
    """
    with transaction.atomic():
        submission = _locked(submission)
        attempts = list(submission.attempts.order_by("number"))
        if not submission.trial or not attempts:
            return
        for video in Video.objects.filter(attempt__in=attempts):
            deletion.delete(video, launch=launch, why=WHY)
        for file in Attachment.objects.filter(attempt__in=attempts):
            attachments.remove(launch=launch, attachment=file)
        left = next((one for one in attempts if one.submitted_at is None), attempts[0])
        Comment.objects.filter(video__attempt__in=attempts).delete()
        Grade.objects.filter(attempt__in=attempts).delete()
        OwnMark.objects.filter(attempt__in=attempts).delete()
        for kept in (Video, Attachment):
            kept.objects.filter(attempt__in=attempts).update(attempt=left)
        submission.attempts.exclude(pk=left.pk).delete()
        Attempt.objects.filter(pk=left.pk).update(number=1, submitted_at=None, late=False, receipt_number=None)
        Submission.objects.filter(pk=submission.pk).update(state=Submission.State.OPENED, release_asked=None)
        _owed(submission).delete()


def count(*, launch: LaunchSession, submission: Submission) -> None:
    """It is a student's work after all: it counts, and Moodle is told how far it is."""
    with transaction.atomic():
        submission = _locked(submission)
        if not submission.trial:
            return
        Submission.objects.filter(pk=submission.pk).update(trial=False)
        submission.trial = False
        course = submission.assignment.course_id
        Membership.objects.filter(person=submission.person_id, course=course, role=Role.STUDENT).update(staff_at=None)
        newest = submission.attempts.submitted().first()
        if newest is not None:
            newest.submission = submission
            handing_in.tell_moodle(submission, newest)
            grades.tell_moodle_of_release(launch, submission)


def _locked(submission: Submission) -> Submission:
    rows = Submission.objects.select_for_update(of=("self",)).select_related("assignment__resource_link", "person")
    return rows.get(pk=submission.pk)


def _owed(submission: Submission) -> "QuerySet[ScoreDelivery]":
    return ScoreDelivery.objects.filter(
        resource_link=submission.assignment.resource_link_id, person=submission.person_id
    )
