import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from video import submissions
from video.models import Attempt
from video.models.submission import AttemptQuerySet
from video.problems import Problem


@launch_required(Role.STUDENT)
@require_POST
def submit(request: LaunchRequest) -> HttpResponse:
    launch = request.launch
    try:
        attempt = _own_attempts(request).filter(pk=request.POST.get("attempt", "")).first()
    except (ValidationError, ValueError):
        attempt = None
    if attempt is None:
        raise Http404
    try:
        submissions.submit(launch=launch, attempt=attempt)
    except Problem as problem:
        messages.error(request, f"{problem.message} {problem.action}")
        return redirect("video:home", launch.pk)
    return redirect("video:receipt", launch.pk, attempt.pk)


@launch_required(Role.STUDENT)
@require_safe
def receipt(request: LaunchRequest, attempt_id: uuid.UUID) -> HttpResponse:
    attempt = _own_attempts(request).submitted().prefetch_related("videos").filter(pk=attempt_id).first()
    if attempt is None:
        raise Http404
    context = {
        "launch": request.launch,
        "assignment": attempt.submission.assignment,
        "submission": attempt.submission,
        "attempt": attempt,
        "video": attempt.video,
    }
    return render(request, "video/receipt.html", context)


def _own_attempts(request: LaunchRequest) -> AttemptQuerySet:
    """The launch's own person's attempts on this assignment: nobody hands in for another."""
    launch = request.launch
    return Attempt.objects.filter(
        submission__person=launch.person, submission__assignment__resource_link=launch.resource_link
    ).select_related("submission__assignment")
