"""JSON that is nested without end, and disks that are full: told in words, whatever Python's own bound is."""

import errno
import json
import sys
import tempfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import path

from config import file_uploads, full_disk, json_text

DEPTHS = (json_text.MOST_NESTED + 2, sys.getrecursionlimit() - 60, 5_000, 100_000)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(
    ("opens", "closes"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")], ids=["lists", "objects", "both"]
)
def test_nested_json_is_wrong_json(depth: int, opens: str, closes: str) -> None:
    with pytest.raises(ValueError, match="nested"):
        json_text.loads(opens * depth + "1" + closes * depth)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "1" * 5_000, "nan?", b"\xff"])
def test_other_wrong_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        json_text.loads(text)


def test_what_is_sent_in_earnest_is_read() -> None:
    value: Any = 1
    for _ in range(json_text.MOST_NESTED // 2):
        value = {"list": [value]}
    many = [{"user_id": str(number), "roles": ["Learner"]} for number in range(1000)]

    assert json_text.loads(json.dumps(value)) == value
    assert json_text.loads(json.dumps(many).encode()) == many


def fails(request: HttpRequest) -> HttpResponse:
    what: Any = {
        "disk": OSError(errno.ENOSPC, "No space left on device"),
        "quota": OSError(errno.EDQUOT, "Disk quota exceeded"),
        "sqlite": OperationalError("database or disk is full"),
        "other": OSError(errno.EACCES, "Permission denied"),
    }[request.GET["what"]]
    raise what


def kept(request: HttpRequest) -> HttpResponse:
    file: Any = request.FILES["file"]
    return HttpResponse(f"{file.name} {file.size} {len(file.read())} {file.content_type} {request.POST['beside']}")


urlpatterns = [path("fails/", fails), path("kept/", kept)]


@pytest.mark.parametrize("what", ["disk", "quota", "sqlite"])
@override_settings(ROOT_URLCONF=__name__)
def test_a_full_disk_is_told(what: str) -> None:
    browser = Client(HTTP_HOST="tool.example")
    page = browser.get("/fails/", {"what": what}, secure=True)
    assert page.status_code == 507
    assert "disk is full, so this was not saved" in page.content.decode()

    answer = browser.get("/fails/", {"what": what}, secure=True, headers={"Accept": "application/json"})
    assert set(json.loads(answer.content)["error"]) == {"code", "message", "action"}


@override_settings(ROOT_URLCONF=__name__)
def test_other_faults_are_not_taken_for_it() -> None:
    with pytest.raises(PermissionError):
        Client(HTTP_HOST="tool.example").get("/fails/", {"what": "other"}, secure=True)


def test_postgresql_says_so_by_its_code() -> None:
    class DiskFull(Exception):
        sqlstate = "53100"

    class Deadlock(Exception):
        sqlstate = "40P01"

    for cause, expected in ((DiskFull(), True), (Deadlock(), False), (None, False)):
        error = OperationalError("could not extend file")
        error.__cause__ = cause
        assert full_disk.is_full(error) == expected


@pytest.mark.parametrize("size", [10, 3_000_000, file_uploads.MOST_BYTES, file_uploads.MOST_BYTES + 1, 9_000_000])
@override_settings(ROOT_URLCONF=__name__)
def test_forms_files_never_touch_the_disk(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in ("NamedTemporaryFile", "TemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, full)
    file = SimpleUploadedFile("Märks.csv", b"x" * size, content_type="text/csv")
    answer = Client(HTTP_HOST="tool.example").post("/kept/", {"file": file, "beside": "é"}, secure=True)

    held = min(size, file_uploads.MOST_BYTES + 1)
    assert answer.content.decode() == f"Märks.csv {held} {held} text/csv é"
