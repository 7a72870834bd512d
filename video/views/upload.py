"""Upload tickets and their ends, for the page's script."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.models import LaunchSession
from lti_tool.roles import Role
from video import uploads
from video.assignments import assignment_of
from video.forms import UploadForm
from video.models import Video
from video.problems import Problem
from video.uploads import Begun
from video.views.answers import json_answer, json_body


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
    begun = uploads.begin(
        launch=request.launch,
        assignment=assignment,
        name=form.cleaned_data["name"],
        size=form.cleaned_data["size"],
        claimed_type=form.cleaned_data["type"],
    )
    return JsonResponse(_ticket(request.launch, begun), status=201)


@launch_required(Role.STUDENT)
@require_POST
@json_answer
def renew(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    begun = uploads.renew(launch=request.launch, video=_own_video(request.launch, video_id))
    return JsonResponse(_ticket(request.launch, begun))


@launch_required(Role.STUDENT)
@require_POST
@json_answer
def complete(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    video = uploads.complete(launch=request.launch, video=_own_video(request.launch, video_id))
    found = {"id": str(video.pk), "name": video.name, "size": video.size, "state": video.state}
    return JsonResponse({"video": found})


@launch_required(Role.STUDENT)
@require_POST
@json_answer
def failed(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    video = _own_video(request.launch, video_id)
    reason = str(json_body(request).get("reason", ""))
    known = reason if reason in {"network", "refused", "cancelled", "expired", "session"} else "other"
    uploads.fail(launch=request.launch, video=video, reason=known)
    return HttpResponse(status=204)


@launch_required(Role.STUDENT)
@require_POST
def remove(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    video = _own_video(request.launch, video_id)
    try:
        uploads.remove_draft(launch=request.launch, video=video)
    except Problem as problem:
        messages.error(request, f"{problem.message} {problem.action}")
    else:
        messages.success(request, "The video was removed. You can upload another one.")
    return redirect("video:home", request.launch.pk)


def _own_video(launch: LaunchSession, video_id: uuid.UUID) -> Video:
    """One's own video of this assignment, whatever one's role: nobody uploads for another."""
    video = (
        Video.objects.visible_to(launch)
        .filter(
            pk=video_id,
            attempt__submission__person=launch.person,
            attempt__submission__assignment__resource_link=launch.resource_link,
        )
        .select_related("attempt__submission__assignment__resource_link__platform")
        .first()
    )
    if video is None:
        raise Http404
    return video


def _ticket(launch: LaunchSession, begun: Begun) -> dict[str, object]:
    ids = [launch.pk, begun.video.pk]
    return {
        "video": str(begun.video.pk),
        "upload": {
            "method": begun.ticket.method,
            "url": begun.ticket.url,
            "fields": dict(begun.ticket.fields),
            "expires_at": begun.ticket.expires_at.isoformat(),
            # Browsers' clocks are often wrong, so the life is given too.
            "expires_in": int((begun.ticket.expires_at - timezone.now()).total_seconds()),
        },
        "urls": {
            "renew": reverse("video:upload-renew", args=ids),
            "complete": reverse("video:upload-complete", args=ids),
            "failed": reverse("video:upload-failed", args=ids),
        },
    }
