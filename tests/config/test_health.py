import pytest
from django.core import checks
from django.core.cache import cache
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client


@pytest.fixture
def client() -> Client:
    return Client(HTTP_HOST="tool.example")


def test_process_answers_without_a_database(client: Client) -> None:
    assert client.get("/healthz", secure=True).status_code == 200


def test_ready_with_every_part(client: Client, db: None) -> None:
    response = client.get("/readyz", secure=True)

    assert response.status_code == 200
    assert response.json() == {"database": True, "migrations": True, "cache": True}


def test_database_of_a_build_before_the_first_release_is_not_taken_for_migrated(client: Client, db: None) -> None:
    recorder = MigrationRecorder(connection)
    squashed = "0001_first_release"
    for app in ("lti_tool", "video"):
        recorder.record_unapplied(app, squashed)
        recorder.migration_qs.filter(app=app).exclude(name="0001_initial").delete()
        recorder.record_applied(app, "0001_initial")

    response = client.get("/readyz", secure=True)

    assert (response.status_code, response.json()["migrations"]) == (503, False)
    assert "reelmark.E014" in {found.id for found in checks.run_checks(databases=["default"])}


def test_not_ready_without_the_cache(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: object) -> None:
        raise ConnectionError("redis://:secret@redis refused")

    monkeypatch.setattr(cache, "set", gone)
    response = client.get("/readyz", secure=True)

    assert response.status_code == 503
    assert response.json()["cache"] is False
    assert b"secret" not in response.content
