"""What every storage backend must do, run over each of them.

A backend is one line in BACKENDS; what it declares that it cannot do is skipped here.
"""

import contextlib
import dataclasses
import io
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import boto3
import pytest
import requests
import time_machine

from demo.objectstore import ObjectStore
from tests.faults import FaultProxy
from video.storage import s3 as s3_module
from video.storage.base import (
    Backend,
    FormTicket,
    ObjectChanged,
    PartsTicket,
    StorageError,
    StorageRefused,
    StorageUnavailable,
    StoredPart,
    UploadGone,
)
from video.storage.s3 import S3

MIB = 1024 * 1024
MAX_BYTES = 1024 * MIB
PAST = timedelta(hours=1)


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


BACKENDS: dict[str, Callable[..., Backend]] = {"s3": s3}


@pytest.fixture(params=BACKENDS)
def make(request: pytest.FixtureRequest, object_store: ObjectStore, cloudfront_key: str) -> Callable[..., Backend]:
    """Makes the backend; with changes to how it is set up, if a test has some."""
    return lambda **changes: BACKENDS[request.param](object_store, cloudfront_key, **changes)


@pytest.fixture
def backend(make: Callable[..., Backend]) -> Backend:
    return make()


@pytest.fixture
def resumable(backend: Backend) -> Backend:
    if not backend.abilities.resumable:
        pytest.skip("takes no parts")
    return backend


@pytest.fixture
def folder() -> str:
    return f"videos/{secrets.token_hex(4)}/"


@pytest.fixture
def key(folder: str) -> str:
    return f"{folder}my film (1)+é.mp4"


# A form


def form(
    backend: Backend, key: str, *, size: int = 1, max_bytes: int = 1000, seconds: int = 60, save_as: str = ""
) -> FormTicket:
    ticket = backend.begin_upload(
        key=key, content_type="video/mp4", size=size, max_bytes=max_bytes, seconds=seconds, save_as=save_as
    )
    assert isinstance(ticket, FormTicket)
    assert ticket.way == "form"
    return ticket


def send(backend: Backend, to: str, content: bytes, **fields: str) -> int:
    ticket = form(backend, to, size=len(content))
    data = {**ticket.fields, **fields}
    return requests.post(ticket.url, data=data, files={"file": content}, timeout=30).status_code


def test_form_takes_what_it_is_for(backend: Backend, key: str) -> None:
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
def test_form_takes_nothing_else(backend: Backend, key: str, size: int, fields: dict[str, str]) -> None:
    assert 400 <= send(backend, key, b"x" * size, **fields) < 500

    assert backend.inspect(key) is None
    assert backend.inspect("other") is None


def test_form_takes_the_announced_types_letters_alone(backend: Backend, key: str) -> None:
    assert send(backend, key, b"x", **{"Content-Type": "video/mp4; codecs=x"}) == 403
    assert backend.inspect(key) is None


def test_form_ends(backend: Backend, key: str) -> None:
    with time_machine.travel(datetime.now(UTC) - PAST):
        ticket = form(backend, key)
        assert datetime.now(UTC) < ticket.expires_at <= datetime.now(UTC) + timedelta(seconds=60)
    response = requests.post(ticket.url, data=dict(ticket.fields), files={"file": b"x"}, timeout=30)

    assert response.status_code == 403
    assert backend.inspect(key) is None


HARD_NAME = 'Ré “sumé” 100% "a"; b\\c 中.pdf'


def is_saved(backend: Backend, key: str) -> bool:
    stored = backend.inspect(key)
    assert stored is not None
    return stored.saved


def test_what_a_form_sends_is_saved_under_its_name_also_when_settled(
    backend: Backend, key: str, folder: str, object_store: ObjectStore
) -> None:
    ticket = form(backend, key, save_as=HARD_NAME)
    assert requests.post(ticket.url, data=dict(ticket.fields), files={"file": b"x"}, timeout=30).status_code < 300
    backend.settle(key=key, to=f"{folder}kept/a.mp4", checksum=checksum(backend, key))

    assert is_saved(backend, f"{folder}kept/a.mp4")
    # As a browser gets it, by an address of storage's own.
    client = boto3.client(
        "s3",
        endpoint_url=object_store.endpoint,
        region_name="us-east-1",
        aws_access_key_id=object_store.access_key,
        aws_secret_access_key=object_store.secret_key,
    )
    told = client.head_object(Bucket=object_store.bucket, Key=f"{folder}kept/a.mp4")["ContentDisposition"]
    assert unquote(told.rpartition("filename*=UTF-8''")[2]) == HARD_NAME
    assert told.startswith('attachment; filename="R_ _sum__ 100_ _a_; b_c _.pdf"')


