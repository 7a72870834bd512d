"""Files and recorded words that go back with a mark, against a real S3 server."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
import requests
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.module_loading import import_string
from pytest_django.fixtures import Settings

from lti_tool.models import Person, ScoreDelivery
from tests.films import film, take
from tests.video.stores import Kept
from tests.video.test_access import OTHER_COURSE, OTHER_LINK
from tests.video.visitor import Visitor
from video import tasks
from video.cleanup import leftovers
from video.feedback import attachments, audio, file_types
from video.feedback.file_types import accepted, is_what_it_says, opened
from video.media import probe, remux
from video.models import Assignment, Attachment, Event, Grade, Submission
from video.storage import storage
from video.storage.base import StorageUnavailable
from video.storage.s3 import S3
from video.uploads.file_names import folder_of

PDF = b"%PDF-1.7\n%%EOF\n"
MIB = 1024 * 1024
LIVE = {"live": "1"}


def word(seconds: float = 3.0) -> bytes:
    """As MediaRecorder writes sound: no length, no index."""
    return take("webm", sound="libopus", seconds=seconds, options=tuple(LIVE.items()))


def office(inside: str, *more: str, mimetype: str = "") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in ("[Content_Types].xml", inside, *more):
            archive.writestr(name, "<x/>", zipfile.ZIP_DEFLATED)
    return held.getvalue()


def says_what_it_is(name: str, content: bytes) -> bool:
    kept, content_type = Kept(content), accepted(name)
    assert content_type is not None
    return is_what_it_says(opened(kept.backend, "k", kept.size), content_type)


def error(response: Any) -> dict[str, str]:
    body: dict[str, dict[str, str]] = json.loads(response.content)
    assert set(body["error"]) == {"code", "message", "action"}
    return body["error"]


def begin(who: Visitor, work: Submission, name: str, content: bytes | int, **more: Any) -> Any:
    size = content if isinstance(content, int) else len(content)
    return who.send(f"attempts/{work.attempts.get(number=1).pk}/files/", {"name": name, "size": size, **more})


def sent(who: Visitor, work: Submission, name: str, content: bytes, **more: Any) -> dict[str, Any]:
    """Begun, and in storage by the ticket alone; the tool has not looked at it yet."""
    response = begin(who, work, name, content, **more)
    assert response.status_code == 201, response.content.decode()
    ticket: dict[str, Any] = json.loads(response.content)
    assert who.hand_over(ticket, content).status_code in (200, 201, 204)
    return ticket


def attach(who: Visitor, work: Submission, name: str = "notes.pdf", content: bytes = PDF, **more: Any) -> Attachment:
    ticket = sent(who, work, name, content, **more)
    response = who.send(ticket["urls"]["complete"])
    assert response.status_code == 200, response.content.decode()
    return Attachment.objects.get(pk=ticket["attachment"])


def give_back(teacher: Visitor, work: Submission) -> None:
    grade = Grade.objects.filter(attempt__submission=work).first()
    version = str(grade.version if grade else 0)
    answer = teacher.post(f"submissions/{work.pk}/", {"points": "80", "feedback": "Good.", "version": version})
    assert answer.status_code == 302
    teacher.post(f"submissions/{work.pk}/release/")


def in_storage(attachment: Attachment) -> bool:
    return storage("s3").inspect(attachment.key) is not None


class TestAFileGoesWithTheMark:
    def test_teacher_attaches_and_the_student_gets_it_with_the_release(
        self, teacher: Visitor, student: Visitor, handed_in: Submission
    ) -> None:
        attachment = attach(teacher, handed_in, "Notes on Été.pdf")

        assert (attachment.state, attachment.size, attachment.content_type) == ("ready", len(PDF), "application/pdf")
        assert attachment.author == Person.objects.get(sub="3")
        assert "Notes on Été.pdf" in teacher.text(f"submissions/{handed_in.pk}/")
        assert "Notes on Été.pdf" not in student.text()
        assert student.get(f"files/{attachment.pk}/address/").status_code == 404
        give_back(teacher, handed_in)

        assert "Notes on Été.pdf" in student.text()
        answer = student.browser.get(
            f"{student.home}files/{attachment.pk}/address/", secure=True, headers={"Accept": "application/json"}
        )
        signed = json.loads(answer.content)
        assert signed["src"].startswith(f"https://cdn.example/{attachment.key}?Expires=")
        assert "Key-Pair-Id=KTESTS" in signed["src"]
        assert student.get(f"files/{attachment.pk}/address/")["Location"].startswith("https://cdn.example/")

    def test_each_step_is_written_down_without_words(self, teacher: Visitor, handed_in: Submission) -> None:
        attachment = attach(teacher, handed_in, "Secret.pdf")
        teacher.get(f"files/{attachment.pk}/address/")
        teacher.send(f"files/{attachment.pk}/remove/")

        events = Event.objects.filter(kind__startswith="file_").order_by("pk")
        kinds = ["file_started", "file_attached", "file_opened", "file_removed"]
        assert list(events.values_list("kind", flat=True)) == kinds
        assert {event.data["attachment"] for event in events} == {str(attachment.pk)}
        assert "Secret" not in str([event.data for event in events])

    def test_what_is_added_or_taken_after_a_release_waits_for_the_next(
        self, teacher: Visitor, student: Visitor, handed_in: Submission
    ) -> None:
        first = attach(teacher, handed_in, "first.pdf")
        give_back(teacher, handed_in)
        assert not Grade.objects.get().unreleased
        attach(teacher, handed_in, "second.pdf")

        assert Grade.objects.get().unreleased
        assert "first.pdf" in student.text()
        assert "second.pdf" not in student.text()
        teacher.post(f"submissions/{handed_in.pk}/release/")
        assert "second.pdf" in student.text()
        assert not Grade.objects.get().unreleased
        teacher.send(f"files/{first.pk}/remove/")
        assert Grade.objects.get().unreleased
        assert "first.pdf" not in student.text()

    def test_sent_before_a_release_and_arrived_after_it_was_not_there(
        self, teacher: Visitor, student: Visitor, handed_in: Submission
    ) -> None:
        ticket = sent(teacher, handed_in, "late.pdf", PDF)
        give_back(teacher, handed_in)
        teacher.send(ticket["urls"]["complete"])

        assert "late.pdf" not in student.text()
        assert Grade.objects.get().unreleased

    def test_it_is_saved_and_never_opened(self, teacher: Visitor, handed_in: Submission) -> None:
        stored = storage("s3").inspect(attach(teacher, handed_in).key)

        assert stored is not None
        assert stored.saved
        ticket = json.loads(begin(teacher, handed_in, "a.pdf", PDF).content)
        ticket["form"]["fields"]["Content-Disposition"] = "inline"
        assert teacher.hand_over(ticket, PDF).status_code == 403

    def test_a_large_one_goes_in_parts_and_goes_on(self, teacher: Visitor, handed_in: Submission) -> None:
        content = PDF + bytes(17 * MIB)
        described = {"fingerprint": "a" * 64, "sender": "tab"}
        ticket = json.loads(begin(teacher, handed_in, "large.pdf", content, **described).content)
        size = ticket["parts"]["size"]
        cut = [content[at : at + size] for at in range(0, len(content), size)]

        def send(number: int) -> None:
            wanted = {"parts": [{"number": number, "size": len(cut[number - 1])}], "sender": "tab"}
            signed = json.loads(teacher.send(ticket["urls"]["sign"], wanted).content)
            assert requests.put(signed["urls"][str(number)], data=cut[number - 1], timeout=30).status_code == 200

        send(1)
        assert error(teacher.send(ticket["urls"]["complete"]))["code"] == "not_arrived"
        again = begin(teacher, handed_in, "large.pdf", content, **described)
        assert again.status_code == 200
        assert json.loads(again.content)["attachment"] == ticket["attachment"]
        assert json.loads(again.content)["parts"]["received"] == [{"number": 1, "size": size}]
        for number in range(2, len(cut) + 1):
            send(number)
        status = json.loads(teacher.get(ticket["urls"]["status"]).content)
        assert (status["state"], status["received"]) == ("pending", len(content))
        assert teacher.send(ticket["urls"]["complete"]).status_code == 200

        attachment = Attachment.objects.get()
        assert (attachment.state, attachment.size) == ("ready", len(content))
        stored = storage("s3").inspect(attachment.key)
        assert stored is not None
        assert stored.saved

    def test_the_ticket_cannot_exchange_it_afterwards(self, teacher: Visitor, handed_in: Submission) -> None:
        ticket = sent(teacher, handed_in, "a.pdf", PDF)
        teacher.send(ticket["urls"]["complete"])
        teacher.hand_over(ticket, b"%PDF-evil" + PDF)

        attachment = Attachment.objects.get()
        assert storage("s3").read(attachment.key, 0, 100) == PDF

    def test_saying_so_again_changes_nothing(self, teacher: Visitor, handed_in: Submission) -> None:
        ticket = sent(teacher, handed_in, "a.pdf", PDF)
        assert [teacher.send(ticket["urls"]["complete"]).status_code for _ in range(3)] == [200] * 3
        assert Event.objects.filter(kind="file_attached").count() == 1
        assert [teacher.send(ticket["urls"]["remove"]).status_code for _ in range(2)] == [204] * 2
        assert Event.objects.filter(kind="file_removed").count() == 1

    def test_a_form_without_a_script_removes_it(self, teacher: Visitor, handed_in: Submission) -> None:
        attachment = attach(teacher, handed_in)
        answer = teacher.post(f"files/{attachment.pk}/remove/")

        assert answer.status_code == 302
        assert answer["Location"] == f"{teacher.home}submissions/{handed_in.pk}/?attempt=1"
        assert "The file was removed." in teacher.text(f"submissions/{handed_in.pk}/")

    def test_work_with_a_file_is_being_marked(
        self, teacher: Visitor, student: Visitor, handed_in: Submission, assignment: Assignment
    ) -> None:
        attach(teacher, handed_in)
        student.post(f"attempts/{handed_in.attempts.get().pk}/withdraw/")

        assert handed_in.attempts.get().submitted_at is not None

    def test_the_page_asks_for_all_files_at_once(
        self, teacher: Visitor, student: Visitor, handed_in: Submission
    ) -> None:
        def statements(count: int) -> int:
            with CaptureQueriesContext(connection) as seen:
                student.text()
            assert student.text().count("data-file-save") == count
            return len(seen)

        attach(teacher, handed_in)
        give_back(teacher, handed_in)
        one = statements(1)
        attach(teacher, handed_in, "b.pdf")
        attach(teacher, handed_in, "c.pdf")
        teacher.post(f"submissions/{handed_in.pk}/release/")
        assert statements(3) == one


class TestWhatMayBeAttached:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.pdf", PDF),
            ("a.PDF", b"junk of a printer\n" + PDF),
            ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(20)),
            ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(20)),
            ("a.jpeg", b"\xff\xd8\xff\xe1" + bytes(20)),
            ("a.gif", b"GIF89a" + bytes(20)),
            ("a.webp", b"RIFF\x10\0\0\0WEBPVP8 " + bytes(20)),
            ("a.docx", office("word/document.xml")),
            ("a.xlsx", office("xl/workbook.xml", "a" * 60_000)),
            ("a.pptx", office("ppt/presentation.xml")),
            ("a.odt", office("content.xml", mimetype=file_types.ALLOWED[".odt"])),
            ("a.ods", office("content.xml", mimetype=file_types.ALLOWED[".ods"])),
            ("a.odp", office("content.xml", mimetype=file_types.ALLOWED[".odp"])),
            ("a.txt", "Ça va — 5 < 6\n".encode()),
            ("a.txt", "Ça va".encode("utf-16")),
            ("a.csv", "Név;Pont\r\nÁdám;5\r\n".encode("cp1250")),
            ("a.md", b"# Well told\n\n<b>Bold</b>"),
            ("a.mp3", b"ID3\x04" + bytes(40)),
            ("a.mp3", b"\xff\xfb\x90\x64" + bytes(40)),
            ("a.wav", b"RIFF\x24\0\0\0WAVEfmt " + bytes(40)),
            ("a.ogg", take("ogg", sound="libopus")),
            ("a.m4a", take("mp4", sound="aac")),
            ("a.webm", take("webm", sound="libopus")),
        ],
    )
    def test_taken(self, name: str, content: bytes) -> None:
        assert says_what_it_is(name, content)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.pdf", b"<html><script>alert(1)</script></html>"),
            ("a.png", b"\xff\xd8\xff\xe0" + bytes(20)),
            ("a.txt", b"MZ\x90\x00\x03" + bytes(60)),
            ("a.txt", b"\xef\xbb\xbf  <!DOCTYPE html><script>"),
            ("a.csv", b"<svg onload=alert(1)>"),
            ("a.md", "<html>".encode("utf-16")),
            ("a.txt", b"\x89PNG\r\n\x1a\n" + bytes(20)),
            ("a.docx", b"PK\x03\x04" + bytes(100)),
            ("a.docx", office("xl/workbook.xml")),
            ("a.docx", office("word/document.xml", "word/vbaProject.bin")),
            ("a.docx", office("word/document.xml")[:-30]),
            ("a.odt", office("content.xml", mimetype=file_types.ALLOWED[".ods"])),
            ("a.odt", office("content.xml")),
            ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
            ("a.mp3", b"RIFF\x24\0\0\0WAVEfmt "),
            ("a.m4a", b"ID3\x04" + bytes(40)),
        ],
    )
    def test_not_taken(self, name: str, content: bytes) -> None:
        assert not says_what_it_is(name, content)

    def test_what_is_not_what_its_name_says_is_deleted(
        self,
        teacher: Visitor,
        handed_in: Submission,
        django_capture_on_commit_callbacks: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("config.queue._publish", lambda task, args: task(*args))
        ticket = sent(teacher, handed_in, "evil.pdf", b"<html><script>alert(1)</script></html>")
        with django_capture_on_commit_callbacks(execute=True):
            answer = teacher.send(ticket["urls"]["complete"])

        assert (answer.status_code, error(answer)["code"]) == (422, "not_what_it_says")
        attachment = Attachment.objects.get()
        assert attachment.state == "deleted"
        assert attachment.object_deleted_at is not None
        assert storage("s3").inspect(attachment.incoming_key) is None
        assert "evil.pdf" not in teacher.text(f"submissions/{handed_in.pk}/").partition("data-files=")[2]
        again = teacher.send(ticket["urls"]["complete"])
        assert (again.status_code, error(again)["message"]) == (410, error(answer)["message"])

    def test_other_names_are_refused_before(self, teacher: Visitor, handed_in: Submission) -> None:
        for ending in (
            ".html",
            ".svg",
            ".htm",
            ".xhtml",
            ".exe",
            ".js",
            ".docm",
            ".doc",
            ".zip",
            ".mp4",
            "",
            ".pdf.js",
        ):
            name = f"a{ending}"
            answer = begin(teacher, handed_in, name, 100, type="application/pdf")
            assert (answer.status_code, error(answer)["code"]) == (422, "wrong_type"), name

        assert not Attachment.objects.exists()

    def test_only_what_browsers_record_is_a_recorded_word(self, teacher: Visitor, handed_in: Submission) -> None:
        assert error(begin(teacher, handed_in, "a.pdf", 100, kind="audio"))["code"] == "wrong_type"
        assert begin(teacher, handed_in, "a.webm", 100, kind="audio").status_code == 201

    def test_too_large_and_empty_are_refused_before(
        self, teacher: Visitor, handed_in: Submission, settings: Settings
    ) -> None:
        settings.ATTACHMENT_MAX_BYTES = 1000

        assert error(begin(teacher, handed_in, "a.pdf", 0))["code"] == "empty"
        refused = error(begin(teacher, handed_in, "a.pdf", 1001))
        assert refused["code"] == "too_large"
        assert "the limit is 1000" in refused["message"]
        assert begin(teacher, handed_in, "a.pdf", 1000).status_code == 201

    def test_storage_takes_no_more_than_was_announced(
        self, teacher: Visitor, handed_in: Submission, settings: Settings
    ) -> None:
        settings.ATTACHMENT_MAX_BYTES = 1000
        ticket = json.loads(begin(teacher, handed_in, "a.pdf", PDF).content)
        assert teacher.hand_over(ticket, PDF + bytes(1000)).status_code in (400, 403)
        assert teacher.hand_over(ticket, PDF + b"more").status_code in (200, 201, 204)

        assert error(teacher.send(ticket["urls"]["complete"]))["code"] == "wrong_size"

    def test_so_many_and_no_more(self, teacher: Visitor, handed_in: Submission, settings: Settings) -> None:
        settings.ATTACHMENTS_PER_ATTEMPT = 2
        first = attach(teacher, handed_in)
        begin(teacher, handed_in, "b.pdf", PDF)

        refused = begin(teacher, handed_in, "c.pdf", PDF)
        assert error(refused)["code"] == "too_many"
        assert "2 files already" in error(refused)["message"]
        teacher.send(f"files/{first.pk}/remove/")
        assert begin(teacher, handed_in, "c.pdf", PDF).status_code == 201

    def test_many_begun_long_ago_do_not_become_too_many(
        self, teacher: Visitor, handed_in: Submission, settings: Settings
    ) -> None:
        settings.ATTACHMENTS_PER_ATTEMPT = 1
        old = sent(teacher, handed_in, "a.pdf", PDF)
        Attachment.objects.update(active_at=timezone.now() - timedelta(hours=3))
        attach(teacher, handed_in, "b.pdf")

        assert error(teacher.send(old["urls"]["complete"]))["code"] == "too_many"

    def test_how_often_is_limited(self, teacher: Visitor, handed_in: Submission, settings: Settings) -> None:
        settings.ATTACHMENTS_A_MINUTE = 2
        with time_machine.travel(timezone.now().replace(second=1), tick=False):  # all in one minute
            answers = [begin(teacher, handed_in, "a.pdf", PDF).status_code for _ in range(3)]

        assert answers == [201, 201, 429]

    def test_nonsense_is_told_so(self, teacher: Visitor, handed_in: Submission) -> None:
        bodies: list[Any] = [
            {},
            [],
            {"name": "a.pdf"},
            {"name": "a.pdf", "size": -1},
            {"name": "a.pdf", "size": "NaN"},
            {"name": "a.pdf", "size": 1e400},
            {"name": "a.pdf", "size": 2**70},
            {"name": "a\x00.pdf", "size": 5},
            {"name": ["a.pdf"], "size": {}},
            {"name": "a.pdf", "size": 5, "kind": "video"},
            {"name": "a.pdf", "size": 5, "fingerprint": "x"},
            {"name": "a" * 2000 + ".pdf", "size": 5},
        ]
        for body in bodies:
            answer = teacher.send(f"attempts/{handed_in.attempts.get().pk}/files/", body)
            assert answer.status_code in (400, 422), body

        assert not Attachment.objects.exists()

    def test_strange_names_are_kept_safe(self, teacher: Visitor, handed_in: Submission) -> None:
        names = ["a\ud800.pdf", "../../etc/passwd.pdf", "<script>.pdf", "🎬.pdf", "a\nb.pdf", 'a";x="b.pdf']
        for name in names:
            assert attach(teacher, handed_in, name).key.isascii()

        assert "<script>" not in teacher.text(f"submissions/{handed_in.pk}/").partition("data-files=")[2]

    def test_a_list_of_contents_without_end_is_not_read_to_it(self) -> None:
        class Endless:
            def read(self, key: str, start: int, length: int) -> bytes:
                return bytes(length)

        file = opened(Endless(), "k", 100 * MIB)  # type: ignore[arg-type]
        assert not is_what_it_says(file, file_types.ALLOWED[".docx"])
        assert file.bytes_read <= 8 * MIB

    def test_every_ending_is_known_by_its_type(self) -> None:
        assert {accepted(f"x{ending}") for ending in file_types.accept_attribute().split(",")} == set(
            file_types.ALLOWED.values()
        )
        assert not [mime for mime in file_types.ALLOWED.values() if "html" in mime or "svg" in mime or mime == "xml"]


class TestWhoMayWhat:
    GET, LIST, BEGIN, REMOVE = "get", "list", "begin", "remove"
    STAFF = {GET, LIST, BEGIN, REMOVE}
    WHO: dict[str, tuple[str, str, dict[str, Any], set[str]]] = {
        "the student": ("student", "6", {}, {GET}),
        "another student": ("student", "99", {}, set()),
        "the student, launched from another link": ("student", "6", OTHER_LINK, set()),
        "assistant": ("assistant", "4", {}, STAFF),
        "teacher": ("teacher", "3", {}, STAFF),
        "admin": ("admin", "2", {}, STAFF),
        "teacher from another link of the course": ("teacher", "3", OTHER_LINK, STAFF),
        "teacher of another course": ("teacher", "5", OTHER_COURSE, set()),
    }

    @pytest.mark.parametrize(("role", "sub", "changes", "may"), WHO.values(), ids=WHO.keys())
    def test_who_may_what(
        self,
        teacher: Visitor,
        handed_in: Submission,
        visit: Any,
        role: str,
        sub: str,
        changes: dict[str, Any],
        may: set[str],
    ) -> None:
        attachment = attach(teacher, handed_in)
        give_back(teacher, handed_in)
        who: Visitor = visit(role, sub, **changes)
        answers = {
            self.GET: who.get(f"files/{attachment.pk}/address/").status_code,
            self.LIST: who.get(f"attempts/{handed_in.attempts.get().pk}/files/").status_code,
            self.BEGIN: begin(who, handed_in, "b.pdf", PDF).status_code,
            self.REMOVE: who.send(f"files/{attachment.pk}/remove/").status_code,
        }

        good = {self.GET: 302, self.LIST: 200, self.BEGIN: 201, self.REMOVE: 204}
        assert answers == {what: good[what] if what in may else 404 for what in answers}

    @pytest.mark.parametrize("verb", ["renew", "sign", "complete", "failed", "status"])
    def test_nobody_sends_for_another(self, teacher: Visitor, handed_in: Submission, visit: Any, verb: str) -> None:
        ticket = sent(teacher, handed_in, "a.pdf", PDF)
        assistant: Visitor = visit("assistant", "4")
        address = ticket["urls"][verb].removeprefix(teacher.home)
        answer = assistant.get(address) if verb == "status" else assistant.send(address)

        assert answer.status_code == 404
        assert Attachment.objects.get().state == "pending"

    def test_a_draft_takes_nothing(self, teacher: Visitor, student: Visitor, assignment: Assignment) -> None:
        student.upload("a.mp4", film())

        assert begin(teacher, Submission.objects.get(person__sub="6"), "a.pdf", PDF).status_code == 404

    def test_a_removed_one_is_gone_for_everybody(
        self, teacher: Visitor, student: Visitor, handed_in: Submission
    ) -> None:
        attachment = attach(teacher, handed_in)
        give_back(teacher, handed_in)
        teacher.send(f"files/{attachment.pk}/remove/")

        for who in (teacher, student):
            assert who.get(f"files/{attachment.pk}/address/").status_code == 404


class TestHowItEnds:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("config.queue._publish", lambda task, args: task(*args))

    def test_removed_is_deleted_by_a_worker(
        self, teacher: Visitor, handed_in: Submission, django_capture_on_commit_callbacks: Any
    ) -> None:
        attachment = attach(teacher, handed_in)
        assert in_storage(attachment)
        with django_capture_on_commit_callbacks(execute=True):
            teacher.send(f"files/{attachment.pk}/remove/")

        assert not in_storage(attachment)
        attachment.refresh_from_db()
        assert attachment.object_deleted_at is not None

    def test_removed_while_it_is_on_its_way(
        self, teacher: Visitor, handed_in: Submission, django_capture_on_commit_callbacks: Any
    ) -> None:
        ticket = sent(teacher, handed_in, "a.pdf", PDF)
        with django_capture_on_commit_callbacks(execute=True):
            assert teacher.send(ticket["urls"]["remove"]).status_code == 204
        answer = teacher.send(ticket["urls"]["complete"])

        assert (answer.status_code, error(answer)["code"]) == (410, "upload_over")
        attachment = Attachment.objects.get()
        assert storage("s3").inspect(attachment.incoming_key) is None
        assert not in_storage(attachment)
        # Whoever still holds the ticket can send once more; it is cleared when no ticket lives.
        teacher.hand_over(ticket, PDF)
        Attachment.objects.update(active_at=timezone.now() - timedelta(days=1))
        incoming = attachment.incoming_key
        tasks.delete_leftover_objects()
        assert storage("s3").inspect(incoming) is None

    def test_removed_while_it_is_looked_at(
        self,
        teacher: Visitor,
        handed_in: Submission,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        ticket = sent(teacher, handed_in, "a.pdf", PDF)
        attachment = Attachment.objects.get()

        def look(*args: Any) -> bool:
            Attachment.objects.filter(pk=attachment.pk).update(state="deleted", deleted_at=timezone.now())
            return True

        monkeypatch.setattr(file_types, "is_what_it_says", look)
        with django_capture_on_commit_callbacks(execute=True):
            assert teacher.send(ticket["urls"]["complete"]).status_code == 410
        assert not in_storage(attachment)
        assert not Attachment.objects.get().attached_at

    def test_a_form_that_was_given_up_is_over(self, teacher: Visitor, handed_in: Submission) -> None:
        ticket = json.loads(begin(teacher, handed_in, "a.pdf", PDF).content)
        assert teacher.send(ticket["urls"]["failed"], {"reason": "network"}).status_code == 204

        assert Attachment.objects.get().state == "deleted"
        assert error(teacher.send(ticket["urls"]["renew"]))["code"] == "upload_over"

    def test_a_ticket_can_be_renewed(self, teacher: Visitor, handed_in: Submission) -> None:
        ticket = json.loads(begin(teacher, handed_in, "a.pdf", PDF).content)
        renewed = json.loads(teacher.send(ticket["urls"]["renew"]).content)
        teacher.hand_over(renewed, PDF)

        assert teacher.send(ticket["urls"]["complete"]).status_code == 200

    def test_unfinished_ones_end_after_a_day(
        self, teacher: Visitor, handed_in: Submission, django_capture_on_commit_callbacks: Any
    ) -> None:
        form = sent(teacher, handed_in, "a.pdf", PDF)
        large = json.loads(begin(teacher, handed_in, "b.pdf", 20 * MIB).content)
        tasks.abort_abandoned_uploads()
        assert set(Attachment.objects.values_list("state", flat=True)) == {"pending"}
        Attachment.objects.update(active_at=timezone.now() - timedelta(hours=25))
        with django_capture_on_commit_callbacks(execute=True):
            tasks.abort_abandoned_uploads()

        assert set(Attachment.objects.values_list("state", flat=True)) == {"deleted"}
        assert storage("s3").inspect(Attachment.objects.get(pk=form["attachment"]).incoming_key) is None
        ended = Attachment.objects.get(pk=large["attachment"])
        assert not [found for found in storage("s3").unfinished("videos/") if found.upload_id == ended.upload_id]

    def test_what_a_lost_message_left_is_deleted(self, teacher: Visitor, handed_in: Submission) -> None:
        attachment = attach(teacher, handed_in)
        Attachment.objects.update(
            state="deleted", deleted_at=timezone.now(), active_at=timezone.now() - timedelta(hours=3)
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("video.cleanup.tasks.enqueue", lambda name, *args: import_string(name)(*args))
            tasks.delete_leftover_objects()

        assert not in_storage(attachment)

    def test_none_is_ever_listed_as_an_orphan(self, teacher: Visitor, handed_in: Submission) -> None:
        """Neither what is attached, nor what is on its way, whole or in parts."""
        attached = attach(teacher, handed_in)
        sent(teacher, handed_in, "waiting.pdf", PDF)
        begin(teacher, handed_in, "large.pdf", 20 * MIB)
        mine = f"videos/{Person.objects.get(sub='3').pk}/"

        assert [found.key for found in storage("s3").listed(mine)]
        assert not [found for found in leftovers.orphans("s3", older_than=timedelta(0)) if found.key.startswith(mine)]
        out = io.StringIO()
        call_command("storage_orphans", "--older-than=0", stdout=out)
        assert mine not in out.getvalue()
        attached.delete()
        assert attached.key in {found.key for found in leftovers.orphans("s3", older_than=timedelta(0))}


class TestARecordedWord:
    NAME = "Recording 2026-11-21 10.05.webm"

    def test_it_gets_a_length_and_an_index(self, teacher: Visitor, student: Visitor, handed_in: Submission) -> None:
        attachment = attach(teacher, handed_in, self.NAME, word(4), kind="audio")
        assert (attachment.state, attachment.duration) == ("checking", None)
        assert "Being prepared" in teacher.text(f"submissions/{handed_in.pk}/")
        answer = teacher.browser.get(
            f"{teacher.home}files/{attachment.pk}/address/", secure=True, headers={"Accept": "application/json"}
        )
        assert (answer.status_code, error(answer)["code"]) == (409, "being_prepared")
        tasks.check_attachment(str(attachment.pk))

        attachment.refresh_from_db()
        assert attachment.state == "ready"
        assert attachment.duration == pytest.approx(4, abs=0.2)
        backend = storage("s3")
        found = probe.read_sound(backend, attachment.key, attachment.size, "audio/webm")
        assert not found.streamed
        assert found.audio_codec == "opus"
        stored = backend.inspect(attachment.key)
        assert stored is not None
        assert (stored.size, stored.content_type, stored.saved) == (attachment.size, "audio/webm", True)
        give_back(teacher, handed_in)
        assert "0:04" in student.text()
        assert "data-file-play" in student.text()

    def test_safaris_too(self, teacher: Visitor, handed_in: Submission) -> None:
        options = (("movflags", "frag_keyframe+empty_moov+default_base_moof"),)
        content = take("mp4", sound="aac", seconds=4, options=options)
        attachment = attach(teacher, handed_in, "Recording 1.m4a", content, kind="audio")
        tasks.check_attachment(str(attachment.pk))

        attachment.refresh_from_db()
        assert (attachment.state, attachment.content_type) == ("ready", "audio/mp4")
        assert attachment.duration == pytest.approx(4, abs=0.2)

    def test_it_waits_at_the_students_until_it_is_ready(
        self, teacher: Visitor, student: Visitor, handed_in: Submission
    ) -> None:
        attachment = attach(teacher, handed_in, self.NAME, word(), kind="audio")
        give_back(teacher, handed_in)

        assert "Being prepared" in student.text()
        ScoreDelivery.objects.all().delete()  # the page waits for it too
        before = json.loads(student.get("state/").content)
        tasks.check_attachment(str(attachment.pk))
        after = json.loads(student.get("state/").content)
        assert before["version"] != after["version"], "the page draws itself anew"
        assert before["every"] < after["every"]

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (word()[:150], "cannot be played"),
            (take("webm", "libvpx", options=tuple(LIVE.items())), "no sound"),
        ],
        ids=["damaged", "silent film"],
    )
    def test_what_cannot_be_heard_is_told_to_markers_alone(
        self, teacher: Visitor, student: Visitor, handed_in: Submission, content: bytes, told: str
    ) -> None:
        attachment = attach(teacher, handed_in, self.NAME, content, kind="audio")
        tasks.check_attachment(str(attachment.pk))
        give_back(teacher, handed_in)

        assert told in Attachment.objects.get().error_message
        assert told in teacher.text(f"submissions/{handed_in.pk}/")
        assert "Recording 2026" not in student.text()
        assert student.get(f"files/{attachment.pk}/address/").status_code == 404
        assert teacher.send(f"files/{attachment.pk}/remove/").status_code == 204

    def test_longer_than_ten_minutes_is_refused(
        self, teacher: Visitor, handed_in: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(audio, "MOST_SECONDS", 1)
        monkeypatch.setattr(audio, "_SPARE_SECONDS", 1)
        attachment = attach(teacher, handed_in, self.NAME, word(5), kind="audio")
        tasks.check_attachment(str(attachment.pk))

        attachment.refresh_from_db()
        assert attachment.state == "error"
        assert "the limit is 0:01" in attachment.error_message

    def test_storage_that_fails_is_tried_again(
        self, teacher: Visitor, handed_in: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        attachment = attach(teacher, handed_in, self.NAME, word(), kind="audio")

        def out(*args: Any, **kwargs: Any) -> None:
            raise StorageUnavailable("out")

        with monkeypatch.context() as patch:
            patch.setattr(remux, "make_seekable", out)
            for _ in range(5):
                with pytest.raises(StorageUnavailable):
                    tasks.check_attachment(str(attachment.pk))
        tasks.check_attachment(str(attachment.pk))

        assert Attachment.objects.get().state == "ready"

    def test_one_worker_at_a_time_and_none_for_ever(self, teacher: Visitor, handed_in: Submission) -> None:
        attachment = attach(teacher, handed_in, self.NAME, word(), kind="audio")
        assert attachments.claim(str(attachment.pk)) is not None
        assert attachments.claim(str(attachment.pk)) is None
        for _ in range(2):
            Attachment.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
            assert attachments.claim(str(attachment.pk)) is not None
        Attachment.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
        assert attachments.claim(str(attachment.pk)) is None

        assert Attachment.objects.get().state == "error"

    def test_a_lost_message_is_found_by_the_sweep(
        self, teacher: Visitor, handed_in: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        attach(teacher, handed_in, self.NAME, word(), kind="audio")
        Attachment.objects.update(active_at=timezone.now() - timedelta(minutes=2))
        monkeypatch.setattr("video.cleanup.tasks.enqueue", lambda name, *args: import_string(name)(*args))
        tasks.check_unchecked()

        assert Attachment.objects.get().state == "ready"

    def test_removed_while_it_is_prepared_leaves_nothing(
        self,
        teacher: Visitor,
        handed_in: Submission,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        monkeypatch.setattr("config.queue._publish", lambda task, args: task(*args))
        attachment = attach(teacher, handed_in, self.NAME, word(), kind="audio")
        claimed = attachments.claim(str(attachment.pk))
        assert claimed is not None
        content, rewrite = word(), remux.make_seekable

        def meanwhile(*args: Any, **kwargs: Any) -> int:
            with django_capture_on_commit_callbacks(execute=True):
                teacher.send(f"files/{attachment.pk}/remove/")
            return rewrite(*args, **kwargs)  # what was read before is all that the worker needs

        monkeypatch.setattr(remux, "make_seekable", meanwhile)
        monkeypatch.setattr(S3, "read", lambda self, key, start, length: content[start : start + length])
        attachments.prepare(claimed)

        assert Attachment.objects.get().state == "deleted"
        assert list(storage("s3").listed(folder_of(attachment.key))) == []
