"""Removing what somebody of the staff has tried as a student."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from video.grading import trials
from video.submissions import anonymity


@launch_required()
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: LaunchRequest, submission_id: uuid.UUID) -> HttpResponse:
    """Remove a trial, once it was asked about. An editor may also say, by `counts`, that it is a student's work."""
    launch = request.launch
    submission = trials.removable(launch, submission_id)
    if submission is None:
        raise Http404
    editor = launch.role in Role.editors()
    if request.method == "POST":
        if editor and "counts" in request.POST:
            trials.count(launch=launch, submission=submission)
            messages.success(request, "It counts from now on.")
        else:
            trials.remove(launch=launch, submission=submission)
            messages.success(request, "The trial was removed.")
        return redirect("video:home", launch.pk)
    own = submission.person_id == launch.person_id
    context = {
        "launch": launch,
        "assignment": submission.assignment,
        "submission": submission,
        "own": own,
        "name": anonymity.name_for_markers(submission, released=submission.is_released),
        "may_count": editor and not own,
    }
    return render(request, "video/roster/trial.html", context)
