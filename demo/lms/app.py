"""The LMS as a WSGI application."""

from pathlib import Path

from flask import Flask, Response, request

from demo import sample
from demo.lms import ags, nrps, oidc, pages, registration, review, selecting, tokens, tools
from demo.lms.site import Site
from demo.lms.store import Store

_SERVICES = ("/token", "/ags/", "/nrps/", "/register")


def create_app(*, issuer: str, tool: str, folder: Path) -> Flask:
    """
    Args:
        issuer: this LMS's own origin, as browsers and the tool see it.
        tool: the tool's origin.
        folder: where its data, key and sample video are kept.
    """
    app = Flask(__name__)
    site = Site(issuer=issuer, tool=tool, folder=folder, store=Store(folder / "lms.sqlite3"))
    app.config["SITE"] = site
    _ = site.key
    tools.register_by_hand(site)
    if not (folder / "sample.mp4").exists():
        sample.make(folder / "sample.mp4")
    for part in (pages, oidc, tokens, ags, nrps, registration, review, selecting):
        app.register_blueprint(part.pages)

    @app.before_request
    def fail_on_request() -> Response | None:
        fault = site.store.next_fault(request.path) if request.path.startswith(_SERVICES) else None
        if fault is None:
            return None
        headers = {"Retry-After": str(fault["retry_after"])} if fault["retry_after"] is not None else {}
        return Response(status=fault["status"], headers=headers)

    @app.after_request
    def log_service_calls(response: Response) -> Response:
        if request.path.startswith(_SERVICES):
            # An assertion or token is a secret even in a demo.
            sent = "" if request.path == "/token" else request.get_data(as_text=True)
            answer = "" if request.path == "/token" else response.get_data(as_text=True)
            site.store.log_call(request.method, request.full_path.rstrip("?"), sent, response.status_code, answer)
        return response

    return app
