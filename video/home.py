"""The front page of a launch: the student's page, or the teacher's roster."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from video.assignments import restored
from video.assignments.binding import assignment_of
from video.roster import views as roster_views
from video.student_page import views as student_page_views


@launch_required()
@require_safe
def home(request: LaunchRequest) -> HttpResponse:
    launch = request.launch
    assignment = assignment_of(launch)
    if assignment is None and restored.look(launch.resource_link):
        assignment = assignment_of(launch)
    if assignment is None:
        return _not_yet(request)
    show = roster_views.show if launch.is_staff else student_page_views.show
    return show(request, assignment)


def _not_yet(request: LaunchRequest) -> HttpResponse:
    """There is no assignment: a teacher sets it up, or says whether it is one that was restored; others wait."""
    launch = request.launch
    asked = restored.asked(launch.resource_link)
    if launch.role in Role.editors():
        return redirect("video:restored" if asked else "video:settings", launch.pk)
    context = {"launch": launch, "assignment": None}
    if not asked:
        return render(request, "video/student_page/not_set_up.html", context)
    return render(request, "video/assignments/undecided.html", {**context, "attempts": restored.own_work(launch)[:20]})
