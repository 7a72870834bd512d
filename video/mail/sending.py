"""Sends what `Mail` wants: in batches over one connection each, every e-mail to one reader.

Never twice, rather not at all: a row says `sending` before the server is spoken to, and what a crash leaves so is given
up. What the server refuses for now is tried again, ever later; after `MOST_TRIES`, or two days, it is no news any more.
The only module that speaks SMTP. Logs hold ids and codes: what a server answers often repeats the address.
"""

import random
import smtplib
import socket
import uuid
from collections.abc import Iterator
from datetime import timedelta

import structlog
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django.db.models import Case, F, Value, When
from django.utils import timezone

from config import outside
from lti_tool.models import Person
from video.mail.messages import NoAddress, NothingToSay, build_message
from video.models import Mail

log = structlog.get_logger(__name__)

State = Mail.State
BATCH = 100
MAIL_SECONDS = 60  # for the whole of signing in, and of each e-mail
MOST_TRIES = 12  # a day
_GIVEN = timedelta(minutes=30)  # for a worker to send its batch in; then what it has not begun is another's
_LONGEST_WAIT = 6 * 3600  # seconds


class _Refused(Exception):
    """The server did not take it. `code`: its answer, 0 for none; `passing`: it may at another time."""

    def __init__(self, code: int, *, passing: bool) -> None:
        super().__init__(code)
        self.code = code
        self.passing = passing


