"""Deep Linking: a teacher sets up one or several assignments, and Moodle makes activities of them."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from config.security import allow_form_to
from lti_tool import deep_linking
from lti_tool.access import SelectionRequest, selection_required
from lti_tool.deep_linking import ContentItem
from lti_tool.models import ContentSelection
from video.assignments import binding
from video.models import Assignment
from video.setup.forms import ContentForm
from video.setup.rubric_views import rubric_tools


@selection_required
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: SelectionRequest) -> HttpResponse:
    """The set-up form; what is ready so far; what may be begun from."""
    selection = request.selection
    form = ContentForm(request.POST or None, instance=_begun(request))
    if request.method == "POST" and form.is_valid():
        assignment = form.save()
        if not (request.POST.get("another") and selection.accept_multiple):
            return _give(request, _waiting(selection) or [assignment])
        messages.success(request, f"“{assignment.title}” is ready.")
        return redirect(f"{reverse('selection:choose', args=[selection.pk])}?more=1")
    context = {
        "selection": selection,
        "form": form,
        "ready": _ready(selection),
        "earlier": binding.earlier(selection.person),
        "like": request.GET.get("like", ""),
        "rubric_tools": rubric_tools(selection),
        "more": form.is_bound or {"more", "like"} & set(request.GET),
    }
    return render(request, "video/setup/selection.html", context, status=422 if form.is_bound else 200)


@selection_required
@require_POST
def remove(request: SelectionRequest, assignment_id: uuid.UUID) -> HttpResponse:
    assignment = request.selection.assignments.filter(pk=assignment_id, offered_at=None).first()
    if assignment is None:
        raise Http404
    assignment.delete()
    messages.success(request, f"“{assignment.title}” was removed.")
    return redirect("selection:choose", request.selection.pk)


@selection_required
@require_POST
def finish(request: SelectionRequest) -> HttpResponse:
    """Give Moodle what is ready; with nothing ready it closes its dialog."""
    return _give(request, _waiting(request.selection) or _ready(request.selection))


@selection_required
@require_POST
def cancel(request: SelectionRequest) -> HttpResponse:
    return _give(request, [])


def _begun(request: SelectionRequest) -> Assignment:
    selection = request.selection
    fresh = Assignment(
        course=selection.course, selection=selection, set_up_by=selection.person, title="Video assignment"
    )
    original = binding.earlier_of(selection.person, request.GET.get("like", ""))
    return binding.like(original, fresh) if original else fresh


def _waiting(selection: ContentSelection) -> list[Assignment]:
    """What is ready and was not given to Moodle yet: going back in the browser must not make activities twice."""
    waiting = [one for one in _ready(selection) if one.offered_at is None]
    return waiting if selection.accept_multiple else waiting[-1:]


def _ready(selection: ContentSelection) -> list[Assignment]:
    return list(selection.assignments.filter(resource_link=None).order_by("created_at"))


def _give(request: SelectionRequest, chosen: list[Assignment]) -> HttpResponse:
    """A page that posts the signed reply to Moodle by itself."""
    selection, now = request.selection, timezone.now()
    selection.assignments.filter(pk__in=[one.pk for one in chosen]).update(offered_at=now)
    selection.returned_at = now
    selection.save(update_fields=["returned_at"])
    items = [
        ContentItem(content_id=str(one.pk), title=one.title, text=one.instructions, maximum=int(one.points))
        for one in chosen
    ]
    context = {"selection": selection, "jwt": deep_linking.reply(selection, items), "count": len(items)}
    return allow_form_to(render(request, "video/setup/selection_return.html", context), selection.return_url)
