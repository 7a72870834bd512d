"""Comments at moments of a video, as JSON for the page's script; the student's reply form works without a script."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from lti_tool.access import LaunchRequest, launch_required
from video.comments import threads
from video.json_api import json_answer, json_body
from video.models import Comment, Video
from video.models.comment import CommentQuerySet
from video.problems import Problem


@launch_required()
@require_http_methods(["GET", "HEAD", "POST"])
@json_answer
def of_video(request: LaunchRequest, video_id: uuid.UUID) -> HttpResponse:
    """GET: `{comments: […]}` as `Shown.as_json`. POST, for staff: add one from `{id, at, until, text}`; 201.

    422 with `{error, fields}` where something typed is wrong.
    """
    launch = request.launch
    video = get_object_or_404(
        Video.objects.visible_to(launch)
        .filter(current=True, attempt__submitted_at__isnull=False)
        .select_related("attempt"),
        pk=video_id,
    )
    if request.method != "POST":
        listed = threads.shown(launch=launch, videos=[video.pk]).get(video.pk, [])
        return JsonResponse({"comments": [comment.as_json for comment in listed]})
    if not launch.is_staff:
        raise Http404
    typed = json_body(request)
    try:
        said = threads.read(video, typed)
    except ValidationError as error:
        return _invalid(error)
    return _answer(request, threads.add(launch=launch, video=video, said=said, comment_id=threads.read_id(typed)), 201)


@launch_required()
@require_POST
@json_answer
def reply(request: LaunchRequest, comment_id: uuid.UUID) -> HttpResponse:
    """Answer a comment: `{id, text}`. Students where the assignment takes replies."""
    launch = request.launch
    to = _one(Comment.objects.visible_to(launch).filter(reply_to=None), comment_id)
    if not launch.is_staff and not to.video.attempt.submission.assignment.replies:
        raise Http404
    typed = _typed(request)
    try:
        text, new_id = threads.read_text(typed), threads.read_id(typed)
        new = threads.reply(launch=launch, to=to, text=text, comment_id=new_id)
    except (ValidationError, Problem) as error:
        return _refused(request, to, error)
    return _answer(request, new, 201, said="Your reply is sent.")


@launch_required()
@require_POST
@json_answer
def edit(request: LaunchRequest, comment_id: uuid.UUID) -> HttpResponse:
    """Change one's own: `{at, until, text}`, of a reply `{text}`."""
    comment = _one(Comment.objects.editable_by(request.launch), comment_id)
    typed = _typed(request)
    try:
        said = threads.read_text(typed) if comment.reply_to_id else threads.read(comment.video, typed)
    except ValidationError as error:
        return _refused(request, comment, error)
    threads.edit(launch=request.launch, comment=comment, said=said)
    return _answer(request, comment, 200, said="Your reply is changed.")


@launch_required()
@require_POST
@json_answer
def delete(request: LaunchRequest, comment_id: uuid.UUID) -> HttpResponse:
    """Take one's own away; teachers and admins anybody's."""
    comment = _one(Comment.objects.deletable_by(request.launch), comment_id)
    threads.delete(launch=request.launch, comment=comment)
    return _answer(request, comment, 200, said="Your reply is deleted.")


@launch_required()
@require_POST
@json_answer
def restore(request: LaunchRequest, comment_id: uuid.UUID) -> HttpResponse:
    """Undo a deletion."""
    comment = _one(Comment.objects.deletable_by(request.launch, deleted=True), comment_id)
    threads.delete(launch=request.launch, comment=comment, back=True)
    return _answer(request, comment, 200)


def _one(rows: CommentQuerySet, comment_id: uuid.UUID) -> Comment:
    return get_object_or_404(rows.select_related("video__attempt__submission__assignment"), pk=comment_id)


def _typed(request: LaunchRequest) -> Mapping[str, Any]:
    return json_body(request) if request.content_type == "application/json" else request.POST.dict()


def _answer(request: LaunchRequest, comment: Comment, status: int, *, said: str = "") -> HttpResponse:
    """`{comment}`, which is null where it is not there to be seen; or the page that a form was on."""
    if request.accepts("text/html"):
        if said:
            messages.success(request, said)
        return redirect(_page(request, comment))
    seen = threads.shown_one(launch=request.launch, comment=comment)
    return JsonResponse({"comment": seen and seen.as_json}, status=status)


def _refused(request: LaunchRequest, comment: Comment, error: ValidationError | Problem) -> HttpResponse:
    if request.accepts("text/html"):
        words = f"{error.message} {error.action}" if isinstance(error, Problem) else " ".join(error.messages)
        messages.error(request, words)
        return redirect(_page(request, comment))
    if isinstance(error, Problem):
        raise error
    return _invalid(error)


def _invalid(error: ValidationError) -> JsonResponse:
    words = " ".join(error.messages)
    problem = Problem("invalid", "The comment was not saved.", words)
    return JsonResponse({**problem.as_json(), "fields": error.message_dict}, status=422)


def _page(request: LaunchRequest, comment: Comment) -> str:
    launch, attempt = request.launch, comment.video.attempt
    if launch.is_staff:
        return f"{reverse('video:room', args=[launch.pk, attempt.submission_id])}?attempt={attempt.number}"
    return f"{reverse('video:home', args=[launch.pk])}#comments-{comment.video_id}"
