"""The roster's page: who is how far, and what is to be done next."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Page
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from config.queue import enqueue
from lti_tool.access import LaunchRequest, launch_required
from lti_tool.errors import PlatformSlow
from lti_tool.names import is_stand_in
from lti_tool.roles import Role
from lti_tool.roster import nrps
from video.assignments import restored
from video.assignments.binding import assignment_of, tell_of_copy
from video.gradebook import ledger
from video.grading import grades, marks
from video.json_api import json_answer
from video.models import Assignment
from video.roster import email_addresses, listing
from video.roster.listing import Counted, Row, View

ROSTER_FRESH_MINUTES = 10
_WITHOUT_ROSTER = (
    "Those who have opened the assignment are listed. Ask your Moodle admin to allow the tool "
    "“Names and Role Provisioning Services”."
)
STAFF = tuple(Role.staff())
COLUMNS = (
    ("name", "Student", ""),
    ("status", "Status", ""),
    ("handed_in", "Handed in", ""),
    ("length", "Length", ""),
    ("mark", "Mark", "number"),
)


def show(request: LaunchRequest, assignment: Assignment) -> HttpResponse:
    """The page for staff who were let in."""
    launch = request.launch
    view = View.of(request.GET.dict())
    counted = listing.counted(assignment=assignment, view=view)
    page = listing.page(
        assignment=assignment,
        view=view,
        number=request.GET.get("page"),
        count=None if view.query else counted.of(view.show),
        room_url=lambda pk: reverse("video:room", args=[launch.pk, pk]) + view.in_address,
    )
    course_list = _course_list(request)
    can_edit = launch.role in Role.editors()
    # Said once, so not on a page that is about to be replaced by the next.
    copied_from = tell_of_copy(assignment) if can_edit and not course_list["reading"] else None
    context = {
        "launch": launch,
        "assignment": assignment,
        "terms": marks.terms_of(assignment),
        "view": view,
        "counters": counted.counters,
        "count": {counter.code: counter.count for counter in counted.counters},
        "progress": _progress(counted),
        "columns": [_column(view, *column) for column in COLUMNS],
        "page_obj": page,
        "next_url": _next_url(request, assignment, view, counted, page),
        "releasing": counted.releasing,
        "kept_out": counted.kept_out,
        "held_up": ledger.held_up(launch) if counted.undelivered else 0,
        "may_release": grades.may_release(launch, assignment),
        # Two markers' marks become one in the room, where both are seen.
        "marks_here": not assignment.double_marking,
        "nameless": any(is_stand_in(row.person.name) for row in page.object_list),
        "roster": course_list,
        "can_edit": can_edit,
        "copied_from": copied_from,
        "former": copied_from is not None and restored.offered(launch.resource_link, assignment),
    }
    return render(request, "video/roster/roster.html", context)


@launch_required(*STAFF)
@require_safe
@json_answer
def now(request: LaunchRequest) -> HttpResponse:
    """What the page's numbers are now: `{counters: {code: count}, marked, handed_in, releasing}`."""
    assignment = assignment_of(request.launch)
    if assignment is None:
        raise Http404
    counted = listing.counted(assignment=assignment, view=View())
    told = {"counters": {one.code: one.count for one in counted.counters}, **_progress(counted)}
    return JsonResponse({**told, "releasing": counted.releasing})


@launch_required(*STAFF)
@require_POST
def refresh_roster(request: LaunchRequest) -> HttpResponse:
    course = request.launch.course
    if isinstance(nrps.refresh_roster(course, request.launch.resource_link), PlatformSlow):
        # A worker has more time.
        enqueue("lti_tool.tasks.refresh_roster", str(course.pk), str(request.launch.resource_link_id))
        messages.warning(request, f"{course.roster_problem} It is asked again now: reload this page in a minute.")
    elif course.roster_problem:
        messages.warning(request, course.roster_problem)
    else:
        messages.success(request, "The list is up to date with the course.")
    return redirect("video:home", request.launch.pk)


@launch_required(*STAFF)
@require_safe
def missing_addresses(request: LaunchRequest) -> HttpResponse:
    """The e-mail addresses of those who have handed nothing in, to be copied into a mail."""
    assignment = assignment_of(request.launch)
    if assignment is None:
        raise Http404
    separator = "semicolon" if request.GET.get("separator") == "semicolon" else "comma"
    context = {
        "launch": request.launch,
        "assignment": assignment,
        "missing": None if assignment.anonymous else email_addresses.missing(assignment=assignment),
        "separator": separator,
        "mark": "; " if separator == "semicolon" else ", ",
    }
    return render(request, "video/roster/addresses.html", context)


def _progress(counted: Counted) -> dict[str, int]:
    marked = counted.of("marked")
    return {"marked": marked, "handed_in": marked + counted.of("to_mark")}


def _column(view: View, code: str, label: str, style: str) -> dict[str, str]:
    """A heading that sorts; `direction` as `aria-sort` says it, `address` of the list sorted by it."""
    address = view.sorted_by(code).in_address or "?"
    return {"code": code, "label": label, "style": style, "direction": view.direction(code), "address": address}


def _next_url(
    request: LaunchRequest, assignment: Assignment, view: View, counted: Counted, page: "Page[Row]"
) -> str | None:
    """The room of the first that is to mark, in the order of the page: most often it is on it."""
    if not counted.of("to_mark"):
        return None
    to_mark = View(show="to_mark", sort=view.sort)
    of_all = page.number == 1 and view.show in ("all", "to_mark") and not view.query
    here = (row.attempt.submission_id for row in page.object_list if row.attempt and row.waits_for_mark)
    first = next(here, None) if of_all else None
    first = first or listing.next_to_mark(assignment=assignment, view=to_mark)
    return reverse("video:room", args=[request.launch.pk, first]) + to_mark.in_address if first else None


def _course_list(request: LaunchRequest) -> dict[str, Any]:
    """How fresh the course's list is, or why there is none; an old one is asked for anew, by a worker."""
    course, link = request.launch.course, request.launch.resource_link
    at, problem = course.roster_refreshed_at, course.roster_problem
    stale = not (_is_fresh(at) and _is_fresh(link.roster_asked_at))
    # While the page waits for its first list, it comes back every second (`looked`).
    if course.memberships_url and stale and "looked" not in request.GET:
        enqueue("lti_tool.tasks.refresh_roster", str(course.pk), str(link.pk))
    return {
        "refreshed_at": at,
        "problem": problem,
        "reading": at is None and bool(course.memberships_url) and not problem,
        "action": _WITHOUT_ROSTER if problem else "",
    }


def _is_fresh(at: datetime | None) -> bool:
    return at is not None and (timezone.now() - at).total_seconds() <= ROSTER_FRESH_MINUTES * 60
