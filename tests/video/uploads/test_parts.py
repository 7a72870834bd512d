"""Large files: parts that are signed when it is their turn, listed by storage, and put together by the server."""

import io
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.core.management import call_command
from django.utils import timezone

from tests.films import padded
from tests.video.visitor import Visitor
from video import tasks
from video.cleanup import leftovers
from video.models import Assignment, Attempt, Event, Video
from video.storage import s3, storage
from video.storage.base import StorageUnavailable

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def large_from_six_mib(monkeypatch: pytest.MonkeyPatch, assignment: Assignment) -> None:
    """So that a large file need not be large; the smallest parts that S3 takes."""
    monkeypatch.setattr(s3, "FORM_UP_TO", 6 * MIB)
    monkeypatch.setattr(s3, "_part_bytes", lambda size: 5 * MIB)
    Assignment.objects.update(max_bytes=40 * MIB)


FILM = padded(12 * MIB)
PRINT = "a" * 64


def begin(student: Visitor, **changes: Any) -> dict[str, Any]:
    body = {"name": "big.mp4", "size": len(FILM), "type": "video/mp4", "fingerprint": PRINT, "sender": "tab"}
    response = student.send("uploads/", {**body, **changes})
    assert response.status_code in (200, 201), response.content
    answer: dict[str, Any] = json.loads(response.content)
    return answer


def piece(number: int, content: bytes = FILM) -> bytes:
    return content[(number - 1) * 5 * MIB : number * 5 * MIB]


def sign(student: Visitor, ticket: dict[str, Any], *numbers: int, **changes: Any) -> Any:
    parts = [{"number": number, "size": len(piece(number))} for number in numbers]
    return student.send(ticket["urls"]["sign"], {"parts": parts, "sender": "tab", **changes})


def put(student: Visitor, ticket: dict[str, Any], *numbers: int) -> None:
    urls = json.loads(sign(student, ticket, *numbers).content)["urls"]
    for number in numbers:
        assert requests.put(urls[str(number)], data=piece(number), timeout=30).status_code == 200


def code(response: Any) -> str:
    return str(json.loads(response.content)["error"]["code"])


def nothing_unfinished() -> bool:
    return not any(list(storage("s3").unfinished(video.key)) for video in Video.objects.all())


def test_parts_in_any_order_become_the_file(student: Visitor) -> None:
    ticket = begin(student)
    assert (ticket["way"], ticket["parts"]) == ("parts", {"size": 5 * MIB, "received": []})
    put(student, ticket, 3)
    put(student, ticket, 1, 2)

    assert student.send(ticket["urls"]["complete"]).status_code == 200
    tasks.verify_upload(ticket["video"])

    video = Video.objects.get()
    assert (video.state, video.current, video.size) == ("ready", True, len(FILM))
    assert video.duration == pytest.approx(1, abs=0.2)
    assert storage("s3").read(video.key, 0, len(FILM)) == FILM
    assert nothing_unfinished()


def test_storage_says_what_has_arrived_to_any_launch_of_the_person(student: Visitor, visit: Any) -> None:
    put(student, begin(student), 1, 3)

    later = visit("student", "6", name="Ana Student")
    ticket = begin(later, sender="another tab")
    assert ticket["parts"]["received"] == [{"number": 1, "size": 5 * MIB}, {"number": 3, "size": 2 * MIB}]
    assert Video.objects.count() == 1
    assert Event.objects.filter(kind="upload_resumed").get().data == {"arrived": 7 * MIB}
    status = json.loads(later.get(ticket["urls"]["status"]).content)
    assert (status["state"], status["received"]) == ("pending", 7 * MIB)

    assert sign(later, ticket, 2, sender="another tab").status_code == 200


@pytest.mark.parametrize("changes", [{"fingerprint": "b" * 64}, {"size": len(FILM) - 1}, {"fingerprint": ""}])
def test_another_file_is_another_upload(student: Visitor, changes: dict[str, Any]) -> None:
    put(student, begin(student), 1)
    ticket = begin(student, **changes)

    assert ticket["parts"]["received"] == []
    assert Video.objects.count() == 2


