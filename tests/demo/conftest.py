import json
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
import responses
from flask.testing import FlaskClient

from demo.lms import tokens
from demo.lms.app import create_app
from tests.demo.acting_tool import ISSUER, KEY, OTHER, TOOL


@pytest.fixture
def lms(tmp_path: Path) -> Iterator[FlaskClient]:
    (tmp_path / "sample.mp4").write_bytes(b"made elsewhere")
    tokens._tool_keys.clear()
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
    with responses.RequestsMock(assert_all_requests_are_fired=False) as outside:
        for key_set in (f"{TOOL}/lti/jwks/", f"{OTHER}/jwks"):
            outside.get(key_set, json={"keys": [{**jwk, "kid": "tool", "alg": "RS256", "use": "sig"}]})
        with create_app(issuer=ISSUER, tool=TOOL, folder=tmp_path).test_client() as client:
            yield client
