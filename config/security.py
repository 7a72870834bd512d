"""Cookies and framing for pages that live inside another site's frame."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from http.cookies import Morsel
from typing import TypeVar
from urllib.parse import urlsplit

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
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


class ContentSecurityPolicy(CSPMiddleware):
    """django-csp's, that works each policy out once: here it depends on nothing but what a view has replaced in it.

    No page of ours uses a nonce, and none loosens the policy by django-csp's decorators.
    """

    def process_request(self, request: HttpRequest) -> None:
        pass

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # Django's own page of a fault has its styles in it.
        shows_a_fault = settings.DEBUG and response.status_code in (404, 500)
        if HEADER not in response and not shows_a_fault:
            replaced: dict[str, list[str]] = getattr(response, "_csp_replace", {})
            response[HEADER] = _policy(tuple((name, tuple(sources)) for name, sources in replaced.items()))
        return response


@lru_cache(maxsize=1000)  # a handful for each platform
def _policy(replaced: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    return build_policy(replace={name: list(sources) for name, sources in replaced})


def allow_frames(response: Response, addresses: Iterable[str]) -> Response:
    """Let pages of these addresses' origins, and of no other site, frame `response` (CSP frame-ancestors)."""
    origins = {origin for address in addresses if (origin := _origin(address))}
    return _frame_ancestors(response, ["'self'", *sorted(origins)])


def allow_form_to(response: Response, address: str) -> Response:
    """Let a form of this page be sent to that address's origin as well (CSP form-action)."""
    return _replace(response, "form-action", ["'self'", *filter(None, [_origin(address)])])


def allow_any_frame(response: Response) -> Response:
    """For pages that say what went wrong: a blank frame would help nobody, and none acts for anybody."""
    return _frame_ancestors(response, ["*"])


def _origin(address: str) -> str:
    """`scheme://host[:port]`; empty for what is no web address. A policy must not get a `;` from somebody's query."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError:  # UnicodeError is one
        return ""
    if parts.scheme not in ("https", "http") or not _HOST.fullmatch(host):
        return ""
    return f"{parts.scheme}://[{host}]{port}" if ":" in host else f"{parts.scheme}://{host}{port}"


def _frame_ancestors(response: Response, sources: list[str]) -> Response:
    return _replace(response, "frame-ancestors", sources)


def _replace(response: Response, directive: str, sources: list[str]) -> Response:
    replaced = {**getattr(response, "_csp_replace", {}), directive: sources}
    response._csp_replace = replaced  # type: ignore[attr-defined]  # read by django-csp
    return response
