"""Does everything between a platform and this tool work? Each check says what it found, and what to do about it."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from config import outside
from lti_tool.errors import PlatformError, PlatformRefused, PlatformSlow
from lti_tool.gradebook import ags
from lti_tool.models import Course, Platform, ResourceLink
from lti_tool.names import is_stand_in
from lti_tool.platform import Answer, fetch_key_set_answer, granted_scopes
from lti_tool.registration.registration import SCOPES
from lti_tool.roster import nrps

CHECK_SECONDS = 15  # for all calls of one check: an admin is waiting, and knows for what
CLOCKS_MAY_DIFFER = 30  # seconds; Moodle's tokens live for 60


class State(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Result:
    """What a check found, in words for the platform's admin; `fix` is empty where nothing has to be done."""

    state: State
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Subject:
    """What is checked: a platform, and for roster and grades one of its courses (the link's, or that used last)."""

    platform: Platform
    link: ResourceLink | None

    @property
    def course(self) -> Course | None:
        return self.link.course if self.link else None


@dataclass(frozen=True)
class Check:
    """`asked` is what pressing its button does, for one that must not run by itself."""

    code: str
    label: str
    run: Callable[[Subject], Result]
    asked: str = ""


def subject_of(platform: Platform, link: ResourceLink | None = None) -> Subject:
    """The platform with this link, else with the one opened last."""
    if link is None:
        links = ResourceLink.objects.filter(platform=platform).select_related("course__platform")
        link = links.order_by("-launches__created_at").first()
    return Subject(platform, link)


def run(code: str, subject: Subject) -> Result | None:
    """One check by its code; None for an unknown one. What the platform refuses becomes a result."""
    check = next((check for check in CHECKS if check.code == code), None)
    if check is None:
        return None
    try:
        with outside.more_patience(CHECK_SECONDS):
            return check.run(subject)
    except PlatformRefused as error:
        return Result(State.BAD, error.reason, "Do what it says, then try again.")
    except PlatformSlow as error:
        return Result(State.BAD, error.reason, "Try again in a minute. If it goes on, Moodle's server is slow.")
    except PlatformError as error:
        return Result(State.BAD, error.reason, "If it goes on, look whether this tool's server can reach Moodle.")


def _key_set(subject: Subject) -> Result:
    keys, _ = fetch_key_set_answer(subject.platform.jwks_url)
    usable = [key for key in keys if key.get("kty") == "RSA" and key.get("kid")]
    if not usable:
        return Result(
            State.BAD,
            f"{subject.platform.jwks_url} holds no RSA key.",
            "Compare it with Public keyset URL in Moodle's tool configuration details.",
        )
    return Result(State.GOOD, f"Moodle publishes {len(usable)} key{'s' if len(usable) > 1 else ''} at its address.")


def _our_key_set(subject: Subject) -> Result:
    """Moodle gives a token only after it has read our key set and verified a signature by it."""
    try:
        granted_scopes(subject.platform, SCOPES)
    except PlatformRefused as refused:
        if refused.code == "invalid_scope":
            return Result(State.GOOD, "Moodle verified a signature by this tool's key set.")
        raise PlatformRefused(
            f"{refused.reason} Its address is {settings.BASE_URL}{reverse('lti:jwks')}: it must open from Moodle's "
            "server (Site administration > Security > HTTP security may block it), and be the tool's Public keyset "
            "in Moodle."
        ) from refused
    return Result(State.GOOD, "Moodle verified a signature by this tool's key set.")


def _clocks(subject: Subject) -> Result:
    before = timezone.now()
    _, answer = fetch_key_set_answer(subject.platform.jwks_url)
    theirs = _date(answer)
    if theirs is None:
        return Result(State.WARNING, "Moodle's answers carry no date, so its clock cannot be compared.")
    ours = before + (timezone.now() - before) / 2
    ahead = round((theirs - ours).total_seconds())
    if abs(ahead) <= CLOCKS_MAY_DIFFER:
        return Result(State.GOOD, f"Moodle's clock and ours differ by {abs(ahead)} s.")
    word = "ahead of" if ahead > 0 else "behind"
    return Result(
        State.BAD,
        f"Moodle's clock is {abs(ahead)} s {word} ours: launches and grades are refused for it.",
        "Set both servers' clocks by NTP.",
    )


