"""A real S3 server for tests, started once for a run."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.services import free_port


@dataclass(frozen=True)
class ObjectStore:
    endpoint: str
    bucket: str
    access_key: str
    secret_key: str


@contextlib.contextmanager
def running(folder: Path) -> Iterator[ObjectStore]:
    ports = {
        name: free_port()
        for name in ("s3", "master", "filer", "volume", "s3.grpc", "master.grpc", "filer.grpc", "volume.grpc")
    }
    flags = [f"-{n.partition('.')[0]}.port{'.grpc' if '.' in n else ''}={p}" for n, p in ports.items()]
    store = ObjectStore(f"http://127.0.0.1:{ports['s3']}", "reelmark-tests", "tests", "tests-secret-key")
    command = [
        str(Path(sys.executable).parent / "weed"),
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-webdav=false",
        "-admin.ui=false",
        *flags,
    ]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": store.access_key, "AWS_SECRET_ACCESS_KEY": store.secret_key}
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        _make_bucket(store)
        yield store
    finally:
        process.terminate()
        process.wait(timeout=30)


def _make_bucket(store: ObjectStore) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        region_name="us-east-1",
        aws_access_key_id=store.access_key,
        aws_secret_access_key=store.secret_key,
        config=Config(retries={"max_attempts": 1}, connect_timeout=1),
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            client.create_bucket(Bucket=store.bucket)
            return
        except (BotoCoreError, ClientError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
