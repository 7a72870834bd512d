"""gunicorn's worker; it answers in words where no view can: a request whose head is too large to be read."""

import socket
from typing import Any

import structlog
from django.template.loader import render_to_string
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

log = structlog.get_logger(__name__)


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """The thread worker, with pages of ours for an address (414) or cookies (431) that are too long."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        if not isinstance(exc, LimitRequestLine | LimitRequestHeaders):
            super().handle_error(req, client, addr, exc)
            return
        log.warning("request_too_large", reason=type(exc).__name__)
        try:
            write_nonblock(client, _answer_to_line() if isinstance(exc, LimitRequestLine) else _answer_to_cookies())
        except OSError:  # whoever asked has gone
            log.info("answer_not_taken")


def _answer_to_line() -> bytes:
    return _answer(
        414,
        "URI Too Long",
        title="This address is too long",
        what="The address that your browser was sent to is longer than this tool's server reads.",
        next_step="Open the activity again from the course. If this page returns, show it to your Moodle admin.",
        technical="The request line is longer than gunicorn's limit_request_line. A login initiation by POST has no "
        "such limit.",
    )


def _answer_to_cookies() -> bytes:
    return _answer(
        431,
        "Request Header Fields Too Large",
        title="Your browser sent too many cookies",
        what="Your browser keeps so many cookies for this address that its request could not be read.",
        next_step="Close the tabs that you no longer need, delete the cookies of this address in your browser's "
        "settings, and open the activity again from the course. Anything you handed in or saved is safe.",
        technical="The request's head is larger than gunicorn's limit_request_field_size or limit_request_fields.",
    )


def _answer(status: int, reason: str, **told: str) -> bytes:
    page = render_to_string("errors/problem.html", {"status": status, **told}).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(page)}\r\n"
        "Content-Security-Policy: default-src 'self'\r\n"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + page
