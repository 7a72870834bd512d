"""Files that go with a mark: how markers send them, and how one gets them. (`docs/architecture.md` has the shapes.)"""

import uuid

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.models import LaunchSession
from lti_tool.roles import Role
from video import rate_limits
from video.feedback import attachments
from video.feedback.attachments import Begun
from video.feedback.forms import FileForm
from video.json_api import json_answer, json_body
from video.models import Attachment, Attempt, Submission
from video.problems import Problem
from video.rate_limits import Limit
from video.uploads import answers
from video.uploads.forms import PartsForm

STAFF = (Role.ASSISTANT, Role.TEACHER, Role.ADMIN)


@launch_required(*STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
@json_answer
def files(request: LaunchRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """The list of an attempt's files as it is now, in HTML; a POST begins to send another one."""
    work = Attempt.objects.submitted().filter(submission__in=Submission.objects.visible_to(request.launch))
    attempt = get_object_or_404(work.select_related("submission__assignment"), pk=attempt_id)
    if request.method != "POST":
        found = Attachment.objects.visible_to(request.launch).filter(attempt=attempt)
        context = {"launch": request.launch, "files": found, "may_remove": True}
        return render(request, "video/feedback/files.html", context)
    form = FileForm(json_body(request))
    if not form.is_valid():
        raise Problem("bad_request", "The file could not be described.", "Reload the page and try again.", status=400)
    rate_limits.check(Limit.ATTACHMENTS, request.launch.person_id)
    begun = attachments.begin(launch=request.launch, attempt=attempt, file=form.file)
    return JsonResponse(_ticket(request.launch, begun), status=200 if begun.resumed else 201)


@launch_required(*STAFF)
@require_POST
@json_answer
def renew(request: LaunchRequest, attachment_id: uuid.UUID) -> HttpResponse:
    attachment = _sent(request, attachment_id)
    rate_limits.check(Limit.ATTACHMENTS, request.launch.person_id)
    return JsonResponse(_ticket(request.launch, attachments.renew(attachment=attachment)))


@launch_required(*STAFF)
@require_POST
@json_answer
def sign(request: LaunchRequest, attachment_id: uuid.UUID) -> HttpResponse:
    """Addresses for some parts: `{"urls": {number: address}, "expires_in": seconds}`."""
    attachment = _sent(request, attachment_id)
    form = PartsForm(json_body(request))
    if not attachment.upload_id or not form.is_valid():
        raise Problem("bad_request", "The parts could not be read.", "Reload the page and try again.", status=400)
    rate_limits.check(Limit.PART_REQUESTS, request.launch.person_id)
    signed = attachments.sign(attachment=attachment, sizes=form.sizes)
    return JsonResponse({"urls": signed.urls, "expires_in": answers.seconds_until(signed.expires_at)})


@launch_required(*STAFF)
@require_safe
@json_answer
def status(request: LaunchRequest, attachment_id: uuid.UUID) -> HttpResponse:
    """How far an upload is, as storage sees it."""
    attachment = _sent(request, attachment_id)
    rate_limits.check(Limit.PART_REQUESTS, request.launch.person_id)
    pending = attachment.state == Attachment.State.PENDING and attachment.upload_id
    there = attachments.received(attachment) if pending else []
    answer = {
        "attachment": str(attachment.pk),
        "state": attachment.state,
        "received": sum(part.size for part in there),
        "parts": answers.parts(there),
        "error": attachment.error_message,
    }
    return JsonResponse(answer)


@launch_required(*STAFF)
@require_POST
@json_answer
def complete(request: LaunchRequest, attachment_id: uuid.UUID) -> HttpResponse:
    attachment = _sent(request, attachment_id)
    rate_limits.check(Limit.PART_REQUESTS, request.launch.person_id)
    attachment = attachments.complete(launch=request.launch, attachment=attachment)
    return JsonResponse({"attachment": {"id": str(attachment.pk), "state": attachment.state}})


@launch_required(*STAFF)
@require_POST
@json_answer
def failed(request: LaunchRequest, attachment_id: uuid.UUID) -> HttpResponse:
    attachments.give_up(launch=request.launch, attachment=_sent(request, attachment_id))
    return HttpResponse(status=204)


@launch_required(*STAFF)
@require_POST
@json_answer
def remove(request: LaunchRequest, attachment_id: uuid.UUID) -> HttpResponse:
    """Take a file away, whoever of the markers sent it; or give up one that is on its way."""
    mine = Attachment.objects.of_work(request.launch).select_related("attempt")
    attachment = get_object_or_404(mine, pk=attachment_id)
    attachments.remove(launch=request.launch, attachment=attachment)
    if not request.accepts("text/html"):
        return HttpResponse(status=204)
    messages.success(request, "The file was removed.")
    room = reverse("video:room", args=[request.launch.pk, attachment.attempt.submission_id])
    return redirect(f"{room}?attempt={attachment.attempt.number}")


@launch_required()
@require_safe
@json_answer
def address(request: LaunchRequest, attachment_id: uuid.UUID) -> HttpResponse:
    """A signed address to save the file from, or to hear it: a script is told `{src, type, expires_at}`."""
    attachment = get_object_or_404(Attachment.objects.visible_to(request.launch), pk=attachment_id)
    try:
        rate_limits.check(Limit.FILES, request.launch.person_id)
        signed = attachments.address(launch=request.launch, attachment=attachment)
    except Problem as problem:
        if not request.accepts("text/html"):
            raise
        messages.error(request, f"{problem.message} {problem.action}")
        return redirect("video:home", request.launch.pk)
    if request.accepts("text/html"):
        return redirect(signed.src)
    return JsonResponse({"src": signed.src, "type": signed.content_type, "expires_at": signed.expires_at.isoformat()})


def _sent(request: LaunchRequest, attachment_id: uuid.UUID) -> Attachment:
    """One's own, whatever has become of it: nobody sends for another."""
    return get_object_or_404(Attachment.objects.sent_by(request.launch), pk=attachment_id)


def _ticket(launch: LaunchSession, begun: Begun) -> dict[str, object]:
    attachment = begun.attachment
    urls = {name: reverse(f"video:file-{name}", args=[launch.pk, attachment.pk]) for name in answers.LEADS}
    told = answers.ticket(urls=urls, form=begun.form, part_bytes=attachment.part_bytes, received=begun.received)
    return {"attachment": str(attachment.pk), **told}
