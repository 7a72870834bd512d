"""S3 with CloudFront in front. The only module that imports boto3."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from video.storage.base import (
    Abilities,
    Playback,
    StorageRefused,
    StorageUnavailable,
    StoredObject,
    UploadTicket,
)
from video.storage.cloudfront import signed_url

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_WILL_PASS = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "RequestLimitExceeded"}
_ABSENT = {"404", "NoSuchKey", "NotFound"}


class S3:
    """Presigned POST up, CloudFront signed URL down."""

    name = "s3"
    abilities = Abilities()

    def __init__(self, *, client: "S3Client", bucket: str, domain: str, key_id: str, private_key: str) -> None:
        self._client = client
        self._bucket = bucket
        self._domain = domain
        self._key_id = key_id
        self._private_key = private_key

    @classmethod
    def from_settings(cls) -> "S3":
        if not settings.S3_BUCKET:
            raise StorageRefused("S3_BUCKET is not set.")
        return cls.connect(
            bucket=settings.S3_BUCKET,
            endpoint=settings.S3_ENDPOINT_URL,
            region=settings.S3_REGION,
            access_key=settings.AWS_ACCESS_KEY_ID,
            secret_key=settings.AWS_SECRET_ACCESS_KEY,
            domain=settings.CLOUDFRONT_DOMAIN,
            key_id=settings.CLOUDFRONT_KEY_ID,
            private_key=settings.CLOUDFRONT_PRIVATE_KEY,
        )

    @classmethod
    def connect(
        cls,
        *,
        bucket: str,
        endpoint: str,
        region: str,
        access_key: str,
        secret_key: str,
        domain: str,
        key_id: str,
        private_key: str,
    ) -> "S3":
        """An empty `endpoint` is AWS; empty credentials are the machine's role, the better way on AWS."""
        config = Config(
            signature_version="s3v4",  # boto3 still presigns with version 2 by itself, which new regions refuse
            s3={"addressing_style": "path" if endpoint else "virtual"},
            connect_timeout=5,
            read_timeout=15,
            retries={"mode": "standard", "max_attempts": 3},
        )
        client = boto3.client(
            "s3",
            endpoint_url=endpoint or None,
            region_name=region,
            aws_access_key_id=access_key or None,
            aws_secret_access_key=secret_key or None,
            config=config,
        )
        return cls(client=client, bucket=bucket, domain=domain, key_id=key_id, private_key=private_key)

    def begin_upload(self, *, key: str, content_type: str, max_bytes: int, seconds: int) -> UploadTicket:
        with _our_errors():
            post = self._client.generate_presigned_post(
                Bucket=self._bucket,
                Key=key,
                Fields={"Content-Type": content_type},
                Conditions=[["eq", "$Content-Type", content_type], ["content-length-range", 1, max_bytes]],
                ExpiresIn=seconds,
            )
        return UploadTicket(
            method="POST",
            url=post["url"],
            fields=post["fields"],
            expires_at=datetime.now(UTC) + timedelta(seconds=seconds),
        )

    def inspect(self, key: str) -> StoredObject | None:
        try:
            with _our_errors(absent_is=_Absent):
                head = self._client.head_object(Bucket=self._bucket, Key=key)
        except _Absent:
            return None
        return StoredObject(
            size=head["ContentLength"], content_type=head.get("ContentType", ""), checksum=head["ETag"].strip('"')
        )

    def read(self, key: str, start: int, length: int) -> bytes:
        try:
            with _our_errors():
                part = self._client.get_object(
                    Bucket=self._bucket, Key=key, Range=f"bytes={start}-{start + length - 1}"
                )
                return part["Body"].read()
        except _BeyondTheEnd:
            return b""

    def playback(self, key: str, *, content_type: str, seconds: int) -> Playback:
        if not (self._domain and self._key_id and self._private_key):
            raise StorageRefused("CLOUDFRONT_DOMAIN, CLOUDFRONT_KEY_ID or CLOUDFRONT_PRIVATE_KEY is not set.")
        expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
        try:
            src = signed_url(
                domain=self._domain,
                key=key,
                key_id=self._key_id,
                private_key=self._private_key,
                expires_at=expires_at,
            )
        except ValueError as error:
            raise StorageRefused("CLOUDFRONT_PRIVATE_KEY cannot be read.") from error
        return Playback(src=src, content_type=content_type, expires_at=expires_at)

    def delete(self, key: str) -> None:
        with _our_errors():
            self._client.delete_object(Bucket=self._bucket, Key=key)


class _Absent(Exception):
    pass


class _BeyondTheEnd(Exception):
    pass


@contextmanager
def _our_errors(absent_is: type[Exception] = StorageRefused) -> Iterator[None]:
    """Vendor errors end here. Without s3:ListBucket, AWS answers 403 for a key that is not there."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _ABSENT:
            raise absent_is("The object is not there.") from error
        if code == "InvalidRange" or status == 416:
            raise _BeyondTheEnd from error
        if code in _WILL_PASS or status >= 500 or status == 429:
            raise StorageUnavailable(f"S3 answered {code or status}.") from error
        raise StorageRefused(f"S3 answered {code or status}.") from error
    except BotoCoreError as error:
        # Connection, DNS and time-out errors; also missing credentials, which a person must mend.
        kind = type(error).__name__
        if "Credential" in kind or "Profile" in kind:
            raise StorageRefused(f"No usable S3 credentials ({kind}).") from error
        raise StorageUnavailable(f"S3 did not answer ({kind}).") from error
