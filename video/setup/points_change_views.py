"""Asking what becomes of the marks when an assignment gets other points."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.gradebook import columns
from lti_tool.roles import Role
from video.assignments.binding import COUNTED_BY, assignment_of
from video.grading.points_change import Answer, Question, Terms, Way, ask, save, tell_moodle
from video.models import Assignment
from video.rubrics import rubrics

_ANSWER = ("csrfmiddlewaretoken", "way", "before", "limit", "back", "keep")


def answer_of(posted: Mapping[str, Any]) -> Answer | None:
    """What the question's form says; None where it is none of its answers."""
    way, limit = str(posted.get("way", "")), None
    if way not in Way.values:
        return None
    if way == Way.LIMIT:
        try:
            limit = rubrics.points_of(posted.get("limit", ""), "The limit", Decimal(9999))
        except ValidationError:
            limit = None  # asked for again
    return Answer(way=Way(way), before=str(posted.get("before", "")), limit=limit)


def asked(request: LaunchRequest, question: Question, assignment: Assignment) -> HttpResponse:
    """The page with the question, which carries along what was posted; `assignment` as it is stored."""
    link = assignment.resource_link
    context = {
        "launch": request.launch,
        "assignment": assignment,
        "question": question,
        "ways": [way.value for way in question.ways],
        "posted": [(name, value) for name, value in request.POST.items() if name not in _ANSWER],
        "answered": request.POST.get("way", ""),
        "limit": request.POST.get("limit", ""),
        "column_follows": bool(link and columns.may_tell(link) and columns.takes(link, question.after.points)),
        "chosen": assignment.chosen_again if "title" not in request.POST else None,
    }
    return render(request, "video/setup/points_change.html", context, status=422 if request.method == "POST" else 200)


@launch_required(*Role.editors())
@require_http_methods(["GET", "HEAD", "POST"])
def chosen_again(request: LaunchRequest) -> HttpResponse:
    """Content with other points was selected in Moodle for an activity that has marks: what becomes of them?

    `keep` leaves points and marks as they are here.
    """
    assignment = assignment_of(request.launch)
    if assignment is None or assignment.chosen_again is None:
        raise Http404
    changed = Assignment.objects.select_related("resource_link__platform").get(pk=assignment.pk)
    before, chosen = Terms.of(assignment), assignment.chosen_again
    for name in COUNTED_BY:
        setattr(changed, name, getattr(chosen, name))
    question: Question | None = ask(before, Terms.of(changed), changed)
    if request.method == "POST" and "keep" in request.POST:
        Assignment.objects.filter(pk=assignment.pk, chosen_again=chosen).update(chosen_again=None)
        tell_moodle(assignment)
        messages.success(request, "The points stay as they are here.")
        return redirect("video:home", request.launch.pk)
    if request.method == "POST" or question is None:
        question = save(
            launch=request.launch,
            changed=changed,
            store=lambda: changed.save(update_fields=[*COUNTED_BY, "updated_at"]),
            answer=answer_of(request.POST),
        )
    if question is None:
        Assignment.objects.filter(pk=assignment.pk, chosen_again=chosen).update(chosen_again=None)
        messages.success(request, "Saved.")
        return redirect("video:home", request.launch.pk)
    return asked(request, question, assignment)
