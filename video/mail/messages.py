"""What an e-mail says, in its reader's language, as text and as simple HTML.

No mark and no feedback: an e-mail is forwarded, lies on other people's servers, and lights up on locked screens; and
what it says of a mark would go on being said after the mark was changed. Nor any student's name to a marker.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.utils.translation import gettext, ngettext, override

from lti_tool.addresses import activity_url
from lti_tool.models import Course, ResourceLink
from video.mail.languages import language_of, moment
from video.mail.new_work import new_work
from video.mail.preferences import Choice
from video.models import Mail, MailChoice, Release

_LONGEST = 120  # characters of a title
_LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3


class NothingToSay(Exception):
    """What was to be told has gone meanwhile."""


class NoAddress(Exception):
    """What the platform sent as the person's address is none."""


@dataclass(frozen=True)
class _Said:
    subject: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)


def build_message(mail: Mail) -> EmailMultiAlternatives:
    """An e-mail to its one reader, who can be rid of more of its kind by one click (RFC 8058).

    Its Message-ID is the same at each try: what a lost answer makes us send twice, most mail systems show once.

    Raises:
        NothingToSay, NoAddress.
    """
    _check_address(mail.person.email)
    language, kind = language_of(mail.person), MailChoice.Kind(mail.kind)
    choice = Choice(person_id=mail.person_id, kind=kind)
    with override(language):
        said = _released(mail) if kind == MailChoice.Kind.RELEASED else _new_work(mail)
        context = {**said.context, "subject": said.subject, "language": language, "choice_url": choice.url}
        message = EmailMultiAlternatives(
            subject=said.subject,
            body=render_to_string(f"{said.template}.txt", context),
            to=[mail.person.email],
            headers={
                "Message-ID": f"<{mail.pk}.{int(mail.until.timestamp())}@{urlsplit(settings.BASE_URL).hostname}>",
                "List-Unsubscribe": f"<{choice.url}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Auto-Submitted": "auto-generated",  # so that nobody's holiday answers it (RFC 3834)
            },
        )
        message.attach_alternative(render_to_string(f"{said.template}.html", context), "text/html")
    return message


def one_line(text: str) -> str:
    """A title without line breaks, control characters or length that a subject cannot take."""
    words = " ".join(text.split())
    plain = "".join(letter for letter in words if letter.isprintable())
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"


def _check_address(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError as error:
        raise NoAddress from error
    if len(address) > _LONGEST_ADDRESS:
        raise NoAddress


def _released(mail: Mail) -> _Said:
    given = (
        Release.objects.filter(grade__attempt__submission=mail.submission_id, at__gt=mail.told_until, seen_at=None)
        .select_related("grade__attempt__submission__assignment__resource_link__platform")
        .select_related("grade__attempt__submission__assignment__resource_link__course")
        .order_by("-grade__attempt__number")
        .first()
    )
    if given is None:
        raise NothingToSay
    attempt = given.grade.attempt
    assignment = attempt.submission.assignment
    link, title = assignment.resource_link, one_line(assignment.title)
    assert link is not None, "something was handed in at it"
    assert attempt.submitted_at is not None, "it was marked"
    again = mail.sent_at is not None
    subject = (
        gettext("News of your marked video for “%(assignment)s”")
        if again
        else gettext("Your video for “%(assignment)s” was marked")
    )
    context = {
        "assignment": title,
        "again": again,
        "number": attempt.number,
        "handed_in": moment(attempt.submitted_at),
        **_place(link),
    }
    return _Said(subject % {"assignment": title}, "video/mail/released", context)


def _new_work(mail: Mail) -> _Said:
    course = mail.course
    assert course is not None, "a digest is of one"
    rows = new_work(course=course, since=mail.told_until, until=mail.until)
    if not rows:
        raise NothingToSay
    new = sum(row.new for row in rows)
    subject = ngettext("%(count)s new video to mark in %(course)s", "%(count)s new videos to mark in %(course)s", new)
    listed = [
        {"title": one_line(row.assignment.title), "row": row, "url": _url(row.assignment.resource_link)} for row in rows
    ]
    context = {"rows": listed, "count": new, "course": _name(course), "until": moment(mail.until)}
    return _Said(subject % {"count": new, "course": _name(course)}, "video/mail/new_work", context)


def _place(link: ResourceLink) -> dict[str, str]:
    return {"course": _name(link.course), "activity": one_line(link.title), "url": _url(link)}


def _name(course: Course) -> str:
    """A course without a title would be called by its platform's number."""
    return one_line(course.title) or gettext("your course")


def _url(link: ResourceLink | None) -> str:
    return activity_url(link) if link else ""
