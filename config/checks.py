"""System checks that stop an unsafe production start. Each says what is wrong and what to set."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

TAG = "reelmark"
LOCAL = ("http://localhost", "http://127.0.0.1")


@checks.register(TAG)
def safe_settings(app_configs: Sequence[Any] | None, **kwargs: object) -> list[checks.CheckMessage]:
    """Errors for a production start that would be unsafe or could not do its work; none with DEBUG or a local DEMO."""
    found: list[checks.CheckMessage] = []

    def error(number: int, message: str, hint: str) -> None:
        found.append(checks.Error(message, hint=hint, id=f"reelmark.E{number:03}"))

    local = settings.BASE_URL.startswith(LOCAL)
    if settings.DEMO and not local:
        error(1, "DEMO is on, but BASE_URL is not on this machine.", "Unset DEMO: its keys and people are public.")
    if settings.DEBUG and not local and settings.HTTPS:
        found.append(checks.Warning("DEBUG is on at a public address.", hint="Unset DEBUG.", id="reelmark.W001"))
    if settings.DEBUG or settings.DEMO:
        return found
    secret = _secret_key()
    if len(secret) < 32 or len(set(secret)) < 8 or "insecure" in secret:
        error(2, "SECRET_KEY is missing or weak.", "Set SECRET_KEY (or SECRET_KEY_FILE) to 50 random characters.")
    if not settings.HTTPS:
        error(3, "BASE_URL is not https.", "Browsers keep no cookies in a Moodle frame without https.")
    if "*" in settings.ALLOWED_HOSTS:
        error(4, "ALLOWED_HOSTS allows every host.", "Name the host of BASE_URL.")
    if not settings.REDIS_URL:
        error(5, "REDIS_URL is not set.", "Workers and web processes share their queue and cache through Redis.")
    if "sqlite" in settings.DATABASES["default"]["ENGINE"]:
        error(6, "DATABASE_URL is SQLite.", "Use PostgreSQL: postgres://user:password@host/name.")
    if not settings.S3_BUCKET:
        error(7, "S3_BUCKET is not set.", "Name the bucket that videos are uploaded to.")
    missing = [n for n in ("DOMAIN", "KEY_ID", "PRIVATE_KEY") if not getattr(settings, f"CLOUDFRONT_{n}")]
    if missing:
        names = ", ".join(f"CLOUDFRONT_{name}" for name in missing)
        error(8, f"{names} not set.", "Videos are played only by signed CloudFront addresses.")
    return found


def _secret_key() -> str:
    try:
        return str(settings.SECRET_KEY)
    except ImproperlyConfigured:  # Django's own way of saying that it is empty
        return ""


def refuse_unsafe_start() -> None:
    """Run our checks where Django does not (gunicorn, Celery).

    Raises ImproperlyConfigured naming everything found, so that the process does not start.
    """
    errors = [found for found in checks.run_checks(tags=[TAG]) if found.is_serious()]
    if errors:
        raise ImproperlyConfigured("\n".join(f"{e.id}: {e.msg} {e.hint}" for e in errors))