def test_nobody_goes_on_with_the_upload_of_another(student: Visitor, visit: Any) -> None:
    first = begin(student)
    other = visit("student", "99")
    second = begin(other)

    assert first["video"] != second["video"]
    for what in ("parts", "complete", "failed", "remove"):
        assert other.send(f"uploads/{first['video']}/{what}/", {}).status_code == 404
    assert other.get(f"uploads/{first['video']}/").status_code == 404


def test_tab_that_was_overtaken_is_told(student: Visitor) -> None:
    ticket = begin(student)
    begin(student, sender="newer tab")

    refused = sign(student, ticket, 1)
    assert (refused.status_code, code(refused)) == (423, "other_tab")
    assert sign(student, ticket, 1, sender="newer tab").status_code == 200


def test_done_before_all_parts_are_there_is_not_believed(student: Visitor) -> None:
    ticket = begin(student)
    put(student, ticket, 1, 3)
    refused = student.send(ticket["urls"]["complete"])

    assert (refused.status_code, code(refused)) == (409, "not_arrived")
    put(student, ticket, 2)
    assert student.send(ticket["urls"]["complete"]).status_code == 200


@pytest.mark.parametrize(
    "parts",
    [
        None,
        [],
        {},
        ["x"],
        [{"number": 0, "size": 5}],
        [{"number": 1}],
        [{"number": 1, "size": "5"}],
        [{"number": True, "size": 5 * MIB}],
        [{"number": 4, "size": 1}],
        [{"number": 3, "size": 5 * MIB}],
        [{"number": 1, "size": 5 * MIB - 1}],
        [{"number": 10_001, "size": 5 * MIB}],
        [{"number": 1, "size": 5 * MIB}] * 51,
    ],
)
def test_parts_that_the_file_has_not_are_not_signed(student: Visitor, parts: Any) -> None:
    ticket = begin(student)
    refused = student.send(ticket["urls"]["sign"], {"parts": parts, "sender": "tab"})

    assert refused.status_code == 400
    assert code(refused) in ("bad_request", "wrong_part")


def test_part_of_another_size_is_refused_at_the_end(student: Visitor) -> None:
    """SeaweedFS takes a part that is not of the signed length; AWS does not."""
    ticket = begin(student)
    put(student, ticket, 2, 3)
    url = json.loads(sign(student, ticket, 1).content)["urls"]["1"]
    requests.put(url, data=b"x" * 6 * MIB, timeout=30)

    assert code(student.send(ticket["urls"]["complete"])) == "not_arrived"
    put(student, ticket, 1)
    assert student.send(ticket["urls"]["complete"]).status_code == 200


def test_completed_again_changes_nothing(student: Visitor) -> None:
    ticket = begin(student)
    put(student, ticket, 1, 2, 3)
    assert [student.send(ticket["urls"]["complete"]).status_code for _ in range(2)] == [200, 200]
    tasks.verify_upload(ticket["video"])
    assert student.send(ticket["urls"]["complete"]).status_code == 200
    assert sign(student, ticket, 1).status_code == 410

    assert Event.objects.filter(kind="upload_succeeded").count() == 1


def test_upload_that_storage_put_together_while_we_died_goes_on(student: Visitor) -> None:
    ticket = begin(student)
    put(student, ticket, 1, 2, 3)
    video = Video.objects.get()
    backend = storage("s3")
    backend.finish_parts(
        key=video.key, upload_id=video.upload_id, parts=backend.parts(key=video.key, upload_id=video.upload_id)
    )

    again = begin(student)
    assert again["video"] == ticket["video"]
    assert sum(part["size"] for part in again["parts"]["received"]) == len(FILM)
    assert student.send(ticket["urls"]["complete"]).status_code == 200


