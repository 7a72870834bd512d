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


def test_empty_secret_key_is_named(production: Settings) -> None:
    production.SECRET_KEY = ""

    with pytest.raises(ImproperlyConfigured, match="E002"):
        checks.refuse_unsafe_start()