def _scopes(subject: Subject) -> Result:
    granted = granted_scopes(subject.platform, SCOPES)
    missing = [words for scope, words in _IN_WORDS.items() if scope not in granted]
    if not missing:
        return Result(State.GOOD, "Moodle grants everything: " + ", ".join(_IN_WORDS.values()) + ".")
    return Result(
        State.WARNING,
        f"Moodle does not grant: {', '.join(missing)}.",
        "In Moodle: Manage tools > this tool's settings > Services. Set Assignment and Grade Services to “Use this "
        "service for grade sync and column management”, and Names and Role Provisioning to “Use this service…”.",
    )


def _roster(subject: Subject) -> Result:
    course = subject.course
    if course is None:
        return _not_opened("The roster")
    nrps.refresh_roster(course)
    if course.roster_problem:
        return Result(State.BAD, course.roster_problem, "The list then shows only those who have opened an activity.")
    people = list(course.memberships.filter(active=True).select_related("person"))
    nameless = sum(is_stand_in(membership.person.name) for membership in people)
    found = f"{len(people)} people in {course}, {sum(m.role == 'student' for m in people)} of them students."
    if nameless:
        return Result(
            State.WARNING,
            f"{found} {nameless} came without a name.",
            "In Moodle: Manage tools > this tool's settings > Privacy > Share launcher's name with tool: Always.",
        )
    return Result(State.GOOD, found)


def _grades(subject: Subject) -> Result:
    """On a column of its own, which is deleted again: nobody's real grade is touched."""
    link, course = subject.link, subject.course
    if link is None or course is None:
        return _not_opened("Grades")
    if not link.lineitems_url:
        return Result(
            State.BAD,
            "Moodle offers no grade service in this course.",
            "In Moodle: Manage tools > this tool's settings > Services > Assignment and Grade Services.",
        )
    # Somebody who was launched as a student first: the roster calls non-editing teachers students too.
    students = course.memberships.filter(active=True, role="student").select_related("person")
    student = students.order_by("-from_launch").first()
    with _test_column(link) as url:
        if student is None:
            return Result(State.WARNING, "A grade column was made and deleted; the course has no student to try with.")
        ags.post_to(link, url, student.person.sub, ags.trial_score())
        found = ags.result_of(link, url, student.person.sub)
    points = found.points if found else None
    if points != 7:
        told = "nothing" if points is None else f"{points.normalize():f}"
        return Result(State.BAD, f"7 of 10 was sent to a test column, and Moodle read back {told}.", "Tell us.")
    return Result(State.GOOD, "A test column was made, a grade sent, read back, and the column deleted again.")


@contextmanager
def _test_column(link: ResourceLink) -> Iterator[str]:
    label = f"Reelmark check {secrets.token_hex(3)}"
    url = ags.make_line_item(link, label=label, maximum=10)
    try:
        yield url
    finally:
        try:
            ags.delete_line_item(link, url)
        except PlatformError as error:
            raise PlatformRefused(
                f"The test column “{label}” could not be deleted ({error.reason}) "
                "Delete it in Moodle's Gradebook setup."
            ) from error


def _deep_linking(subject: Subject) -> Result:
    seen = subject.platform.selected_at
    if seen is not None:
        return Result(State.GOOD, f"Seen on {seen:%d %b %Y}.")
    return Result(
        State.WARNING,
        "Nobody has pressed Select content here yet.",
        "In Moodle: Manage tools > this tool's settings > Supports Deep Linking. Then, in a course: More > LTI "
        "External tools, switch on Show in activity chooser; add the activity and press Select content.",
    )


def _not_opened(what: str) -> Result:
    return Result(
        State.WARNING, f"{what} can be tried once somebody has opened an activity.", "Open one from a Moodle course."
    )


def _date(answer: Answer) -> datetime | None:
    try:
        date = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)  # "-0000" says UTC of an unknown place (RFC 5322, 3.3)


_IN_WORDS = {
    ags.SCOPE_LINEITEM: "making grade columns",
    ags.SCOPE_SCORE: "sending grades",
    ags.SCOPE_RESULT_READONLY: "reading grades back",
    nrps.SCOPE: "reading the roster",
}
CHECKS = (
    Check("key-set", "Moodle's key set", _key_set),
    Check("our-key-set", "This tool's key set, from Moodle", _our_key_set),
    Check("clocks", "Clocks", _clocks),
    Check("scopes", "What Moodle grants", _scopes),
    Check("roster", "Roster", _roster),
    Check(
        "grades",
        "A grade, there and back",
        _grades,
        asked="Makes a test column in the gradebook, gives one student 7 of 10 in it, reads that, deletes the column.",
    ),
    Check("deep-linking", "Select content (Deep Linking)", _deep_linking),
)
