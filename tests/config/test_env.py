from pathlib import Path

import pytest
from environ import FileAwareEnv
from environ.fileaware_mapping import FileAwareMapping

from config import env


@pytest.fixture(autouse=True)
def forget_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read from a file is kept by the class for the life of the process."""
    monkeypatch.setattr(FileAwareEnv, "ENVIRON", FileAwareMapping())


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


def test_no_mail_server_is_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EMAIL_URL", "EMAIL_HOST"):
        monkeypatch.delenv(name, raising=False)

    assert env.mail()["EMAIL_BACKEND"] == "django.core.mail.backends.dummy.EmailBackend"


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "ssl"),
    [
        ("smtp+tls://me:p%40ss@mail.example", "mail.example", 587, True, False),
        ("smtp+ssl://me:p%40ss@mail.example", "mail.example", 465, False, True),
        ("smtp://me:p%40ss@mail.example:2525", "mail.example", 2525, False, False),
    ],
)
def test_mail_server_by_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, host: str, port: int, tls: bool, ssl: bool
) -> None:
    (tmp_path / "url").write_text(f"{url}\n")
    monkeypatch.setenv("EMAIL_URL_FILE", str(tmp_path / "url"))
    told = env.mail()

    assert (told["EMAIL_HOST"], told["EMAIL_PORT"]) == (host, port)
    assert (told["EMAIL_HOST_USER"], told["EMAIL_HOST_PASSWORD"]) == ("me", "p@ss")
    assert (told["EMAIL_USE_TLS"], told["EMAIL_USE_SSL"]) == (tls, ssl)
    assert told["EMAIL_BACKEND"].endswith(".smtp.EmailBackend")


@pytest.mark.parametrize(
    ("wanted", "port", "tls", "ssl"), [("", 587, True, False), ("ssl", 465, False, True), ("off", 25, False, False)]
)
def test_mail_server_by_parts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wanted: str, port: int, tls: bool, ssl: bool
) -> None:
    (tmp_path / "password").write_text("p@ss\n")
    monkeypatch.setenv("EMAIL_HOST", "mail.example")
    monkeypatch.setenv("EMAIL_USER", "me")
    monkeypatch.setenv("EMAIL_PASSWORD_FILE", str(tmp_path / "password"))
    if wanted:
        monkeypatch.setenv("EMAIL_TLS", wanted)

    assert env.mail() == {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_FILE_PATH": None,
        "EMAIL_HOST": "mail.example",
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": "me",
        "EMAIL_HOST_PASSWORD": "p@ss",
        "EMAIL_USE_TLS": tls,
        "EMAIL_USE_SSL": ssl,
    }


def test_mail_into_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", "filemail:///tmp/mails")

    assert env.mail()["EMAIL_FILE_PATH"] == "/tmp/mails"
