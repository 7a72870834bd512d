"""The grading room: one student's video beside what is said of it; and giving marks back."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from video import grading, marks
from video.grading import MarkChanged
from video.models import Attempt, Grade, Submission
from video.problems import Problem
from video.room_page import RoomPage, room_page
from video.roster import View
from video.rubrics import short
from video.views.answers import json_answer, json_body

STAFF = (Role.ASSISTANT, Role.TEACHER, Role.ADMIN)


@launch_required(*STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def room(request: LaunchRequest, submission_id: uuid.UUID) -> HttpResponse:
    """The room; and its form without a script, which saves and finishes."""
    launch, view = request.launch, View.of(request.GET.dict())
    submission = _submission(request, submission_id)
    wanted = request.POST.get("attempt_id") or request.GET.get("attempt") or ""
    page = room_page(launch=launch, submission=submission, attempt=wanted, view=view)
    if request.method != "POST":
        return _room(request, page, view)
    # What was shown: its student may have taken it back, or handed in another since.
    attempt = Attempt(pk=wanted) if _is_id(wanted) and str(page.attempt.pk) != wanted else page.attempt
    errors: dict[str, list[str]] = {}
    try:
        if attempt is not page.attempt:
            raise _taken_back()
        mark = marks.read(page.assignment, request.POST)
        grading.save_mark(
            launch=launch,
            attempt=attempt,
            mark=mark,
            version=_version(request.POST.get("version")),
            finish=True,
            alone=bool(request.POST.get("alone")),
        )
    except ValidationError as error:
        errors = error.message_dict
    except MarkChanged:
        messages.error(request, "Somebody else has saved another mark since. Yours is below, and was not saved.")
        return _room(request, page, view, status=409)
    except Problem as problem:
        messages.error(request, f"{problem.message} {problem.action}")
        return _room(request, page, view, status=problem.status)
    if errors:
        return _room(request, page, view, errors=errors, status=422)
    messages.success(request, f"Saved the mark of {page.name}.")
    to = page.around.next if request.POST.get("next") and page.around.next else None
    return redirect(_url(launch.pk, to.submission_id if to else submission.pk, view))


@launch_required(*STAFF)
@require_POST
@json_answer
def save(request: LaunchRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Save what is typed, as it is typed.

    Body: the fields of `marks.read`, `version` (of the mark that was shown, 0 for none), `finish` (true: done with it)
    and `alone` (under double marking: a teacher agrees on one mark alone). 200 with `{version, points, overridden,
    unreleased, saved_at}`; 422 with `{error, fields}` where something typed is wrong; 409 with `{error, theirs}` where
    somebody else was faster, `theirs` being the mark as it is now.
    """
    attempt = handed_in(request, attempt_id)
    body = json_body(request)
    try:
        mark = marks.read(attempt.submission.assignment, body)
        grade = grading.save_mark(
            launch=request.launch,
            attempt=attempt,
            mark=mark,
            version=_version(body.get("version")),
            finish=body.get("finish") is True,
            alone=bool(body.get("alone")),
        )
    except ValidationError as error:
        problem = Problem("invalid", "Something typed cannot be saved.", "Look at the marked field.")
        return JsonResponse({**problem.as_json(), "fields": error.message_dict}, status=422)
    except MarkChanged as changed:
        problem = Problem("changed", "Somebody else has saved another mark since.", "Choose which one counts.")
        return JsonResponse({**problem.as_json(), "theirs": _as_json(changed.theirs)}, status=409)
    return JsonResponse(_as_json(grade))


@launch_required(*STAFF)
@require_POST
def release(request: LaunchRequest, submission_id: uuid.UUID) -> HttpResponse:
    """Give one person's marks back."""
    submission = _submission(request, submission_id)
    if not grading.may_release(request.launch, submission.assignment):
        raise Http404
    if grading.release(launch=request.launch, submissions=[submission.pk]):
        messages.success(request, "Released: the student sees it, and it is on its way to Moodle.")
    else:
        messages.info(request, "There is nothing to release.")
    return redirect(_url(request.launch.pk, submission.pk, View.of(request.GET.dict())))


def _room(
    request: LaunchRequest,
    page: RoomPage,
    view: View,
    *,
    errors: dict[str, list[str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    launch = request.launch
    typed = request.POST if request.method == "POST" else None
    context = {
        "launch": launch,
        "assignment": page.assignment,
        "page": page,
        "view": view,
        "typed": typed,
        "errors": errors or {},
        "previous_url": page.around.previous and _url(launch.pk, page.around.previous.submission_id, view),
        "next_url": page.around.next and _url(launch.pk, page.around.next.submission_id, view),
        # An extension is given from the assignment's own link, to somebody with a name.
        "can_extend": launch.role in Role.editors()
        and page.assignment.resource_link_id == launch.resource_link_id
        and not page.hidden,
    }
    return render(request, "video/room.html", context, status=status)


def _as_json(grade: Grade | None) -> dict[str, object]:
    if grade is None:
        return {"version": 0}
    return {
        "version": grade.version,
        "points": None if grade.points is None else short(grade.points),
        "scores": grade.scores,
        "overridden": grade.overridden,
        "feedback": grade.feedback,
        "private_note": grade.private_note,
        "grader": grade.grader.name if grade.grader else "",
        "unreleased": grade.unreleased,
        "saved_at": grade.updated_at.isoformat(),
    }


def handed_in(request: LaunchRequest, attempt_id: uuid.UUID) -> Attempt:
    """An attempt to mark, with its assignment and videos; 404 for what this launch may not see."""
    submitted = Attempt.objects.submitted().filter(submission__in=Submission.objects.visible_to(request.launch))
    return get_object_or_404(
        submitted.select_related("submission__assignment").prefetch_related("videos"), pk=attempt_id
    )


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


def _taken_back() -> Problem:
    return Problem(
        "taken_back",
        "The attempt that you marked was taken back by its student. Nothing was saved.",
        "What you typed is below.",
        status=409,
    )


def _version(value: object) -> int:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else 0


def _is_id(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def _url(launch_id: uuid.UUID, submission_id: uuid.UUID, view: View) -> str:
    return reverse("video:room", args=[launch_id, submission_id]) + view.in_address
