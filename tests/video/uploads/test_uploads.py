"""Uploads against a real S3 server: what is refused before, by the policy, and when storage is looked at."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils.html import escape
from pytest_django.fixtures import Settings

from lti_tool.models import ResourceLink
from tests.films import film
from tests.video.visitor import Visitor
from video import tasks
from video.models import Assignment, Attempt, Event, Video
from video.storage import storage


def error(response: Any) -> dict[str, str]:
    body: dict[str, dict[str, str]] = json.loads(response.content)
    assert set(body["error"]) == {"code", "message", "action"}
    return body["error"]


def in_storage(video_id: str) -> bool:
    return storage("s3").inspect(Video.objects.get(pk=video_id).key) is not None


def test_good_upload_is_believed_after_a_look(student: Visitor) -> None:
    content = film()
    video_id = student.upload("My film.mp4", content)

    video = Video.objects.get(pk=video_id)
    assert (video.state, video.current, video.size, video.content_type) == ("ready", True, len(content), "video/mp4")
    assert video.checksum
    assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == ["upload_started", "upload_succeeded"]


def test_key_is_the_persons_own_and_safe(student: Visitor) -> None:
    ticket = student.begin("../../Été à la mer (final) 100%.MP4", film())

    video = Video.objects.get(pk=ticket["video"])
    person, _moment, name = video.incoming_key.removeprefix("videos/").split("/")
    assert person == str(video.attempt.submission.person_id)
    assert name == "Ete-a-la-mer-final-100.mp4"
    assert video.name == "Été à la mer (final) 100%.MP4"


@pytest.mark.parametrize(
    ("name", "shown", "kept"),
    [
        (r"C:\Users\Ana\film.mp4", "film.mp4", "film.mp4"),
        ('my "best" film\'s.mp4', 'my "best" film\'s.mp4', "my-best-film-s.mp4"),
        ("a\nb\r\tc.mp4", "abc.mp4", "abc.mp4"),
        ("gpj.\u202e4pm.mp4", "gpj.4pm.mp4", "gpj.4pm.mp4"),
        ("x" * 300 + ".mp4", "x" * 251 + ".mp4", "x" * 80 + ".mp4"),
        ("🎬🎉.mp4", "🎬🎉.mp4", "video.mp4"),
        ("../../etc/passwd.mp4", "passwd.mp4", "passwd.mp4"),
        ("<script>alert(1)</script>.mp4", "script>.mp4", "script.mp4"),
    ],
    ids=["path", "quotes", "control characters", "right to left", "long", "emoji", "upwards", "markup"],
)
def test_odd_name_is_shown_as_it_can_be_and_kept_plain(student: Visitor, name: str, shown: str, kept: str) -> None:
    content = film()
    ticket = student.begin(name, content)
    assert student.hand_over(ticket, content).status_code in (200, 201, 204)
    assert student.send(ticket["urls"]["complete"]).status_code == 200
    tasks.verify_upload(ticket["video"])

    video = Video.objects.get()
    assert (video.name, video.key.rpartition("/")[2], video.state) == (shown, kept, "ready")
    assert escape(shown) in student.text()


@pytest.mark.parametrize(("more", "status"), [(0, 201), (1, 422)])
def test_five_gigabytes_are_taken_and_not_a_byte_more(
    student: Visitor, assignment: Assignment, settings: Settings, more: int, status: int
) -> None:
    Assignment.objects.update(max_bytes=settings.UPLOAD_MAX_BYTES)
    body = {"name": "a.mp4", "size": 5_368_709_120 + more, "type": "video/mp4"}

    assert student.send("uploads/", body).status_code == status


def test_clock_that_storage_does_not_agree_with_is_told(student: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS refuses requests signed more than 15 minutes off."""
    ticket = student.begin("a.mp4", film())
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: tomorrow.replace(tzinfo=None))

    assert error(student.send(ticket["urls"]["complete"]))["code"] == "storage_refused"


