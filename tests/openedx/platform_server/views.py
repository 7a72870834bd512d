"""Our own two pages: open the activity as somebody, and see what the platform holds. The rest is the package's."""

from urllib.parse import parse_qs

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET
from lti_consumer.api import get_lti_1p3_content_url
from lti_consumer.models import LtiAgsLineItem, LtiAgsScore

from platform_server.block import load_block
from platform_server.course import BLOCK_KEY
from platform_server.models import ExternalId, GradebookEntry, ServiceCall


@require_GET
def start(request: HttpRequest) -> HttpResponseRedirect:
    """`/start?user=teacher`: what the frame in the course page does. Leads to the tool's login initiation, by GET."""
    block = load_block(BLOCK_KEY)
    block.runtime.sign_in(get_object_or_404(User, username=request.GET.get("user", "")))
    return HttpResponseRedirect(get_lti_1p3_content_url(block.get_lti_1p3_launch_data()))


@require_GET
def state(request: HttpRequest) -> JsonResponse:
    """What the tool has brought about, read from the database. Every list is in the order things came to be."""
    names = {str(known.external_user_id): known.user.username for known in ExternalId.objects.select_related("user")}
    calls = ServiceCall.objects.order_by("pk")
    return JsonResponse(
        {
            "people": {username: user_id for user_id, username in names.items()},
            "line_items": [_line_item(item) for item in LtiAgsLineItem.objects.order_by("pk")],
            "scores": [_score(score, names) for score in LtiAgsScore.objects.order_by("pk")],
            "gradebook": {
                entry.user.username: {"value": entry.value, "max_value": entry.max_value}
                for entry in GradebookEntry.objects.select_related("user")
            },
            "calls": [_call(call) for call in calls],
            "roster_calls": [_call(call) for call in calls if call.path.endswith("/memberships")],
        }
    )


def _line_item(item: LtiAgsLineItem) -> dict[str, object]:
    return {
        "id": item.pk,
        "label": item.label,
        "score_maximum": item.score_maximum,
        "resource_link_id": str(item.resource_link_id or ""),
        "resource_id": item.resource_id,
        "tag": item.tag,
    }


def _score(score: LtiAgsScore, names: dict[str, str]) -> dict[str, object]:
    return {
        "line_item": score.line_item_id,
        "user": names.get(score.user_id, ""),
        "user_id": score.user_id,
        "score_given": score.score_given,
        "score_maximum": score.score_maximum,
        "activity_progress": score.activity_progress,
        "grading_progress": score.grading_progress,
        "comment": score.comment,
        "timestamp": score.timestamp.isoformat(),
    }


def _call(call: ServiceCall) -> dict[str, object]:
    return {
        "method": call.method,
        "path": call.path,
        "query": {name: values[-1] for name, values in parse_qs(call.query, keep_blank_values=True).items()},
        "accept": call.accept,
        "content_type": call.content_type,
        "status": call.status,
    }
