"""The teacher's list: everybody who should hand in, and how far they are."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from lti_tool.models import Membership, Person, ScoreDelivery
from lti_tool.roles import Role
from video import chips
from video.anonymity import alias_in_sql
from video.chips import Chip
from video.extensions import MoreTime, more_time
from video.models import Assignment, Attempt, Release, Submission, Video

PER_PAGE = 50
GOES_ON = timedelta(minutes=10)  # how long an upload counts as going on after its browser last asked for something
_NOT_OPENED = "not_opened"


@dataclass(frozen=True)
class Row:
    """One student, called `name`: an alias where `hidden`. `url` None: nothing to open. Duration in seconds.

    `returned_at` and `seen_at`: of the newest attempt's mark, when it was given back and when its student saw that.
    """

    person: Person
    name: str
    hidden: bool
    status: Chip
    url: str | None
    attempt_number: int | None
    submitted_at: datetime | None
    late: bool
    more_time: MoreTime | None
    duration: float | None
    points: Decimal | None
    delivery: Chip | None
    returned_at: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True)
class Filter:
    """Students in one of `states` (any where empty), and late or with a delivery in that state where it says so."""

    code: str
    label: str
    states: tuple[str, ...] = ()
    late: bool = False
    delivery: str = ""

    @property
    def condition(self) -> Q:
        condition = Q(state__in=self.states) if self.states else Q()
        if self.late:
            condition &= Q(late=True)
        return condition & Q(delivery_state=self.delivery) if self.delivery else condition

    def holds(self, state: str, late: bool | None, delivery: str | None) -> bool:
        """The same of one student."""
        return (
            (not self.states or state in self.states)
            and (not self.late or late is True)
            and (not self.delivery or delivery == self.delivery)
        )


FILTERS = (
    Filter("all", "All"),
    Filter("to_mark", "To mark", states=(Submission.State.SUBMITTED,)),
    Filter("marked", "Marked", states=(Submission.State.GRADED,)),
    Filter("late", "Late", late=True),
    Filter("draft", "Draft", states=(Submission.State.DRAFT,)),
    Filter("not_started", "Not started", states=(_NOT_OPENED, Submission.State.OPENED)),
    Filter("problem", "Not in Moodle", delivery=ScoreDelivery.State.REFUSED),
)


@dataclass(frozen=True)
class Counter:
    code: str
    label: str
    count: int
    url: str
    active: bool


@dataclass(frozen=True)
class View:
    """What of the roster is looked at, as its address says; the room's previous and next go by it."""

    show: str = "all"
    query: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "View":
        """From an address's parameters `show` and `q`; an unknown filter shows all."""
        show = asked.get("show", "")
        query = asked.get("q", "").replace("\x00", "").strip()[:100]
        return cls(show=show if show in {f.code for f in FILTERS} else "all", query=query)

    @property
    def in_address(self) -> str:
        """The parameters that differ from the first view, with their question mark; or nothing."""
        asked = {name: value for name, value in (("show", self.show), ("q", self.query)) if value not in ("", "all")}
        return f"?{urlencode(asked)}" if asked else ""

    @property
    def condition(self) -> Q:
        chosen = next(f for f in FILTERS if f.code == self.show).condition
        if self.query:
            chosen &= Q(shown_name__icontains=self.query) | Q(shown_email__icontains=self.query)
        return chosen


@dataclass(frozen=True)
class Entry:
    """A submission with handed-in work, in the roster's order; `inside` the view or not."""

    submission_id: uuid.UUID
    name: str
    state: str
    late: bool
    inside: bool


def handed_in(*, assignment: Assignment, view: View) -> list[Entry]:
    """Everybody's who has handed in, in one statement: the room's previous, next and list."""
    own = Submission.objects.filter(assignment=assignment, person=OuterRef("pk"))
    rows = (
        people(assignment)
        .filter(late__isnull=False)
        .annotate(
            submission_id=Subquery(own.values("pk")[:1]),
            inside=Case(
                When(view.condition or Q(pk__isnull=False), then=True), default=False, output_field=BooleanField()
            ),
        )
        .order_by("shown_name", "pk")
        .values_list("submission_id", "shown_name", "state", "late", "inside")
    )
    return [Entry(*row) for row in rows]


def counters(*, assignment: Assignment, active: str) -> list[Counter]:
    """How many students each filter shows, whatever is searched for. One statement, grouped by what they ask."""
    groups = list(
        people(assignment).values_list("state", "late", "delivery_state").annotate(size=Count("pk")).order_by()
    )
    return [
        Counter(
            code=f.code,
            label=f.label,
            count=sum(size for *asked, size in groups if f.holds(*asked)),
            url=f"?show={f.code}",
            active=f.code == active,
        )
        for f in FILTERS
    ]


def page(
    *,
    assignment: Assignment,
    view: View,
    number: str | None,
    room_url: Callable[[uuid.UUID], str],
    count: int | None = None,
) -> "Page[Row]":
    """One page of rows by name; a page out of range is the nearest.

    Args:
        room_url: the address of a submission's grading room, from its id.
        count: how many there are in all, where that is known already.
    """
    listed = people(assignment).filter(view.condition)
    paginator = Paginator(_in_detail(listed, assignment).order_by("shown_name", "pk"), PER_PAGE)
    if count is not None:
        paginator.count = count  # a cached property, so that it need not be counted again
    shown = paginator.get_page(number)
    rows = _rows(assignment, list(shown.object_list), room_url)
    return Page(rows, shown.number, cast("Paginator[Row]", shown.paginator))


