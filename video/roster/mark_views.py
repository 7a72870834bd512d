"""The mark that is typed in the roster itself: its points alone."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.models import ScoreDelivery
from video import status_labels
from video.grading import grades, marks
from video.grading.grades import MarkChanged
from video.json_api import json_answer, json_body, version_of
from video.models import Assignment, Attempt, Grade, Submission
from video.problems import Problem
from video.roster.views import STAFF
from video.rubrics.rubrics import short


@launch_required(*STAFF)
@require_POST
@json_answer
def save(request: LaunchRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Save the points and leave the rest of the mark as it is; who typed them is done with it.

    Body: `points` (or `verdict`) as `marks.read_points`, `version` of the mark that was shown, 0 for none, and `terms`
    as `views.grading.save`. 200 with
    `{version, points, in_words, overridden, rubric_points, grader, status, delivery}`; 422 with `{error, fields}`; 409
    with `{error, theirs}`, the same of the mark as it is now, where somebody else was faster.
    """
    submitted = Attempt.objects.submitted().filter(submission__in=Submission.objects.visible_to(request.launch))
    attempt = get_object_or_404(
        submitted.select_related("submission__assignment__resource_link").prefetch_related("videos"), pk=attempt_id
    )
    assignment: Assignment = attempt.submission.assignment
    if assignment.double_marking:
        raise Problem("two_markers", "Two markers mark this together.", "Open the video to see both marks.")
    body = json_body(request)
    grades.check_terms(assignment, str(body.get("terms", "")))
    try:
        grade = grades.save_points(
            launch=request.launch, attempt=attempt, typed=body, version=version_of(body.get("version")), finish=True
        )
    except ValidationError as error:
        words = " ".join(error.messages)
        problem = Problem("invalid", words, "What was saved before is unchanged.")
        return JsonResponse({**problem.as_json(), "fields": error.message_dict}, status=422)
    except MarkChanged as changed:
        problem = Problem("changed", "Somebody else has saved another mark since.", "Choose which one counts.")
        return JsonResponse({**problem.as_json(), "theirs": _as_json(attempt, changed.theirs)}, status=409)
    return JsonResponse(_as_json(attempt, grade))


def _as_json(attempt: Attempt, grade: Grade | None) -> dict[str, Any]:
    assignment: Assignment = attempt.submission.assignment
    link, person = assignment.resource_link_id, attempt.submission.person_id
    delivery = ScoreDelivery.objects.filter(resource_link=link, person=person).first()
    points = grade.points if grade else None
    over = marks.rubric_points(assignment, grade) if grade and grade.overridden else None
    return {
        "version": grade.version if grade else 0,
        "points": "" if points is None else short(points),
        "in_words": marks.in_words(assignment, points),
        "overridden": bool(grade and grade.overridden),
        "rubric_points": None if over is None else short(over),
        "grader": grade.grader.name if grade and grade.grader else "",
        "status": status_labels.as_json(status_labels.mark_label(attempt, grade)),
        "delivery": status_labels.as_json(status_labels.delivery_label(delivery)),
    }
