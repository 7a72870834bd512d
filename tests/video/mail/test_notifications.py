"""E-mail, sent to a real SMTP server: who is told of what, in what words, how often."""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.conf import settings as installation
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from lti_tool.models import Course, Membership, Person, Platform, ResourceLink
from tests.services import free_port
from tests.slow import SlowServer
from tests.video.post_office import PostOffice
from tests.video.visitor import Visitor
from video import signals, tasks
from video.mail import notifications, sending
from video.models import Assignment, Attempt, Event, Grade, Mail, MailChoice, Release, Submission, Video

Committing = Callable[..., AbstractContextManager[list[Callable[[], Any]]]]
Mark = Callable[..., Any]
MINUTE = timedelta(minutes=1)
ANA = "ana@example.org"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A Tuesday at noon, which a test moves on."""
    with time_machine.travel(datetime(2026, 3, 3, 12, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Committing) -> Callable[[], AbstractContextManager[Any]]:
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def attempt(clock: Any, student: Visitor, assignment: Assignment) -> Attempt:
    """By rows: storage, whose clock goes on, would take no upload of that day."""
    Platform.objects.update(product="moodle")
    person = Person.objects.get(sub="6")
    work = Submission.objects.create(assignment=assignment, person=person, state="submitted")
    attempt = Attempt.objects.create(submission=work, number=1, submitted_at=timezone.now(), receipt_number="RM-1")
    Video.objects.create(attempt=attempt, current=True, state="ready", backend="s3", key="a", name="a.mp4", size=1)
    return attempt


@pytest.fixture
def mark(attempt: Attempt, teacher: Visitor, committed: Callable[[], AbstractContextManager[Any]]) -> Mark:
    """Mark the attempt, and give it back."""

    def give(points: str = "87", feedback: str = "Well told.") -> None:
        version = getattr(Grade.objects.first(), "version", 0)
        typed = {"points": points, "feedback": feedback, "version": version, "finish": True}
        with committed():
            assert teacher.send(f"attempts/{attempt.pk}/mark/", typed).status_code == 200

    return give


def send_what_is_due() -> None:
    """As beat and a worker do."""
    for batch in list(sending.hand_out()):
        sending.send_batch(batch)


def later(clock: time_machine.Traveller, span: timedelta) -> None:
    clock.shift(span)
    send_what_is_due()


class TestOff:
    def test_nothing_is_wanted_queued_or_planned(self, mark: Mark, attempt: Attempt) -> None:
        mark()
        tasks.ask_for_digests()
        tasks.send_due_mail()

        assert not Mail.objects.exists()
        planned = [str(entry["task"]) for entry in installation.CELERY_BEAT_SCHEDULE.values()]
        assert not [name for name in planned if "mail" in name or "digest" in name]

    def test_what_waited_when_it_was_switched_off_stays(
        self, post_office: PostOffice, mark: Mark, clock: Any, settings: Settings
    ) -> None:
        mark()
        settings.MAIL = False
        clock.shift(timedelta(hours=1))
        tasks.send_due_mail()
        tasks.send_mail(str(uuid.uuid4()))

        assert Mail.objects.get().state == "waiting"
        assert post_office.received == []

    def test_and_is_no_news_days_later(self, post_office: PostOffice, mark: Mark, clock: Any) -> None:
        mark()
        later(clock, timedelta(days=3))

        assert (Mail.objects.get().state, Mail.objects.get().problem) == ("failed", "stale")
        assert post_office.received == []


class TestReleased:
    def test_student_is_told_without_the_mark(self, post_office: PostOffice, mark: Mark, clock: Any) -> None:
        mark("87", "Well told.")
        later(clock, 9 * MINUTE)
        assert post_office.received == []
        later(clock, 2 * MINUTE)

        mail = post_office.received[0]
        assert mail.to == [ANA]
        assert str(mail.message["To"]) == ANA
        assert str(mail.message["From"]) == "Reelmark <video@school.example>"
        assert mail.subject == "Your video for “Interview” was marked"
        for part in (mail.text, mail.html):
            assert "Your video for “Interview” in Film and Sound was marked." in part
            assert "attempt 1, handed in on 3 March 2026, 13:00 (UTC+1)" in part
            assert "https://moodle.example/mod/lti/view.php?l=1" in part
            assert "https://tool.example/mail/?choice=released." in part
            for secret in ("87", "Well told", "Tara", "Ana"):
                assert secret not in part.replace(mail.header("List-Unsubscribe")[1:-1], "")
        later(clock, timedelta(days=1))
        assert len(post_office.received) == 1, "once"

    def test_a_mail_program_can_switch_it_off(self, post_office: PostOffice, mark: Mark, clock: Any) -> None:
        """RFC 8058."""
        mark()
        later(clock, 11 * MINUTE)

        mail = post_office.received[0]
        assert re.fullmatch(r"<https://tool\.example/mail/\?choice=[\w.-]+>", mail.header("List-Unsubscribe"))
        assert mail.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
        assert mail.header("Auto-Submitted") == "auto-generated"

    def test_corrections_are_one_mail(self, post_office: PostOffice, mark: Mark, clock: Any) -> None:
        mark("10")
        later(clock, 9 * MINUTE)
        mark("20")
        later(clock, 9 * MINUTE)
        assert post_office.received == []
        later(clock, 2 * MINUTE)

        assert [mail.subject for mail in post_office.received] == ["Your video for “Interview” was marked"]

    def test_corrections_without_end_do_not_hold_it_back(self, post_office: PostOffice, mark: Mark, clock: Any) -> None:
        for minute in range(13):
            mark(str(minute))
            later(clock, 5 * MINUTE)

        assert len(post_office.received) == 1

    def test_who_has_seen_it_is_not_told(self, post_office: PostOffice, mark: Mark, clock: Any) -> None:
        mark()
        Release.objects.update(seen_at=timezone.now())
        later(clock, 11 * MINUTE)

        assert post_office.received == []
        assert Mail.objects.get().state == "needless"

    def test_who_has_seen_the_first_is_told_of_the_change(
        self, post_office: PostOffice, mark: Mark, clock: Any
    ) -> None:
        mark("10")
        later(clock, 11 * MINUTE)
        Release.objects.update(seen_at=timezone.now())
        mark("20")
        later(clock, 11 * MINUTE)

        first, second = post_office.received
        assert second.subject == "News of your marked video for “Interview”"
        assert "was changed" in second.text
        assert first.message["Message-ID"] != second.message["Message-ID"]

    def test_a_mark_that_is_held_back_is_no_news(self, post_office: PostOffice, mark: Mark, clock: Any) -> None:
        Assignment.objects.update(hold_grades=True)
        mark()
        later(clock, timedelta(hours=1))

        assert not Mail.objects.exists()

    @pytest.mark.parametrize(
        "gone",
        [
            lambda: Membership.objects.filter(person__sub="6").update(active=False),
            lambda: Person.objects.filter(sub="6").update(email=""),
            lambda: Platform.objects.update(active=False),
            lambda: MailChoice.objects.create(person=Person.objects.get(sub="6"), kind="released", off=True),
            lambda: Release.objects.all().delete(),
        ],
        ids=["left the course", "no address", "platform closed", "wants none", "taken back"],
    )
    def test_nobody_is_told_in_vain(
        self, post_office: PostOffice, mark: Mark, clock: Any, gone: Callable[[], object]
    ) -> None:
        mark()
        gone()
        later(clock, 11 * MINUTE)

        assert post_office.received == []
        assert Mail.objects.get().state == "needless"

    def test_a_choice_about_other_mail_does_not_count(self, post_office: PostOffice, mark: Mark, clock: Any) -> None:
        MailChoice.objects.create(person=Person.objects.get(sub="6"), kind="new_work", off=True)
        mark()
        later(clock, 11 * MINUTE)

        assert len(post_office.received) == 1

    def test_release_asks_little_of_the_database(self, post_office: PostOffice, mark: Mark, attempt: Attempt) -> None:
        def statements() -> int:
            with CaptureQueriesContext(connection) as asked:
                notifications.tell_student(submission_id=attempt.submission_id)
            return len([q for q in asked.captured_queries if not q["sql"].startswith(("SAVE", "RELEASE"))])

        assert statements() <= 3
        assert statements() == 1

    def test_it_listens_to_the_signal_and_nobody_waits_for_a_server(self, post_office: PostOffice, mark: Mark) -> None:
        mark()

        assert Mail.objects.get().state == "waiting"
        assert post_office.connections["opened"] == 0
        assert signals.released.has_listeners()


class TestPlace:
    @pytest.mark.parametrize(
        ("site", "link", "url"),
        [
            ({"product": "moodle"}, "7", "https://moodle.example/mod/lti/view.php?l=7"),
            ({"product": "moodle", "issuer": "https://x.example/moodle/"}, "7", "https://x.example/moodle/mod/lti/"),
            ({"product": "canvas"}, "7", ""),
            ({"product": ""}, "7", ""),
            ({"product": "moodle"}, "7&x=javascript:", ""),
            ({"product": "moodle"}, "٧", ""),
            ({"product": "moodle", "issuer": "javascript:alert(1)"}, "7", ""),
            ({"product": "moodle", "issuer": "http://moodle.example"}, "7", ""),
        ],
    )
    def test_link_leads_to_the_activity_where_that_is_known(
        self, post_office: PostOffice, mark: Mark, clock: Any, site: dict[str, str], link: str, url: str
    ) -> None:
        Platform.objects.update(**site)
        ResourceLink.objects.update(resource_link_id=link)
        mark()
        later(clock, 11 * MINUTE)

        text = post_office.received[0].text
        assert url in text
        assert ("open the assignment from your course" in text) is not bool(url)
        assert url or "view.php" not in text


class TestLanguage:
    @pytest.mark.parametrize(
        ("locale", "subject", "moment"),
        [
            ("de", "Ihr Video für „Interview“ wurde bewertet", "abgegeben am 3. März 2026 13:00 (UTC+1)"),
            ("de_kids", "Ihr Video für „Interview“ wurde bewertet", "3. März 2026 13:00"),
            ("fr-CA", "Votre vidéo pour « Interview » a été évaluée", "remise le 3 mars 2026 13:00 (UTC+1)"),
            ("es_mx", "Se ha calificado su vídeo para «Interview»", "entregado el 3 de marzo de 2026 a las 13:00"),
            ("en-GB", "Your video for “Interview” was marked", "3 March 2026, 13:00 (UTC+1)"),
            ("pt_br", "Your video for “Interview” was marked", "3 March 2026"),
            ("", "Your video for “Interview” was marked", "3 March 2026"),
            ("../../etc", "Your video for “Interview” was marked", "3 March 2026"),
        ],
    )
    def test_student_reads_their_own(
        self, post_office: PostOffice, mark: Mark, clock: Any, locale: str, subject: str, moment: str
    ) -> None:
        Person.objects.filter(sub="6").update(locale=locale)
        mark()
        later(clock, 11 * MINUTE)

        mail = post_office.received[0]
        assert mail.subject.replace("\u00a0", " ") == subject
        assert moment in mail.text
        assert f'<html lang="{locale[:2] if locale[:2] in ("de", "fr", "es") else "en"}">' in mail.html

    def test_times_without_a_zone_of_the_site_are_utc(
        self, post_office: PostOffice, mark: Mark, clock: Any, settings: Settings
    ) -> None:
        settings.SITE_TIME_ZONE = "UTC"
        mark()
        later(clock, 11 * MINUTE)

        assert "3 March 2026, 12:00 (UTC)" in post_office.received[0].text


HOSTILE = {
    "a line break": "Interview\r\nBcc: victim@example.org\r\n\r\nBuy",
    "other line breaks": "Interview\x85\u2028\x0b\x1cBcc: victim@example.org",
    "markup": "<script>alert(1)</script><img src=x> & {{ choice_url }} %(assignment)s",
    "length": "An assignment " * 18,
    "directions": "Interview \u202egnp.exe",
}


class TestHostile:
    @pytest.mark.parametrize("title", HOSTILE.values(), ids=HOSTILE.keys())
    def test_titles_stay_titles(self, post_office: PostOffice, mark: Mark, clock: Any, title: str) -> None:
        Assignment.objects.update(title=title)
        Course.objects.update(title=title)
        mark()
        later(clock, 11 * MINUTE)

        (mail,) = post_office.received
        assert mail.to == [ANA]
        assert mail.message["Bcc"] is None
        assert len(mail.subject) < 200
        assert mail.subject.isprintable()
        assert mail.message.keys().count("Subject") == 1
        assert "<script" not in mail.html
        assert "<img" not in mail.html
        assert "\u202e" not in mail.text + mail.html
        assert "\nBcc" not in mail.text

    @pytest.mark.parametrize(
        "address",
        [
            "no address",
            "a@example.org\nBcc: b@example.org",
            "a@example.org, b@example.org",
            "a@example.org> b@example.org",
            "@",
            "ä@example.org",
            f"{'a' * 300}@example.org",
        ],
    )
    def test_an_address_that_is_none_is_given_up(
        self, post_office: PostOffice, mark: Mark, clock: Any, address: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        Person.objects.filter(sub="6").update(email=address)
        mark()
        later(clock, 11 * MINUTE)

        assert post_office.received == []
        assert (Mail.objects.get().state, Mail.objects.get().problem) == ("failed", "address")
        assert address not in caplog.text


# --- many, and what can go wrong ----------------------------------------------------------------------------------
@pytest.fixture
def released(clock: Any, assignment: Assignment) -> Callable[[int], list[Mail]]:
    """So many students' marks were released just now, and are due."""

    def release(count: int) -> list[Mail]:
        link, now = ResourceLink.objects.get(), timezone.now()
        people = [
            Person(platform=link.platform, sub=f"many-{n}", name=f"Student {n}", email=f"s{n}@example.org")
            for n in range(count)
        ]
        Person.objects.bulk_create(people)
        Membership.objects.bulk_create(Membership(course=link.course, person=one, role="student") for one in people)
        work = Submission.objects.bulk_create(
            Submission(assignment=assignment, person=one, state="graded") for one in people
        )
        attempts = Attempt.objects.bulk_create(
            Attempt(submission=one, number=1, submitted_at=now, receipt_number=f"RM-{n}") for n, one in enumerate(work)
        )
        grades = Grade.objects.bulk_create(Grade(attempt=one, points=Decimal(5), unreleased=False) for one in attempts)
        Release.objects.bulk_create(Release(grade=one, points=Decimal(5), at=now) for one in grades)
        for one in work:
            notifications.tell_student(submission_id=one.pk)
        Mail.objects.update(due_at=now)
        return list(Mail.objects.order_by("pk"))

    return release


