"""The grading room: one student's video beside what is said of it; and giving marks back."""

import uuid
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.models import ScoreDelivery
from lti_tool.roles import Role
from video import status_labels
from video.grading import grades, mark_conflict, marks
from video.grading.grades import MarkChanged
from video.grading.marks import Mark
from video.grading_room.comment_panel import comment_panel
from video.grading_room.page import RoomPage, room_page
from video.json_api import json_answer, json_body
from video.models import Attempt, Grade, Release, Submission
from video.problems import Problem
from video.roster.listing import View
from video.rubrics.rubrics import short
from video.submissions import anonymity

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
    try:
        if attempt is not page.attempt:
            raise _taken_back()
        grades.check_terms(page.assignment, str(request.POST.get("terms", "")))
        mark = marks.read(page.assignment, request.POST, page.grade)
        version, alone = _version(request.POST.get("version")), bool(request.POST.get("alone"))
        grades.save_mark(launch=launch, attempt=attempt, mark=mark, version=version, finish=True, alone=alone)
    except ValidationError as error:
        return _room(request, page, view, errors=error.message_dict, status=422)
    except MarkChanged as changed:
        page = room_page(launch=launch, submission=submission, attempt=wanted, view=view)  # of the version that counts
        return _room(request, page, view, two=_two(page.attempt, mark, changed.theirs), status=409)
    except Problem as problem:
        messages.error(request, f"{problem.message} {problem.action}")
        return _room(request, page, view, status=problem.status)
    messages.success(request, f"Saved the mark of {page.name}.")
    to = page.around.next if request.POST.get("next") and page.around.next else None
    return redirect(_url(launch.pk, to.submission_id if to else submission.pk, view))


