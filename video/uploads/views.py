"""Upload tickets and their ends, for the page's script. (`docs/architecture.md` has the answers' shapes.)"""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from config.queue import enqueue
from lti_tool.access import LaunchRequest, launch_required
from lti_tool.models import LaunchSession
from lti_tool.roles import Role
from video import rate_limits
from video.assignments.binding import assignment_of
from video.json_api import json_answer, json_body
from video.models import Video
from video.problems import Problem
from video.rate_limits import Limit
from video.uploads import answers, parts, tickets
from video.uploads.forms import PartsForm, UploadForm
from video.uploads.tickets import Begun


@launch_required(Role.STUDENT)
@require_POST
@json_answer
def begin(request: LaunchRequest) -> HttpResponse:
    assignment = assignment_of(request.launch)
    if assignment is None:
        raise Http404
    form = UploadForm(json_body(request))
    if not form.is_valid():
        raise Problem("bad_request", "The file could not be described.", "Reload the page and try again.", status=400)
    rate_limits.check(Limit.UPLOAD_TICKETS, request.launch.person_id)
    begun = tickets.begin(launch=request.launch, assignment=assignment, file=form.announced)
    return JsonResponse(_ticket(request.launch, begun), status=200 if begun.resumed else 201)


@launch_required(Role.STUDENT)
@require_POST
@json_answer
def renew(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    video = _own_video(request.launch, video_id)
    rate_limits.check(Limit.UPLOAD_TICKETS, request.launch.person_id)
    return JsonResponse(_ticket(request.launch, tickets.renew(launch=request.launch, video=video)))


@launch_required(Role.STUDENT)
@require_POST
@json_answer
def sign(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    """Addresses for some parts: `{"urls": {number: address}, "expires_in": seconds}`."""
    video = _own_video(request.launch, video_id)
    form = PartsForm(json_body(request))
    if not video.upload_id or not form.is_valid():
        raise Problem("bad_request", "The parts could not be read.", "Reload the page and try again.", status=400)
    rate_limits.check(Limit.PART_REQUESTS, request.launch.person_id)
    signed = tickets.sign(video=video, sizes=form.sizes, sender=form.sender)
    return JsonResponse({"urls": signed.urls, "expires_in": answers.seconds_until(signed.expires_at)})


@launch_required(Role.STUDENT)
@require_safe
@json_answer
def status(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    """How far an upload is, as storage sees it."""
    video = _own_video(request.launch, video_id)
    rate_limits.check(Limit.PART_REQUESTS, request.launch.person_id)  # each asks storage
    there = parts.received(video) if video.state == Video.State.PENDING and video.upload_id else []
    answer = {
        "video": str(video.pk),
        "state": video.state,
        "name": video.name,
        "size": video.size,
        "recorded": video.recorded,
        "received": sum(part.size for part in there),
        "parts": answers.parts(there),
        "error": video.error_message,
    }
    return JsonResponse(answer)


@launch_required(Role.STUDENT)
@require_POST
@json_answer
def complete(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    video = _own_video(request.launch, video_id)
    rate_limits.check(Limit.PART_REQUESTS, request.launch.person_id)
    count = json_body(request).get("parts")
    count = count if isinstance(count, int) else None
    try:
        video = tickets.complete(launch=request.launch, video=video, count=count)
    except Problem as problem:
        if problem.status == 503:
            # A page has little time; a worker may have it done when the browser asks again.
            enqueue("video.uploads.tasks.complete_upload", str(video.pk), *filter(None, [count]))
        raise
    found = {"id": str(video.pk), "name": video.name, "size": video.size, "state": video.state}
    return JsonResponse({"video": found})


@launch_required(Role.STUDENT)
@require_POST
@json_answer
def failed(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    video = _own_video(request.launch, video_id)
    reason = str(json_body(request).get("reason", ""))
    known = reason if reason in {"network", "refused", "cancelled", "expired", "session"} else "other"
    tickets.fail(launch=request.launch, video=video, reason=known)
    return HttpResponse(status=204)


@launch_required(Role.STUDENT)
@require_POST
def remove(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    """Give an upload up, or take a video out of the draft."""
    video = _own_video(request.launch, video_id)
    scripted = not request.accepts("text/html")
    try:
        tickets.remove_draft(launch=request.launch, video=video)
    except Problem as problem:
        if scripted:
            return JsonResponse(problem.as_json(), status=problem.status)
        messages.error(request, f"{problem.message} {problem.action}")
    else:
        if scripted:
            return HttpResponse(status=204)
        messages.success(request, "The video was removed. You can send another one.")
    return redirect("video:home", request.launch.pk)


def _own_video(launch: LaunchSession, video_id: uuid.UUID) -> Video:
    """One's own video of this assignment, whatever one's role: nobody uploads for another."""
    video = Video.objects.own(launch).checkable().filter(pk=video_id).first()
    if video is None:
        raise Http404
    return video


def _ticket(launch: LaunchSession, begun: Begun) -> dict[str, object]:
    video = begun.video
    urls = {name: reverse(f"video:upload-{name}", args=[launch.pk, video.pk]) for name in answers.LEADS}
    told = answers.ticket(urls=urls, form=begun.form, part_bytes=video.part_bytes, received=begun.received)
    return {"video": str(video.pk), **told}
