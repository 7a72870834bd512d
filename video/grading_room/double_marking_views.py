"""One marker's own mark, beside the others' and before the agreed one."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from lti_tool.access import LaunchRequest, launch_required
from video.grading import double_marking, grades, marks
from video.grading.marks import MOST_FEEDBACK
from video.grading_room.views import STAFF, handed_in
from video.models import Attempt, OwnMark
from video.problems import Problem
from video.roster.listing import View

_PREFIX = "own-"  # so that no field is mistaken for one of the agreed mark's, on the same page


@launch_required(*STAFF)
@require_POST
def save(request: LaunchRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Keep what is typed, and with `give` let it count.

    Form fields: `change` alone, to take back what was given and nobody has seen; or those of `marks.read` that give
    points, and `note`, each with `own-` before its name. A script is answered `{given, saved_at}`, or with 409 or 422
    `{error, fields?}`; a form is led back to the room.
    """
    attempt, scripted = handed_in(request, attempt_id), not request.accepts("text/html")
    try:
        mine = _saved(request, attempt)
    except ValidationError as error:
        problem = Problem("invalid", "Something typed cannot be saved.", "Look at the marked field.")
        if scripted:
            return JsonResponse({**problem.as_json(), "fields": error.message_dict}, status=422)
        messages.error(request, " ".join(error.messages))
    except Problem as problem:
        if scripted:
            return JsonResponse(problem.as_json(), status=problem.status)
        messages.error(request, f"{problem.message} {problem.action}")
    else:
        if scripted:
            saved_at = mine.updated_at.isoformat() if mine else None
            return JsonResponse({"given": bool(mine and mine.given_at), "saved_at": saved_at})
        given = mine is not None and mine.given_at is not None
        messages.success(
            request, "Your own mark is given." if given else "Your own mark is kept, and does not count yet."
        )
    view = View.of(request.GET.dict()).in_address
    room = reverse("video:room", args=[request.launch.pk, attempt.submission_id])
    return redirect(f"{room}{view}{'&' if view else '?'}attempt={attempt.number}")


def _saved(request: LaunchRequest, attempt: Attempt) -> OwnMark | None:
    if request.POST.get("change"):
        double_marking.take_back(launch=request.launch, attempt=attempt)
        return None
    typed = {name.removeprefix(_PREFIX): value for name, value in request.POST.items() if name.startswith(_PREFIX)}
    note = str(typed.pop("note", "")).replace("\x00", "").strip()
    if len(note) > MOST_FEEDBACK:
        raise ValidationError({"note": f"This is too long: at most {MOST_FEEDBACK:,} characters."})
    grades.check_terms(attempt.submission.assignment, str(typed.pop("terms", "")))
    mark = marks.read(attempt.submission.assignment, typed)
    give = bool(request.POST.get("give"))
    return double_marking.save(launch=request.launch, attempt=attempt, mark=mark, note=note, give=give)
