"""Django's settings, from what serve.py was told on its command line and put into the environment."""

import os
from pathlib import Path

LMS_ROOT_URL = os.environ["PLATFORM_URL"]  # the issuer, too
PLATFORM_NAME = "Open edX under test"
TOOL_LOGIN_URL = os.environ["TOOL_LOGIN_URL"]
TOOL_LAUNCH_URL = os.environ["TOOL_LAUNCH_URL"]
TOOL_JWKS_URL = os.environ["TOOL_JWKS_URL"]
AGS_MODE = os.environ["AGS_MODE"]
ROSTER_PAGE_SIZE = int(os.environ["ROSTER_PAGE_SIZE"])

SECRET_KEY = "for tests on 127.0.0.1 only"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "platform_server.urls"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
OPENEDX_TELEMETRY: list[str] = []
# edx-platform's own pattern of a block's address within a URL.
USAGE_ID_PATTERN = r"(?P<usage_id>(?:i4x://?[^/]+/[^/]+/[^/]+/[^@]+(?:@[^/]+)?)|(?:[^/]+))"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "lti_consumer",
    "platform_server",
]
MIDDLEWARE = [
    # The package keeps launch data per thread as well as in the cache; edx-platform clears that after each request.
    "edx_django_utils.cache.middleware.RequestCacheMiddleware",
    "platform_server.service_calls.RecordServiceCalls",
    "platform_server.roster_pages.LimitRosterPages",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(os.environ["PLATFORM_DATA_DIR"]) / "openedx.sqlite3",
        # As in edx-platform: a score whose grade cannot be published is not kept either.
        "ATOMIC_REQUESTS": True,
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
    }
}
