"""What was sent to Moodle: its troubles, a student's history, and what a teacher decides about them."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from config.queue import enqueue
from lti_tool.access import LaunchRequest, launch_required
from lti_tool.errors import PlatformError, PlatformSlow
from lti_tool.gradebook import ags, conflicts, outbox
from lti_tool.models import ResourceLink, ScoreDelivery
from lti_tool.roles import Role
from video.assignments.binding import assignment_of
from video.gradebook import ledger
from video.gradebook.ledger import DeliveryRow

STAFF = (Role.ASSISTANT, Role.TEACHER, Role.ADMIN)
EDITORS = tuple(Role.editors())
_NO_COLUMN_YET = (
    "This activity has no grade column in Moodle, so there is nothing to compare. The tool makes one with the first "
    "work that is handed in, where Moodle lets it. Or edit the activity in Moodle: under Grade, allow the tool to add "
    "grades and choose the type Point, save, and open it from Moodle again."
)
_CLEARED = "they were cleared there, as a course reset does. “Send all again” puts them back."


@launch_required(*STAFF)
@require_safe
def troubled(request: LaunchRequest) -> HttpResponse:
    """Of the course; of the whole deployment for an admin."""
    launch = request.launch
    context = {
        "launch": launch,
        "assignment": assignment_of(launch),
        "page_obj": ledger.troubled(launch=launch, number=request.GET.get("page")),
        "held_up": ledger.held_up(launch),
        "may_decide": ledger.may_decide(launch),
        "everywhere": launch.role == Role.ADMIN,
    }
    return render(request, "video/gradebook/deliveries.html", context)


@launch_required(*STAFF)
@require_safe
def history(request: LaunchRequest, delivery_id: int) -> HttpResponse:
    row = _row(request, delivery_id)
    context = {
        "launch": request.launch,
        "assignment": assignment_of(request.launch),
        "row": row,
        "posts": ledger.history(row.delivery),
        "may_decide": ledger.may_decide(request.launch),
    }
    return render(request, "video/gradebook/delivery.html", context)


@launch_required(*EDITORS)
@require_POST
def decide(request: LaunchRequest, delivery_id: int) -> HttpResponse:
    """`what`: again, mine (send ours over Moodle's), theirs (keep Moodle's) or column (make the grade column again)."""
    row = _row(request, delivery_id)
    what, name = request.POST.get("what"), row.name
    if what == "again":
        outbox.send_again([row.delivery.pk])
        messages.success(request, f"{name}'s grade is on its way to Moodle again.")
    elif what == "mine" and conflicts.insist(row.delivery.pk, by=request.launch.person):
        messages.success(request, f"{name}: {row.ours} is sent over what Moodle has.")
    elif what == "theirs" and conflicts.keep_theirs(row.delivery.pk):
        messages.success(request, f"{name}: Moodle's grade stays.")
    elif what == "column":
        _remake_column(request, row)
    else:
        messages.info(request, "There was nothing to do: it has been decided already.")
    return redirect("video:delivery", request.launch.pk, delivery_id)


@launch_required(*EDITORS)
@require_POST
def send_again(request: LaunchRequest) -> HttpResponse:
    """Those that are ticked, or with `all` each that was refused or cleared there, is stuck, or waits."""
    mine = ScoreDelivery.objects.visible_to(request.launch)
    if request.POST.get("all"):
        # Not those of two grades: there somebody has to choose.
        states = ScoreDelivery.State
        failed = mine.troubled().filter(state__in=[states.REFUSED, states.STUCK, states.WAITING])
        wanted = failed | mine.cleared_there()
        nothing = "Nothing was sent: where Moodle has another grade, please decide which one counts."
    else:
        wanted = mine.filter(pk__in=_ids(request.POST.getlist("delivery")))
        nothing = "Nothing was chosen."
    count = outbox.send_again(list(wanted.values_list("pk", flat=True)))
    if count:
        messages.success(request, f"{count} on the way to Moodle again.")
    else:
        messages.info(request, nothing)
    return redirect("video:deliveries", request.launch.pk)


@launch_required(*EDITORS)
@require_POST
def compare(request: LaunchRequest) -> HttpResponse:
    """Read this activity's column now, and say where Moodle shows something else."""
    link = request.launch.resource_link
    try:
        _tell_what_differs(request, link)
    except PlatformSlow as slow:
        enqueue("lti_tool.tasks.compare_grades", str(link.pk))  # a worker has more time
        messages.warning(request, f"{slow.reason} It is compared now by itself: reload this page in a minute.")
    except PlatformError as error:
        if error.status == 404:
            messages.error(request, conflicts.NO_COLUMN)
        else:
            messages.error(request, f"The gradebook could not be read. {error.reason}")
    return redirect("video:deliveries", request.launch.pk)


def _tell_what_differs(request: LaunchRequest, link: ResourceLink) -> None:
    """Raises:
    PlatformError.
    """
    if not ags.known_line_item(link):
        messages.error(request, _NO_COLUMN_YET)
    elif ags.SCOPE_RESULT_READONLY not in link.scopes:
        messages.error(request, "Moodle does not let this tool read grades back here. Ask your Moodle admin.")
    elif different := conflicts.compare(link):
        cleared = ScoreDelivery.objects.filter(resource_link=link).cleared_there().count()
        if others := different - cleared:
            messages.warning(request, f"Moodle shows another grade than what was sent for {others}. Nothing changed.")
        if cleared:
            messages.warning(request, f"Moodle shows no grade any more for {cleared}: {_CLEARED}")
    else:
        messages.success(request, "Moodle shows every grade as it was sent.")


def _ids(typed: list[str]) -> list[int]:
    """As many as a page shows, and no number that a database does not know."""
    return [int(one) for one in typed[: ledger.PER_PAGE] if one.isdecimal() and len(one) < 19]


def _remake_column(request: LaunchRequest, row: DeliveryRow) -> None:
    link = row.delivery.resource_link
    try:
        ags.remake_line_item(link)
    except PlatformError as error:
        messages.error(request, f"The grade column could not be made again. {_why_not_made(link, error)}")
        return
    lost = ScoreDelivery.objects.filter(resource_link=link).exclude(state=ScoreDelivery.State.WAITING)
    count = outbox.send_again(list(lost.values_list("pk", flat=True)))
    messages.success(request, f"The grade column is there again; {count} on the way to it.")


def _why_not_made(link: ResourceLink, error: PlatformError) -> str:
    """Moodle answers 403 for the column of an activity that was deleted (`moodle.md`, 28), as for a missing right."""
    if error.status not in (403, 404) or ags.still_there(link) is not False:
        return error.reason
    return (
        "This activity was deleted in Moodle, it seems. If it was restored there, open the restored one as a teacher "
        "and bring the work back: its grades then go to the new column."
    )


def _row(request: LaunchRequest, delivery_id: int) -> DeliveryRow:
    row = ledger.visible(launch=request.launch, delivery_id=delivery_id)
    if row is None:
        raise Http404
    return row
