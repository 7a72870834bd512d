"""System checks that stop an unsafe production start. Each says what is wrong and what to set."""

from collections.abc import Iterator, Sequence
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from config import zones

TAG = "reelmark"
_LOCAL_NAMES = ("localhost", ".localhost")


@checks.register(TAG)
def safe_settings(app_configs: Sequence[Any] | None, **kwargs: object) -> list[checks.CheckMessage]:
    """Errors for a start that would be unsafe or could not do its work. With DEBUG or DEMO less is asked for, and then
    the tool must be on this machine alone."""
    found: list[checks.CheckMessage] = []

    def error(number: int, message: str, hint: str) -> None:
        found.append(checks.Error(message, hint=hint, id=f"reelmark.E{number:03}"))

    for problem, hint in _half_configured_mail():
        error(9, problem, hint)
    if not _known_zone(settings.SITE_TIME_ZONE):
        error(10, f"TIME_ZONE {settings.SITE_TIME_ZONE} is not known.", "Name one such as Europe/Berlin, or unset it.")
    if settings.MAIL and not 0 <= settings.DIGEST_HOUR <= 23:
        error(11, "DIGEST_HOUR is not an hour.", "Set it to 0 to 23, or unset it.")
    open_to_others = not all(map(_is_local, [_host(settings.BASE_URL), *settings.ALLOWED_HOSTS]))
    if settings.DEMO and open_to_others:
        error(
            1,
            "DEMO is on, but BASE_URL or ALLOWED_HOSTS is not on this machine.",
            "Unset DEMO: its keys and people are public.",
        )
    if settings.DEBUG and open_to_others:
        error(
            13,
            "DEBUG is on, but BASE_URL or ALLOWED_HOSTS is not on this machine.",
            "Unset DEBUG: its error pages show settings and data to everybody.",
        )
    secret, trying = _secret_key(), settings.DEBUG or settings.DEMO
    weak = len(secret) < 32 or len(set(secret)) < 8 or "insecure" in secret
    if not secret or (weak and not trying):
        error(2, "SECRET_KEY is missing or weak.", "Set SECRET_KEY (or SECRET_KEY_FILE) to 50 random characters.")
    if trying:
        return found
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
    if settings.MAIL and not settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend"):
        error(12, "EMAIL_URL sends to nobody.", "Use smtp+tls://…; the other kinds are for trying it.")
    return found


@checks.register(checks.Tags.database)
def database_can_be_migrated(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **kwargs: object
) -> list[checks.CheckMessage]:
    """An error for each database that `misses_squashed_migrations`; asked before `migrate`, not at every start."""
    return [
        checks.Error(
            f"The database ({alias}) is of a build before the first release, and lacks the last migrations of then.",
            hint="Run migrate with commit 08327e2 first, then come back. A demo's may be deleted instead: make clean.",
            id="reelmark.E014",
        )
        for alias in databases or []
        if misses_squashed_migrations(MigrationLoader(connections[alias]))
    ]


def misses_squashed_migrations(loader: MigrationLoader) -> bool:
    """Whether some, and not all, of the migrations that a squashed one replaces were applied.

    Django then leaves the squashed one out of its plan and finds nothing to do.
    """
    return any(node.replaces and key not in loader.graph.nodes for key, node in loader.disk_migrations.items())


def _half_configured_mail() -> Iterator[tuple[str, str]]:
    """What is wrong and what to do, of e-mail settings that do not fit together. All unset is e-mail off: nothing."""
    parts = ", ".join(settings.EMAIL_PARTS)
    if settings.EMAIL_URL and parts:
        yield f"EMAIL_URL and {parts} are set.", "Use EMAIL_URL alone, or the others."
    elif not settings.MAIL and parts:
        yield f"{parts} set, but no EMAIL_HOST.", "Name the server, or unset them: e-mail is off without one."
    elif not settings.MAIL and settings.DEFAULT_FROM_EMAIL:
        yield "DEFAULT_FROM_EMAIL is set, but no EMAIL_URL or EMAIL_HOST.", "Name the server, or unset it."
    if not settings.MAIL:
        return
    if not settings.DEFAULT_FROM_EMAIL:
        yield "DEFAULT_FROM_EMAIL is not set.", "Set who e-mails are from, such as Reelmark <video@school.example>."
    elif not _is_sender(settings.DEFAULT_FROM_EMAIL):
        yield (
            "DEFAULT_FROM_EMAIL is no e-mail address.",
            "Set it to Reelmark <video@school.example>, or the address alone.",
        )
    if settings.EMAIL_TLS not in ("starttls", "ssl", "off"):
        yield "EMAIL_TLS is not known.", "Set it to starttls, ssl or off."
    if bool(settings.EMAIL_HOST_USER) != bool(settings.EMAIL_HOST_PASSWORD):
        yield "EMAIL_USER and EMAIL_PASSWORD go together.", "Set both, or neither for a server that asks for none."
    if "smtp" in settings.EMAIL_BACKEND and not settings.EMAIL_HOST:
        yield "EMAIL_URL names no server.", "Write it as smtp+tls://user:password@host:587."


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_local(host: str) -> bool:
    """True for a name or address of this machine and no other: `localhost.school.example` is anybody's."""
    host = host.lower().strip("[]")
    if host in _LOCAL_NAMES:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_sender(text: str) -> bool:
    try:
        validate_email(parseaddr(text)[1])
    except ValidationError:
        return False
    return text.isprintable()


def _known_zone(name: str) -> bool:
    try:
        zones.zone(name)
    except zones.UnknownZone:
        return False
    return True


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
