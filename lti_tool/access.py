"""Who may see a page under a session's path: the browser that holds that session's secret, in that session's role, or
the lesser one that launches and rosters have said of its person since (decision 8)."""

import re
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import structlog
from django.db.models import QuerySet, UUIDField
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers

from config.compiled import Select
from config.security import allow_frames
from config.views import problem
from lti_tool.models import ContentSelection, LaunchSession, Platform, Session
from lti_tool.roles import Role

log = structlog.get_logger(__name__)

COOKIE = "launch"
P = ParamSpec("P")
S = TypeVar("S", LaunchSession, ContentSelection)
_IS_ID = re.compile(r"[0-9a-f-]{36}")
# Fields that nobody types in: they say which page it was, and how it was left.
_OF_PAGES = {"csrfmiddlewaretoken", "time_zone", "version", "terms", "own-terms", "feedback_was", "looked_at"}
_joined = ["person", "resource_link__course__platform"]


class LaunchRequest(HttpRequest):
    """A request whose launch session was opened; views behind `launch_required` take it."""

    launch: LaunchSession


class SelectionRequest(HttpRequest):
    """A request whose content selection was opened; views behind `selection_required` take it."""

    selection: ContentSelection


View = Callable[Concatenate[LaunchRequest, P], HttpResponseBase]
SelectionView = Callable[Concatenate[SelectionRequest, P], HttpResponseBase]
Guarded = Callable[Concatenate[HttpRequest, uuid.UUID, P], HttpResponseBase]


def session_path(path: str) -> str | None:
    """`/l/<launch id>/` or `/s/<selection id>/` of a path below it, else None."""
    found = re.match(rf"/({LaunchSession.PLACE}|{ContentSelection.PLACE})/[0-9a-f-]{{36}}/", path)
    return found.group() if found else None


def session_of(request: HttpRequest) -> dict[str, Session | None]:
    """Template context: `session`, a launch's or a content selection's."""
    return {"session": getattr(request, "launch", None) or getattr(request, "selection", None)}


def join(relation: str) -> None:
    """Fetch a row of the product along with each launch session, in the same query: most of its pages need it.

    To be called while apps are made ready: the first request compiles the query.
    """
    _joined.append(relation)


def admit(response: HttpResponseBase, session: Session, secret: str) -> None:
    """Give the browser the secret of its session, for this session's pages alone and until the browser is closed.

    Somebody else may open it next: in a school's library, say. When the session ends is known to the server.
    """
    response.set_cookie(
        COOKIE,
        secret,
        path=session.path,
        secure=True,
        httponly=True,
        samesite="None",
    )


def dismiss(response: HttpResponseBase, session: Session) -> None:
    """Take back what the browser keeps of a session."""
    for name in (COOKIE, "messages"):
        response.delete_cookie(name, path=session.path, samesite="None")


def launch_required(*roles: Role) -> Callable[[View[P]], Guarded[P]]:
    """Open the launch session that the address names; with `roles`, only for these.

    An unknown launch, a wrong or missing secret, an ended session, a deactivated platform and a role that may not are
    all the same 404. The page may be framed by its own platform alone, and is never cached. Who has left the course, or
    is no longer staff of it, is told so.
    """

    def decorate(view: View[P]) -> Guarded[P]:
        @wraps(view)
        def guarded(request: HttpRequest, launch_id: uuid.UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            session = _opened(request, _LAUNCH.first(id=launch_id))
            role = session.role_now()
            if role is None:
                return _private(_holds_no_more(request, session), session.course.platform)
            session.role = role
            if roles and role not in roles:
                raise Http404
            launch_request = cast(LaunchRequest, request)
            launch_request.launch = session
            return _private(view(launch_request, *args, **kwargs), session.course.platform)

        return cast(Guarded[P], guarded)

    return decorate


def _launches(*, id: Any) -> "QuerySet[LaunchSession]":
    every = LaunchSession.objects.as_now().select_related(*_joined)
    return every.filter(pk=id, resource_link__platform__active=True)


_LAUNCH = Select(_launches, id=UUIDField())


def selection_required(view: SelectionView[P]) -> Guarded[P]:
    """Open the content selection that the address names; all else as `launch_required`."""

    @wraps(view)
    def guarded(request: HttpRequest, selection_id: uuid.UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        found = (
            ContentSelection.objects.as_now()
            .select_related("person", "course__platform", "deployment")
            .filter(pk=selection_id, course__platform__active=True)
        )
        session = _opened(request, found.first())
        role = session.role_now()
        if role not in Role.editors():
            return _private(_holds_no_more(request, session), session.course.platform)
        session.role = role
        selection_request = cast(SelectionRequest, request)
        selection_request.selection = session
        return _private(view(selection_request, *args, **kwargs), session.course.platform)

    return cast(Guarded[P], guarded)


def _opened(request: HttpRequest, session: S | None) -> S:
    if session is None or not session.opens_with(request.COOKIES.get(COOKIE, "")):
        raise Http404
    structlog.contextvars.bind_contextvars(launch=str(session.pk), role=session.role)
    return session


def _holds_no_more(request: HttpRequest, session: LaunchSession | ContentSelection) -> HttpResponse:
    """What has happened, what to do now, and what was typed, which no page holds any more."""
    log.info("session_holds_no_more", role=session.role)
    what = "Moodle no longer lists you in this course."
    if session.present_role is not None:
        was, now = Role(session.role).label.lower(), Role(session.present_role).label.lower()
        what = (
            f"You opened this page as {was}, and Moodle has said since that you are {now} there: somebody changed it, "
            "or you switched your role."
        )
    next_step = "Open the assignment from Moodle again."
    if isinstance(session, ContentSelection):
        next_step = "Go back to the course in Moodle and select content again."
    return problem(
        request,
        status=404,
        code="holds_no_more",
        title="This page is no longer yours to use",
        what=what,
        next_step=f"{next_step} Anything you handed in or saved is safe.",
        typed=_typed(request),
    )


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    """The texts of a posted form with the names of their fields; not what only the page itself had filled in."""
    told = [(name, value.strip()) for name, values in request.POST.lists() for value in values]
    return [
        (name.replace("_", " ").replace("-", " ").capitalize(), value)
        for name, value in told
        if value and name not in _OF_PAGES and not _IS_ID.fullmatch(value)
    ]


def _private(response: HttpResponseBase, platform: Platform) -> HttpResponseBase:
    add_never_cache_headers(response)
    return allow_frames(response, [platform.issuer, platform.authorization_url])