@pytest.mark.parametrize(
    ("name", "size", "content_type", "code"),
    [
        ("a.mp4", 0, "video/mp4", "empty"),
        ("a.mp4", 10**15, "video/mp4", "too_large"),
        ("a.pdf", 100, "application/pdf", "wrong_type"),
        ("a.exe", 100, "", "wrong_type"),
        ("a.html", 100, "text/html", "wrong_type"),
    ],
)
def test_wrong_file_is_refused_before_it_is_sent(
    student: Visitor, name: str, size: int, content_type: str, code: str
) -> None:
    response = student.send("uploads/", {"name": name, "size": size, "type": content_type})

    assert response.status_code == 422
    assert error(response)["code"] == code
    assert not Video.objects.exists()
    assert not Attempt.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {"name": "a.mp4"},
        {"name": "a.mp4", "size": "big"},
        {"name": "", "size": 3},
    ],
)
def test_unreadable_request_is_a_400(student: Visitor, body: Any) -> None:
    response = student.send("uploads/", body)

    assert response.status_code == 400
    assert error(response)["action"]


@pytest.mark.parametrize(
    ("name", "claimed", "stored"),
    [
        ("IMG_1.MOV", "", "video/quicktime"),
        ("IMG_1.mp4", "application/octet-stream", "video/mp4"),
        ("clip.m4v", "video/x-m4v", "video/mp4"),
        ("clip.avi", "video/avi", "video/x-msvideo"),
        ("clip.webm", "video/webm;codecs=vp9", "video/webm"),
    ],
)
def test_phones_and_browsers_that_name_types_oddly_are_understood(
    student: Visitor, name: str, claimed: str, stored: str
) -> None:
    ticket = student.begin(name, b"x", claimed)

    assert ticket["form"]["fields"]["Content-Type"] == stored


def test_policy_refuses_another_size_type_or_key(student: Visitor, assignment: Assignment) -> None:
    assignment.max_bytes = 2000
    assignment.save()
    ticket = student.begin("a.mp4", b"x" * 1000)

    def sent(content: bytes, **fields: str) -> int:
        changed = {**ticket, "form": {**ticket["form"], "fields": {**ticket["form"]["fields"], **fields}}}
        return student.hand_over(changed, content).status_code

    assert sent(b"x" * 3000) in (400, 403)
    assert sent(b"x" * 1000, **{"Content-Type": "text/html"}) == 403
    assert sent(b"x" * 1000, key="videos/somebody/else.mp4") == 403
    assert not in_storage(ticket["video"])
    assert sent(b"x" * 1000) in (200, 201, 204)


def test_ticket_that_ran_out_is_refused_by_storage_and_replaced(student: Visitor, settings: Settings) -> None:
    content = film()
    settings.UPLOAD_TICKET_SECONDS = -5
    ticket = student.begin("a.mp4", content)
    assert student.hand_over(ticket, content).status_code == 403

    settings.UPLOAD_TICKET_SECONDS = 3600
    renewed = json.loads(student.send(ticket["urls"]["renew"]).content)

    assert renewed["video"] == ticket["video"]
    assert student.hand_over(renewed, content).status_code in (200, 201, 204)
    assert student.send(ticket["urls"]["complete"]).status_code == 200


def test_done_before_anything_arrived_is_not_believed(student: Visitor) -> None:
    ticket = student.begin("a.mp4", film())
    response = student.send(ticket["urls"]["complete"])

    assert response.status_code == 409
    assert error(response)["code"] == "not_arrived"
    assert Video.objects.get().state == "pending", "it may still come"


