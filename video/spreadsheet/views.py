"""Marks as CSV: a file to take away, and one to bring back, looked at before anything is written."""

import uuid
from datetime import UTC, tzinfo
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import zones
from lti_tool.access import LaunchRequest, launch_required
from lti_tool.roles import Role
from video.assignments.binding import assignment_of
from video.models import Assignment, MarkImport
from video.problems import Problem
from video.spreadsheet import applying, proposing, reading
from video.spreadsheet import export as exporting
from video.spreadsheet.delimiters import style_of, styles
from video.spreadsheet.preview import ROWS_SHOWN, preview

STAFF = (Role.ASSISTANT, Role.TEACHER, Role.ADMIN)


@launch_required(*STAFF)
@require_safe
def export(request: LaunchRequest) -> HttpResponseBase:
    """The roster with its marks. `delimiter`: comma, semicolon or tab; `tz`: the zone of its times."""
    assignment = _assignment(request)
    zone = _zone(request.GET.get("tz") or request.GET.get("time_zone") or "UTC")
    style = style_of(request.GET.get("delimiter", ""), request, zone)
    response = StreamingHttpResponse(exporting.lines(assignment, style), content_type="text/csv; charset=utf-8")
    name = exporting.file_name(assignment, timezone.now().astimezone(zone))
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _zone(name: str) -> tzinfo:
    """UTC where nothing is called that: every time in the file has its offset, so none is silently another."""
    try:
        return zones.zone(name)
    except zones.UnknownZone:
        return UTC


@launch_required(*STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: LaunchRequest) -> HttpResponse:
    """Choose a file; what it would change is stored as a preview, and no mark is touched."""
    launch, assignment = request.launch, _assignment(request)
    problem = None
    if request.method == "POST":
        try:
            proposed = proposing.propose(launch=launch, assignment=assignment, sheet=_sheet(request, assignment))
            return redirect("video:mark-import", launch.pk, proposed.pk)
        except Problem as error:
            problem = error
    context = {"launch": launch, "assignment": assignment, "problem": problem, "styles": styles(request)}
    return render(request, "video/spreadsheet/import.html", context, status=problem.status if problem else 200)


@launch_required(*STAFF)
@require_safe
def look(request: LaunchRequest, import_id: uuid.UUID) -> HttpResponse:
    """An import: its preview, how far it is, or what has become of it."""
    launch, marks_import = request.launch, _import(request, import_id)
    pages = Paginator(marks_import.rows.select_related("attempt__submission"), ROWS_SHOWN)
    context = {
        "launch": launch,
        "assignment": marks_import.assignment,
        "import": marks_import,
        "preview": preview(marks_import, pages.get_page(request.GET.get("page"))),
        "may_release_at_once": applying.may_release_at_once(launch, marks_import.assignment),
        "can_undo": applying.may_undo(launch, marks_import) and marks_import.can_still_be_undone,
    }
    return render(request, "video/spreadsheet/preview.html", context)


@launch_required(*STAFF)
@require_POST
def apply(request: LaunchRequest, import_id: uuid.UUID) -> HttpResponse:
    """Begin, or go on: each request writes for some seconds, and the page asks for the next by itself."""
    launch, marks_import = request.launch, _import(request, import_id)
    asked = {name: bool(request.POST.get(name)) for name in ("overwrite", "release")}
    applying.begin(launch=launch, marks_import=marks_import, **asked)
    applying.go_on(launch=launch, marks_import=marks_import)
    return redirect("video:mark-import", launch.pk, marks_import.pk)


@launch_required(*STAFF)
@require_POST
def undo(request: LaunchRequest, import_id: uuid.UUID) -> HttpResponse:
    """Begin to put the marks back as they were, or go on with it."""
    launch, marks_import = request.launch, _import(request, import_id)
    if marks_import.undone_at is None:
        if not applying.may_undo(launch, marks_import):
            raise Http404
        if not marks_import.can_still_be_undone:
            messages.error(request, "Nothing was undone: that is possible for a day, until the next import, and once.")
            return redirect("video:mark-import", launch.pk, marks_import.pk)
        applying.begin_undo(launch=launch, marks_import=marks_import)
    applying.go_on_undoing(launch=launch, marks_import=marks_import)
    return redirect("video:mark-import", launch.pk, marks_import.pk)


def _sheet(request: LaunchRequest, assignment: Assignment) -> reading.Sheet:
    file: Any = request.FILES.get("file")
    if file is None:
        raise Problem("no_file", "No file was chosen.", "Choose the CSV file that you want to import.")
    return reading.read(file.read(reading.MOST_BYTES + 1), assignment)


def _assignment(request: LaunchRequest) -> Assignment:
    assignment = assignment_of(request.launch)
    if assignment is None:
        raise Http404
    return assignment


def _import(request: LaunchRequest, import_id: uuid.UUID) -> MarkImport:
    found = MarkImport.objects.visible_to(request.launch).filter(pk=import_id)
    marks_import = found.select_related("assignment__resource_link", "assignment__course", "by").first()
    if marks_import is None:
        raise Http404
    return marks_import
