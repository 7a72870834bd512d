"""S3 with CloudFront in front. The only module that imports boto3."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, TypedDict
from urllib.parse import quote

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.awsrequest import AWSHTTPConnectionPool, AWSHTTPSConnectionPool
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from django.conf import settings

from config.connections import Cuttable
from video.storage.base import (
    Abilities,
    FormTicket,
    Listed,
    ObjectChanged,
    PartsTicket,
    Playback,
    SignedParts,
    StorageRefused,
    StorageUnavailable,
    StoredObject,
    StoredPart,
    UploadGone,
    UploadTicket,
)
from video.storage.cloudfront import signed_url

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PartTypeDef

MIB = 1024 * 1024
FORM_UP_TO = 16 * MIB  # a form cannot go on where it broke off
MOST_PARTS = 10_000
COPY_PART_BYTES = 1024 * MIB  # AWS copies at most 5 GiB in one go

_WILL_PASS = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "RequestLimitExceeded"}
_ABSENT = {"404", "NoSuchKey", "NotFound"}
_CHANGED = {"PreconditionFailed", "412", "InvalidPart", "ConditionalRequestConflict"}


class S3:
    """Presigned POST or multipart up, CloudFront signed URL down."""

    name = "s3"
    abilities = Abilities(max_bytes=5 * 1024 * 1024 * MIB, resumable=True)

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
            # Between two bytes: `patience.py` ends the whole of a call. Whoever asks tries again by themselves.
            connect_timeout=5,
            read_timeout=15,
            retries={"mode": "standard", "max_attempts": 2},
        )
        client = boto3.client(
            "s3",
            endpoint_url=endpoint or None,
            region_name=region,
            aws_access_key_id=access_key or None,
            aws_secret_access_key=secret_key or None,
            config=config,
        )
        _end_with_their_call()
        return cls(client=client, bucket=bucket, domain=domain, key_id=key_id, private_key=private_key)

    def begin_upload(
        self, *, key: str, content_type: str, size: int | None, max_bytes: int, seconds: int, save_as: str = ""
    ) -> UploadTicket:
        if size is not None and size <= FORM_UP_TO:
            return self._form(key, content_type, min(max_bytes, FORM_UP_TO), seconds, save_as)
        with _our_errors():
            begun = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType=content_type, **_saved_as(save_as)
            )
            return PartsTicket(upload_id=begun["UploadId"], part_bytes=_part_bytes(size))

    def _form(self, key: str, content_type: str, max_bytes: int, seconds: int, save_as: str) -> FormTicket:
        fields = {"Content-Type": content_type}
        if save_as:
            fields["Content-Disposition"] = _disposition(save_as)
        with _our_errors():
            post = self._client.generate_presigned_post(
                Bucket=self._bucket,
                Key=key,
                Fields=fields,
                Conditions=[
                    *(["eq", f"${name}", value] for name, value in fields.items()),
                    ["content-length-range", 1, max_bytes],
                ],
                ExpiresIn=seconds,
            )
        return FormTicket(url=post["url"], fields=post["fields"], expires_at=_in(seconds))

    def sign_parts(self, *, key: str, upload_id: str, sizes: Mapping[int, int], seconds: int) -> SignedParts:
        expires_at = _in(seconds)
        with _our_errors():
            urls = {number: self._part_url(key, upload_id, number, size, seconds) for number, size in sizes.items()}
        return SignedParts(urls=urls, expires_at=expires_at)

    def _part_url(self, key: str, upload_id: str, number: int, size: int, seconds: int) -> str:
        # The length is signed, so that nobody sends more than was announced.
        part = {
            "Bucket": self._bucket,
            "Key": key,
            "UploadId": upload_id,
            "PartNumber": number,
            "ContentLength": size,
        }
        return self._client.generate_presigned_url("upload_part", Params=part, ExpiresIn=seconds)

    def parts(self, *, key: str, upload_id: str) -> list[StoredPart]:
        # By number: SeaweedFS lists a part that was sent twice twice, in no order of time.
        newest: dict[int, PartTypeDef] = {}
        pages = self._client.get_paginator("list_parts")
        with _our_errors():
            for page in pages.paginate(Bucket=self._bucket, Key=key, UploadId=upload_id):
                page["UploadId"]  # not there where the line broke: nothing listed would mean that nothing has arrived
                for part in page.get("Parts", []):
                    known = newest.get(part["PartNumber"])
                    if known is None or part["LastModified"] >= known["LastModified"]:
                        newest[part["PartNumber"]] = part
        return [
            StoredPart(number=number, size=part["Size"], checksum=part["ETag"].strip('"'))
            for number, part in sorted(newest.items())
        ]

    def finish_parts(self, *, key: str, upload_id: str, parts: Sequence[StoredPart]) -> None:
        with _our_errors():
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                IfNoneMatch="*",  # of two who finish at once with different parts, one makes the object
                MultipartUpload={
                    "Parts": [{"PartNumber": part.number, "ETag": f'"{part.checksum}"'} for part in parts]
                },
            )

    def abort_parts(self, *, key: str, upload_id: str) -> None:
        with suppress(UploadGone), _our_errors():
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)

    def settle(self, *, key: str, to: str, checksum: str) -> None:
        # In this thread: a call's deadline is its thread's.
        in_parts = TransferConfig(
            multipart_threshold=COPY_PART_BYTES, multipart_chunksize=COPY_PART_BYTES, use_threads=False
        )
        with _our_errors(absent_is=ObjectChanged):
            self._client.copy(
                {"Bucket": self._bucket, "Key": key},
                self._bucket,
                to,
                ExtraArgs={"CopySourceIfMatch": f'"{checksum}"'},
                Config=in_parts,
            )

    def inspect(self, key: str) -> StoredObject | None:
        try:
            with _our_errors(absent_is=_Absent):
                head = self._client.head_object(Bucket=self._bucket, Key=key)
                return StoredObject(
                    size=head["ContentLength"],
                    content_type=head.get("ContentType", ""),
                    checksum=head["ETag"].strip('"'),
                    saved=head.get("ContentDisposition", "").startswith("attachment;"),
                )
        except _Absent:
            return None

    def read(self, key: str, start: int, length: int) -> bytes:
        try:
            with _our_errors(absent_is=ObjectChanged):
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

    def put(self, key: str, file: BinaryIO, *, content_type: str, save_as: str = "") -> None:
        with _our_errors():
            self._client.upload_fileobj(
                file, self._bucket, key, ExtraArgs={"ContentType": content_type, **_saved_as(save_as)}
            )

    def delete(self, key: str) -> None:
        with _our_errors():
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def listed(self, prefix: str) -> Iterator[Listed]:
        with _our_errors():
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                for found in page.get("Contents", []):
                    yield Listed(key=found["Key"], since=found["LastModified"], size=found["Size"])

    def unfinished(self, prefix: str) -> Iterator[Listed]:
        with _our_errors():
            for page in self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._bucket, Prefix=prefix
            ):
                for found in page.get("Uploads", []):
                    yield Listed(key=found["Key"], since=found["Initiated"], upload_id=found["UploadId"])


def _end_with_their_call() -> None:
    """boto3 takes no connections of others, so its classes of them are made to end with their call."""
    for pool in (AWSHTTPConnectionPool, AWSHTTPSConnectionPool):
        if Cuttable not in pool.ConnectionCls.__mro__:
            pool.ConnectionCls = type(pool.ConnectionCls.__name__, (Cuttable, pool.ConnectionCls), {})


def _part_bytes(size: int | None) -> int:
    """Small parts lose little on a bad line; large files get larger ones, for each part costs a preflight.

    A recording is sent while it grows, so its parts are the smallest that S3 takes.
    """
    if size is None:
        return 5 * MIB
    return 8 * MIB if size <= 1024 * MIB else max(32 * MIB, -(-size // MOST_PARTS))


class _SavedAs(TypedDict, total=False):
    ContentDisposition: str


def _saved_as(name: str) -> _SavedAs:
    return {"ContentDisposition": _disposition(name)} if name else {}


def _disposition(name: str) -> str:
    """RFC 6266: the name in ASCII alone; some servers take nothing else in a header."""
    plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\%' else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _in(seconds: int) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


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
        if code == "NoSuchUpload":
            raise UploadGone("There is no such upload in parts.") from error
        if code in _CHANGED:
            raise ObjectChanged("The object is not the one that was looked at.") from error
        if code in _ABSENT:
            raise absent_is("The object is not there.") from error
        if code == "InvalidRange" or status == 416:
            raise _BeyondTheEnd from error
        if code in _WILL_PASS or status >= 500 or status == 429:
            raise StorageUnavailable(f"S3 answered {code or status}.") from error
        raise StorageRefused(f"S3 answered {code or status}.") from error
    except (KeyError, ResponseParserError) as error:  # the line broke, and botocore took what there was for all of it
        raise StorageUnavailable("S3's answer is not whole.") from error
    except Boto3Error as error:  # what its transfer manager makes of a ClientError
        raise StorageUnavailable(f"S3 did not take a file ({type(error).__name__}).") from error
    except BotoCoreError as error:
        # Connection, DNS and time-out errors; also missing credentials, which a person must mend.
        kind = type(error).__name__
        if "Credential" in kind or "Profile" in kind:
            raise StorageRefused(f"No usable S3 credentials ({kind}).") from error
        raise StorageUnavailable(f"S3 did not answer ({kind}).") from error
