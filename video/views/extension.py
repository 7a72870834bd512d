"""More time for one person."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from video import anonymity, extensions, roster
from video.assignments import assignment_of
from video.forms import MoreTimeForm
from video.models import Submission


@launch_required(*Role.editors())
@require_http_methods(["GET", "HEAD", "POST"])
def more_time(request: LaunchRequest, person_id: uuid.UUID) -> HttpResponse:
    """An extension given, changed or removed, for anybody of the launch's own roster.

    It is given by name: under anonymous marking the page says nothing of the person's work, and leads to none.
    """
    launch, submission = request.launch, _submission(request, person_id)
    assignment, person = submission.assignment, submission.person
    hidden = anonymity.hidden(assignment, released=submission.is_released)
    handed_in = 0 if hidden else submission.attempts.submitted().count()
    home = reverse("video:home", args=[launch.pk])
    room = reverse("video:room", args=[launch.pk, submission.pk])
    back = room if handed_in and request.GET.get("from") == "room" else home
    form = MoreTimeForm(request.POST or None, submission=submission)
    if "remove" in request.POST:
        extensions.extend(launch=launch, assignment=assignment, person=person, until=None, extra_attempts=0)
        messages.success(request, f"{person.name} has the same time as everybody again.")
        return redirect(back)
    if request.method == "POST" and form.is_valid():
        until, extra = form.wanted
        extensions.extend(launch=launch, assignment=assignment, person=person, until=until, extra_attempts=extra)
        messages.success(request, f"Saved for {person.name}.")
        return redirect(back)
    context = {
        "launch": launch,
        "assignment": assignment,
        "submission": submission,
        "handed_in": handed_in,
        "given": submission.extended_to or submission.extra_attempts,
        "form": form,
        "back": back,
    }
    return render(request, "video/more_time.html", context, status=422 if form.is_bound else 200)


def _submission(request: LaunchRequest, person_id: uuid.UUID) -> Submission:
    """The person's own; one that is not stored yet for who has not opened the assignment."""
    assignment = assignment_of(request.launch)
    person = roster.people(assignment).filter(pk=person_id).first() if assignment else None
    if assignment is None or person is None:
        raise Http404
    own = Submission.objects.filter(assignment=assignment, person=person)
    return own.select_related("assignment", "person").first() or Submission(assignment=assignment, person=person)
