#!/bin/sh
# boto3 1.44.5: generate_presigned_url for S3 uses Signature Version 2 unless `signature_version="s3v4"` is given, while
# requests of the same client are signed with version 4. Buckets with KMS encryption, and newer regions, refuse version 2.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check boto3==1.44.5
"$folder/venv/bin/python" - <<'PYTHON'
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config

keys = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "secret", "region_name": "us-east-1"}


def fields(**more: object) -> list[str]:
    client = boto3.client("s3", **keys, **more)
    address = client.generate_presigned_url("get_object", Params={"Bucket": "films", "Key": "a.mp4"})
    return sorted(parse_qs(urlsplit(address).query))


plain, asked = fields(), fields(config=Config(signature_version="s3v4"))
print("boto3", boto3.__version__, "by default:", plain, "when asked for s3v4:", asked)
assert plain == ["AWSAccessKeyId", "Expires", "Signature"], "this has changed"
assert "X-Amz-Signature" in asked
PYTHON