@pytest.mark.parametrize("disposition", ["inline", ""])
def test_a_form_that_saves_takes_nothing_that_opens(backend: Backend, key: str, disposition: str) -> None:
    ticket = form(backend, key, save_as="a.pdf")
    fields = {**ticket.fields, "Content-Disposition": disposition}
    if not disposition:
        del fields["Content-Disposition"]

    assert requests.post(ticket.url, data=fields, files={"file": b"x"}, timeout=30).status_code == 403
    assert backend.inspect(key) is None


def test_what_comes_in_parts_or_from_a_worker_is_saved_too(resumable: Backend, key: str, folder: str) -> None:
    ticket = resumable.begin_upload(
        key=key, content_type="application/pdf", size=20 * MIB, max_bytes=MAX_BYTES, seconds=60, save_as=HARD_NAME
    )
    assert isinstance(ticket, PartsTicket)
    assert put_part(resumable, key, ticket.upload_id, 1, b"x").status_code == 200
    finish(resumable, key, ticket.upload_id)
    resumable.put(f"{folder}b.mp4", io.BytesIO(b"x"), content_type="video/mp4", save_as=HARD_NAME)

    assert is_saved(resumable, key)
    assert is_saved(resumable, f"{folder}b.mp4")


def test_nothing_is_saved_that_was_not_to_be(backend: Backend, key: str) -> None:
    assert send(backend, key, b"x") < 300
    assert not is_saved(backend, key)


# Parts


def begin(backend: Backend, key: str, *, size: int | None = None) -> str:
    ticket = backend.begin_upload(key=key, content_type="video/mp4", size=size, max_bytes=MAX_BYTES, seconds=60)
    assert isinstance(ticket, PartsTicket)
    return ticket.upload_id


def put_part(backend: Backend, key: str, upload_id: str, number: int, content: bytes) -> requests.Response:
    signed = backend.sign_parts(key=key, upload_id=upload_id, sizes={number: len(content)}, seconds=60)
    return requests.put(signed.urls[number], data=content, timeout=30)


def sent(backend: Backend, key: str, *parts: bytes) -> str:
    """An upload of which these parts have arrived, from number 1."""
    upload_id = begin(backend, key)
    for number, content in enumerate(parts, 1):
        assert put_part(backend, key, upload_id, number, content).status_code == 200
    return upload_id


def finish(backend: Backend, key: str, upload_id: str) -> None:
    backend.finish_parts(key=key, upload_id=upload_id, parts=backend.parts(key=key, upload_id=upload_id))


@pytest.mark.parametrize("size", [17 * MIB, 2 * 1024 * MIB, 5 * 1024 * 1024 * MIB, None])
def test_large_or_unknown_size_goes_in_parts(resumable: Backend, key: str, size: int | None) -> None:
    ticket = resumable.begin_upload(
        key=key, content_type="video/mp4", size=size, max_bytes=resumable.abilities.max_bytes, seconds=60
    )

    assert isinstance(ticket, PartsTicket)
    assert ticket.way == "parts"
    # S3's own bounds, which all who speak of parts keep.
    assert 5 * MIB <= ticket.part_bytes <= 5 * 1024 * MIB
    assert (size or 0) <= ticket.part_bytes * 10_000
    assert resumable.parts(key=key, upload_id=ticket.upload_id) == []
    resumable.abort_parts(key=key, upload_id=ticket.upload_id)


