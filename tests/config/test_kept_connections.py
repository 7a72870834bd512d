"""A kept connection to PostgreSQL is looked at before each request, and is not asked each time whether it stands."""

import time
from collections.abc import Iterator

import pytest
from django.db import connection

from config.postgresql.base import DatabaseWrapper

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connection to be cut"),
]


class Asked(DatabaseWrapper):
    """Counts how often PostgreSQL was asked whether it is there."""

    times = 0

    def is_usable(self) -> bool:
        self.times += 1
        return super().is_usable()


@pytest.fixture
def kept(transactional_db: None) -> Iterator[Asked]:
    """A connection that has served a request."""
    kept = Asked({**connection.settings_dict, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}, "kept")
    request(kept)
    request(kept)
    kept.times = 0
    yield kept
    kept.close()


def request(kept: Asked) -> int:
    """What Django does when a request comes, and a statement of it. Returns the connection's process in PostgreSQL."""
    kept.close_if_unusable_or_obsolete()
    with kept.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_one_that_answered_a_moment_ago_is_not_asked(kept: Asked) -> None:
    assert request(kept) == request(kept)
    assert kept.times == 0


def test_one_that_postgresql_has_ended_is_replaced_before_anybody_meets_it(kept: Asked) -> None:
    ended = request(kept)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [ended])

    assert request(kept) != ended


def test_one_that_was_silent_for_long_is_asked(kept: Asked) -> None:
    kept._answered_at = time.monotonic() - 31
    request(kept)
    assert kept.times == 1
    request(kept)
    assert kept.times == 1
