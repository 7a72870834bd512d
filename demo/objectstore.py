"""A local S3 server that enforces what AWS enforces: SeaweedFS, bound to this machine alone."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CORSRuleTypeDef

STARTS_WITHIN = 60  # seconds
_INNER = ("master", "filer", "volume")


@dataclass(frozen=True)
class ObjectStore:
    """Where the server is, and the credentials it asks for."""

    port: int
    inner_port: int
    bucket: str
    access_key: str
    secret_key: str
    folder: Path

    @property
    def endpoint(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Start the server; `prepare` waits until it answers.

        `inner_port` is the first of eight ports for SeaweedFS's own parts. They ask for no credentials, so they are
        bound to 127.0.0.1 like everything else.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        inner = iter(range(self.inner_port, self.inner_port + 8))
        ports = [f"-s3.port={self.port}", f"-s3.port.grpc={next(inner)}"]
        for part in _INNER:
            ports += [f"-{part}.port={next(inner)}", f"-{part}.port.grpc={next(inner)}"]
        command = [
            str(Path(sys.executable).parent / "weed"),
            "mini",
            f"-dir={self.folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.telemetry=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.autoCreateBucket=false",  # AWS makes none by itself either
            "-webdav=false",
            "-admin.ui=false",
            *ports,
        ]
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            # Posted files are spooled here: the system's own may be a small memory disk.
            "TMPDIR": str(self.folder),
        }
        return subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, cwd=self.folder, start_new_session=True
        )

    def prepare(self, *, allowed_origin: str, check: Callable[[], None]) -> None:
        """Wait for the server, make the bucket and let pages of one origin upload to it.

        Args:
            check: raises where there is nothing to wait for, since the server has ended.

        Raises:
            TimeoutError: it does not answer within a minute.
        """
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}),
        )
        rule: CORSRuleTypeDef = {
            "AllowedOrigins": [allowed_origin],
            "AllowedMethods": ["POST", "PUT", "GET", "HEAD"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag", "Location"],
            "MaxAgeSeconds": 3600,
        }
        deadline = time.monotonic() + STARTS_WITHIN
        while True:
            try:
                if self.bucket not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
                    client.create_bucket(Bucket=self.bucket)
                client.put_bucket_cors(Bucket=self.bucket, CORSConfiguration={"CORSRules": [rule]})
                return
            except (BotoCoreError, ClientError) as error:
                check()
                if time.monotonic() > deadline:
                    raise TimeoutError(f"The S3 server does not answer: {error}") from error
                time.sleep(0.1)
