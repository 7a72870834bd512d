"""What every storage backend must do, run over each of them."""

import secrets

import pytest
import requests

from demo.objectstore import ObjectStore
from video.storage.base import Backend, StorageRefused, StorageUnavailable
from video.storage.s3 import S3


def s3(store: ObjectStore, key_pem: str, **changes: str) -> S3:
    return S3.connect(
        **{
            "bucket": store.bucket,
            "endpoint": store.endpoint,
            "region": "us-east-1",
            "access_key": store.access_key,
            "secret_key": store.secret_key,
            "domain": "cdn.example",
            "key_id": "K1",
            "private_key": key_pem,
            **changes,
        }
    )


@pytest.fixture(params=["s3"])
def backend(request: pytest.FixtureRequest, object_store: ObjectStore, cloudfront_key: str) -> Backend:
    return {"s3": s3}[request.param](object_store, cloudfront_key)


@pytest.fixture
def key() -> str:
    return f"videos/person/{secrets.token_hex(4)}/my film (1)+é.mp4"


def send(backend: Backend, to: str, content: bytes, **fields: str) -> int:
    ticket = backend.begin_upload(key=to, content_type="video/mp4", max_bytes=1000, seconds=60)
    assert ticket.method == "POST"
    form = {**ticket.fields, **fields}
    return requests.post(ticket.url, data=form, files={"file": content}, timeout=30).status_code


def test_ticket_takes_what_it_is_for(backend: Backend, key: str) -> None:
    assert send(backend, key, b"x" * 1000) in (200, 201, 204)

    stored = backend.inspect(key)
    assert stored is not None
    assert (stored.size, stored.content_type) == (1000, "video/mp4")
    assert stored.checksum


@pytest.mark.parametrize(
    ("size", "fields"),
    [(1001, {}), (0, {}), (10, {"key": "other"}), (10, {"Content-Type": "text/html"}), (10, {"policy": "e30="})],
    ids=["too large", "empty", "another key", "another type", "another policy"],
)
def test_ticket_takes_nothing_else(backend: Backend, key: str, size: int, fields: dict[str, str]) -> None:
    assert 400 <= send(backend, key, b"x" * size, **fields) < 500

    assert backend.inspect(key) is None
    assert backend.inspect("other") is None


def test_ticket_ends(backend: Backend, key: str) -> None:
    ticket = backend.begin_upload(key=key, content_type="video/mp4", max_bytes=1000, seconds=-1)
    response = requests.post(ticket.url, data=dict(ticket.fields), files={"file": b"x"}, timeout=30)

    assert response.status_code == 403
    assert backend.inspect(key) is None


def test_inspect_of_nothing_is_none(backend: Backend, key: str) -> None:
    assert backend.inspect(key) is None


def test_read_gives_the_range(backend: Backend, key: str) -> None:
    send(backend, key, bytes(range(200)))

    assert backend.read(key, 10, 5) == bytes(range(10, 15))
    assert backend.read(key, 195, 100) == bytes(range(195, 200))
    assert backend.read(key, 500, 10) == b""


def test_delete_removes_and_may_be_repeated(backend: Backend, key: str) -> None:
    send(backend, key, b"x")

    backend.delete(key)
    backend.delete(key)
    assert backend.inspect(key) is None


def test_playback_names_one_object_and_ends(backend: Backend, key: str) -> None:
    playback = backend.playback(key, content_type="video/mp4", seconds=60)

    assert "my%20film%20%281%29%2B%C3%A9.mp4?" in playback.src
    assert f"Expires={int(playback.expires_at.timestamp())}&" in playback.src


def test_no_answer_will_pass(object_store: ObjectStore, cloudfront_key: str) -> None:
    gone = s3(object_store, cloudfront_key, endpoint="http://127.0.0.1:9")

    with pytest.raises(StorageUnavailable):
        gone.inspect("x")


@pytest.mark.parametrize("changes", [{"secret_key": "wrong"}, {"bucket": "no-such-bucket"}])
def test_wrong_set_up_needs_a_person(object_store: ObjectStore, cloudfront_key: str, changes: dict[str, str]) -> None:
    wrong = s3(object_store, cloudfront_key, **changes)

    with pytest.raises(StorageRefused) as refused:
        wrong.read("x", 0, 1)
    assert object_store.secret_key not in refused.value.reason


@pytest.mark.parametrize("changes", [{"domain": ""}, {"private_key": ""}, {"private_key": "not a key"}])
def test_playback_that_is_not_set_up_is_told(
    object_store: ObjectStore, cloudfront_key: str, changes: dict[str, str]
) -> None:
    with pytest.raises(StorageRefused, match="CLOUDFRONT"):
        s3(object_store, cloudfront_key, **changes).playback("x", content_type="video/mp4", seconds=60)
