"""The comment bank of the person who marks, as JSON for the grading room."""

import uuid

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from video.comments import comment_bank
from video.json_api import json_answer, json_body
from video.models import BankComment
from video.problems import Problem

STAFF = (Role.ASSISTANT, Role.TEACHER, Role.ADMIN)


@launch_required(*STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
@json_answer
def entries(request: LaunchRequest) -> HttpResponse:
    """GET: `{bank: […]}` as `comment_bank.as_json`. POST: add one from `{text, key, criterion, points}`."""
    return _save(request, None) if request.method == "POST" else _whole(request)


@launch_required(*STAFF)
@require_POST
@json_answer
def edit(request: LaunchRequest, bank_comment_id: uuid.UUID) -> HttpResponse:
    """Change one; the whole bank is answered, for another may have lost its key to it."""
    return _save(request, get_object_or_404(comment_bank.of(request.launch), pk=bank_comment_id))


@launch_required(*STAFF)
@require_POST
@json_answer
def delete(request: LaunchRequest, bank_comment_id: uuid.UUID) -> HttpResponse:
    if not comment_bank.remove(launch=request.launch, bank_comment_id=bank_comment_id):
        raise Http404
    return _whole(request)


def _save(request: LaunchRequest, row: BankComment | None) -> HttpResponse:
    try:
        entry = comment_bank.read(json_body(request))
    except ValidationError as error:
        problem = Problem("invalid", "It was not saved.", " ".join(error.messages))
        return JsonResponse({**problem.as_json(), "fields": error.message_dict}, status=422)
    comment_bank.save(launch=request.launch, entry=entry, bank_comment=row)
    return _whole(request)


def _whole(request: LaunchRequest) -> JsonResponse:
    return JsonResponse({"bank": comment_bank.as_json(comment_bank.of(request.launch))})
