"""The product's settings with an environment for tests. DATABASE_URL and REDIS_URL may be set from outside."""

import os
import tempfile

_folder = tempfile.mkdtemp(prefix="reelmark-tests-")
os.environ.update(
    SECRET_KEY="only for tests, and long enough for the checks to like it",
    DEBUG="1",
    BASE_URL="https://tool.example",
    ALLOWED_HOSTS="tool.example",
    KEYS_DIR=f"{_folder}/keys",
    DATA_DIR=_folder,
    S3_BUCKET="reelmark-tests",
    CLOUDFRONT_DOMAIN="cdn.example",
    CLOUDFRONT_KEY_ID="KTESTS",
    LOG_LEVEL="WARNING",
)
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_folder}/tests.sqlite3")
if os.environ.get("REDIS_URL"):
    # A database for each of pytest's workers, as PostgreSQL gives them: each test empties the cache, and with it
    # whatever else is in its database, counters too.
    _worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{_worker}"

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, MIDDLEWARE  # noqa: E402

DEBUG = False
# A busy machine is no slow platform. Tests of patience set their own.
PAGE_PATIENCE_SECONDS = 60
# Debug mode of the environment only spares the tests a production's settings; pages are production's.
MIDDLEWARE = [name for name in MIDDLEWARE if "whitenoise" not in name]
DATABASES["default"]["CONN_MAX_AGE"] = 0
# Messages stay in this process: a test that wants a worker starts a real one (tests/e2e).
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