def hand_out() -> Iterator[uuid.UUID]:
    """Put what is due into batches, one for each worker that comes for it."""
    _give_up()
    ids = list(Mail.objects.due().order_by("due_at").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        batch, now = uuid.uuid4(), timezone.now()
        if Mail.objects.due().filter(pk__in=ids[start : start + BATCH]).update(batch=batch, due_at=now + _GIVEN):
            yield batch


def send_batch(batch: uuid.UUID) -> None:
    """Send what is left of a batch. Safe to call at any time, any number of times, also at the same time."""
    mails = list(Mail.objects.filter(state=State.WAITING, batch=batch).select_related("person", "course"))
    line = _Line()
    try:
        for mail in mails:
            try:
                line.open()
            except _Refused as refused:  # nothing was begun, so the row is left as it is
                _put_off(mail, refused, state=State.WAITING)
                continue
            _send(mail, line)
    finally:
        line.close()


def _send(mail: Mail, line: "_Line") -> None:
    if not _claim(mail):
        return
    try:
        # A batch takes minutes, and an address may have been taken back or changed meanwhile.
        mail.person.refresh_from_db(fields=["name", "email", "locale"])
        message = build_message(mail)
    except (NothingToSay, Person.DoesNotExist):
        _close(mail, State.NEEDLESS)
        return
    except NoAddress:
        _close(mail, State.FAILED, problem="address")
        return
    try:
        line.send(message)
    except _Refused as refused:
        if refused.passing:
            _put_off(mail, refused, state=State.SENDING)
        else:
            _close(mail, State.FAILED, problem=str(refused.code))
    else:
        _note_sent(mail)


class _Cuttable(smtplib.SMTP):
    """Ends with its call (`outside.call`), also while the server is still greeting."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        opened: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        if here := outside.lines():
            here.hold(opened)
        return opened


class _CuttableTls(_Cuttable, smtplib.SMTP_SSL):
    pass


class _Smtp(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _CuttableTls if self.use_ssl else _Cuttable


class _Line:
    """One connection for a batch, opened anew where the server has hung up."""

    def __init__(self) -> None:
        backend = django_mail.get_connection()
        self._connection: BaseEmailBackend = _Smtp() if type(backend) is EmailBackend else backend
        self._open = False
        self._dead: _Refused | None = None

    def open(self) -> None:
        """Raises _Refused: nobody there, or not for us. It is asked once a batch: the next has the same answer."""
        if self._dead is not None:
            raise self._dead
        if self._open:
            return
        try:
            with outside.call(seconds=MAIL_SECONDS, places={}):
                self._connection.open()
        except (OSError, smtplib.SMTPException, outside.NoAnswer) as error:
            code = getattr(error, "smtp_code", 0)
            log.error("mail_server_failed", code=code, error=type(error).__name__)
            # Also a wrong password: somebody mends that, and nothing should be lost by then.
            self._dead = _Refused(code, passing=True)
            raise self._dead from None
        self._open = True

    def send(self, message: EmailMultiAlternatives) -> None:
        try:
            with outside.call(seconds=MAIL_SECONDS, places={}):
                self._hold()
                self._connection.send_messages([message])
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            if code < 500:
                self.close()  # 421 says that it hangs up
            raise _Refused(code, passing=code < 500) from None
        except smtplib.SMTPSenderRefused as error:  # of the site, not of this person
            self.close()
            log.error("mail_sender_refused", code=error.smtp_code)
            raise _Refused(error.smtp_code, passing=True) from None
        except smtplib.SMTPResponseException as error:
            self.close()
            raise _Refused(error.smtp_code, passing=error.smtp_code < 500) from None
        except (smtplib.SMTPNotSupportedError, UnicodeError, ValueError):  # an address that this server cannot take
            self.close()
            raise _Refused(0, passing=False) from None
        except (OSError, smtplib.SMTPException):  # it hung up
            self.close()
            raise _Refused(0, passing=True) from None
        except outside.NoAnswer:  # the rest of the batch would wait as long
            self.close()
            self._dead = _Refused(0, passing=True)
            raise self._dead from None

    def _hold(self) -> None:
        opened = getattr(getattr(self._connection, "connection", None), "sock", None)
        here = outside.lines()
        if here is not None and opened is not None:
            here.hold(opened)

    def close(self) -> None:
        self._open = False
        try:
            self._connection.close()
        except (OSError, smtplib.SMTPException):
            self._connection.connection = None  # type: ignore[attr-defined]  # or it is taken for open


def _claim(mail: Mail) -> bool:
    """Take a mail by one conditional update, which one of two workers can make; or see that nobody needs it now."""
    mine = Mail.objects.filter(pk=mail.pk, state=State.WAITING, batch=mail.batch)
    if mine.needed().update(state=State.SENDING, due_at=timezone.now() + _GIVEN):
        return True
    if mine.update(state=State.NEEDLESS, batch=None):
        log.info("mail_needless", mail=str(mail.pk), kind=mail.kind)
    return False


def _note_sent(mail: Mail) -> None:
    # Other news may have come while we were sending: its row waits already, and goes on waiting.
    still = Case(When(state=State.SENDING, then=Value(State.SENT)), default=F("state"))
    told = {"told_until": mail.until, "sent_at": timezone.now()}
    Mail.objects.filter(pk=mail.pk).update(state=still, **told)
    log.info("mail_sent", mail=str(mail.pk), kind=mail.kind)


def _close(mail: Mail, state: State, *, problem: str = "") -> None:
    Mail.objects.filter(pk=mail.pk, state=State.SENDING).update(state=state, problem=problem, batch=None)
    say = log.warning if problem else log.info
    say(f"mail_{state.value}", mail=str(mail.pk), kind=mail.kind, problem=problem)


def _put_off(mail: Mail, refused: _Refused, *, state: State) -> None:
    """Try again later: in a minute or two first, then ever later. `state`: as which it is still ours."""
    ours = Mail.objects.filter(pk=mail.pk, state=state, batch=mail.batch)
    tries, problem = mail.tries + 1, str(refused.code)
    if tries >= MOST_TRIES:
        if ours.update(state=State.FAILED, tries=tries, problem=problem, batch=None):
            log.error("mail_failed", mail=str(mail.pk), kind=mail.kind, problem=problem, tries=tries)
        return
    wait = min(_LONGEST_WAIT, 60 * 2**tries) * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, no secret
    due = timezone.now() + timedelta(seconds=wait)
    if ours.update(state=State.WAITING, due_at=due, tries=tries, problem=problem, batch=None):
        log.warning("mail_delayed", mail=str(mail.pk), kind=mail.kind, problem=problem, tries=tries, wait=round(wait))


def _give_up() -> None:
    for rows, problem in ((Mail.objects.lost(), "unsure"), (Mail.objects.stale(), "stale")):
        if count := rows.update(state=State.FAILED, problem=problem, batch=None):
            log.error("mail_given_up", count=count, problem=problem)