def test_upload_begun_in_time_goes_on_within_its_grace(student: Visitor) -> None:
    """A connection that breaks just then must not cost the deadline."""
    ticket = begin(student)
    put(student, ticket, 1)
    now = timezone.now()
    Video.objects.update(created_at=now - timedelta(hours=2))
    Assignment.objects.update(closes_at=now - timedelta(minutes=5))

    assert "big.mp4" in student.text()
    assert 'data-upload="input"' in student.text()
    assert begin(student)["video"] == ticket["video"]
    put(student, ticket, 2, 3)
    assert student.send(ticket["urls"]["complete"]).status_code == 200
    other = {"name": "b.mp4", "size": len(FILM), "type": "video/mp4", "fingerprint": "b" * 64}
    assert code(student.send("uploads/", other)) == "closed"


def test_upload_begun_in_time_ends_with_its_grace(student: Visitor) -> None:
    begin(student)
    now = timezone.now()
    Video.objects.update(created_at=now - timedelta(hours=2))
    Assignment.objects.update(closes_at=now - timedelta(minutes=31))
    body = {"name": "big.mp4", "size": len(FILM), "type": "video/mp4", "fingerprint": PRINT, "sender": "tab"}

    assert code(student.send("uploads/", body)) == "closed"
    assert 'data-upload="input"' not in student.text()


def test_upload_that_storage_has_lost_begins_anew(student: Visitor) -> None:
    ticket = begin(student)
    video = Video.objects.get()
    storage("s3").abort_parts(key=video.key, upload_id=video.upload_id)

    again = begin(student)
    assert again["video"] != ticket["video"]
    assert Video.objects.get(pk=ticket["video"]).state == "error"