def test_parts_sent_in_any_order_become_one_object(resumable: Backend, key: str) -> None:
    first, second, last = b"a" * 5 * MIB, b"b" * 5 * MIB, b"the end"
    upload_id = begin(resumable, key)
    for number, content in ((3, last), (1, first), (2, second)):
        answer = put_part(resumable, key, upload_id, number, content)
        assert answer.status_code == 200
        assert answer.headers["ETag"]

    arrived = resumable.parts(key=key, upload_id=upload_id)
    assert [(part.number, part.size) for part in arrived] == [(1, 5 * MIB), (2, 5 * MIB), (3, 7)]
    assert resumable.inspect(key) is None
    resumable.finish_parts(key=key, upload_id=upload_id, parts=arrived)

    stored = resumable.inspect(key)
    assert stored is not None
    assert (stored.size, stored.content_type) == (10 * MIB + 7, "video/mp4")
    assert resumable.read(key, 0, 11 * MIB) == first + second + last


def test_part_is_as_long_as_it_was_signed_for(resumable: Backend, key: str) -> None:
    upload_id = begin(resumable, key)
    signed = resumable.sign_parts(key=key, upload_id=upload_id, sizes={1: 5}, seconds=60)

    for content in (b"123456", b"1234", iter([b"123", b"45"])):  # the last one: chunked, its length untold
        assert requests.put(signed.urls[1], data=content, timeout=30).status_code == 403
    assert resumable.parts(key=key, upload_id=upload_id) == []
    # A browser names the type of a blob that has one.
    told = requests.put(signed.urls[1], data=b"12345", headers={"Content-Type": "video/mp4"}, timeout=30)
    assert told.status_code == 200


def test_part_broken_off_did_not_arrive(
    resumable: Backend, make: Callable[..., Backend], object_store: ObjectStore, key: str
) -> None:
    with FaultProxy(object_store.endpoint) as proxy:
        behind = make(endpoint=proxy.address)
        upload_id = begin(behind, key)
        proxy.truncate_requests()
        with pytest.raises(requests.ConnectionError):
            put_part(behind, key, upload_id, 1, b"a" * MIB)

    assert resumable.parts(key=key, upload_id=upload_id) == []


def test_address_of_a_part_ends(resumable: Backend, key: str) -> None:
    upload_id = begin(resumable, key)
    with time_machine.travel(datetime.now(UTC) - PAST):
        signed = resumable.sign_parts(key=key, upload_id=upload_id, sizes={1: 1}, seconds=60)
        assert datetime.now(UTC) < signed.expires_at <= datetime.now(UTC) + timedelta(seconds=60)

    assert requests.put(signed.urls[1], data=b"x", timeout=30).status_code == 403
    assert resumable.parts(key=key, upload_id=upload_id) == []


def test_address_of_a_part_is_for_that_part(resumable: Backend, key: str) -> None:
    upload_id, other = begin(resumable, key), begin(resumable, key)
    url = resumable.sign_parts(key=key, upload_id=upload_id, sizes={1: 1}, seconds=60).urls[1]

    for changed in (url.replace("partNumber=1", "partNumber=2"), url.replace(upload_id, other)):
        assert changed != url
        assert requests.put(changed, data=b"x", timeout=30).status_code == 403
    for each in (upload_id, other):
        assert resumable.parts(key=key, upload_id=each) == []


def test_part_sent_again_replaces_the_first(resumable: Backend, key: str) -> None:
    upload_id = sent(resumable, key, b"a" * 5 * MIB, b"end")
    second_of_arrival = int(time.time())
    while int(time.time()) == second_of_arrival:  # servers tell the time of a part in whole seconds
        time.sleep(0.01)
    assert put_part(resumable, key, upload_id, 1, b"b" * 5 * MIB).status_code == 200

    arrived = resumable.parts(key=key, upload_id=upload_id)
    assert [(part.number, part.size) for part in arrived] == [(1, 5 * MIB), (2, 3)]
    resumable.finish_parts(key=key, upload_id=upload_id, parts=arrived)
    assert resumable.read(key, 0, 6 * MIB) == b"b" * 5 * MIB + b"end"


def test_all_parts_are_listed_however_many(resumable: Backend, key: str) -> None:
    """1,000 are listed at once."""
    upload_id = begin(resumable, key)
    numbers = range(1, 1002)
    signed = resumable.sign_parts(key=key, upload_id=upload_id, sizes=dict.fromkeys(numbers, 1), seconds=60)
    with requests.Session() as session, ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda url: session.put(url, data=b"x", timeout=30).status_code, signed.urls.values())
        assert set(answers) == {200}

    arrived = resumable.parts(key=key, upload_id=upload_id)
    assert [part.number for part in arrived] == list(numbers)
    resumable.abort_parts(key=key, upload_id=upload_id)


