"""The front page of a launch: the student's page, or the teacher's roster; and set-up."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.queue import enqueue
from lti_tool import nrps
from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from lti_tool.sync import is_stand_in
from lti_tool.tasks import refresh_roster as refresh_roster_task
from video import media_types, roster
from video.assignments import assignment_of, new_assignment
from video.forms import AssignmentForm
from video.models import Assignment
from video.submissions import student_page

ROSTER_FRESH_MINUTES = 10
EDITORS = (Role.TEACHER, Role.ADMIN)


@launch_required()
@require_safe
def home(request: LaunchRequest) -> HttpResponse:
    launch = request.launch
    assignment = assignment_of(launch)
    if launch.is_staff:
        if assignment is not None:
            return _roster(request, assignment)
        if launch.role in EDITORS:
            return redirect("video:settings", launch.pk)
    if assignment is None:
        return render(request, "video/not_set_up.html", {"launch": launch, "assignment": None})
    return _student(request, assignment)


def _student(request: LaunchRequest, assignment: Assignment) -> HttpResponse:
    upload_config = {
        "beginUrl": reverse("video:upload-begin", args=[request.launch.pk]),
        "maxBytes": assignment.max_bytes,
        "types": list(media_types.ALLOWED),
        "accept": media_types.accept_attribute(),
    }
    context = {
        "launch": request.launch,
        "assignment": assignment,
        "page": student_page(launch=request.launch, assignment=assignment),
        "upload_config": upload_config,
    }
    return render(request, "video/student.html", context)


def _roster(request: LaunchRequest, assignment: Assignment) -> HttpResponse:
    launch, course = request.launch, request.launch.course
    at = course.roster_refreshed_at
    if course.memberships_url and (at is None or (timezone.now() - at).total_seconds() > ROSTER_FRESH_MINUTES * 60):
        enqueue(refresh_roster_task, str(course.pk))
    show, query = request.GET.get("show", "all"), request.GET.get("q", "").replace("\x00", "").strip()[:100]
    page = roster.page(
        assignment=assignment,
        show=show,
        query=query,
        number=request.GET.get("page"),
        room_url=lambda pk: reverse("video:room", args=[launch.pk, pk]),
    )
    context = {
        "launch": launch,
        "assignment": assignment,
        "counters": roster.counters(assignment=assignment, active=show),
        "query": query,
        "page_obj": page,
        "nameless": any(is_stand_in(row.person.name) for row in page.object_list),
        "roster": {
            "refreshed_at": at,
            "problem": course.roster_problem,
            "action": "Those who have opened the assignment are listed. Ask your Moodle admin to allow the tool "
            "“Names and Role Provisioning Services”."
            if course.roster_problem
            else "",
        },
        "can_edit": launch.role in EDITORS,
    }
    return render(request, "video/roster.html", context)


@launch_required(*EDITORS, Role.ASSISTANT)
@require_POST
def refresh_roster(request: LaunchRequest) -> HttpResponse:
    course = request.launch.course
    nrps.refresh_roster(course)
    if course.roster_problem:
        messages.warning(request, course.roster_problem)
    else:
        messages.success(request, "The list is up to date with the course.")
    return redirect("video:home", request.launch.pk)


@launch_required(*EDITORS)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: LaunchRequest) -> HttpResponse:
    """Set-up of the assignment behind this launch's link; its first save makes it."""
    known = assignment_of(request.launch)
    assignment = known or new_assignment(request.launch.resource_link)
    form = AssignmentForm(request.POST or None, instance=assignment)
    if request.method == "POST" and form.is_valid():
        if known is None:
            assignment.set_up_by = request.launch.person
        form.save()
        messages.success(request, "Saved." if known else "Saved. Students can now hand in their videos.")
        return redirect("video:home", request.launch.pk)
    context = {"launch": request.launch, "assignment": known, "form": form, "is_new": known is None}
    return render(request, "video/settings.html", context, status=422 if form.is_bound else 200)
