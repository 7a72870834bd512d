"""A record of every request to the LTI services, kept also when the request itself failed and was rolled back."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from platform_server.models import ServiceCall


class RecordServiceCalls:
    """Middleware. It stands outside the request's transaction, which Django opens around the view alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/api/"):
            ServiceCall.objects.create(
                method=request.method,
                path=request.path,
                query=request.META["QUERY_STRING"],
                accept=request.headers.get("Accept", ""),
                content_type=request.headers.get("Content-Type", ""),
                status=response.status_code,
            )
        return response
