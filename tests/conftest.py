"""Fixtures that any test may ask for."""

import gc
from collections.abc import Iterator

import pytest
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.test import Client

from config import outside
from demo.objectstore import ObjectStore
from demo.processes import Processes
from lti_tool import registered
from lti_tool.launch import platform_keys
from tests.lti_tool.platform_double import PlatformDouble
from tests.services import free_ports
from video import rate_limits


def pytest_collection_finish() -> None:
    """What is loaded by now stays: Python need not look at it again and again for what can be thrown away."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(autouse=True)
def forget_what_processes_remember() -> None:
    platform_keys.forget()
    registered.forget()
    rate_limits.forget()
    outside.redis.end()
    cache.clear()


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    """The world outside, at the HTTP edge: an address without an answer is a connection error."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def platform(db: None, answers: responses.RequestsMock) -> PlatformDouble:
    return PlatformDouble(answers)


@pytest.fixture
def browser() -> Client:
    """Django's client as a browser on https, its forms checked for CSRF like a real one's."""
    return Client(enforce_csrf_checks=True, HTTP_HOST="tool.example", headers={"Accept": "text/html"})


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """A real S3 server, started once for a run."""
    folder, port = tmp_path_factory.mktemp("s3"), free_ports(9)
    store = ObjectStore(
        port=port,
        inner_port=port + 1,
        bucket="reelmark-tests",
        access_key="tests",
        secret_key="tests-secret-key",
        folder=folder,
    )
    processes = Processes(folder / "logs")
    with processes.log("s3").open("wb") as log:
        processes.adopt("s3", store.start(log))
    try:
        store.prepare(allowed_origin="https://tool.example", check=processes.check)
        yield store
    finally:
        processes.stop()


@pytest.fixture(scope="session")
def cloudfront_key() -> str:
    """A private key in PEM, as AWS_SECRET files hold it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
