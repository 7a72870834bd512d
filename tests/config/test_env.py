from pathlib import Path

import pytest

from config import env


def test_value_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "secret"))

    assert env.text("SOME_SECRET") == "from the file"


@pytest.mark.parametrize(("value", "meant"), [("1", True), ("true", True), ("on", True), ("0", False), ("", False)])
def test_flags(monkeypatch: pytest.MonkeyPatch, value: str, meant: bool) -> None:
    monkeypatch.setenv("SOME_FLAG", value)

    assert env.flag("SOME_FLAG") is meant


def test_words_drop_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTS", "a.example, b.example,,")

    assert env.words("HOSTS") == ["a.example", "b.example"]


def test_origin() -> None:
    assert env.origin("https://a.example:8443/x/y?z") == "https://a.example:8443"
    assert env.origin("d1.cloudfront.net") == "https://d1.cloudfront.net"
