"""The grading room: one student's video beside the form that marks it."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.models import ScoreDelivery
from lti_tool.roles import Role
from video import chips, extensions, grading
from video.forms import GradeForm
from video.models import Attempt, Grade, Submission


@launch_required(Role.ASSISTANT, Role.TEACHER, Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def room(request: LaunchRequest, submission_id: uuid.UUID) -> HttpResponse:
    launch = request.launch
    submission = _submission(request, submission_id)
    assignment = submission.assignment
    attempts = list(submission.attempts.submitted().select_related("grade__grader").prefetch_related("videos"))
    marked = request.POST.get("attempt_id")  # what was shown: its student may have handed in another since
    attempt = next((one for one in attempts if str(one.pk) == marked), _chosen(attempts, request.GET.get("attempt")))
    gone = bool(marked) and str(attempt.pk) != marked
    grade: Grade | None = getattr(attempt, "grade", None)
    form = GradeForm(request.POST or None, instance=grade, maximum=assignment.points)
    around = grading.neighbours(assignment=assignment, submission=submission)
    if gone:
        messages.error(request, "The attempt that you marked was taken back by its student. Nothing was saved.")
    elif request.method == "POST" and form.is_valid():
        grading.save_grade(
            launch=launch, attempt=attempt, points=form.cleaned_data["points"], feedback=form.cleaned_data["feedback"]
        )
        messages.success(request, f"Saved the mark of {submission.person.name}.")
        to = around.next if request.POST.get("next") and around.next else submission
        return redirect(_url(launch.pk, to))
    video = attempt.video
    context = {
        "launch": launch,
        "assignment": assignment,
        "submission": submission,
        "attempts": attempts,
        "attempt": attempt,
        "video": video,
        "playback_url": reverse("video:playback", args=[launch.pk, video.pk]) if video else "",
        "form": form,
        "grade": grade,
        "status": chips.MARKED if grade else chips.LATE if attempt.late else chips.SUBMITTED,
        "previous_url": around.previous and _url(launch.pk, around.previous),
        "next_url": around.next and _url(launch.pk, around.next),
        "position": f"{around.place} of {around.total}" if around.place else "",
        "marked": around.marked,
        "total": around.total,
        "more_time": extensions.more_time(
            assignment, extended_to=submission.extended_to, extra_attempts=submission.extra_attempts
        ),
        # An extension is given from the assignment's own link.
        "can_extend": launch.role in Role.editors() and assignment.resource_link_id == launch.resource_link_id,
        "delivery": chips.delivery_chip(
            ScoreDelivery.objects.filter(resource_link=assignment.resource_link, person=submission.person).first()
        ),
    }
    return render(request, "video/room.html", context, status=409 if gone else 422 if form.is_bound else 200)


def _submission(request: LaunchRequest, submission_id: uuid.UUID) -> Submission:
    submission = (
        Submission.objects.visible_to(request.launch)
        .filter(pk=submission_id, attempts__submitted_at__isnull=False)
        .select_related("assignment__resource_link__platform", "person")
        .first()
    )
    if submission is None:
        raise Http404
    return submission


def _chosen(attempts: list[Attempt], number: str | None) -> Attempt:
    """The attempt of that number, else the newest."""
    return next((attempt for attempt in attempts if str(attempt.number) == number), attempts[0])


def _url(launch_id: uuid.UUID, submission: Submission) -> str:
    return reverse("video:room", args=[launch_id, submission.pk])
