"""Launched people, an assignment, and a real S3 server for them."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import responses
from pytest_django.fixtures import Settings

from demo.objectstore import ObjectStore
from lti_tool.models import Person, ResourceLink
from tests.lti_tool.platform_double import PlatformDouble
from tests.video.course import hand_in
from tests.video.post_office import PostOffice
from tests.video.visitor import Visitor
from video.models import Assignment, Submission
from video.storage import storage

Visit = Callable[..., Visitor]


@pytest.fixture(autouse=True)
def s3(settings: Settings, object_store: ObjectStore, cloudfront_key: str) -> Iterator[None]:
    settings.S3_ENDPOINT_URL = object_store.endpoint
    settings.S3_BUCKET = object_store.bucket
    settings.AWS_ACCESS_KEY_ID = object_store.access_key
    settings.AWS_SECRET_ACCESS_KEY = object_store.secret_key
    settings.CLOUDFRONT_PRIVATE_KEY = cloudfront_key
    storage.cache_clear()
    yield
    storage.cache_clear()


@pytest.fixture
def visit(platform: PlatformDouble, answers: responses.RequestsMock, object_store: ObjectStore) -> Visit:
    """`visit(role, sub)` launches somebody."""
    answers.add_passthru(object_store.endpoint)

    def launch(role: str, sub: str, **changes: Any) -> Visitor:
        return Visitor(changes.pop("platform", platform), role, sub, **changes)

    return launch


@pytest.fixture
def assignment(visit: Visit) -> Assignment:
    """Set up for the link that everybody is launched from."""
    visit("teacher", "3", name="Tara Teacher")
    link = ResourceLink.objects.get()
    return Assignment.objects.create(
        resource_link=link,
        course=link.course,
        title="Interview",
        from_moodle={"title": ["Interview", "Interview"], "instructions": ["Film an interview.", None]},
        points=Decimal(100),
        max_bytes=10_000_000,
    )


@pytest.fixture
def student(visit: Visit, assignment: Assignment) -> Visitor:
    return visit("student", "6", name="Ana Student")


@pytest.fixture
def teacher(visit: Visit, assignment: Assignment) -> Visitor:
    return visit("teacher", "3", name="Tara Teacher")


@pytest.fixture
def handed_in(student: Visitor) -> Submission:
    """Ana's work, waiting to be marked."""
    person = Person.objects.get(sub="6")
    return hand_in(Assignment.objects.get(), person, name="a.mp4").submission


@pytest.fixture
def post_office(settings: Settings) -> Iterator[PostOffice]:
    """E-mail is on, and goes there."""
    office = PostOffice()
    settings.MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.DEFAULT_FROM_EMAIL = "Reelmark <video@school.example>"
    settings.SITE_TIME_ZONE, settings.DIGEST_HOUR = "Europe/Berlin", 7
    yield office
    office.close()
