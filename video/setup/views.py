"""The set-up page of an assignment."""

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.models import LaunchSession
from lti_tool.roles import Role
from video.assignments import restored
from video.assignments.binding import assignment_of, earlier, earlier_of, like, new_assignment
from video.grading.points_change import Question, count, save
from video.setup import points_change_views
from video.setup.forms import AssignmentForm
from video.setup.rubric_views import rubric_tools


def _saved(form: AssignmentForm, launch: LaunchSession) -> bool:
    """False if somebody else has just made the link's assignment: the form is shown again with what was typed."""
    form.instance.set_up_by = form.instance.set_up_by or launch.person
    try:
        with transaction.atomic():
            form.save()
    except IntegrityError:
        form.add_error(None, "Somebody else has set this assignment up just now. Save again to replace those settings.")
        return False
    return True


def _changed(request: LaunchRequest, form: AssignmentForm) -> Question | None:
    """Save what there was already; the question, where something has to be decided about its marks first."""
    form.instance.set_up_by = form.instance.set_up_by or request.launch.person
    answer = points_change_views.answer_of(request.POST)
    return save(launch=request.launch, changed=form.instance, store=form.save, answer=answer)


@launch_required(*Role.editors())
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: LaunchRequest) -> HttpResponse:
    """Set-up of the assignment behind this launch's link; its first save makes it."""
    launch = request.launch
    known = assignment_of(launch)
    assignment = known or new_assignment(launch)
    if known is None and (original := earlier_of(launch.person, request.GET.get("like", ""))):
        like(original, assignment)
    form = AssignmentForm(request.POST or None, instance=assignment)
    if request.method == "POST" and form.is_valid() and "back" not in request.POST:
        if known and (question := _changed(request, form)):
            return points_change_views.asked(request, question, known)
        if known or _saved(form, launch):
            messages.success(request, "Saved." if known else "Saved. Students can now hand in their videos.")
            return redirect("video:home", launch.pk)
    context = {
        "launch": launch,
        "assignment": known,
        "form": form,
        "is_new": known is None,
        "earlier": earlier(launch.person) if known is None else [],
        "like": request.GET.get("like", ""),
        "rubric_tools": rubric_tools(launch, known),
        "former": restored.offered(launch.resource_link, known),
        "marked": count(known) if known else 0,
    }
    return render(request, "video/setup/settings.html", context, status=422 if form.errors else 200)
