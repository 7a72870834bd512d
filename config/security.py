"""Cookies and framing for pages that live inside another site's frame."""

from collections.abc import Callable, Iterable
from http.cookies import Morsel
from typing import TypeVar
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.http.response import HttpResponseBase

Response = TypeVar("Response", bound=HttpResponseBase)

# What Python 3.14 does itself: before it, the cookie class refuses the attribute.
Morsel._reserved.setdefault("partitioned", "Partitioned")  # type: ignore[attr-defined]
Morsel._flags.add("partitioned")  # type: ignore[attr-defined]


class PartitionedCookies:
    """Adds `Partitioned` to every SameSite=None cookie, set or deleted.

    Chromium drops a third-party cookie without it (seen in Chromium 156 under a Moodle frame), and Django 5.2 cannot
    write the attribute. Outermost middleware, so that it sees every other one's cookies.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for morsel in response.cookies.values():
            if str(morsel["samesite"]).lower() == "none":
                # A deletion must carry both too, or the browser deletes another cookie.
                morsel["secure"] = True
                morsel["partitioned"] = True
        return response


def allow_frames(response: Response, addresses: Iterable[str]) -> Response:
    """Let pages of these addresses' origins, and of no other site, frame `response` (CSP frame-ancestors)."""
    origins = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, addresses) if parts.netloc}
    return _frame_ancestors(response, ["'self'", *sorted(origins)])


def allow_form_to(response: Response, address: str) -> Response:
    """Let a form of this page be sent to that address's origin as well (CSP form-action)."""
    parts = urlsplit(address)
    return _replace(response, "form-action", ["'self'", f"{parts.scheme}://{parts.netloc}"])


def allow_any_frame(response: Response) -> Response:
    """For pages that say what went wrong: a blank frame would help nobody, and nothing on them acts for anybody."""
    return _frame_ancestors(response, ["*"])


def _frame_ancestors(response: Response, sources: list[str]) -> Response:
    return _replace(response, "frame-ancestors", sources)


def _replace(response: Response, directive: str, sources: list[str]) -> Response:
    replaced = {**getattr(response, "_csp_replace", {}), directive: sources}
    response._csp_replace = replaced  # type: ignore[attr-defined]  # read by django-csp
    return response
