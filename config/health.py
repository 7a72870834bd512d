"""`/healthz`: the process answers. `/readyz`: it can do its work (database, migrations, cache or broker)."""

from collections.abc import Callable

import structlog
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.checks import misses_squashed_migrations

log = structlog.get_logger(__name__)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every part answers, else 503; the body names each part, never an error's text."""
    parts = {"database": _works(_database), "migrations": _works(_migrations), "cache": _works(_cache)}
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)


def _works(part: Callable[[], bool]) -> bool:
    try:
        return part()
    except Exception:  # whatever the driver raises, the answer is "no"
        log.exception("not_ready", part=part.__name__)
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _migrations() -> bool:
    executor = MigrationExecutor(connection)
    if misses_squashed_migrations(executor.loader):
        return False
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _cache() -> bool:
    cache.set("readyz", 1, 5)
    return bool(cache.get("readyz") == 1)