@pytest.mark.parametrize(
    ("announced", "arrived", "code"),
    [
        (film() + b"more", film(), "wrong_size"),
        (b"<html>" * 50, b"<html>" * 50, "not_a_video"),
        (film("webm", "libvpx"), film("webm", "libvpx"), "not_a_video"),
        (b"\x00" * 500, b"\x00" * 500, "not_a_video"),
    ],
    ids=["another size", "a page called mp4", "webm called mp4", "zeros"],
)
def test_what_is_not_what_was_announced_is_refused_and_deleted(
    student: Visitor, announced: bytes, arrived: bytes, code: str
) -> None:
    ticket = student.begin("a.mp4", announced)
    assert student.hand_over(ticket, arrived).status_code in (200, 201, 204)
    response = student.send(ticket["urls"]["complete"])

    assert response.status_code == 422
    assert error(response)["code"] == code
    video = Video.objects.get()
    assert (video.state, video.current) == ("error", False)
    assert error(response)["message"] in student.text()
    tasks.delete_object(str(video.pk))
    assert not in_storage(ticket["video"])


def test_done_said_twice_changes_nothing(student: Visitor) -> None:
    content = film()
    ticket = student.begin("a.mp4", content)
    student.hand_over(ticket, content)

    assert [student.send(ticket["urls"]["complete"]).status_code for _ in range(2)] == [200, 200]
    for _ in range(2):
        tasks.verify_upload(ticket["video"])
    assert student.send(ticket["urls"]["complete"]).status_code == 200
    assert Event.objects.filter(kind="upload_succeeded").count() == 1


def test_replacement_takes_over_only_when_it_has_arrived(student: Visitor) -> None:
    first = student.upload("first.mp4", film())
    second = film(seconds=2)
    ticket = student.begin("second.mp4", second)
    assert Video.objects.get(pk=first).current

    student.hand_over(ticket, second)
    student.send(ticket["urls"]["complete"])
    assert Video.objects.get(pk=first).current, "nobody has looked into the second yet"
    tasks.verify_upload(ticket["video"])

    assert Attempt.objects.get().video == Video.objects.get(pk=ticket["video"])
    tasks.delete_object(first)
    assert not in_storage(first)
    assert in_storage(ticket["video"])


def test_failed_upload_is_remembered_and_a_new_one_goes_on(student: Visitor) -> None:
    ticket = student.begin("a.mp4", film())
    assert student.send(ticket["urls"]["failed"], {"reason": "network"}).status_code == 204
    assert Event.objects.get(kind="upload_failed").data == {"reason": "network"}

    student.upload("a.mp4", film())
    assert Attempt.objects.get().number == 1


def test_draft_can_be_removed_but_what_was_handed_in_can_not(student: Visitor) -> None:
    video = student.upload("a.mp4", film())
    student.post(f"uploads/{video}/remove/")
    assert Video.objects.get().state == "deleted"

    video = student.upload("b.mp4", film())
    student.submit()
    page = student.post(f"uploads/{video}/remove/")
    assert page.status_code == 302
    assert "already handed in" in student.text()
    assert Video.objects.get(pk=video).current


@pytest.mark.parametrize(
    ("dates", "code"),
    [({"opens_at": timedelta(hours=1)}, "not_open"), ({"closes_at": timedelta(hours=-1)}, "closed")],
)
def test_outside_its_dates_no_upload_begins(
    student: Visitor, assignment: Assignment, dates: dict[str, timedelta], code: str
) -> None:
    for name, offset in dates.items():
        setattr(assignment, name, datetime.now(UTC) + offset)
    assignment.save()
    response = student.send("uploads/", {"name": "a.mp4", "size": 5, "type": "video/mp4"})

    assert response.status_code == 403
    assert error(response)["code"] == code


def test_upload_begun_in_time_may_end_within_the_grace(student: Visitor, assignment: Assignment) -> None:
    content = film()
    ticket = student.begin("a.mp4", content)
    student.hand_over(ticket, content)
    now = datetime.now(UTC)
    begun, closed = now - timedelta(minutes=5), now - timedelta(minutes=1)
    Video.objects.update(created_at=begun)
    Assignment.objects.update(due_at=closed, closes_at=closed)

    assert student.send(ticket["urls"]["complete"]).status_code == 200
    tasks.verify_upload(ticket["video"])
    assert student.submit().status_code == 302
    attempt = Attempt.objects.get()
    assert attempt.submitted_at is not None
    assert not attempt.late


