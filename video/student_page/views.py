"""The student's page, and whether it has changed."""

import uuid

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from config.paths import path_of
from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from video.assignments.binding import assignment_of
from video.grading import grades
from video.json_api import json_answer
from video.media import media_types
from video.models import Assignment, Attempt
from video.student_page.page import StudentPage, student_page


@launch_required(Role.STUDENT)
@require_safe
@json_answer
def state(request: LaunchRequest) -> HttpResponse:
    """Whether the student's page would look otherwise now, and in how many seconds to ask again."""
    assignment = assignment_of(request.launch)
    if assignment is None:
        raise Http404
    page = student_page(launch=request.launch, assignment=assignment)
    return JsonResponse({"version": page.version, "every": _seconds_until_news(page)})


def show(request: LaunchRequest, assignment: Assignment) -> HttpResponse:
    """The page for a student who was let in."""
    launch = request.launch.pk
    page = student_page(launch=request.launch, assignment=assignment)
    upload_config = {
        "beginUrl": path_of("video:upload-begin", launch),
        "submitUrl": path_of("video:submit", launch),
        "cancelUrl": path_of("video:submit-cancel", launch),
        "windowUrl": path_of("launch:window-ticket", launch),
        "maxBytes": assignment.max_bytes,
        "maxSeconds": assignment.max_seconds,
        "types": list(media_types.ALLOWED),
        "accept": media_types.accept_attribute(),
    }
    context = {
        "launch": request.launch,
        "assignment": assignment,
        "page": page,
        "every": _seconds_until_news(page),
        "upload_config": upload_config,
    }
    return render(request, "video/student_page/page.html", context)


def _seconds_until_news(page: StudentPage) -> int:
    return 2 if page.changes_soon else 30


@launch_required(Role.STUDENT)
@require_POST
def seen(request: LaunchRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """The person has what came back of this attempt before their eyes: `release` names which, by its time.

    Never by a GET: a page that is fetched in the background, or opened in a tab behind others, was not seen.
    """
    attempt = Attempt.objects.own(request.launch).filter(pk=attempt_id).first()
    if attempt is None:
        raise Http404
    grades.note_seen(launch=request.launch, attempt=attempt, release=request.POST.get("release", ""))
    return redirect("video:home", request.launch.pk) if request.accepts("text/html") else HttpResponse(status=204)
