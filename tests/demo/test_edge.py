"""The edge opens for CloudFront's own signatures and for nothing else. Signatures here are made by botocore."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from flask.testing import FlaskClient

from demo.edge import create_app
from demo.objectstore import ObjectStore

KEY = "videos/person/20261121_ab/My film (1)+é.mp4"
CONTENT = bytes(range(256)) * 100
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def rsa_sign(message: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    return RSA.sign(message, padding.PKCS1v15(), algorithm)


def ec_sign(message: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    return EC.sign(message, ec.ECDSA(algorithm))


@pytest.fixture(scope="module")
def s3(object_store: ObjectStore) -> Any:
    client = boto3.client(
        "s3",
        endpoint_url=object_store.endpoint,
        region_name="us-east-1",
        aws_access_key_id=object_store.access_key,
        aws_secret_access_key=object_store.secret_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    client.put_object(Bucket=object_store.bucket, Key=KEY, Body=CONTENT, ContentType="video/mp4")
    return client


@pytest.fixture(scope="module", params=[RSA, EC], ids=["RSA", "ECDSA"])
def key(request: pytest.FixtureRequest) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    found: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = request.param
    return found


@pytest.fixture(scope="module")
def edge(s3: Any, object_store: ObjectStore, key: Any) -> Iterator[FlaskClient]:
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    app = create_app(s3=s3, bucket=object_store.bucket, key_id="K1", public_key=pem)
    with app.test_client() as client:
        yield client


@pytest.fixture(params=[hashes.SHA1(), hashes.SHA256()], ids=["SHA-1", "SHA-256"])
def signed(request: pytest.FixtureRequest, key: Any) -> Callable[..., str]:
    """`signed(key, seconds)`: a path with its signature."""
    algorithm = request.param
    sign = rsa_sign if key is RSA else ec_sign
    extra = "&Hash-Algorithm=SHA256" if algorithm.name == "sha256" else ""

    def make(object_key: str = KEY, seconds: int = 60, key_id: str = "K1", **policy: Any) -> str:
        signer = CloudFrontSigner(key_id, lambda message: sign(message, algorithm))
        ends = datetime.now(UTC) + timedelta(seconds=seconds)
        url = f"http://localhost/{quote(object_key)}"
        if policy:
            custom = signer.build_policy(policy["resource"], ends)
            return signer.generate_presigned_url(url, policy=custom) + extra
        return signer.generate_presigned_url(url, date_less_than=ends) + extra

    return make


def test_good_signature_gets_the_whole_file(edge: FlaskClient, signed: Callable[..., str]) -> None:
    response = edge.get(signed())

    assert response.status_code == 200
    assert response.data == CONTENT
    assert response.headers["Content-Type"] == "video/mp4"
    assert response.headers["Accept-Ranges"] == "bytes"


def test_a_range_of_it(edge: FlaskClient, signed: Callable[..., str]) -> None:
    response = edge.get(signed(), headers={"Range": "bytes=100-199"})

    assert response.status_code == 206
    assert response.data == CONTENT[100:200]
    assert response.headers["Content-Range"] == f"bytes 100-199/{len(CONTENT)}"
    assert edge.get(signed(), headers={"Range": "bytes=999999-"}).status_code == 416


def test_custom_policy_with_a_wildcard(edge: FlaskClient, signed: Callable[..., str]) -> None:
    assert edge.get(signed(resource="http://localhost/videos/person/*")).status_code == 200
    assert edge.get(signed(resource="http://localhost/videos/another/*")).status_code == 403


def test_what_is_not_signed_for_is_refused(edge: FlaskClient, signed: Callable[..., str]) -> None:
    good = signed()
    path, _, query = good.partition("?")
    another = signed("videos/another.mp4").partition("?")[2]
    refused = {
        "no signature": path,
        "another path's signature": f"{path}?{another}",
        "another path": f"{path[:-5]}x.mp4?{query}",
        "expired": signed(seconds=-1),
        "unknown key id": signed(key_id="K2"),
        "changed expiry": good.replace("Expires=", "Expires=9"),
        "changed signature": good.replace("Signature=", "Signature=AAAA"),
        "no base64": good.replace("Signature=", "Signature=***"),
        "another hash": good.replace("&Hash-Algorithm=SHA256", "")
        if "Hash-Algorithm" in good
        else f"{good}&Hash-Algorithm=SHA256",
    }
    for what, url in refused.items():
        response = edge.get(url)
        assert response.status_code == 403, what
        assert b"<Error>" in response.data
        assert response.headers["Cache-Control"] == "no-store"


def test_an_object_that_is_not_there_is_refused_like_the_rest(edge: FlaskClient, signed: Callable[..., str]) -> None:
    assert edge.get(signed("videos/none.mp4")).status_code == 403


def test_our_own_signer_is_understood(edge: FlaskClient, key: Any) -> None:
    from video.storage.cloudfront import signed_url

    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    ends = datetime.fromtimestamp(time.time() + 60, UTC)
    url = signed_url(domain="http://localhost", key=KEY, key_id="K1", private_key=pem, expires_at=ends)

    assert "Hash-Algorithm=SHA256" in url
    assert edge.get(url).data == CONTENT
