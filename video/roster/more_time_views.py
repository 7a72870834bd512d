"""More time for one person, and for those of a pasted list."""

import hashlib
import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from video.assignments import extensions
from video.assignments.binding import assignment_of
from video.assignments.extensions import MoreTime
from video.models import Assignment, Submission
from video.roster import bulk_actions, listing, pasted_list
from video.roster.forms import MoreTimeForm
from video.roster.pasted_list import Candidate, Line
from video.submissions import anonymity


@launch_required(*Role.editors())
@require_http_methods(["GET", "HEAD", "POST"])
def more_time(request: LaunchRequest, person_id: uuid.UUID) -> HttpResponse:
    """An extension given, changed or removed, for anybody of the launch's own roster.

    It is given by name: under anonymous marking the page says nothing of the person's work, and leads to none.
    """
    launch, submission = request.launch, _submission(request, person_id)
    assignment, person = submission.assignment, submission.person
    hidden = anonymity.hidden(assignment, released=submission.is_released)
    handed_in = 0 if hidden else submission.attempts.submitted().count()
    home = reverse("video:home", args=[launch.pk])
    room = reverse("video:room", args=[launch.pk, submission.pk])
    back = room if handed_in and request.GET.get("from") == "room" else home
    form = MoreTimeForm(request.POST or None, submission=submission)
    if "remove" in request.POST:
        extensions.extend(launch=launch, assignment=assignment, person=person, until=None, extra_attempts=0)
        messages.success(request, f"{person.name} has the same time as everybody again.")
        return redirect(back)
    if request.method == "POST" and form.is_valid():
        until, extra = form.wanted
        extensions.extend(launch=launch, assignment=assignment, person=person, until=until, extra_attempts=extra)
        messages.success(request, f"Saved for {person.name}.")
        return redirect(back)
    context = {
        "launch": launch,
        "assignment": assignment,
        "submission": submission,
        "handed_in": handed_in,
        "given": submission.extended_to or submission.extra_attempts,
        "form": form,
        "back": back,
    }
    return render(request, "video/roster/more_time.html", context, status=422 if form.is_bound else 200)


def _submission(request: LaunchRequest, person_id: uuid.UUID) -> Submission:
    """The person's own; one that is not stored yet for who has not opened the assignment."""
    assignment = assignment_of(request.launch)
    # Not of whom anonymous marking hides: by the page of another assignment somebody could know the id.
    person = listing.people(assignment).filter(pk=person_id, hidden=False).first() if assignment else None
    if assignment is None or person is None:
        raise Http404
    own = Submission.objects.filter(assignment=assignment, person=person)
    return own.select_related("assignment", "person").first() or Submission(assignment=assignment, person=person)


@launch_required(*Role.editors())
@require_http_methods(["GET", "HEAD", "POST"])
def pasted(request: LaunchRequest) -> HttpResponse:
    """More time for a list of people: what was pasted is looked up and shown first, then given with `apply`."""
    launch, assignment = request.launch, assignment_of(request.launch)
    if assignment is None:
        raise Http404
    text = request.POST.get("people", "").replace("\r\n", "\n")
    too_much = pasted_list.too_much(text)
    lines = [] if too_much else pasted_list.read(text, _candidates(assignment))
    form = MoreTimeForm(request.POST or None, submission=Submission(assignment=assignment))
    meant = _meant(request, lines)
    looked_at = request.POST.get("looked_at") == _mark_of(text)  # so that nothing is given which was not shown
    if "apply" in request.POST and looked_at and form.is_valid() and meant:
        at_least = dict.fromkeys(meant, MoreTime(*form.wanted))
        done = extensions.extend_many(launch=launch, assignment=assignment, at_least=at_least)
        messages.success(request, bulk_actions.told_of_extension(done, len(at_least)))
        clear = {line.number for line in lines if line.state in ("found", "again") or _choice(request, line)}
        if left := len(lines) - len(clear):
            messages.warning(request, f"Nothing was changed for {left} of the lines: it is not clear who is meant.")
        return redirect("video:home", launch.pk)
    context = {
        "launch": launch,
        "assignment": assignment,
        "form": form,
        "text": text,
        "rows": [(line, _choice(request, line)) for line in lines],
        "count": {state: sum(line.state == state for line in lines) for state in ("found", "ambiguous", "missing")},
        "looked_at": _mark_of(text) if lines and form.is_valid() else "",
        "too_much": too_much,
        "nobody": "apply" in request.POST and looked_at and not meant,
    }
    status = 422 if form.is_bound and (form.errors or not lines) else 200
    return render(request, "video/roster/pasted.html", context, status=status)


def _candidates(assignment: Assignment) -> list[Candidate]:
    """Who may be named: nobody whom anonymous marking hides, for a name that is found would tell whose alias it is."""
    named = listing.people(assignment).filter(hidden=False)
    return [Candidate(*row) for row in named.order_by("name", "pk").values_list("pk", "name", "email", "sub")]


def _meant(request: LaunchRequest, lines: list[Line]) -> list[uuid.UUID]:
    """Whom the lines name, and who was chosen where one names several; each once."""
    meant = [line.found[0] if line.state == "found" else _choice(request, line) for line in lines]
    return list(dict.fromkeys(one.person_id for one in meant if one))


def _choice(request: LaunchRequest, line: Line) -> Candidate | None:
    wanted = request.POST.get(line.field, "")
    return next((one for one in line.found if str(one.person_id) == wanted), None)


def _mark_of(text: str) -> str:
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]
