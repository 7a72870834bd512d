import re
import stat
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import jwt
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from lti_tool import keys

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.KEYS_DIR = tmp_path / "keys"
    return tmp_path / "keys"


def at(moment: datetime) -> time_machine.travel:
    keys.look_again()
    return time_machine.travel(moment, tick=False)


def published() -> list[str]:
    response = Client(HTTP_HOST="tool.example").get("/lti/jwks/", secure=True)
    return [key["kid"] for key in response.json()["keys"]]


def rotate(*options: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *options, stdout=out)
    return out.getvalue()


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


def test_new_key_is_published_first_used_later_and_the_old_one_kept_until_its_tokens_are_gone(folder: Path) -> None:
    with at(NOON):
        old = keys.tool_key().kid
        rotate()
        new = next(kid for kid in published() if kid != old)
        assert (keys.tool_key().kid, published()) == (old, [old, new])
    with at(NOON + timedelta(hours=23, minutes=59)):
        assert keys.tool_key().kid == old
    with at(NOON + timedelta(hours=24)):
        assert (keys.tool_key().kid, published()) == (new, [old, new])
    with at(NOON + timedelta(hours=48, minutes=1)):
        assert published() == [new]
        assert (folder / "tool.pem").exists(), "deleted by the next rotation alone"
        assert "tool.pem deleted" in rotate()
        assert keys.tool_key().kid == new
        assert len(published()) == 2


def test_key_made_by_another_process_is_found_without_a_restart(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(NOON):
        keys.tool_key()
        keys._make(folder / "tool-20261121T110000Z.pem")
        first = keys.tool_key().kid
        monkeypatch.setattr("lti_tool.keys.LOOK_AGAIN_SECONDS", 1e-9)

        assert keys.tool_key().kid != first


def test_one_key_waits_at_a_time(folder: Path) -> None:
    with at(NOON):
        rotate()
        with pytest.raises(CommandError, match=re.escape("22 Nov 2026, 12:00 UTC")):
            rotate()
        assert len(published()) == 2


def test_leaked_key_is_gone_at_once(folder: Path) -> None:
    with at(NOON):
        leaked = keys.tool_key().kid
        rotate()
        rotate("--leaked")

        assert leaked not in published()
        assert published() == [keys.tool_key().kid]
        assert len(list(folder.iterdir())) == 1


def test_list_changes_nothing_and_shows_no_key(folder: Path) -> None:
    with at(NOON):
        rotate("--in", "2")
        listed = rotate("--list")

    assert len(list(folder.iterdir())) == 2
    assert re.search(r"…  signs\n.*…  published, signs from 21 Nov 2026, 14:00 UTC", listed)
    assert "PRIVATE" not in listed


@pytest.mark.parametrize("hours", ["-1", "10000"])
def test_odd_times_are_refused(folder: Path, hours: str) -> None:
    with pytest.raises(CommandError, match="hours"):
        rotate(f"--in={hours}")


def test_key_that_another_process_deleted_a_moment_ago_stops_nothing(folder: Path) -> None:
    with at(NOON):
        keys.tool_key()
        keys.add_key(used_from=NOON)
        keys.key_files()
        keys._load.cache_clear()
        (folder / "tool.pem").unlink()

        assert keys.tool_key().kid in published()


def test_key_that_is_half_copied_stops_nothing(folder: Path) -> None:
    with at(NOON):
        good = keys.tool_key().kid
        (folder / "tool-20261121T110000Z.pem").write_text("-----BEGIN PRIVATE KEY-----")
        (folder / "tool-20261399T110000Z.pem").write_text("a month that does not exist")
        keys.look_again()

        assert (keys.tool_key().kid, published()) == (good, [good])


def test_other_files_in_the_folder_are_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / "tool-backup.pem").write_text("not a key")
    (folder / "README.md").write_text("x")

    assert published() == [keys.tool_key().kid]