def test_attempt_that_was_handed_in_while_storage_was_asked_takes_no_more(
    student: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = student.upload("a.mp4", padded(MIB))
    backend = storage("s3")
    ask: Any = backend.begin_upload
    begun: list[Any] = []

    def slowly(**what: Any) -> Any:
        student.post("submit/", {"video": ready})
        begun.append(ask(**what))
        return begun[0]

    monkeypatch.setattr(backend, "begin_upload", slowly)
    refused = student.send("uploads/", {"name": "b.mp4", "size": len(FILM), "type": "video/mp4"})

    assert (refused.status_code, code(refused)) == (410, "handed_in")
    assert Video.objects.count() == 1
    assert begun[0].upload_id not in {found.upload_id for found in backend.unfinished("videos/")}


def test_giving_up_leaves_nothing_behind(student: Visitor) -> None:
    ticket = begin(student)
    put(student, ticket, 1)
    student.post(f"uploads/{ticket['video']}/remove/")
    tasks.delete_object(ticket["video"])

    assert Video.objects.get().state == "deleted"
    assert nothing_unfinished()


def test_broken_upload_is_only_noted_and_can_go_on(student: Visitor) -> None:
    ticket = begin(student)
    put(student, ticket, 1)
    student.send(ticket["urls"]["failed"], {"reason": "network"})

    assert Video.objects.get().state == "pending"
    assert "is not all here yet" in student.text()
    assert begin(student)["parts"]["received"]


def test_two_tabs_with_two_files_keep_the_one_that_ended_last(student: Visitor) -> None:
    first, second = begin(student), begin(student, fingerprint="b" * 64)
    for ticket in (first, second):
        put(student, ticket, 1, 2, 3)
        assert student.send(ticket["urls"]["complete"]).status_code == 200
        tasks.verify_upload(ticket["video"])

    assert Attempt.objects.get().video == Video.objects.get(pk=second["video"])
    tasks.delete_object(first["video"])
    assert storage("s3").inspect(Video.objects.get(pk=first["video"]).key) is None


class TestRecording:
    """No size is announced; the parts come while it is recorded."""

    def begin(self, student: Visitor) -> dict[str, Any]:
        response = student.send("uploads/", {"name": "Recording.mp4", "type": "video/mp4", "recorded": True})
        assert response.status_code == 201, response.content
        answer: dict[str, Any] = json.loads(response.content)
        return answer

    def put(self, student: Visitor, ticket: dict[str, Any], *numbers: int) -> None:
        urls = json.loads(sign(student, ticket, *numbers, sender="").content)["urls"]
        for number in numbers:
            assert requests.put(urls[str(number)], data=piece(number), timeout=30).status_code == 200

    def test_its_size_is_what_has_arrived(self, student: Visitor) -> None:
        ticket = self.begin(student)
        self.put(student, ticket, 1, 2)
        self.put(student, ticket, 3)
        assert student.send(ticket["urls"]["complete"], {"parts": 3}).status_code == 200
        tasks.verify_upload(ticket["video"])

        video = Video.objects.get()
        assert (video.state, video.size, video.recorded) == ("ready", len(FILM), True)

    @pytest.mark.parametrize(("there", "said"), [((1, 2), 3), ((1, 3), 2), ((), 0)])
    def test_missing_part_is_noticed(self, student: Visitor, there: tuple[int, ...], said: int) -> None:
        ticket = self.begin(student)
        if there:
            self.put(student, ticket, *there)

        assert code(student.send(ticket["urls"]["complete"], {"parts": said})) == "not_arrived"

    def test_what_has_arrived_of_an_interrupted_one_can_be_used(self, student: Visitor) -> None:
        ticket = self.begin(student)
        self.put(student, ticket, 1, 2, 3)
        assert "A recording was interrupted" in student.text()

        assert student.send(ticket["urls"]["complete"], {}).status_code == 200

    def test_gap_costs_what_is_behind_it_alone(self, student: Visitor) -> None:
        """Two are sent at a time: a browser that dies may leave the third there and the second not."""
        ticket = self.begin(student)
        self.put(student, ticket, 1, 3)

        assert student.send(ticket["urls"]["complete"], {}).status_code == 200
        assert Video.objects.get().size == 5 * MIB

    def test_it_ends_at_the_limit(self, student: Visitor) -> None:
        Assignment.objects.update(max_bytes=9 * MIB)
        ticket = self.begin(student)

        assert sign(student, ticket, 1, 2, sender="").status_code == 200
        assert code(sign(student, ticket, 4, sender="")) in ("too_large", "bad_request")

    @pytest.mark.parametrize("body", [{"recorded": True, "size": 5}, {"size": None}])
    def test_file_has_a_size_and_a_recording_none(self, student: Visitor, body: dict[str, Any]) -> None:
        assert student.send("uploads/", {"name": "a.mp4", "type": "video/mp4", **body}).status_code == 400


@pytest.mark.parametrize(("ways", "recorded"), [("upload", True), ("record", False)])
def test_assignment_takes_the_way_it_asks_for(student: Visitor, ways: str, recorded: bool) -> None:
    Assignment.objects.update(ways=ways)
    body = {"name": "a.mp4", "type": "video/mp4", "recorded": recorded, "size": None if recorded else 5}

    assert code(student.send("uploads/", body)) == "wrong_way"


class TestHygiene:
    def age(self, **by: float) -> None:
        Video.objects.update(active_at=timezone.now() - timedelta(**by))

    def test_upload_whose_browser_vanished_is_found_and_confirmed(self, student: Visitor) -> None:
        ticket = begin(student)
        put(student, ticket, 1, 2, 3)
        assert leftovers.find_vanished(within=timedelta(hours=2)) == 0, "its browser may still say so"
        self.age(minutes=5)

        tasks.find_vanished_uploads()
        assert Video.objects.get().state == "checking"

    def test_form_upload_whose_browser_vanished_is_found_too(self, student: Visitor) -> None:
        content = padded(MIB)
        ticket = student.begin("a.mp4", content)
        student.hand_over(ticket, content)
        self.age(minutes=5)

        assert leftovers.find_vanished(within=timedelta(hours=2)) == 1
        tasks.verify_upload(ticket["video"])
        assert Video.objects.get().current

    def test_unfinished_one_is_left_alone_for_a_week_and_then_aborted(self, student: Visitor) -> None:
        ticket = begin(student)
        put(student, ticket, 1)
        self.age(days=6.9)
        tasks.abort_abandoned_uploads()
        assert Video.objects.get().state == "pending"

        self.age(days=7.1)
        tasks.abort_abandoned_uploads()
        assert Video.objects.get().state == "error"
        tasks.delete_object(ticket["video"])
        assert nothing_unfinished()

    def test_abandoned_recording_is_taken_in_rather(self, student: Visitor) -> None:
        recording = TestRecording()
        ticket = recording.begin(student)
        recording.put(student, ticket, 1, 2, 3)
        self.age(days=8)

        tasks.abort_abandoned_uploads()
        assert Video.objects.get().state == "checking"

    def test_storage_that_does_not_answer_ends_no_abandoned_recording(
        self, student: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recording = TestRecording()
        ticket = recording.begin(student)
        recording.put(student, ticket, 1, 2, 3)
        self.age(days=8)

        def out(*args: Any, **kwargs: Any) -> Any:
            raise StorageUnavailable("out")

        with monkeypatch.context() as storm:
            storm.setattr(s3.S3, "parts", out)
            tasks.abort_abandoned_uploads()
        assert Video.objects.get().state == "pending"
        tasks.abort_abandoned_uploads()
        assert Video.objects.get().state == "checking"

    def test_orphans_are_listed_and_only_they(self, student: Visitor) -> None:
        put(student, begin(student), 1)
        video = student.upload("kept.mp4", padded(MIB))
        backend, stray = storage("s3"), f"videos/{uuid.uuid4()}/x/stray.mp4"
        upload = backend.begin_upload(key=stray, content_type="video/mp4", size=None, max_bytes=1, seconds=60)
        backend.put(stray + "2", io.BytesIO(b"x"), content_type="video/mp4")
        mine = [found for found in leftovers.orphans("s3", older_than=timedelta(0)) if stray in found.key]

        assert sorted(found.key for found in mine) == [stray, stray + "2"]
        known = Video.objects.get(pk=video).key
        assert known not in {found.key for found in leftovers.orphans("s3", older_than=timedelta(0))}
        assert not [found for found in leftovers.orphans("s3", older_than=timedelta(hours=1)) if stray in found.key]
        for found in mine:
            leftovers.remove_orphan("s3", found)
        assert backend.inspect(stray + "2") is None
        assert upload

    def test_what_is_sent_again_by_an_old_ticket_changes_nothing_and_goes(self, student: Visitor) -> None:
        """A form's ticket lives on for an hour after its file was handed in."""
        content = padded(MIB)
        ticket = student.begin("a.mp4", content)
        student.hand_over(ticket, content)
        student.send(ticket["urls"]["complete"])
        tasks.verify_upload(ticket["video"])
        student.submit()

        student.hand_over(ticket, content[:-1] + b"!")
        video = Video.objects.get()
        assert storage("s3").read(video.key, len(content) - 1, 1) == content[-1:]
        self.age(hours=3)
        tasks.delete_leftover_objects()
        assert storage("s3").inspect(video.incoming_key) is None
        assert storage("s3").inspect(video.key) is not None

    def test_command_lists_and_deletes_only_when_asked(self, student: Visitor) -> None:
        backend, stray = storage("s3"), f"videos/{uuid.uuid4()}/x/stray.mp4"
        backend.put(stray, io.BytesIO(b"x"), content_type="video/mp4")

        def run(*options: str) -> str:
            out = io.StringIO()
            call_command("storage_orphans", "--older-than=0", *options, stdout=out)
            return out.getvalue()

        assert stray in run()
        assert backend.inspect(stray) is not None
        assert "removed" in run("--delete")
        assert backend.inspect(stray) is None
        assert stray not in run()