def test_what_is_not_named_at_the_end_is_dropped(resumable: Backend, key: str) -> None:
    upload_id = sent(resumable, key, b"a" * 5 * MIB, b"b")
    first, _ = resumable.parts(key=key, upload_id=upload_id)
    resumable.finish_parts(key=key, upload_id=upload_id, parts=[first])

    assert resumable.read(key, 0, 6 * MIB) == b"a" * 5 * MIB
    assert list(resumable.unfinished(key)) == []


def test_address_of_a_part_ends_with_its_upload(resumable: Backend, key: str) -> None:
    """What was looked at is what is played: nobody who still holds an address can change it."""
    upload_id = begin(resumable, key)
    first = b"a" * 5 * MIB
    urls = resumable.sign_parts(key=key, upload_id=upload_id, sizes={1: len(first), 2: 3}, seconds=60).urls
    requests.put(urls[1], data=first, timeout=30)
    finish(resumable, key, upload_id)
    before = resumable.inspect(key)

    for content in (b"b" * 5 * MIB, b"end"):
        answer = requests.put(urls[1 if len(content) > 3 else 2], data=content, timeout=30)
        assert answer.status_code == 404
    with pytest.raises((UploadGone, ObjectChanged)):
        resumable.finish_parts(key=key, upload_id=upload_id, parts=[StoredPart(1, 3, "0" * 32)])
    assert resumable.inspect(key) == before
    assert resumable.read(key, 0, 6 * MIB) == first


def test_an_object_is_made_of_parts_once(resumable: Backend, key: str) -> None:
    """Two who finish at once, each with what had arrived when it looked: the second makes nothing."""
    upload_id, other = sent(resumable, key, b"a" * 5 * MIB, b"b"), sent(resumable, key, b"c" * 5 * MIB)
    finish(resumable, key, upload_id)
    before = resumable.inspect(key)

    with pytest.raises(ObjectChanged):
        finish(resumable, key, other)
    assert resumable.inspect(key) == before


def test_finishing_again_changes_nothing(resumable: Backend, key: str) -> None:
    upload_id = sent(resumable, key, b"a" * 5 * MIB, b"b")
    arrived = resumable.parts(key=key, upload_id=upload_id)
    resumable.finish_parts(key=key, upload_id=upload_id, parts=arrived)
    before = resumable.inspect(key)

    for parts in (arrived, arrived[:1]):
        with contextlib.suppress(UploadGone, ObjectChanged):  # any of the three will do
            resumable.finish_parts(key=key, upload_id=upload_id, parts=parts)
    assert resumable.inspect(key) == before
    with pytest.raises(UploadGone):
        resumable.parts(key=key, upload_id=upload_id)
    assert put_part(resumable, key, upload_id, 2, b"c").status_code == 404
    resumable.abort_parts(key=key, upload_id=upload_id)
    assert resumable.inspect(key) == before


def test_finishing_with_a_part_that_is_another_now_is_told(resumable: Backend, key: str) -> None:
    upload_id = sent(resumable, key, b"a" * 5 * MIB, b"b")
    first, last = resumable.parts(key=key, upload_id=upload_id)
    changed = dataclasses.replace(last, checksum="0" * 32)
    never_sent = StoredPart(number=3, size=1, checksum=last.checksum)

    for parts in ([first, changed], [first, never_sent]):
        with pytest.raises(ObjectChanged):
            resumable.finish_parts(key=key, upload_id=upload_id, parts=parts)
    assert resumable.inspect(key) is None
    finish(resumable, key, upload_id)
    assert resumable.read(key, 5 * MIB, 5) == b"b"


def test_aborted_upload_is_gone_and_may_be_aborted_again(resumable: Backend, key: str) -> None:
    upload_id = sent(resumable, key, b"a" * 5 * MIB)
    arrived = resumable.parts(key=key, upload_id=upload_id)

    resumable.abort_parts(key=key, upload_id=upload_id)
    resumable.abort_parts(key=key, upload_id=upload_id)
    with pytest.raises(UploadGone):
        resumable.parts(key=key, upload_id=upload_id)
    with pytest.raises(UploadGone):
        resumable.finish_parts(key=key, upload_id=upload_id, parts=arrived)
    assert put_part(resumable, key, upload_id, 1, b"x").status_code == 404
    assert resumable.inspect(key) is None


