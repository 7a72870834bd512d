"""Stands in for CloudFront: no object without a valid signature; ranges from the S3 server behind it.

    python -m demo.edge --port 8020 --endpoint http://localhost:8010 --bucket videos --key-id K1 --public-key cf.pub

Signatures as AWS documents them ("Create a signed URL using a canned policy", "… a custom policy"): RSA or ECDSA, SHA-1
or, with `Hash-Algorithm=SHA256`, SHA-256. Credentials for S3 come from the environment.
"""

import argparse
import base64
import binascii
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from flask import Flask, Response, request

from demo.serving import serve

CHUNK = 256 * 1024
_SIGNING = ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")
_COPIED = {
    "ContentLength": "Content-Length",
    "ContentType": "Content-Type",
    "ContentDisposition": "Content-Disposition",
    "ContentRange": "Content-Range",
    "ETag": "ETag",
}


class Denied(Exception):
    """The code that CloudFront answers with."""


class PublicKey(Protocol):
    def __call__(self, signature: bytes, message: bytes, algorithm: hashes.HashAlgorithm) -> None: ...


def load_key(pem: bytes) -> PublicKey:
    """A verifier that raises InvalidSignature."""
    key = serialization.load_pem_public_key(pem)
    if isinstance(key, rsa.RSAPublicKey):
        rsa_key = key
        return lambda signature, message, algorithm: rsa_key.verify(signature, message, padding.PKCS1v15(), algorithm)
    if isinstance(key, ec.EllipticCurvePublicKey):
        ec_key = key
        return lambda signature, message, algorithm: ec_key.verify(signature, message, ec.ECDSA(algorithm))
    raise TypeError("neither an RSA nor an ECDSA key")


def check(url: str, query: dict[str, str], *, key_id: str, verify: PublicKey, now: float) -> None:
    """Raise Denied unless `query` signs `url` (without its signing parameters) and still holds."""
    if "Signature" not in query or not ("Expires" in query or "Policy" in query):
        raise Denied("MissingKey")
    if query.get("Key-Pair-Id") != key_id:
        raise Denied("InvalidKey")
    if "Policy" in query:
        policy = _decode(query["Policy"])
    else:
        statement = {"Resource": url, "Condition": {"DateLessThan": {"AWS:EpochTime": _number(query["Expires"])}}}
        policy = json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()
    algorithm = hashes.SHA256() if query.get("Hash-Algorithm") == "SHA256" else hashes.SHA1()
    try:
        verify(_decode(query["Signature"]), policy, algorithm)
    except InvalidSignature as error:
        raise Denied("AccessDenied") from error
    _check_policy(policy, url, now)


def _check_policy(policy: bytes, url: str, now: float) -> None:
    try:
        statement = json.loads(policy)["Statement"][0]
        condition, resource = statement["Condition"], statement["Resource"]
        ends = condition["DateLessThan"]["AWS:EpochTime"]
        begins = condition.get("DateGreaterThan", {}).get("AWS:EpochTime", 0)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise Denied("MalformedPolicy") from error
    pattern = re.escape(resource).replace(r"\*", ".*").replace(r"\?", ".")
    if not begins <= now < ends or not re.fullmatch(pattern, url):
        raise Denied("AccessDenied")


def _number(text: str) -> int:
    if not text.isdigit():
        raise Denied("MalformedExpires")
    return int(text)


def _decode(text: str) -> bytes:
    """CloudFront's alphabet: `+ = /` are written `- _ ~`."""
    try:
        return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Denied("MalformedSignature") from error


def create_app(*, s3: Any, bucket: str, key_id: str, public_key: bytes) -> Flask:
    """The edge as a WSGI application over a boto3 S3 client."""
    app = Flask(__name__, static_folder=None)
    verify = load_key(public_key)

    @app.get("/<path:key>")
    def fetch(key: str) -> Response:
        raw_path = str(request.environ.get("RAW_URI") or request.environ["REQUEST_URI"]).partition("?")[0]
        origin = f"{request.headers.get('X-Forwarded-Proto', request.scheme)}://{request.host}"
        try:
            check(f"{origin}{raw_path}", request.args.to_dict(), key_id=key_id, verify=verify, now=time.time())
        except Denied as denied:
            return _refusal(403, str(denied))
        return _from_s3(s3, bucket, unquote(raw_path).lstrip("/"))

    @app.after_request
    def let_pages_read(response: Response) -> Response:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "Content-Length, Content-Range"
        return response

    return app


def _from_s3(s3: Any, bucket: str, key: str) -> Response:
    wanted = {"Range": request.headers["Range"]} if "Range" in request.headers else {}
    call = s3.head_object if request.method == "HEAD" else s3.get_object
    try:
        found = call(Bucket=bucket, Key=key, **wanted)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return _refusal(416 if status == 416 else 403, "AccessDenied")
    except BotoCoreError:
        return _refusal(502, "OriginError")
    headers = {to: str(found[name]) for name, to in _COPIED.items() if name in found}
    headers["Accept-Ranges"] = "bytes"
    status = found["ResponseMetadata"]["HTTPStatusCode"]
    body = b"" if request.method == "HEAD" else _stream(found["Body"])
    return Response(body, status=status, headers=headers)


def _stream(body: Any) -> Iterator[bytes]:
    try:
        yield from body.iter_chunks(CHUNK)
    finally:
        body.close()  # a browser that seeks drops the connection


def _refusal(status: int, code: str) -> Response:
    xml = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>Access denied</Message></Error>'
    return Response(xml, status=status, mimetype="text/xml", headers={"Cache-Control": "no-store"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--key-id", required=True)
    parser.add_argument("--public-key", type=Path, required=True)
    options = parser.parse_args()
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, max_pool_connections=50)
    s3 = boto3.client("s3", endpoint_url=options.endpoint, region_name="us-east-1", config=config)
    public_key = options.public_key.read_bytes()
    serve(create_app(s3=s3, bucket=options.bucket, key_id=options.key_id, public_key=public_key), options.port)


if __name__ == "__main__":
    main()