@launch_required(*STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
@json_answer
def save(request: LaunchRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Save what is typed, as it is typed. GET: how the mark is, since more than that may wait for its release.

    Body: the fields of `marks.read`, `version` (of the mark that was shown, 0 for none), `terms` (`marks.terms_of`, as
    the page said; 409 where they are others by now), `finish` (true: done with it)
    and `moving` (true: to another student, whose page says that it was saved); `alone` (under double marking: a teacher
    agrees on one mark alone). 200 with the mark as `_as_json`, only `{version: 0}` for nothing; 422 with `{error,
    fields}` where something typed is wrong; 409 with `{error, theirs, html}` where somebody else was faster: `theirs`
    is the mark as it is now, `html` both of them in words.
    """
    attempt = handed_in(request, attempt_id)
    if request.method != "POST":
        return JsonResponse(_as_json(attempt, _grade(attempt)))
    body = json_body(request)
    finish, version = body.get("finish") is True, _version(body.get("version"))
    grades.check_terms(attempt.submission.assignment, str(body.get("terms", "")))
    try:
        mark = marks.read(attempt.submission.assignment, body, getattr(attempt, "grade", None))
        grade = grades.save_mark(
            launch=request.launch,
            attempt=attempt,
            mark=mark,
            version=version,
            finish=finish,
            alone=bool(body.get("alone")),
        )
    except ValidationError as error:
        problem = Problem("invalid", "Something typed cannot be saved.", "Look at the marked field.")
        return JsonResponse({**problem.as_json(), "fields": error.message_dict}, status=422)
    except MarkChanged as changed:
        problem = Problem("changed", "Somebody else has saved another mark since.", "Choose which one counts.")
        html = render_to_string("video/grading_room/mark_conflict.html", {"two": _two(attempt, mark, changed.theirs)})
        theirs = _as_json(attempt, changed.theirs)
        return JsonResponse({**problem.as_json(), "theirs": theirs, "html": html}, status=409)
    if grade and body.get("moving") is True:
        messages.success(request, f"Saved the mark of {_name(attempt.submission)}.")
    return JsonResponse(_as_json(attempt, grade))


@launch_required(*STAFF)
@require_POST
@json_answer
def release(request: LaunchRequest, submission_id: uuid.UUID) -> HttpResponse:
    """Give one person's marks back; to a script, the mark of the attempt `attempt_id` as `_as_json`."""
    submission = _submission(request, submission_id)
    if not grades.may_release(request.launch, submission.assignment):
        raise Http404
    given = grades.release(launch=request.launch, submissions=[submission.pk])
    asked = request.POST.get("attempt_id", "")
    if request.headers.get("Accept") == "application/json":
        attempt = handed_in(request, uuid.UUID(asked)) if _is_id(asked) else None
        if attempt is None or attempt.submission_id != submission.pk:
            raise Http404
        return JsonResponse(_as_json(attempt, _grade(attempt)))
    if given:
        messages.success(request, "Released: the student sees it, and it is on its way to Moodle.")
    else:
        messages.info(request, "There is nothing to release.")
    view = View.of(request.GET.dict())
    return redirect(_url(request.launch.pk, submission.pk, view, attempt=asked if _is_id(asked) else ""))


def _room(
    request: LaunchRequest,
    page: RoomPage,
    view: View,
    *,
    errors: dict[str, list[str]] | None = None,
    two: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    launch = request.launch
    following = page.around.next
    context = {
        "launch": launch,
        "assignment": page.assignment,
        "page": page,
        "view": view,
        "view_fields": parse_qsl(view.in_address.removeprefix("?")),
        "typed": request.POST if request.method == "POST" else None,
        "errors": errors or {},
        "two": two,
        "panel": comment_panel(launch=launch, page=page),
        "previous_url": page.around.previous and _url(launch.pk, page.around.previous.submission_id, view),
        "next_url": following and _url(launch.pk, following.submission_id, view),
        "peek_url": following and reverse("video:peek", args=[launch.pk, following.submission_id]),
        # An extension is given from the assignment's own link, to somebody with a name.
        "can_extend": launch.role in Role.editors()
        and page.assignment.resource_link_id == launch.resource_link_id
        and not page.hidden,
    }
    return render(request, "video/grading_room/room.html", context, status=status)


def _as_json(attempt: Attempt, grade: Grade | None) -> dict[str, Any]:
    """`{version}` alone for no mark; else also what it says, `status` and `delivery` as labels, by whom and when."""
    if grade is None:
        return {"version": 0}
    submission, sent = attempt.submission, None
    if not grade.unreleased:
        link = submission.assignment.resource_link_id
        sent = ScoreDelivery.objects.filter(resource_link=link, person=submission.person_id).first()
    return {
        "version": grade.version,
        "points": None if grade.points is None else short(grade.points),
        "scores": grade.scores,
        "overridden": grade.overridden,
        "feedback": grade.feedback,
        "private_note": grade.private_note,
        "grader": grade.grader.name if grade.grader else "",
        "unreleased": grade.unreleased,
        "returned": grade.returned is not None,
        "saved_at": grade.updated_at.isoformat(),
        "status": status_labels.as_json(status_labels.mark_label(attempt, grade)),
        "delivery": status_labels.as_json(status_labels.delivery_label(sent)),
    }


def _two(attempt: Attempt, mark: Mark, theirs: Grade | None) -> dict[str, Any]:
    """What `mark_conflict.html` shows."""
    lines = mark_conflict.side_by_side(attempt.submission.assignment, mine=mark, theirs=theirs)
    return {"lines": lines, "theirs": theirs, "feedbacks": bool(mark.feedback and theirs and theirs.feedback)}


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


def handed_in(request: LaunchRequest, attempt_id: uuid.UUID) -> Attempt:
    """Also one that was taken back: whoever was marking it is told so when they save."""
    visible = Attempt.objects.filter(submission__in=Submission.objects.visible_to(request.launch))
    joined = visible.select_related("submission__assignment", "submission__person", "grade").prefetch_related("videos")
    return get_object_or_404(joined, pk=attempt_id)


def _grade(attempt: Attempt) -> Grade | None:
    return Grade.objects.select_related("release", "grader").filter(attempt=attempt).first()


def _name(submission: Submission) -> str:
    released = Release.objects.filter(grade__attempt__submission=submission).exists()
    return anonymity.name_for_markers(submission, released=released)


def _taken_back() -> Problem:
    return Problem(
        "taken_back",
        "The attempt that you marked was taken back by its student. Nothing was saved.",
        "What you typed is below.",
        status=409,
    )


def _version(value: object) -> int:
    text = str(value) if isinstance(value, int | str) else ""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _is_id(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def _url(launch_id: uuid.UUID, submission_id: uuid.UUID, view: View, *, attempt: str = "") -> str:
    address = reverse("video:room", args=[launch_id, submission_id]) + view.in_address
    if not attempt:
        return address
    return f"{address}{'&' if view.in_address else '?'}{urlencode({'attempt': attempt})}"
