"""An unsafe production start is refused, each cause by name."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from config import checks

ROOT = Path(__file__).parents[2]


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


ELSEWHERE = [
    "https://tool.example",
    "http://tool.example:8000",
    "http://localhost.evil.example",
    "https://localhost.evil.example:8000",
    "http://127.0.0.1.evil.example",
    "http://localhost@evil.example",
    "http://localhost:8000@evil.example",
    "http://localhostess",
    "http://10.0.0.1",
    "http://0.0.0.0:8000",
    "http://[::]:8000",
    "localhost:8000",
    "http://[localhost",
    "",
]
HERE = ["http://localhost:8000", "http://LOCALHOST", "https://localhost", "http://127.0.0.1:9000", "http://[::1]:8000"]


@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize(("mode", "number"), [("DEMO", "E001"), ("DEBUG", "E013")])
def test_demo_and_debug_start_on_this_machine_alone(production: Settings, mode: str, number: str, address: str) -> None:
    setattr(production, mode, True)
    production.BASE_URL, production.ALLOWED_HOSTS = address, ["localhost"]

    with pytest.raises(ImproperlyConfigured, match=number):
        checks.refuse_unsafe_start()


@pytest.mark.parametrize("host", ["*", "tool.example", ".localhost.evil.example", "10.0.0.1", ".example", ""])
@pytest.mark.parametrize(("mode", "number"), [("DEMO", "E001"), ("DEBUG", "E013")])
def test_demo_and_debug_answer_to_no_other_host(production: Settings, mode: str, number: str, host: str) -> None:
    setattr(production, mode, True)
    production.BASE_URL, production.ALLOWED_HOSTS = "http://localhost:8000", ["localhost", host]

    with pytest.raises(ImproperlyConfigured, match=number):
        checks.refuse_unsafe_start()


@pytest.mark.parametrize("address", HERE)
@pytest.mark.parametrize("mode", ["DEMO", "DEBUG"])
def test_demo_and_debug_start_here_with_any_key(production: Settings, mode: str, address: str) -> None:
    setattr(production, mode, True)
    production.BASE_URL, production.ALLOWED_HOSTS = address, ["localhost", "127.0.0.1", "[::1]", ".localhost"]
    production.SECRET_KEY, production.S3_BUCKET = "short", ""

    checks.refuse_unsafe_start()


@pytest.mark.parametrize("mode", ["DEMO", "DEBUG"])
def test_nothing_starts_with_an_empty_key(production: Settings, mode: str) -> None:
    setattr(production, mode, True)
    production.BASE_URL, production.ALLOWED_HOSTS = "http://localhost:8000", ["localhost"]
    production.SECRET_KEY = ""

    with pytest.raises(ImproperlyConfigured, match="E002"):
        checks.refuse_unsafe_start()


ENTRIES = {
    "gunicorn": ["gunicorn", "config.wsgi", "--bind", "127.0.0.1:0"],
    "worker": ["celery", "-A", "config", "worker", "--pool", "solo"],
    "beat": ["celery", "-A", "config", "beat"],
    "runserver": ["django", "runserver", "--noreload", "--skip-checks", "127.0.0.1:0"],
    "migrate": ["django", "migrate"],
}


def started(command: list[str], folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """A process that should end by itself at once."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(folder), "REDIS_URL": ""}
    env |= {"DATABASE_URL": "sqlite://", **settings}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("command", ENTRIES.values(), ids=ENTRIES.keys())
def test_every_entry_refuses(command: list[str], tmp_path: Path) -> None:
    done = started(command, tmp_path, DEBUG="1", BASE_URL="https://tool.example", SECRET_KEY="any key at all")

    assert done.returncode != 0
    assert "reelmark.E013" in done.stdout + done.stderr


@pytest.mark.parametrize("entry", ["gunicorn", "worker"])
def test_entries_refuse_an_empty_key(entry: str, tmp_path: Path) -> None:
    done = started(ENTRIES[entry], tmp_path, DEBUG="1", BASE_URL="http://localhost:8000", SECRET_KEY="")

    assert done.returncode != 0
    assert "SECRET_KEY" in done.stdout + done.stderr


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
