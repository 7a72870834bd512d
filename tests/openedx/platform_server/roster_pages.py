"""Pages of the roster. The package pages only when asked to with `limit`; this platform always does.

NRPS 2.0, 2.4.2: a platform may give fewer members than `limit` asks for, and pages by itself.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class LimitRosterPages:
    """Middleware: no page of a roster is longer than ROSTER_PAGE_SIZE."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.endswith("/memberships"):
            query = request.GET.copy()
            asked = query.get("limit", "")
            if not (asked.isdigit() and 0 < int(asked) < settings.ROSTER_PAGE_SIZE):
                query["limit"] = str(settings.ROSTER_PAGE_SIZE)
            request.GET = query
        return self.get_response(request)
