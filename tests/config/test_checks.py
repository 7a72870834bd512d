"""An unsafe production start is refused, each cause by name."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from config import checks


@pytest.fixture
def production(settings: Settings) -> Settings:
    settings.DEBUG = settings.DEMO = False
    settings.SECRET_KEY = "a long and random text: 8f7s6d5f8s7d6f58s7d6f"
    settings.BASE_URL, settings.HTTPS = "https://tool.example", True
    settings.ALLOWED_HOSTS = ["tool.example"]
    settings.REDIS_URL = "redis://redis:6379/0"
    settings.DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
    settings.S3_BUCKET = "videos"
    settings.CLOUDFRONT_DOMAIN, settings.CLOUDFRONT_KEY_ID = "d1.cloudfront.net", "K1"
    settings.CLOUDFRONT_PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----"
    return settings


@pytest.fixture
def mailing(production: Settings) -> Settings:
    """A production that sends e-mail."""
    production.MAIL, production.EMAIL_URL = True, "smtp+tls://video:secret@mail.example:587"
    production.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    production.EMAIL_HOST, production.EMAIL_HOST_USER, production.EMAIL_HOST_PASSWORD = (
        "mail.example",
        "video",
        "secret",
    )
    production.DEFAULT_FROM_EMAIL = "Reelmark <video@school.example>"
    return production


@pytest.fixture(autouse=True)
def restore_engine(settings: Settings) -> object:
    engine = settings.DATABASES["default"]["ENGINE"]
    yield
    settings.DATABASES["default"]["ENGINE"] = engine


def test_safe_settings_start(production: Settings) -> None:
    checks.refuse_unsafe_start()


def set_engine(settings: Settings) -> None:
    settings.DATABASES["default"]["ENGINE"] = "django.db.backends.sqlite3"


UNSAFE: dict[str, Callable[[Settings], object]] = {
    "E001": lambda s: setattr(s, "DEMO", True),
    "E002": lambda s: setattr(s, "SECRET_KEY", "short"),
    "E003": lambda s: setattr(s, "HTTPS", False),
    "E004": lambda s: setattr(s, "ALLOWED_HOSTS", ["*"]),
    "E005": lambda s: setattr(s, "REDIS_URL", ""),
    "E006": set_engine,
    "E007": lambda s: setattr(s, "S3_BUCKET", ""),
    "E008": lambda s: setattr(s, "CLOUDFRONT_PRIVATE_KEY", ""),
}


@pytest.mark.parametrize(("number", "spoil"), UNSAFE.items(), ids=UNSAFE.keys())
def test_unsafe_settings_do_not(production: Settings, number: str, spoil: Callable[[Settings], object]) -> None:
    spoil(production)

    with pytest.raises(ImproperlyConfigured, match=number):
        checks.refuse_unsafe_start()


def test_e_mail_that_is_set_up_starts(mailing: Settings) -> None:
    checks.refuse_unsafe_start()


HALF: dict[str, tuple[str, dict[str, object]]] = {
    "no sender": ("E009.*DEFAULT_FROM_EMAIL is not set", {"DEFAULT_FROM_EMAIL": ""}),
    "no address": ("E009.*no e-mail address", {"DEFAULT_FROM_EMAIL": "Reelmark"}),
    "a line break": ("E009.*no e-mail address", {"DEFAULT_FROM_EMAIL": "a@school.example\nBcc: b@school.example"}),
    "both ways": ("E009.*EMAIL_URL and EMAIL_HOST", {"EMAIL_PARTS": ["EMAIL_HOST"]}),
    "a user without a password": ("E009.*go together", {"EMAIL_HOST_PASSWORD": ""}),
    "a password without a user": ("E009.*go together", {"EMAIL_HOST_USER": ""}),
    "unknown TLS": ("E009.*EMAIL_TLS", {"EMAIL_TLS": "yes"}),
    "no server": ("E009.*names no server", {"EMAIL_HOST": ""}),
    "only a password": (
        "E009.*EMAIL_PASSWORD set",
        {"MAIL": False, "EMAIL_URL": "", "EMAIL_PARTS": ["EMAIL_PASSWORD"]},
    ),
    "only a sender": ("E009.*no EMAIL_URL", {"MAIL": False, "EMAIL_URL": ""}),
    "no zone": ("E010", {"SITE_TIME_ZONE": "Mars/Olympus"}),
    "a path for a zone": ("E010", {"SITE_TIME_ZONE": "/etc/passwd"}),
    "no hour": ("E011", {"DIGEST_HOUR": 24}),
    "into the log": ("E012", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
}


@pytest.mark.parametrize(("match", "values"), HALF.values(), ids=HALF.keys())
def test_e_mail_that_is_half_set_up_does_not(mailing: Settings, match: str, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(mailing, name, value)

    with pytest.raises(ImproperlyConfigured, match=match):
        checks.refuse_unsafe_start()


def test_half_set_up_e_mail_is_refused_in_a_demo_too(mailing: Settings) -> None:
    mailing.DEMO, mailing.BASE_URL, mailing.DEFAULT_FROM_EMAIL = True, "http://localhost:8000", ""

    with pytest.raises(ImproperlyConfigured, match="E009"):
        checks.refuse_unsafe_start()


def test_empty_secret_key_is_named(production: Settings) -> None:
    production.SECRET_KEY = ""

    with pytest.raises(ImproperlyConfigured, match="E002"):
        checks.refuse_unsafe_start()
