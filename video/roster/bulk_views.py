"""What is done for many rows of the roster: asked about first, then done."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lti_tool.access import LaunchRequest, launch_required
from video.assignments.binding import assignment_of
from video.assignments.extensions import MoreTime
from video.models import Assignment, Submission
from video.roster import bulk_actions, listing
from video.roster.bulk_actions import Action, Plan
from video.roster.forms import MoreTimeForm, ReopenForm
from video.roster.listing import View
from video.roster.views import STAFF


@launch_required(*STAFF)
@require_POST
def chosen(request: LaunchRequest) -> HttpResponse:
    """Asks what an action would do for the chosen rows; with `sure`, does it.

    Fields: `action`, `row` (each a `Row.key`) or `everybody` (in the view that the address says), and what the
    action's form asks for. `only` is a row whose delivery is sent again at once.
    """
    launch, view = request.launch, View.of(request.GET.dict())
    assignment = assignment_of(launch)
    only = request.POST.get("only")
    action = Action.SEND_AGAIN if only else _action(request)
    if assignment is None or not action.allowed(launch, assignment):
        raise Http404
    keys, everybody = ([only], False) if only else (request.POST.getlist("row"), "everybody" in request.POST)
    people = listing.chosen(assignment=assignment, view=view, keys=keys, everybody=everybody)
    plan = bulk_actions.plan(action=action, assignment=assignment, people=people)
    back = _back(request, view)
    if not plan.able and not plan.left_out:
        messages.warning(request, "Nothing was done: choose somebody first.")
        return redirect(back)
    sure = "sure" in request.POST or bool(only)
    form = _form(request, assignment, plan, sure=sure)
    if sure and plan.able and (form is None or form.is_valid()):
        _told(request, plan, _done(request, assignment, plan, form))
        return redirect(back)
    context = {
        "launch": launch,
        "assignment": assignment,
        "plan": plan,
        "count": len(plan.able),
        "action": action.value,
        "form": form,
        "keys": keys,
        "everybody": everybody,
        "many": len(plan.able) > bulk_actions.MOST_AT_ONCE,
        "back": back,
    }
    return render(request, "video/roster/sure.html", context, status=422 if form is not None and form.errors else 200)


def _action(request: LaunchRequest) -> Action:
    try:
        return Action(request.POST.get("action", ""))
    except ValueError:
        raise Http404 from None


def _form(
    request: LaunchRequest, assignment: Assignment, plan: Plan, *, sure: bool
) -> MoreTimeForm | ReopenForm | None:
    typed = request.POST if sure else None
    if plan.action is Action.EXTEND:
        return MoreTimeForm(typed, submission=Submission(assignment=assignment))
    if plan.action is Action.REOPEN:
        return ReopenForm(typed, closed=plan.closed > 0)
    return None


def _done(request: LaunchRequest, assignment: Assignment, plan: Plan, form: MoreTimeForm | ReopenForm | None) -> str:
    """Do it; what happened, in words."""
    launch = request.launch
    if isinstance(form, MoreTimeForm):
        until, extra = form.wanted
        return bulk_actions.extend(launch=launch, assignment=assignment, plan=plan, wanted=MoreTime(until, extra))
    if isinstance(form, ReopenForm):
        return bulk_actions.reopen(launch=launch, assignment=assignment, plan=plan, until=form.wanted)
    if plan.action is Action.RELEASE:
        return bulk_actions.release(launch=launch, assignment=assignment, plan=plan)
    return bulk_actions.send_again(plan=plan)


def _told(request: LaunchRequest, plan: Plan, happened: str) -> None:
    messages.success(request, happened)
    if plan.reasons:
        messages.info(request, f"Left out: {'; '.join(plan.reasons)}.")


def _back(request: LaunchRequest, view: View) -> str:
    """The page of the roster that it was pressed on."""
    address = reverse("video:home", args=[request.launch.pk]) + view.in_address
    page = request.GET.get("page", "")
    if not (page.isdecimal() and len(page) < 6):
        return address
    return f"{address}{'&' if '?' in address else '?'}page={page}"
