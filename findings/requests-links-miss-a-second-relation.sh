#!/bin/sh
# requests 2.32.5: RFC 8288 (3.3) lets one link have several relations in one `rel`. `Response.links` makes one key of them,
# so a client that pages an LTI roster by `links["next"]` stops at a page that is also the one before the last.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check requests==2.32.5
"$folder/venv/bin/python" - <<'PYTHON'
import requests

answer = requests.Response()
answer.headers["Link"] = '<https://lms.example/members?page=2>; rel="last next"'
print("requests", requests.__version__, "keys of Response.links:", list(answer.links))
assert list(answer.links) == ["last next"], "this has changed"
PYTHON
