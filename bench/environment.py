"""A production-like environment for a benchmark: PostgreSQL and Redis as `tests.services` gives them, DEBUG off."""

import os
import tempfile

BASE_URL = "https://tool.bench"


def prepare() -> dict[str, str]:
    """Set what the settings need; call it before Django is imported. Returns the environment for child processes."""
    folder = tempfile.mkdtemp(prefix="reelmark-bench-")
    for needed in ("DATABASE_URL", "REDIS_URL"):
        if needed not in os.environ:
            raise SystemExit(f"{needed} is not set: start me by `make`, or by `python -m tests.services`.")
    os.environ.pop("DEBUG", None)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings",
        SECRET_KEY="only for a benchmark, and long enough for the checks to like it",
        BASE_URL=BASE_URL,
        ALLOWED_HOSTS="tool.bench",
        DATA_DIR=folder,
        KEYS_DIR=f"{folder}/keys",
        S3_BUCKET="bench",
        CLOUDFRONT_DOMAIN="cdn.bench",
        CLOUDFRONT_KEY_ID="KBENCH",
        CLOUDFRONT_PRIVATE_KEY="unused",
        PRIVATE_PLATFORM_HOSTS="127.0.0.1",
        LOG_LEVEL="WARNING",
    )
    return dict(os.environ)