def test_upload_is_of_its_key_alone(resumable: Backend, key: str, folder: str) -> None:
    upload_id = sent(resumable, key, b"a" * 5 * MIB)
    arrived = resumable.parts(key=key, upload_id=upload_id)
    other = f"{folder}other.mp4"
    theirs = sent(resumable, other, b"b" * 5 * MIB)

    for wrong in ({"key": other, "upload_id": upload_id}, {"key": key, "upload_id": "no-such-upload"}):
        with pytest.raises(UploadGone):
            resumable.parts(**wrong)
        with pytest.raises(UploadGone):
            resumable.finish_parts(**wrong, parts=arrived)
        resumable.abort_parts(**wrong)
        assert put_part(resumable, wrong["key"], wrong["upload_id"], 1, b"x").status_code == 404
    # Another upload's part is not this one's.
    with pytest.raises(ObjectChanged):
        resumable.finish_parts(key=key, upload_id=upload_id, parts=resumable.parts(key=other, upload_id=theirs))
    assert resumable.parts(key=key, upload_id=upload_id) == arrived


def test_two_uploads_to_one_key_stay_apart(resumable: Backend, key: str) -> None:
    first = sent(resumable, key, b"a" * 5 * MIB)
    second = sent(resumable, key, b"b" * 5 * MIB)
    finish(resumable, key, second)

    assert [part.number for part in resumable.parts(key=key, upload_id=first)] == [1]
    assert resumable.read(key, 0, 1) == b"b"
    resumable.abort_parts(key=key, upload_id=first)
    assert resumable.read(key, 0, 1) == b"b"


def test_unfinished_uploads_are_found_by_prefix(resumable: Backend, key: str, folder: str) -> None:
    began = datetime.now(UTC)
    first, second = sent(resumable, key, b"a"), begin(resumable, f"{folder}second.mp4")
    finished = sent(resumable, f"{folder}third.mp4", b"c" * 5 * MIB)
    finish(resumable, f"{folder}third.mp4", finished)

    found = {each.upload_id: each for each in resumable.unfinished(folder)}
    assert {upload_id: each.key for upload_id, each in found.items()} == {first: key, second: f"{folder}second.mp4"}
    assert abs(found[first].since - began) < timedelta(minutes=1)
    assert [each.upload_id for each in resumable.unfinished(key)] == [first]
    assert list(resumable.unfinished(f"{folder}none")) == []
    for each in found.values():
        resumable.abort_parts(key=each.key, upload_id=each.upload_id)
    assert list(resumable.unfinished(folder)) == []


# Objects


def test_inspect_of_nothing_is_none(backend: Backend, key: str) -> None:
    assert backend.inspect(key) is None


def test_read_gives_the_range(backend: Backend, key: str) -> None:
    backend.put(key, io.BytesIO(bytes(range(200))), content_type="video/mp4")

    assert backend.read(key, 10, 5) == bytes(range(10, 15))
    assert backend.read(key, 195, 100) == bytes(range(195, 200))
    assert backend.read(key, 500, 10) == b""


def test_read_of_nothing_is_told(backend: Backend, key: str) -> None:
    with pytest.raises(ObjectChanged):
        backend.read(key, 0, 1)


@pytest.mark.parametrize("size", [0, 10, 9 * MIB])
def test_put_stores_from_the_present_position(backend: Backend, key: str, size: int) -> None:
    file = io.BytesIO(b"head" + b"x" * size)
    file.seek(4)
    backend.put(key, file, content_type="video/webm")

    stored = backend.inspect(key)
    assert stored is not None
    assert (stored.size, stored.content_type) == (size, "video/webm")
    assert backend.read(key, 0, 10 * MIB) == b"x" * size


