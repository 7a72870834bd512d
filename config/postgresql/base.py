"""Where Django looks for the class of a database's connections (`ENGINE`)."""

import select
import time
from typing import Any

from django.db.backends.postgresql import base

_TRUSTED_SECONDS = 30  # of silence; then PostgreSQL is asked


class DatabaseWrapper(base.DatabaseWrapper):
    """With CONN_HEALTH_CHECKS Django asks `SELECT 1` before each request's first statement: a round trip more.

    PostgreSQL says that it ends a connection, when it is restarted for example, and what it says waits in our socket.
    So a connection that answered a moment ago and has nothing to say is as good as it was. All others are asked.
    """

    health_check_enabled: bool
    health_check_done: bool
    _answered_at = float("-inf")

    def close_if_health_check_failed(self) -> None:
        if self.connection is None or not self.health_check_enabled or self.health_check_done:
            return
        now = time.monotonic()
        if now - self._answered_at < _TRUSTED_SECONDS and not _has_something_to_say(self.connection):
            self.health_check_done = True
        else:
            super().close_if_health_check_failed()
        self._answered_at = now


def _has_something_to_say(connection: Any) -> bool:
    """Whether something waits to be read, the end of the connection too; or it has ended already."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
