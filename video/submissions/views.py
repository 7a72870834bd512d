import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from video.models import Attempt, Video
from video.problems import Problem
from video.submissions import handing_in


@launch_required(Role.STUDENT)
@require_POST
def submit(request: LaunchRequest) -> HttpResponse:
    """Hand in a video: at once, or as soon as it has arrived and was checked. A script is answered in JSON."""
    launch = request.launch
    video = _own_video(request)
    try:
        attempt = handing_in.submit(launch=launch, video=video, statement=bool(request.POST.get("statement")))
    except Problem as problem:
        if request.accepts("text/html"):
            messages.error(request, f"{problem.message} {problem.action}")
            return redirect("video:home", launch.pk)
        return JsonResponse(problem.as_json(), status=problem.status)
    receipt = reverse("video:receipt", args=[launch.pk, attempt.pk]) if attempt else ""
    if not request.accepts("text/html"):
        return JsonResponse({"receipt": receipt})
    if attempt is None:
        messages.success(request, "It is handed in by itself as soon as it is ready.")
    return redirect(receipt or reverse("video:home", args=[launch.pk]))


@launch_required(Role.STUDENT)
@require_POST
def cancel(request: LaunchRequest) -> HttpResponse:
    """Do not hand it in by itself after all."""
    scripted = not request.accepts("text/html")
    try:
        handing_in.cancel_ask(launch=request.launch, video=_own_video(request))
    except Problem as problem:
        if scripted:
            return JsonResponse(problem.as_json(), status=problem.status)
        messages.error(request, f"{problem.message} {problem.action}")
    else:
        if scripted:
            return JsonResponse({"receipt": ""})
        messages.success(request, "It is not handed in by itself. Submit it when you are ready.")
    return redirect("video:home", request.launch.pk)


@launch_required(Role.STUDENT)
@require_POST
def withdraw(request: LaunchRequest, attempt_id: uuid.UUID) -> HttpResponse:
    attempt = Attempt.objects.own(request.launch).filter(pk=attempt_id).first()
    if attempt is None:
        raise Http404
    try:
        handing_in.withdraw(launch=request.launch, attempt=attempt)
    except Problem as problem:
        messages.error(request, f"{problem.message} {problem.action}")
    else:
        messages.success(request, "Taken back: it is a draft again. Submit it, or send another video.")
    return redirect("video:home", request.launch.pk)


@launch_required(Role.STUDENT)
@require_safe
def receipt(request: LaunchRequest, attempt_id: uuid.UUID) -> HttpResponse:
    attempt = Attempt.objects.own(request.launch).submitted().prefetch_related("videos").filter(pk=attempt_id).first()
    if attempt is None:
        raise Http404
    context = {
        "launch": request.launch,
        "assignment": attempt.submission.assignment,
        "submission": attempt.submission,
        "attempt": attempt,
        "video": attempt.video,
    }
    return render(request, "video/submissions/receipt.html", context)


def _own_video(request: LaunchRequest) -> Video:
    try:
        video = Video.objects.own(request.launch).filter(pk=request.POST.get("video", "")).first()
    except (ValidationError, ValueError):
        video = None
    if video is None:
        raise Http404
    return video
