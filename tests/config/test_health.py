import pytest
from django.core.cache import cache
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


def test_not_ready_without_the_cache(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: object) -> None:
        raise ConnectionError("redis://:secret@redis refused")

    monkeypatch.setattr(cache, "set", gone)
    response = client.get("/readyz", secure=True)

    assert response.status_code == 503
    assert response.json()["cache"] is False
    assert b"secret" not in response.content
