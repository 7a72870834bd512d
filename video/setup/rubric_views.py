"""What the rubric's editor asks for while an assignment is set up: others' rubrics, and tables in and out."""

import uuid
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from config import json_text
from lti_tool.access import LaunchRequest, SelectionRequest, launch_required, selection_required
from lti_tool.models import ContentSelection, LaunchSession
from lti_tool.roles import Role
from video.assignments.binding import MOST_EARLIER, assignment_of, with_rubrics
from video.json_api import json_answer
from video.models import Assignment, Grade
from video.problems import Problem
from video.rubrics import rubric_csv, rubrics
from video.rubrics.rubric_csv import TableRefused

FILE_NAME = "rubric.csv"
EDITORS = tuple(Role.editors())


@dataclass(frozen=True)
class Lender:
    """An assignment whose rubric may be taken over, and where to ask for it."""

    title: str
    course: str
    url: str


@dataclass(frozen=True)
class RubricTools:
    """What a set-up page tells its editor. `marks`: how many there are that this rubric may have been used for."""

    import_url: str
    export_url: str
    stored_url: str
    lenders: list[Lender]
    marks: int


def rubric_tools(session: LaunchSession | ContentSelection, known: Assignment | None = None) -> RubricTools:
    """For the set-up page of a session; `known`: the assignment that is being changed, where it is stored."""
    names = "video" if isinstance(session, LaunchSession) else "selection"
    others = with_rubrics(session.person, session.course)
    if known:
        others = others.exclude(pk=known.pk)
    shown = others.only("title", "created_at", "course__title", "course__context_id")[:MOST_EARLIER]
    of_known = Grade.objects.filter(attempt__submission__assignment=known) if known and known.rubric else None
    return RubricTools(
        import_url=reverse(f"{names}:rubric-import", args=[session.pk]),
        export_url=reverse(f"{names}:rubric-export", args=[session.pk]),
        stored_url=reverse("video:rubric-stored", args=[session.pk]) if known and known.rubric else "",
        lenders=[
            Lender(one.title, str(one.course), reverse(f"{names}:rubric-of", args=[session.pk, one.pk]))
            for one in shown
        ],
        marks=of_known.count() if of_known is not None else 0,
    )


@launch_required(*EDITORS)
@require_safe
def stored(request: LaunchRequest) -> HttpResponse:
    """The rubric of this link's assignment, as a file."""
    assignment = assignment_of(request.launch)
    if assignment is None:
        raise Http404
    table = rubric_csv.write(rubrics.stored(assignment.rubric), locale=request.launch.person.locale)
    headers = {"Content-Disposition": content_disposition_header(True, FILE_NAME) or ""}
    return HttpResponse(rubric_csv.in_bytes(table), content_type="text/csv; charset=utf-8", headers=headers)


@launch_required(*EDITORS)
@require_safe
def of_another(request: LaunchRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """`{rubric}` of an assignment that may be taken over from."""
    return _of_another(request.launch, assignment_id)


@selection_required
@require_safe
def of_another_for_selection(request: SelectionRequest, assignment_id: uuid.UUID) -> HttpResponse:
    return _of_another(request.selection, assignment_id)


@launch_required(*EDITORS)
@require_POST
@json_answer
def read_table(request: LaunchRequest) -> HttpResponse:
    """`{rubric}` of a table, sent as the file `file` or the text `table`; or 422 with `{error, told}`, a line each."""
    return _read_table(request)


@selection_required
@require_POST
@json_answer
def read_table_for_selection(request: SelectionRequest) -> HttpResponse:
    return _read_table(request)


@launch_required(*EDITORS)
@require_POST
@json_answer
def write_table(request: LaunchRequest) -> HttpResponse:
    """`{name, table}` of what is in the editor: the JSON `rubric`, none being a table to fill in."""
    return _write_table(request, request.launch)


@selection_required
@require_POST
@json_answer
def write_table_for_selection(request: SelectionRequest) -> HttpResponse:
    return _write_table(request, request.selection)


def _of_another(session: LaunchSession | ContentSelection, assignment_id: uuid.UUID) -> HttpResponse:
    lent = get_object_or_404(with_rubrics(session.person, session.course), pk=assignment_id)
    return JsonResponse({"rubric": rubrics.stored(lent.rubric).as_json()})


def _read_table(request: HttpRequest) -> HttpResponse:
    file = request.FILES.get("file")
    try:
        if file is not None and (file.size or 0) > rubric_csv.MOST_BYTES:
            raise TableRefused("This file is too large: at most 1 MB.")
        rubric = rubric_csv.read(rubric_csv.decoded(file.read()) if file else request.POST.get("table", ""))
    except TableRefused as refused:
        problem = Problem(
            "no_rubric", "No rubric could be read from it; the one above is unchanged.", "Correct it and try again."
        )
        return JsonResponse({**problem.as_json(), "told": refused.told}, status=problem.status)
    return JsonResponse({"rubric": rubric.as_json()})


def _write_table(request: HttpRequest, session: LaunchSession | ContentSelection) -> HttpResponse:
    try:
        rubric = rubrics.parse(json_text.loads(request.POST.get("rubric") or "{}"))
    except ValueError:
        raise Problem("bad_request", rubrics.UNREADABLE, "Try again.", status=400) from None
    except ValidationError as error:
        raise Problem("invalid", " ".join(error.messages), "Correct it first, then download it.") from None
    return JsonResponse({"name": FILE_NAME, "table": "\ufeff" + rubric_csv.write(rubric, locale=session.person.locale)})
