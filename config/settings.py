"""Settings, read once from the environment (the README has the table). `config/checks.py` refuses unsafe ones."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from celery.schedules import crontab

from config import env, file_broker, logging
from config import zones as zones  # makes every use of a zone ask the same data

BASE_DIR = Path(__file__).resolve().parent.parent

# --- what the installation is -------------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG")
DEMO = env.flag("DEMO")
SECRET_KEY = env.text("SECRET_KEY", "demo-only" if DEMO else "")
BASE_URL = env.text("BASE_URL", "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", [urlsplit(BASE_URL).hostname or "localhost"])
HTTPS = BASE_URL.startswith("https://")
DATA_DIR = env.path("DATA_DIR", BASE_DIR / "var")
KEYS_DIR = env.path("KEYS_DIR", BASE_DIR / "keys")
REDIS_URL = env.text("REDIS_URL")

# --- other systems (config/outside.py; docs/operate.md has the table) -----------------------------------------------
PAGE_PATIENCE_SECONDS = env.number("PAGE_PATIENCE_SECONDS", 6)  # what a page's calls may take, all together
# Threads of one process that may wait for them while pages are made; of gunicorn.conf.py's, some must be left over.
PAGES_WAITING_FOR_ONE_PLATFORM = 2
PAGES_WAITING_FOR_PLATFORMS = 4
PAGES_WAITING_FOR_STORAGE = 4
# gunicorn.conf.py sets it for pages; 0: a worker's statements may take as long as they need.
STATEMENT_SECONDS = env.number("STATEMENT_SECONDS", 0)

# --- the product --------------------------------------------------------------------------------------------------
# Hosts of platforms that are in a private network, such as a school's own; all others must be at public addresses.
PRIVATE_PLATFORM_HOSTS = [host.lower() for host in env.words("PRIVATE_PLATFORM_HOSTS")]
LAUNCH_HOURS = env.number("LAUNCH_HOURS", 12)
UPLOAD_MAX_BYTES = env.number("UPLOAD_MAX_BYTES", 5 * 1024**3)
UPLOAD_TICKET_SECONDS = env.number("UPLOAD_TICKET_SECONDS", 3600)
UPLOAD_ABANDONED_DAYS = env.number("UPLOAD_ABANDONED_DAYS", 7)
UPLOAD_GRACE_MINUTES = env.number("UPLOAD_GRACE_MINUTES", 30)
PLAYBACK_SECONDS = env.number("PLAYBACK_SECONDS", 24 * 3600)
UPLOADS_OPEN = env.number("UPLOADS_OPEN", 5)
UPLOADS_OPEN_BYTES = env.number("UPLOADS_OPEN_BYTES", 10 * 1024**3)
UPLOAD_TICKETS_A_MINUTE = env.number("UPLOAD_TICKETS_A_MINUTE", 10)
# Of scores and their tokens, to one platform, by all workers together.
PLATFORM_REQUESTS_AT_ONCE = env.number("PLATFORM_REQUESTS_AT_ONCE", 4)
PLATFORM_REQUESTS_A_SECOND = env.number("PLATFORM_REQUESTS_A_SECOND", 20)
PLATFORM_ANSWER_SECONDS = env.number("PLATFORM_ANSWER_SECONDS", 20)
PLATFORM_PAUSE_SECONDS = env.number("PLATFORM_PAUSE_SECONDS", 300)
DELIVERY_LEASE_SECONDS = env.number("DELIVERY_LEASE_SECONDS", 60)
DELIVERY_CHECK_SECONDS = env.number("DELIVERY_CHECK_SECONDS", 20)
# Files and audio feedback that markers give back.
ATTACHMENT_MAX_BYTES = env.number("ATTACHMENT_MAX_BYTES", 100 * 1024**2)
ATTACHMENTS_PER_ATTEMPT = env.number("ATTACHMENTS_PER_ATTEMPT", 10)
ATTACHMENTS_A_MINUTE = env.number("ATTACHMENTS_A_MINUTE", 30)
PLAYBACKS_A_MINUTE = env.number("PLAYBACKS_A_MINUTE", 30)
PART_REQUESTS_A_MINUTE = env.number("PART_REQUESTS_A_MINUTE", 240)
STORAGE = env.text("STORAGE", "s3")
S3_BUCKET = env.text("S3_BUCKET")
S3_ENDPOINT_URL = env.text("S3_ENDPOINT_URL")
S3_REGION = env.text("S3_REGION", "us-east-1")
AWS_ACCESS_KEY_ID = env.text("AWS_ACCESS_KEY_ID")
AWS_SECRET_ACCESS_KEY = env.text("AWS_SECRET_ACCESS_KEY")
CLOUDFRONT_DOMAIN = env.text("CLOUDFRONT_DOMAIN")
CLOUDFRONT_KEY_ID = env.text("CLOUDFRONT_KEY_ID")
CLOUDFRONT_PRIVATE_KEY = env.text("CLOUDFRONT_PRIVATE_KEY")

# --- e-mail, off unless a server is named -------------------------------------------------------------------------
# What is set beside EMAIL_URL, by name, so that the checks can say what does not fit together.
EMAIL_PARTS = [name for name in ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_USER", "EMAIL_PASSWORD") if env.text(name)]
EMAIL_URL = env.text("EMAIL_URL")
EMAIL_TLS = env.text("EMAIL_TLS", "starttls").lower()
MAIL = bool(EMAIL_URL or "EMAIL_HOST" in EMAIL_PARTS)
_mail = env.mail()
EMAIL_BACKEND, EMAIL_FILE_PATH = _mail["EMAIL_BACKEND"], _mail["EMAIL_FILE_PATH"]
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail["EMAIL_USE_TLS"], _mail["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL")
SITE_TIME_ZONE = env.text("TIME_ZONE", "UTC")  # of times in e-mails: pages give them in the browser's zone
DIGEST_HOUR = env.number("DIGEST_HOUR", 7)

# --- Django -------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.admin_app.Admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_structlog",
    "django_vite",
    "config",
    "lti_tool",
    "video",
]
if DEMO:
    INSTALLED_APPS.append("demo")

MIDDLEWARE = [
    "config.security.PartitionedCookies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.logging.RequestLog",
    "config.outside.PagePatience",
    "config.security.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.full_disk.FullDisk",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lti_tool.access.session_of",
            ],
            "builtins": ["config.templatetags.frontend"],
        },
    }
]

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{DATA_DIR}/reelmark.sqlite3")}
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # WAL lets pages be read while the worker writes; IMMEDIATE makes a busy writer wait instead of failing halfway.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
        DATABASES["default"]["ENGINE"] = "config.postgresql"
    DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
    # The roster's statements ask something for each student, which PostgreSQL takes for dear: compiling them takes it
    # two seconds, running them a twentieth of one.
    _limits = f"-c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout={STATEMENT_SECONDS}s"
    _limits += f" -c idle_in_transaction_session_timeout={3 * STATEMENT_SECONDS}s"
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    _options.setdefault("options", f"-c jit=off {_limits if STATEMENT_SECONDS else ''}".strip())
    # A server that is gone without a word is noticed within seconds, not hours.
    _options.setdefault("connect_timeout", 5)
    _options.setdefault("keepalives_idle", 10)
    _options.setdefault("keepalives_interval", 5)
    _options.setdefault("keepalives_count", 3)
    _options.setdefault("tcp_user_timeout", 20_000)
    if env.flag("DATABASE_PREPARED", default=True):
        # PostgreSQL plans a statement once for each connection: a page's SQL costs it less than half.
        _options.update(server_side_binding=True, prepare_threshold=2)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True
# Of e-mails and what they lead to; all other pages are English.
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]

STATIC_URL = "/static/"
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.exists() else []
# Vite already names files by their content, so nothing has to be collected before a start.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_IMMUTABLE_FILE_TEST = r"/assets/[^/]+-[\w-]{8}\.\w+(\.map)?$"
DJANGO_VITE = {"default": {"dev_mode": False, "manifest_path": FRONTEND_DIST / "manifest.json"}}

# --- security -----------------------------------------------------------------------------------------------------
CSRF_COOKIE_SAMESITE = "None"  # our forms live in a frame of another site; `Partitioned` is added by the middleware
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True  # scripts read the token from the page's <meta>
CSRF_COOKIE_AGE = None  # with the browser, as every cookie of somebody's
CSRF_TRUSTED_ORIGINS = [env.origin(BASE_URL)]
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
# Of Django's admin: until the browser is closed, and for a working day.
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 12 * 3600
MESSAGE_STORAGE = "lti_tool.notices.LaunchNotices"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin-allow-popups"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
FILE_UPLOAD_HANDLERS = ["config.file_uploads.InMemory"]

_storage_origins = [env.origin(S3_ENDPOINT_URL)] if S3_ENDPOINT_URL else []
if S3_BUCKET and not S3_ENDPOINT_URL:
    _storage_origins = [f"https://{S3_BUCKET}.s3.{S3_REGION}.amazonaws.com", f"https://{S3_BUCKET}.s3.amazonaws.com"]
_edge_origins = [env.origin(CLOUDFRONT_DOMAIN)] if CLOUDFRONT_DOMAIN else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", *_edge_origins],
        "font-src": ["'self'", "data:"],
        "media-src": ["'self'", "blob:", *_edge_origins],
        "connect-src": ["'self'", *_storage_origins, *_edge_origins],
        "worker-src": ["'self'", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        # Nobody may frame us, but the platform of a launch its own launch (lti_tool/access.py).
        "frame-ancestors": ["'none'"],
    }
}

# --- Celery -------------------------------------------------------------------------------------------------------
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A page must not hang because the broker does: what could not be published is found by a periodic task.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1}
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {"socket_connect_timeout": 2, "socket_timeout": 5}
else:
    _broker = DATA_DIR / "broker"
    CELERY_BROKER_URL = f"{file_broker.SCHEME}://"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker / "messages"),
        "data_folder_out": str(_broker / "messages"),
        "control_folder": str(_broker / "control"),
        "polling_interval": 0.2,
    }
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "deliver due scores": {"task": "lti_tool.tasks.deliver_due_scores", "schedule": DELIVERY_CHECK_SECONDS},
    "tell maxima": {"task": "lti_tool.tasks.tell_maxima", "schedule": 300.0},
    "compare grades": {"task": "lti_tool.tasks.compare_all_grades", "schedule": crontab(hour="3", minute="30")},
    "refresh stale rosters": {"task": "lti_tool.tasks.refresh_stale_rosters", "schedule": 600.0},
    "forget what has expired": {"task": "lti_tool.tasks.forget_expired", "schedule": 3600.0},
    "check unchecked videos": {"task": "video.cleanup.tasks.check_unchecked", "schedule": 60.0},
    "find vanished uploads": {"task": "video.cleanup.tasks.find_vanished_uploads", "schedule": 120.0},
    "abort abandoned uploads": {"task": "video.cleanup.tasks.abort_abandoned_uploads", "schedule": 3600.0},
    "forget unoffered assignments": {"task": "video.setup.tasks.forget_unoffered_assignments", "schedule": 86_400.0},
    "release what was asked for": {"task": "video.roster.tasks.release_left_behind", "schedule": 60.0},
    "forget mark imports": {"task": "video.spreadsheet.tasks.forget_mark_imports", "schedule": 3600.0},
    "delete leftover objects": {"task": "video.cleanup.tasks.delete_leftover_objects", "schedule": 3600.0},
}
if MAIL:
    CELERY_BEAT_SCHEDULE |= {
        "ask for digests": {"task": "video.mail.tasks.ask_for_digests", "schedule": 600.0},
        "send due mail": {"task": "video.mail.tasks.send_due_mail", "schedule": 60.0},
    }

# --- logs ---------------------------------------------------------------------------------------------------------
LOGGING_CONFIG = None
logging.configure(json=not DEBUG, level=env.text("LOG_LEVEL", "INFO"))
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_USER_ID_FIELD = None
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
