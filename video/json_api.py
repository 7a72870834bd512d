"""JSON for the page's own scripts: the body in, a Problem out in words."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.http import JsonResponse
from django.http.response import HttpResponseBase

from config import json_text
from lti_tool.access import LaunchRequest
from video.problems import Problem

P = ParamSpec("P")
R = TypeVar("R")


def json_answer(
    view: Callable[Concatenate[R, P], HttpResponseBase],
) -> Callable[Concatenate[R, P], HttpResponseBase]:
    """Answer a Problem as `{"error": {code, message, action}}` with its status and, where it has one, `Retry-After`."""

    @wraps(view)
    def answered(request: R, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Problem as problem:
            headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
            return JsonResponse(problem.as_json(), status=problem.status, headers=headers)

    return cast(Callable[Concatenate[R, P], HttpResponseBase], answered)


def json_body(request: LaunchRequest) -> dict[str, Any]:
    """The posted object; Problem 400 for anything else."""
    try:
        body = json_text.loads(request.body or b"{}")
        # Half of a surrogate pair is no text, and nothing could store it: what was typed beside it is not lost for it.
        body = json.loads(json.dumps(body, ensure_ascii=False).encode("utf-8", "ignore"))
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Problem("bad_request", "The request could not be read.", "Reload the page and try again.", status=400)
    return body


def version_of(value: Any) -> int:
    """The version that a script or form names; 0, which is of nothing, for anything else."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isdecimal() and len(text) < 10 else 0