def people(assignment: Assignment) -> "QuerySet[Any]":
    """Students of the course, and whoever has handed something in since and left."""
    link = assignment.resource_link
    assert link is not None
    enrolled = Membership.objects.filter(person=OuterRef("pk"), course=link.course_id, role=Role.STUDENT, active=True)
    own = Submission.objects.filter(assignment=assignment, person=OuterRef("pk"))
    released = Release.objects.filter(
        grade__attempt__submission__assignment=assignment, grade__attempt__submission__person=OuterRef("pk")
    )
    handed_in = Attempt.objects.filter(
        submission__assignment=assignment, submission__person=OuterRef("pk"), submitted_at__isnull=False
    ).order_by("-number")
    delivery = ScoreDelivery.objects.filter(resource_link=link, person=OuterRef("pk"))
    shown: dict[str, Any] = {"shown_name": F("name"), "shown_email": F("email")}
    if assignment.anonymous:
        shown = {
            "shown_name": Case(When(Exists(released), then=F("name")), default=alias_in_sql(assignment)),
            "shown_email": Case(When(Exists(released), then=F("email")), default=Value("")),
        }
    return (
        Person.objects.filter(platform=link.platform_id)
        .filter(Exists(enrolled) | Exists(handed_in))
        .annotate(
            state=Coalesce(Subquery(own.values("state")[:1]), Value(_NOT_OPENED)),
            late=Subquery(handed_in.values("late")[:1]),
            delivery_state=Subquery(delivery.values("state")[:1]),
            **shown,
        )
    )


def _in_detail(listed: "QuerySet[Any]", assignment: Assignment) -> "QuerySet[Any]":
    """What a row shows and no filter asks for: in the same statement."""
    own = Submission.objects.filter(assignment=assignment, person=OuterRef("pk"))
    going_on = Q(state=Video.State.PENDING, active_at__gt=timezone.now() - GOES_ON)
    draft = Video.objects.filter(
        attempt__submission__assignment=assignment,
        attempt__submission__person=OuterRef("pk"),
        attempt__submitted_at=None,
    )
    under_way = draft.filter(going_on | Q(state=Video.State.CHECKING)).order_by("-created_at")
    detailed: QuerySet[Any] = listed.annotate(
        extended_to=Subquery(own.values("extended_to")[:1]),
        extra_attempts=Subquery(own.values("extra_attempts")[:1]),
        under_way=Subquery(under_way.values("state")[:1]),
    )
    return detailed


def _rows(assignment: Assignment, shown: list[Person], room_url: Callable[[uuid.UUID], str]) -> list[Row]:
    video = Video.objects.filter(attempt=OuterRef("pk"), current=True)
    attempts = (
        Attempt.objects.submitted()
        .filter(submission__assignment=assignment, submission__person__in=shown)
        .select_related("submission", "grade__release")
        .annotate(duration=Subquery(video.values("duration")[:1]))
        .order_by("number")
    )
    newest = {attempt.submission.person_id: attempt for attempt in attempts}
    deliveries = {
        delivery.person_id: delivery
        for delivery in ScoreDelivery.objects.filter(resource_link=assignment.resource_link_id, person__in=shown)
    }
    return [_row(assignment, one, newest.get(one.pk), deliveries.get(one.pk), room_url) for one in shown]


def _row(
    assignment: Assignment,
    person: Any,
    attempt: Any,
    delivery: ScoreDelivery | None,
    room_url: Callable[[uuid.UUID], str],
) -> Row:
    """`person` as of `_in_detail`, `attempt` (or None) as of `_rows`: both with what was annotated."""
    grade = getattr(attempt, "grade", None)
    returned = grade.returned if grade else None
    hidden = person.shown_name != person.name
    return Row(
        person=person,
        name=person.shown_name,
        hidden=hidden,
        status=_status(person.state, person.under_way, late=attempt is not None and attempt.late),
        url=room_url(attempt.submission_id) if attempt else None,
        attempt_number=attempt.number if attempt else None,
        submitted_at=attempt.submitted_at if attempt else None,
        late=attempt is not None and attempt.late,
        # An extension is given by name: seen beside an alias, it would tell whose that is.
        more_time=None
        if hidden
        else more_time(assignment, extended_to=person.extended_to, extra_attempts=person.extra_attempts),
        duration=attempt.duration if attempt else None,
        points=grade.points if grade else None,
        delivery=chips.delivery_chip(delivery),
        returned_at=returned.at if returned else None,
        seen_at=returned.seen_at if returned else None,
    )


def _status(state: str | None, under_way: str | None, *, late: bool) -> Chip:
    if state == Submission.State.GRADED:
        return chips.MARKED
    if state == Submission.State.SUBMITTED:
        return chips.LATE if late else chips.SUBMITTED
    if state == Submission.State.DRAFT:
        going_on = {Video.State.PENDING: chips.UPLOADING, Video.State.CHECKING: chips.CHECKING}
        return going_on.get(Video.State(under_way), chips.DRAFT) if under_way else chips.DRAFT
    return chips.NOT_STARTED if state == Submission.State.OPENED else chips.NOT_OPENED
