"""Logs are events: one JSON object a line, with the request id; never a name, a token or a signed address."""

import logging
import logging.config
from typing import Any

import structlog
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware


class RequestLog(RequestMiddleware):
    """Binds a request id (the client's X-Request-ID if it sent one) to every event of the request."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Method and path alone: a login's query holds the person's id at the platform."""
        return f"{request.method} {request.path}"


def configure(*, json: bool, level: str) -> None:
    """Send structlog and the standard library through one formatter to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    rendering: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if json
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "events": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "events"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # Both would repeat what the request log says, and the first writes whole addresses.
                "django.server": {"level": "WARNING"},
                "django.request": {"level": "ERROR"},
                "botocore": {"level": "WARNING"},
                "urllib3": {"level": "WARNING"},
                "celery.utils.functional": {"level": "WARNING"},
                "django.dispatch": {"level": "CRITICAL"},  # says of a failed receiver what video/signals.py says
            },
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
