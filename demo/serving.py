"""Serve a small site on this machine alone."""

import contextlib
import logging
import threading
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # a player asks for many ranges: keep its connection


def serve(app: Any, port: int) -> None:
    """Serve `app` on the loopback addresses until the process ends. `localhost` may be either of them."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    servers = [make_server("127.0.0.1", port, app, threaded=True, request_handler=_Handler)]
    with contextlib.suppress(OSError, SystemExit):  # no IPv6 here; werkzeug exits where it cannot bind
        servers.append(make_server("::1", port, app, threaded=True, request_handler=_Handler))
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()
