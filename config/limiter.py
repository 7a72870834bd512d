"""The store of rate limits: Redis, or the memory of a demo's one process."""

from functools import cache

import redis  # noqa: F401  `limits` refuses one that another thread is just importing: the first requests would fail
from django.conf import settings
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter


@cache
def limiter() -> MovingWindowRateLimiter:
    if settings.REDIS_URL:  # one count for all processes, each hit one script in Redis
        return MovingWindowRateLimiter(
            RedisStorage(
                settings.REDIS_URL,
                key_prefix="reelmark-limits",
                wrap_exceptions=True,
                socket_connect_timeout=1,
                socket_timeout=1,
            )
        )
    return in_this_process()  # a demo has one web process; production is refused without Redis


@cache
def in_this_process() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())


def forget() -> None:
    """Count from nothing in this process (in Redis, others go on); for tests."""
    limiter.cache_clear()
    in_this_process.cache_clear()