def test_put_replaces(backend: Backend, key: str) -> None:
    checksums = set()
    for content, content_type in ((b"first", "video/webm"), (b"second", "video/mp4")):
        backend.put(key, io.BytesIO(content), content_type=content_type)
        stored = backend.inspect(key)
        assert stored is not None
        assert (stored.size, stored.content_type) == (len(content), content_type)
        assert backend.read(key, 0, 100) == content
        checksums.add(stored.checksum)
    assert len(checksums) == 2


def test_delete_removes_and_may_be_repeated(backend: Backend, key: str) -> None:
    backend.put(key, io.BytesIO(b"x"), content_type="video/mp4")

    backend.delete(key)
    backend.delete(key)
    assert backend.inspect(key) is None


def checksum(backend: Backend, key: str) -> str:
    stored = backend.inspect(key)
    assert stored is not None
    return stored.checksum


@pytest.mark.parametrize("in_parts", [False, True], ids=["whole", "in parts"])
def test_settle_copies(
    backend: Backend, key: str, folder: str, in_parts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if in_parts:  # as above 5 GiB on AWS
        monkeypatch.setattr(s3_module, "COPY_PART_BYTES", 5 * MIB)
    content = b"a" * 5 * MIB + b"b" * 2 * MIB
    backend.put(key, io.BytesIO(content), content_type="video/webm")
    to = f"{folder}settled/é (2)+.webm"
    backend.settle(key=key, to=to, checksum=checksum(backend, key))

    assert backend.read(key, 0, 8 * MIB) == content, "whoever took it in first removes it"
    stored = backend.inspect(to)
    assert stored is not None
    assert (stored.size, stored.content_type) == (len(content), "video/webm")
    assert backend.read(to, 0, 8 * MIB) == content


def test_settle_copies_what_came_in_parts(resumable: Backend, key: str, folder: str) -> None:
    finish(resumable, key, sent(resumable, key, b"a" * 5 * MIB, b"b"))
    resumable.settle(key=key, to=f"{folder}settled.mp4", checksum=checksum(resumable, key))

    stored = resumable.inspect(f"{folder}settled.mp4")
    assert stored is not None
    assert (stored.size, stored.content_type) == (5 * MIB + 1, "video/mp4")


def test_settle_refuses_what_changed_and_leaves_both(backend: Backend, key: str, folder: str) -> None:
    to = f"{folder}settled.mp4"
    backend.put(key, io.BytesIO(b"looked at"), content_type="video/mp4")
    looked_at = checksum(backend, key)
    backend.put(key, io.BytesIO(b"exchanged"), content_type="video/mp4")
    backend.put(to, io.BytesIO(b"was there"), content_type="video/mp4")

    with pytest.raises(ObjectChanged):
        backend.settle(key=key, to=to, checksum=looked_at)
    assert backend.read(key, 0, 100) == b"exchanged"
    assert backend.read(to, 0, 100) == b"was there"


def test_settle_refuses_what_is_gone(backend: Backend, key: str, folder: str) -> None:
    to = f"{folder}settled.mp4"
    backend.put(key, io.BytesIO(b"x"), content_type="video/mp4")
    looked_at = checksum(backend, key)
    backend.settle(key=key, to=to, checksum=looked_at)
    backend.delete(key)

    with pytest.raises(ObjectChanged):
        backend.settle(key=key, to=to, checksum=looked_at)
    assert backend.read(to, 0, 100) == b"x"


def test_objects_are_listed_by_prefix(backend: Backend, key: str, folder: str) -> None:
    began = datetime.now(UTC)
    backend.put(key, io.BytesIO(b"1"), content_type="video/mp4")
    backend.put(f"{folder}deep/er.mp4", io.BytesIO(b"22"), content_type="video/mp4")

    found = {each.key: each for each in backend.listed(folder)}
    assert {name: each.size for name, each in found.items()} == {key: 1, f"{folder}deep/er.mp4": 2}
    assert abs(found[key].since - began) < timedelta(minutes=1)
    assert not found[key].upload_id
    assert [each.key for each in backend.listed(f"{folder}dee")] == [f"{folder}deep/er.mp4"]
    assert list(backend.listed(f"{folder}none")) == []


def test_playback_names_one_object_and_ends(backend: Backend, key: str) -> None:
    playback = backend.playback(key, content_type="video/mp4", seconds=60)

    assert "my%20film%20%281%29%2B%C3%A9.mp4?" in playback.src
    assert f"Expires={int(playback.expires_at.timestamp())}&" in playback.src


# Failures

PART = StoredPart(number=1, size=1, checksum="0" * 32)
ASKED: dict[str, Callable[[Backend], object]] = {
    "parts": lambda backend: backend.parts(key="k", upload_id="u"),
    "finish_parts": lambda backend: backend.finish_parts(key="k", upload_id="u", parts=[PART]),
    "abort_parts": lambda backend: backend.abort_parts(key="k", upload_id="u"),
    "begin_upload": lambda backend: begin(backend, "k"),
    "unfinished": lambda backend: list(backend.unfinished("k")),
    "read": lambda backend: backend.read("k", 0, 1),
    "put": lambda backend: backend.put("k", io.BytesIO(b"x"), content_type="video/mp4"),
    "put in parts": lambda backend: backend.put("k", io.BytesIO(b"x" * 9 * MIB), content_type="video/mp4"),
    "delete": lambda backend: backend.delete("k"),
    "listed": lambda backend: list(backend.listed("k")),
    "settle": lambda backend: backend.settle(key="k", to="l", checksum="0" * 32),
    "inspect": lambda backend: backend.inspect("k"),
}
OF_PARTS = {"parts", "finish_parts", "abort_parts", "begin_upload", "unfinished"}
# AWS, too, answers HEAD without a body, so nobody can tell what it is that is not there.
BY_HEAD = {"settle", "inspect"}


def outcomes(backend: Backend) -> dict[str, type[Exception] | None]:
    """What each raises. All at once: a client waits between its tries."""
    reasons: list[str] = []

    def outcome(name: str) -> type[Exception] | None:
        try:
            ASKED[name](backend)
        except StorageError as error:
            reasons.append(error.reason)
            return type(error)
        return None

    names = [name for name in ASKED if backend.abilities.resumable or name not in OF_PARTS]
    with ThreadPoolExecutor(len(names)) as pool:
        found = dict(zip(names, pool.map(outcome, names), strict=True))
    assert not any(word in " ".join(reasons) for word in ("secret", "http:", "nobody"))
    return found


def test_no_answer_will_pass(make: Callable[..., Backend]) -> None:
    assert set(outcomes(make(endpoint="http://127.0.0.1:9")).values()) == {StorageUnavailable}


def test_slow_down_will_pass(make: Callable[..., Backend], object_store: ObjectStore) -> None:
    with FaultProxy(object_store.endpoint) as line:
        line.slow_down()
        assert set(outcomes(make(endpoint=line.address)).values()) == {StorageUnavailable}


@pytest.mark.parametrize("fault", [FaultProxy.reset, FaultProxy.truncate_answers])
def test_broken_connection_will_pass(
    make: Callable[..., Backend], object_store: ObjectStore, key: str, fault: Callable[[FaultProxy], None]
) -> None:
    with FaultProxy(object_store.endpoint) as line:
        far = make(endpoint=line.address)
        far.put(key, io.BytesIO(b"x" * 1000), content_type="video/mp4")
        fault(line)
        for ask in (lambda: far.read(key, 0, 1000), lambda: list(far.listed(key))):
            with pytest.raises(StorageUnavailable):
                ask()
        line.heal()
        assert far.read(key, 0, 1000) == b"x" * 1000


@pytest.mark.parametrize("changes", [{"secret_key": "secret"}, {"access_key": "nobody"}])
def test_wrong_credentials_need_a_person(make: Callable[..., Backend], changes: dict[str, str]) -> None:
    assert set(outcomes(make(**changes)).values()) == {StorageRefused}


def test_wrong_bucket_needs_a_person(make: Callable[..., Backend]) -> None:
    told = outcomes(make(bucket="no-such-bucket"))
    assert {told[name] for name in told.keys() - BY_HEAD} == {StorageRefused}


@pytest.mark.parametrize("changes", [{"domain": ""}, {"private_key": ""}, {"private_key": "not a key"}])
def test_playback_that_is_not_set_up_is_told(make: Callable[..., Backend], changes: dict[str, str]) -> None:
    with pytest.raises(StorageRefused, match="CLOUDFRONT"):
        make(**changes).playback("x", content_type="video/mp4", seconds=60)
