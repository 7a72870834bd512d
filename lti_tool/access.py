"""Who may see a page under /l/<launch id>/: the browser that holds that launch's secret, in that launch's role."""

import re
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

import structlog
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers

from config.security import allow_frames
from lti_tool.models import LaunchSession
from lti_tool.roles import Role

COOKIE = "launch"
P = ParamSpec("P")


class LaunchRequest(HttpRequest):
    """A request whose launch session was opened; views behind `launch_required` take it."""

    launch: LaunchSession


View = Callable[Concatenate[LaunchRequest, P], HttpResponseBase]
Guarded = Callable[Concatenate[HttpRequest, uuid.UUID, P], HttpResponseBase]


def launch_path(path: str) -> str | None:
    """`/l/<launch id>/` of a path below it, else None."""
    found = re.match(r"/l/[0-9a-f-]{36}/", path)
    return found.group() if found else None


def admit(response: HttpResponseBase, session: LaunchSession, secret: str) -> None:
    """Give the browser the secret of its launch, for this launch's pages alone."""
    response.set_cookie(
        COOKIE,
        secret,
        expires=session.expires_at,
        path=f"/l/{session.pk}/",
        secure=True,
        httponly=True,
        samesite="None",
    )


def launch_required(*roles: Role) -> Callable[[View[P]], Guarded[P]]:
    """Open the launch session that the address names; with `roles`, only for these.

    An unknown launch, a wrong or missing secret, an ended session, a deactivated platform and a role that may not are
    all the same 404. The page may be framed by its own platform alone, and is never cached.
    """

    def decorate(view: View[P]) -> Guarded[P]:
        @wraps(view)
        def guarded(request: HttpRequest, launch_id: uuid.UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            session = (
                LaunchSession.objects.select_related("person", "resource_link__course__platform")
                .filter(pk=launch_id, resource_link__platform__active=True)
                .first()
            )
            if session is None or not session.opens_with(request.COOKIES.get(COOKIE, "")):
                raise Http404
            if roles and session.role not in roles:
                raise Http404
            structlog.contextvars.bind_contextvars(launch=str(session.pk), role=session.role)
            launch_request = cast(LaunchRequest, request)
            launch_request.launch = session
            response = view(launch_request, *args, **kwargs)
            add_never_cache_headers(response)
            platform = session.course.platform
            return allow_frames(response, [platform.issuer, platform.authorization_url])

        return cast(Guarded[P], guarded)

    return decorate
