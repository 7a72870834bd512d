import uuid

from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from video import rate_limits
from video.json_api import json_answer
from video.models import Video
from video.playback import grants
from video.rate_limits import Limit
from video.storage.base import Playback


@launch_required()
@require_safe
@json_answer
def grant(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    """A signed address for a video that this launch may see: `{src, type, expires_at}`."""
    video = Video.objects.visible_to(request.launch).filter(pk=video_id).first()
    if video is None:
        raise Http404
    rate_limits.check(Limit.PLAYBACKS, request.launch.person_id)
    granted = grants.grant(launch=request.launch, video=video)
    return JsonResponse(_as_json(granted))


@launch_required(*Role.staff())
@require_safe
@json_answer
def peek(request: LaunchRequest, submission_id: uuid.UUID) -> HttpResponse:
    """For the video that the room of this submission shows first: what `grant` answers, and `for`, where to ask for it.

    204 where there is none to play. It is counted apart from what is watched.
    """
    handed_in = Video.objects.visible_to(request.launch).filter(attempt__submission=submission_id)
    newest = handed_in.filter(attempt__submitted_at__isnull=False).order_by("-attempt__number", "-current").first()
    if newest is None:
        raise Http404
    rate_limits.check(Limit.PEEKS, request.launch.person_id)
    if not newest.current or newest.state != Video.State.READY:
        return HttpResponse(status=204)
    where = reverse("video:playback", args=[request.launch.pk, newest.pk])
    return JsonResponse({"for": where, **_as_json(grants.address(launch=request.launch, video=newest))})


def _as_json(granted: Playback) -> dict[str, str]:
    return {"src": granted.src, "type": granted.content_type, "expires_at": granted.expires_at.isoformat()}