def sent_to(post_office: PostOffice) -> list[str]:
    return sorted(address for mail in post_office.received for address in mail.to)


def state_of(address: str) -> tuple[str, str]:
    mail = Mail.objects.get(person__email=address)
    return mail.state, mail.problem


class TestMany:
    def test_each_alone_over_one_connection_a_batch(
        self, post_office: PostOffice, released: Callable[[int], list[Mail]]
    ) -> None:
        released(250)
        send_what_is_due()

        assert sent_to(post_office) == sorted(f"s{n}@example.org" for n in range(250))
        assert all(len(mail.to) == 1 and str(mail.message["To"]) == mail.to[0] for mail in post_office.received)
        assert post_office.connections["opened"] == 3
        assert len({mail.header("List-Unsubscribe") for mail in post_office.received}) == 250

    def test_batches_are_queued_by_id(
        self,
        post_office: PostOffice,
        released: Callable[[int], list[Mail]],
        monkeypatch: pytest.MonkeyPatch,
        committed: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        queued: list[tuple[Any, ...]] = []
        monkeypatch.setattr("config.queue._publish", lambda task, args: queued.append((task, *args)))
        released(3)
        with committed():
            tasks.send_due_mail()
            tasks.send_due_mail()
        ((task, batch),) = queued
        task(batch)

        assert len(post_office.received) == 3


class TestFailures:
    def test_for_now_is_tried_again_ever_later(
        self,
        post_office: PostOffice,
        released: Callable[[int], list[Mail]],
        clock: Any,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        post_office.refuses["s1@example.org"] = "451 Come back for s1@example.org later"
        released(3)
        send_what_is_due()
        assert sent_to(post_office) == ["s0@example.org", "s2@example.org"]
        assert state_of("s1@example.org") == ("waiting", "451")

        waits = []
        for _ in range(3):
            due = Mail.objects.get(state="waiting").due_at
            waits.append(due - timezone.now())
            clock.move_to(due + MINUTE)
            send_what_is_due()
        assert waits[0] < waits[2]
        assert waits[0] >= MINUTE
        post_office.refuses.clear()
        clock.move_to(Mail.objects.get(state="waiting").due_at + MINUTE)
        send_what_is_due()

        assert state_of("s1@example.org")[0] == "sent"
        assert len(post_office.received) == 3
        assert "@example.org" not in caplog.text

    def test_but_not_for_ever(self, post_office: PostOffice, released: Callable[[int], list[Mail]], clock: Any) -> None:
        post_office.refuses["s0@example.org"] = "451 Later"
        released(1)
        for _ in range(100):
            send_what_is_due()
            if not (waiting := Mail.objects.filter(state="waiting").first()):
                break
            clock.move_to(waiting.due_at + timedelta(seconds=1))

        assert state_of("s0@example.org") == ("failed", "451")
        assert Mail.objects.get().tries == sending.MOST_TRIES

    @pytest.mark.parametrize("where", ["refuses", "refuses_content"])
    def test_for_good_is_given_up_and_the_others_go(
        self,
        post_office: PostOffice,
        released: Callable[[int], list[Mail]],
        where: str,
        clock: Any,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        getattr(post_office, where)["s1@example.org"] = "550 No s1@example.org here"
        released(3)
        send_what_is_due()
        later(clock, timedelta(days=1))

        assert sent_to(post_office) == ["s0@example.org", "s2@example.org"]
        assert state_of("s1@example.org") == ("failed", "550")
        assert "mail_failed" in caplog.text
        assert "@example.org" not in caplog.text

    def test_the_next_tries_have_the_same_message_id(
        self, post_office: PostOffice, released: Callable[[int], list[Mail]], clock: Any
    ) -> None:
        """The server may have taken it before the line broke."""
        (mail,) = released(1)
        send_what_is_due()
        Mail.objects.filter(pk=mail.pk).update(state="waiting", due_at=timezone.now(), told_until=mail.told_until)
        send_what_is_due()

        first, second = post_office.received
        assert first.message["Message-ID"] == second.message["Message-ID"]

    @pytest.mark.parametrize("answer", ["", "421 Too many"])
    def test_a_server_that_hangs_up_is_called_again(
        self, post_office: PostOffice, released: Callable[[int], list[Mail]], clock: Any, answer: str
    ) -> None:
        if answer:
            post_office.refuses["s1@example.org"] = answer
        else:
            post_office.hangs_up_at = "s1@example.org"
        released(3)
        send_what_is_due()
        assert sent_to(post_office) == ["s0@example.org", "s2@example.org"]
        assert post_office.connections["opened"] == 2

        post_office.hangs_up_at, post_office.refuses = "", {}
        later(clock, 10 * MINUTE)
        assert len(post_office.received) == 3

    def test_nobody_there_loses_nothing(
        self, post_office: PostOffice, released: Callable[[int], list[Mail]], settings: Settings, clock: Any
    ) -> None:
        settings.EMAIL_PORT = free_port()
        released(3)
        send_what_is_due()
        assert set(Mail.objects.values_list("state", "problem", "tries")) == {("waiting", "0", 1)}

        settings.EMAIL_PORT = post_office.port
        later(clock, 10 * MINUTE)
        assert len(post_office.received) == 3

    def test_a_server_that_drips_its_greeting_holds_no_worker(
        self,
        post_office: PostOffice,
        settings: Settings,
        released: Callable[[int], list[Mail]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("video.mail.sending.MAIL_SECONDS", 0.3)
        released(3)
        with SlowServer("drips a greeting") as server:
            settings.EMAIL_PORT = server.address[1]
            send_what_is_due()

            assert server.connections == 1, "the next has the same answer"
        assert set(Mail.objects.values_list("state", "problem", "tries")) == {("waiting", "0", 1)}

    def test_a_server_that_falls_silent_holds_no_worker(
        self,
        post_office: PostOffice,
        released: Callable[[int], list[Mail]],
        monkeypatch: pytest.MonkeyPatch,
        clock: Any,
    ) -> None:
        released(3)
        with monkeypatch.context() as patch:
            patch.setattr("video.mail.sending.MAIL_SECONDS", 0.3)
            post_office.silent_at = "s1@example.org"
            send_what_is_due()
        assert sent_to(post_office) == ["s0@example.org"]
        assert post_office.connections["opened"] == 1

        post_office.silent_at = ""
        later(clock, 10 * MINUTE)
        assert sent_to(post_office) == ["s0@example.org", "s1@example.org", "s2@example.org"]

    def test_a_crash_does_not_send_twice(
        self,
        post_office: PostOffice,
        released: Callable[[int], list[Mail]],
        monkeypatch: pytest.MonkeyPatch,
        clock: Any,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A worker is killed when the server has taken the second of four, and before that is written down."""
        released(4)
        noted = sending._note_sent

        def die(mail: Mail) -> None:
            if len(post_office.received) == 2:
                raise SystemExit
            noted(mail)

        (batch,) = sending.hand_out()
        with monkeypatch.context() as patch:
            patch.setattr(sending, "_note_sent", die)
            with pytest.raises(SystemExit):
                sending.send_batch(batch)
        sending.send_batch(batch)  # the message comes again
        later(clock, timedelta(hours=1))
        later(clock, timedelta(hours=1))

        assert sent_to(post_office) == [f"s{n}@example.org" for n in range(4)]
        assert sorted(Mail.objects.values_list("state", "problem")) == [("failed", "unsure"), *[("sent", "")] * 3]
        assert "mail_given_up" in caplog.text

    def test_a_lost_message_is_made_up_for(
        self, post_office: PostOffice, released: Callable[[int], list[Mail]], clock: Any
    ) -> None:
        released(2)
        list(sending.hand_out())
        assert list(sending.hand_out()) == []
        later(clock, timedelta(hours=1))

        assert len(post_office.received) == 2

    def test_a_batch_that_was_given_to_another_is_left_alone(
        self, post_office: PostOffice, released: Callable[[int], list[Mail]], clock: Any
    ) -> None:
        released(2)
        (late,) = sending.hand_out()
        clock.shift(timedelta(hours=1))
        (other,) = sending.hand_out()
        sending.send_batch(late)
        assert post_office.received == []
        sending.send_batch(other)
        sending.send_batch(other)

        assert len(post_office.received) == 2

    def test_a_release_before_its_turn_in_the_batch_makes_it_wait(
        self,
        post_office: PostOffice,
        released: Callable[[int], list[Mail]],
        monkeypatch: pytest.MonkeyPatch,
        clock: Any,
    ) -> None:
        released(2)
        noted = sending._note_sent

        def meanwhile(mail: Mail) -> None:
            noted(mail)
            for other in Mail.objects.filter(state="waiting"):
                assert other.submission_id
                notifications.tell_student(submission_id=other.submission_id)

        with monkeypatch.context() as patch:
            patch.setattr(sending, "_note_sent", meanwhile)
            send_what_is_due()
        assert len(post_office.received) == 1
        later(clock, 11 * MINUTE)

        assert len(post_office.received) == 2

    def test_a_release_while_it_is_being_sent_is_told_as_well(
        self,
        post_office: PostOffice,
        released: Callable[[int], list[Mail]],
        monkeypatch: pytest.MonkeyPatch,
        clock: Any,
    ) -> None:
        released(1)
        noted = sending._note_sent

        def meanwhile(mail: Mail) -> None:
            clock.shift(MINUTE)
            Release.objects.update(at=timezone.now())
            assert mail.submission_id
            notifications.tell_student(submission_id=mail.submission_id)
            noted(mail)

        with monkeypatch.context() as patch:
            patch.setattr(sending, "_note_sent", meanwhile)
            send_what_is_due()
        assert Mail.objects.get().state == "waiting"
        later(clock, 11 * MINUTE)

        assert [one.subject[:4] for one in post_office.received] == ["Your", "News"]


# --- digests ------------------------------------------------------------------------------------------------------
Work = Callable[..., Submission]


@pytest.fixture
def work(clock: Any, assignment: Assignment, post_office: PostOffice) -> Work:
    """`work(name)` hands in, now. There are a teacher (sub 3) and an assistant (sub 4)."""
    link = ResourceLink.objects.get()
    Platform.objects.update(product="moodle")
    Person.objects.filter(sub="3").update(email="tara@example.org")
    assistant = Person.objects.create(platform=link.platform, sub="4", name="Asa", email="asa@example.org", locale="de")
    Membership.objects.create(course=link.course, person=assistant, role="assistant")

    def hand_in(name: str, *, late: bool = False, of: Assignment = assignment) -> Submission:
        person, _ = Person.objects.get_or_create(platform=link.platform, sub=name, name=name, email=f"{name}@x.example")
        Membership.objects.get_or_create(course=link.course, person=person, role="student")
        mine, _ = Submission.objects.get_or_create(assignment=of, person=person)
        Submission.objects.filter(pk=mine.pk).update(state="submitted")
        attempt = Attempt.objects.create(
            submission=mine,
            number=mine.attempts.count() + 1,
            # What it counts as: of a slow upload, long before it was handed in.
            submitted_at=timezone.now() - timedelta(days=4),
            late=late,
            receipt_number=f"RM-{uuid.uuid4().hex[:8]}",
        )
        video = Video.objects.create(
            attempt=attempt, current=True, backend="s3", key=uuid.uuid4().hex, name="a.mp4", size=1, content_type=""
        )
        Event.objects.create(kind="submitted", video=video)
        return mine

    return hand_in


def morning(clock: time_machine.Traveller, day: int, *, hour: int = 7, minute: int = 5) -> None:
    """So late in Berlin, a day of March 2026; then beat and the workers do theirs, twice."""
    clock.move_to(datetime(2026, 3, day, hour - 1, minute, tzinfo=UTC))
    for _ in range(2):
        tasks.ask_for_digests()
        send_what_is_due()


class TestDigest:
    def test_each_marker_is_told_in_numbers(
        self, work: Work, post_office: PostOffice, clock: Any, assignment: Assignment
    ) -> None:
        work("Ana")
        work("Ben", late=True)
        other = Assignment.objects.create(
            course=assignment.course,
            resource_link=ResourceLink.objects.create(
                platform=assignment.course.platform, course=assignment.course, resource_link_id="2"
            ),
            title="Aria",
        )
        work("Ana", of=other)
        morning(clock, 4)

        by = {mail.to[0]: mail for mail in post_office.received}
        assert set(by) == {"tara@example.org", "asa@example.org"}
        english, german = by["tara@example.org"], by["asa@example.org"]
        assert english.subject == "3 new videos to mark in Film and Sound"
        assert german.subject == "3 neue Videos zu bewerten: Film and Sound"
        for part in (english.text, english.html):
            assert "Interview: 2 new, 2 to mark in all, 1 of them late" in re.sub("</?a[^>]*>", "", part)
            assert "Aria: 1 new, 1 to mark in all" in re.sub("</?a[^>]*>", "", part)
            assert "https://moodle.example/mod/lti/view.php?l=2" in part
            assert "4 March 2026, 07:00 (UTC+1)" in part
            assert "choice=new_work." in part
            assert not re.search(r"\b(Ana|Ben)\b", part)
        assert "Interview: 2 neu, insgesamt 2 zu bewerten, davon 1 verspätet" in german.text
        assert "4. März 2026 07:00 (UTC+1)" in german.text

    def test_one_is_singular(self, work: Work, post_office: PostOffice, clock: Any) -> None:
        work("Ana")
        morning(clock, 4)

        assert {mail.subject for mail in post_office.received} == {
            "1 new video to mark in Film and Sound",
            "1 neues Video zu bewerten: Film and Sound",
        }

    def test_once_a_day_and_only_of_what_is_new(self, work: Work, post_office: PostOffice, clock: Any) -> None:
        Membership.objects.filter(person__sub="4").update(active=False)
        work("Ana")
        morning(clock, 4)
        assert len(post_office.received) == 1
        work("Ben")  # after the hour: tomorrow's
        morning(clock, 4, hour=9)
        assert len(post_office.received) == 1
        morning(clock, 5)
        morning(clock, 6)

        assert len(post_office.received) == 2
        assert "Interview: 1 new, 2 to mark in all" in post_office.received[1].text

    def test_not_in_the_night(self, work: Work, post_office: PostOffice, clock: Any) -> None:
        work("Ana")
        for hour in (1, 3, 6, 14, 23):
            morning(clock, 4, hour=hour)
        assert post_office.received == []
        morning(clock, 5, hour=11)  # beat was down for some hours

        assert len(post_office.received) == 2

    @pytest.mark.parametrize("state", ["graded", "draft", "opened"])
    def test_what_is_marked_or_taken_back_is_no_work(
        self, work: Work, post_office: PostOffice, clock: Any, state: str
    ) -> None:
        mine = work("Ana")
        Submission.objects.filter(pk=mine.pk).update(state=state)
        morning(clock, 4)

        assert post_office.received == []
        assert not Mail.objects.exists()

    def test_what_was_marked_before_it_is_sent_is_not_told(
        self, work: Work, post_office: PostOffice, clock: Any
    ) -> None:
        work("Ana")
        clock.move_to(datetime(2026, 3, 4, 6, 5, tzinfo=UTC))
        tasks.ask_for_digests()
        Submission.objects.update(state="graded")
        send_what_is_due()

        assert post_office.received == []
        assert set(Mail.objects.values_list("state", flat=True)) == {"needless"}

    def test_a_newer_attempt_counts_once(self, work: Work, post_office: PostOffice, clock: Any) -> None:
        work("Ana")
        work("Ana")
        morning(clock, 4)

        assert "Interview: 1 new, 1 to mark in all" in post_office.received[0].text.replace("neu, insgesamt", "")

    def test_old_work_is_no_news_to_who_comes_later(self, work: Work, post_office: PostOffice, clock: Any) -> None:
        work("Ana")
        clock.shift(timedelta(days=5))
        morning(clock, 10)

        assert post_office.received == []

    @pytest.mark.parametrize(
        "gone",
        [
            lambda: Membership.objects.exclude(role="student").update(active=False),
            lambda: Membership.objects.exclude(role="student").update(role="student"),
            lambda: Person.objects.update(email=""),
            lambda: Platform.objects.update(active=False),
            lambda: MailChoice.objects.bulk_create(
                MailChoice(person=person, kind="new_work", off=True) for person in Person.objects.all()
            ),
        ],
        ids=["left the course", "students now", "no address", "platform closed", "wants none"],
    )
    def test_nobody_else_is_told(
        self, work: Work, post_office: PostOffice, clock: Any, gone: Callable[[], object]
    ) -> None:
        work("Ana")
        gone()
        morning(clock, 4)

        assert not Mail.objects.exists()

    def test_a_marker_of_another_course_hears_nothing(self, work: Work, post_office: PostOffice, clock: Any) -> None:
        here = Course.objects.get()
        there = Course.objects.create(platform=here.platform, deployment=here.deployment, context_id="99")
        Membership.objects.exclude(role="student").update(course=there)
        work("Ana")
        morning(clock, 4)

        assert post_office.received == []
        assert not Mail.objects.exists()

    def test_work_of_after_the_hour_is_tomorrows(self, work: Work, post_office: PostOffice, clock: Any) -> None:
        clock.move_to(datetime(2026, 3, 4, 7, tzinfo=UTC))  # 8 in Berlin
        work("Ana")
        morning(clock, 4, hour=9)
        assert not Mail.objects.exists()
        morning(clock, 5)

        assert len(post_office.received) == 2

    def test_a_mail_that_failed_is_not_asked_for_again_today(
        self, work: Work, post_office: PostOffice, clock: Any
    ) -> None:
        post_office.refuses = {"tara@example.org": "550 No", "asa@example.org": "550 No"}
        work("Ana")
        morning(clock, 4)
        assert set(Mail.objects.values_list("state", "problem")) == {("failed", "550")}
        assert notifications.ask_for_digests() == 0
        morning(clock, 4, hour=8)
        assert set(Mail.objects.values_list("state", flat=True)) == {"failed"}

        post_office.refuses = {}
        morning(clock, 5)
        assert len(post_office.received) == 2, "tomorrow's tells of it"

    def test_it_asks_the_database_as_much_for_many_courses(
        self, work: Work, clock: Any, assignment: Assignment
    ) -> None:
        def statements() -> int:
            Mail.objects.all().delete()
            with CaptureQueriesContext(connection) as asked:
                assert notifications.ask_for_digests() > 0
            return len(asked.captured_queries)

        work("Ana")
        clock.move_to(datetime(2026, 3, 4, 6, 5, tzinfo=UTC))
        few = statements()
        platform, deployment = assignment.course.platform, assignment.course.deployment
        for n in range(10):
            person = Person.objects.create(platform=platform, sub=f"t{n}", name="T", email=f"t{n}@example.org")
            Membership.objects.create(course=assignment.course, person=person, role="teacher")
            Course.objects.create(platform=platform, deployment=deployment, context_id=f"c{n}")

        assert statements() == few