def test_after_the_grace_nothing_is_handed_in(student: Visitor, settings: Settings) -> None:
    student.upload("a.mp4", film())
    settings.UPLOAD_GRACE_MINUTES = 0
    video = Video.objects.get()
    Assignment.objects.update(closes_at=datetime.now(UTC) - timedelta(minutes=1))

    student.post("submit/", {"video": str(video.pk)})

    assert Attempt.objects.get().submitted_at is None
    assert "closed" in student.text()


def test_storage_that_does_not_answer_is_told_and_keeps_the_upload(
    student: Visitor, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    content = film()
    ticket = student.begin("a.mp4", content)
    student.hand_over(ticket, content)
    good = settings.S3_ENDPOINT_URL
    settings.S3_ENDPOINT_URL = "http://127.0.0.1:9"
    storage.cache_clear()

    response = student.send(ticket["urls"]["complete"])
    assert response.status_code == 503
    assert error(response)["code"] == "storage_unavailable"

    settings.S3_ENDPOINT_URL = good
    storage.cache_clear()
    assert student.send(ticket["urls"]["complete"]).status_code == 200


def test_wrong_credentials_are_told_without_a_secret(student: Visitor, settings: Settings) -> None:
    ticket = student.begin("a.mp4", film())
    settings.AWS_SECRET_ACCESS_KEY = "wrong"
    storage.cache_clear()

    response = student.send(ticket["urls"]["complete"])

    assert response.status_code == 502
    assert b"wrong" not in response.content


@pytest.mark.parametrize("missing", ["S3_BUCKET", "STORAGE"])
def test_storage_that_is_not_set_up_is_told_and_leaves_nothing(
    student: Visitor, settings: Settings, missing: str
) -> None:
    setattr(settings, missing, "")
    storage.cache_clear()
    response = student.send("uploads/", {"name": "a.mp4", "size": 5, "type": "video/mp4"})

    assert response.status_code == 502
    assert error(response)["code"] == "storage_refused"
    assert not Video.objects.exists()


def test_nobody_touches_anothers_upload(student: Visitor, visit: Any) -> None:
    ticket = student.begin("a.mp4", film())
    others = [visit("student", "99"), visit("teacher", "3"), visit("admin", "2")]

    for other in others:
        for what in ("ticket", "parts", "complete", "failed", "remove"):
            response = other.send(f"uploads/{ticket['video']}/{what}/")
            assert response.status_code == 404
    assert Video.objects.get().state == "pending"


@pytest.mark.parametrize("role", ["assistant", "teacher", "admin"])
def test_staff_have_nothing_to_hand_in(assignment: Assignment, visit: Any, role: str) -> None:
    """Moodle takes a status or grade of students only."""
    body = {"name": "a.mp4", "size": 5, "type": "video/mp4"}

    assert visit(role, "77").send("uploads/", body).status_code == 404
    assert not Video.objects.exists()


def test_before_set_up_there_is_nothing_to_upload_to(student: Visitor) -> None:
    Assignment.objects.all().delete()
    assert ResourceLink.objects.exists()

    assert student.send("uploads/", {"name": "a.mp4", "size": 5, "type": "video/mp4"}).status_code == 404


@pytest.mark.parametrize("depth", [101, 900, 950, 5_000, 100_000])
def test_request_that_is_nested_without_end_is_refused(student: Visitor, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    answer = student.browser.post(
        f"{student.home}uploads/",
        f'{{"name": {nested}, "size": 5, "type": "video/mp4"}}',
        content_type="application/json",
        secure=True,
        headers={
            "X-CSRFToken": student.token(),
            "Referer": f"https://tool.example{student.home}",
            "Accept": "application/json",
        },
    )
    assert answer.status_code == 400
    assert error(answer)["action"]
