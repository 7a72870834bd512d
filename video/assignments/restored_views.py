"""What a teacher says of an activity that may have been deleted in Moodle and restored: the same, or a new one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from video.assignments import restored
from video.assignments.binding import assignment_of, begin_anew, part
from video.problems import Problem

EDITORS = tuple(Role.editors())


@launch_required(*EDITORS)
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: LaunchRequest) -> HttpResponse:
    """`what`: bring (the work of `assignment`, where `shown` is at this link), new, or part (send it back again)."""
    launch = request.launch
    if request.method == "POST":
        try:
            return _answer(request)
        except Problem as problem:
            messages.error(request, f"{problem.message} {problem.action}")
            return redirect("video:home", launch.pk)
    restored.look(launch.resource_link)
    here = assignment_of(launch)
    candidates = restored.shown(launch.resource_link)
    context = {
        "launch": launch,
        "assignment": here,
        "candidates": candidates,
        "was_here": any(one.was_here for one in candidates),
        "worked_here": here is not None and restored.has_work(here),
    }
    return render(request, "video/assignments/restored.html", context)


def _answer(request: LaunchRequest) -> HttpResponse:
    launch, what = request.launch, request.POST.get("what")
    if what == "bring":
        restored.bring_back(
            launch=launch,
            assignment_id=request.POST.get("assignment", ""),
            shown_id=request.POST.get("shown", ""),
        )
        messages.success(request, "Everybody's work is here again. Their grades are on the way to Moodle.")
    elif what == "part":
        part(launch)
        messages.success(request, "The work is back where it came from. This activity has a list of its own.")
    elif what == "new" and begin_anew(launch) is None:
        return redirect("video:settings", launch.pk)
    return redirect("video:home", launch.pk)
