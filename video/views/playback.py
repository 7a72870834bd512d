import uuid

from django.http import Http404, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from lti_tool.access import LaunchRequest, launch_required
from video import limits, playback
from video.limits import Limit
from video.models import Video
from video.views.answers import json_answer


@launch_required()
@require_safe
@json_answer
def grant(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    """A signed address for a video that this launch may see: `{src, type, expires_at}`."""
    video = Video.objects.visible_to(request.launch).filter(pk=video_id).first()
    if video is None:
        raise Http404
    limits.check(Limit.PLAYBACKS, request.launch.person_id)
    granted = playback.grant(launch=request.launch, video=video)
    answer = {"src": granted.src, "type": granted.content_type, "expires_at": granted.expires_at.isoformat()}
    return JsonResponse(answer)
