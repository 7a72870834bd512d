import stat
from pathlib import Path

import jwt
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from lti_tool import keys


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.KEYS_DIR = tmp_path / "keys"
    return tmp_path / "keys"


def test_key_is_made_on_first_need_for_its_owner_alone(folder: Path) -> None:
    first = keys.tool_key()

    file = folder / "tool.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [file], "nothing half-written stays"
    keys._load.cache_clear()
    assert keys.tool_key().kid == first.kid


def test_of_two_processes_that_start_at_once_one_key_stays(folder: Path) -> None:
    kid = keys.tool_key().kid
    keys._make(folder / "tool.pem")
    keys._load.cache_clear()

    assert keys.tool_key().kid == kid


def test_key_set_verifies_what_we_sign_and_holds_nothing_private(folder: Path) -> None:
    response = Client(HTTP_HOST="tool.example").get("/lti/jwks/", secure=True)

    (jwk,) = response.json()["keys"]
    assert set(jwk) == {"kty", "n", "e", "kid", "alg", "use"}
    token = jwt.encode({"a": 1}, keys.tool_key().private, algorithm="RS256")
    assert jwt.decode(token, jwt.PyJWK(jwk).key, algorithms=["RS256"]) == {"a": 1}
