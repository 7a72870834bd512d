"""Pages of no app: the front door and the errors. Each says what happened and what to do next."""

import sys
from collections.abc import Sequence

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from config import outside
from config.security import allow_any_frame

SESSION_ENDED = "It may not exist, or your session in this tab has ended."
REOPEN = "Open the assignment from Moodle again. Anything you handed in or saved is safe."


def problem(
    request: HttpRequest,
    *,
    status: int,
    title: str,
    what: str,
    next_step: str,
    technical: str = "",
    again: str = "",
    code: str = "",
    typed: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    """A page about a problem, that any site may frame (it holds nothing but text, and a link for `again`).

    Args:
        status: HTTP status, 4xx or 5xx.
        what: what happened, a sentence for the person.
        next_step: what to do now.
        technical: for the admin; shown folded away.
        again: an address to open in a new window.
        code: for the page's script, in JSON; empty: of the status.
        typed: labels and texts of a form that was not saved, to be copied.
    """
    if request.headers.get("Accept", "").startswith("application/json"):
        error = {"code": code or f"http_{status}", "message": what, "action": next_step}
        return JsonResponse({"error": error}, status=status)
    context = {
        "status": status,
        "title": title,
        "what": what,
        "next_step": next_step,
        "technical": technical,
        "again": again,
        "typed": typed,
    }
    # Without a request: an error page must not fail for the reason that the page before it failed.
    return allow_any_frame(HttpResponse(render_to_string("errors/problem.html", context), status=status))


def front_door(request: HttpRequest) -> HttpResponse:
    return render(request, "front_door.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(request, status=404, title="This page is not here", what=SESSION_ENDED, next_step=REOPEN)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(
        request,
        status=400,
        title="That request could not be read",
        what="Something in the address or the form was not as it should be.",
        next_step="Go back, reload the page and try again.",
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(request, status=403, title="Not allowed", what="You may not do this.", next_step=REOPEN)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return problem(
        request,
        status=403,
        title="Your session in this tab has ended",
        what="The form was not saved, because the page it came from is no longer signed in.",
        next_step="Go back to copy what you typed, then open the assignment from Moodle again.",
        technical=reason,
    )


def server_error(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], OperationalError):
        return _database_busy(request)
    return problem(
        request,
        status=500,
        title="Something broke on our side",
        what="The fault has been logged. Nothing you handed in or saved is lost.",
        next_step="Try again in a minute. If it happens again, tell your Moodle admin when it did.",
    )


def _database_busy(request: HttpRequest) -> HttpResponse:
    """It is down, or a statement took too long."""
    response = problem(
        request,
        status=503,
        title="The database is busy",
        what="What you asked for took too long and was stopped. What was saved before is safe.",
        next_step="Go back, see whether it was done, and else try again in a few seconds.",
    )
    response["Retry-After"] = str(outside.AGAIN_SECONDS)
    return response
