"""The teacher's list: everybody who should hand in, and how far they are."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from django.core.paginator import Page, Paginator
from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from lti_tool.models import KeptOut, LaunchSession, Membership, Person, ResourceLink, ScoreDelivery
from lti_tool.roles import Role
from video import status_labels
from video.assignments.extensions import MoreTime, more_time
from video.grading import marks
from video.models import Assignment, Attempt, Grade, Release, Video
from video.roster.filters import (
    DIFFERS,
    DRAFT,
    FILTERS,
    NOT_OPENED,
    OPENED,
    RETURNED,
    TO_MARK,
    UPLOADING,
    newest_attempt,
    stage_of,
    under_way,
)
from video.roster.filters import View as View
from video.status_labels import StatusLabel
from video.submissions.anonymity import alias_in_sql

PER_PAGE = 50


@dataclass(frozen=True)
class Row:
    """One student, called `name`: an alias where `hidden`. `key` names the row to the bulk actions, and nobody else.

    `attempt` is the newest that was handed in, `url` its room; None: nothing yet. Duration in seconds.
    `returned_at` and `seen_at`: when its mark was given back, and when its student saw that. `trial`: the submission's
    id, where it is somebody's of the staff.
    """

    key: str
    person: Person
    name: str
    hidden: bool
    stage: str
    status: StatusLabel
    url: str | None
    attempt: Attempt | None
    grade: Grade | None
    rubric_points: Decimal | None  # what the points were typed over
    earlier_unreleased: bool
    more_time: MoreTime | None
    duration: float | None
    delivery: StatusLabel | None
    delivery_id: int | None
    returned_at: datetime | None
    seen_at: datetime | None
    trial: uuid.UUID | None = None

    @property
    def sends_again(self) -> bool:
        return self.delivery is not None and self.delivery.code in status_labels.SENDS_AGAIN

    @property
    def waits_for_mark(self) -> bool:
        return self.stage == TO_MARK

    @property
    def late(self) -> bool:
        return self.attempt is not None and self.attempt.late

    @property
    def points(self) -> Decimal | None:
        return self.grade.points if self.grade else None

    @property
    def submitted_at(self) -> datetime | None:
        return self.attempt.submitted_at if self.attempt else None


@dataclass(frozen=True)
class Counter:
    code: str
    label: str
    count: int
    url: str
    active: bool


@dataclass(frozen=True)
class Counted:
    """`releasing`: how many wait for a worker to release them. `undelivered`: of how many something is to be sent.
    `kept_out`: how many students of the course are not listed, because they cannot open the activity.
    """

    counters: list[Counter]
    releasing: int
    undelivered: int
    kept_out: int

    def of(self, code: str) -> int:
        return next(counter.count for counter in self.counters if counter.code == code)


@dataclass(frozen=True)
class Entry:
    """A submission with handed-in work, in the roster's order; `inside` the view or not."""

    submission_id: uuid.UUID
    name: str
    state: str
    late: bool
    inside: bool


def handed_in(*, assignment: Assignment, view: View, marker: LaunchSession | None = None) -> list[Entry]:
    """Everybody's who has handed in, in one statement: the room's previous, next and list.

    Args:
        marker: whom they have marked since they came stays among those to mark: else nobody could go back to them.
    """
    inside = view.condition or Q(pk__isnull=False)
    if marker and view.show == TO_MARK:
        theirs = Grade.objects.filter(
            attempt__submission=OuterRef("own__pk"), grader=marker.person_id, updated_at__gte=marker.created_at
        )
        inside = Q(inside) | (Q(Exists(theirs)) & view.searched)
    rows = (
        view.ordered(people(assignment).filter(late__isnull=False, trial=False))
        .annotate(inside=Case(When(inside, then=True), default=False, output_field=BooleanField()))
        .values_list("own__pk", "shown_name", "state", "late", "inside")
    )
    return [Entry(*row) for row in rows]


def next_to_mark(*, assignment: Assignment, view: View) -> uuid.UUID | None:
    """The submission that comes first of what is `to_mark` in the view's order."""
    waiting = people(assignment).filter(View(show="to_mark").condition)
    first: uuid.UUID | None = view.ordered(waiting).values_list("own__pk", flat=True).first()
    return first


def counted(*, assignment: Assignment, view: View) -> Counted:
    """How many students each filter shows, whatever is searched for. One statement, grouped by what they ask."""
    assert assignment.resource_link is not None
    groups = list(
        people(assignment)
        .annotate(kept_out=_kept_out(assignment.resource_link))
        .values_list("stage", "late", "unreleased", "delivery_state", "trial", "kept_out")
        .annotate(size=Count("pk"), releasing=Count("own__release_asked"))
        .order_by()
    )
    sort = "" if view.sort == "name" else f"&sort={view.sort}"
    counters = [
        Counter(
            code=f.code,
            label=f.label,
            count=sum(size for *asked, _, size, _ in groups if f.holds(*asked)),
            url=f"?show={f.code}{sort}",
            active=f.code == view.show,
        )
        for f in FILTERS
    ]
    return Counted(
        counters,
        releasing=sum(releasing for *_, releasing in groups),
        undelivered=sum(size for *_, delivery, _, _, size, _ in groups if delivery == ScoreDelivery.State.WAITING),
        kept_out=max((kept_out for *_, kept_out, _, _ in groups), default=0),
    )


def page(
    *,
    assignment: Assignment,
    view: View,
    number: str | None,
    room_url: Callable[[uuid.UUID], str],
    count: int | None = None,
) -> "Page[Row]":
    """One page of rows in the view's order; a page out of range is the nearest.

    Args:
        room_url: the address of a submission's grading room, from its id.
        count: how many there are in all, where that is known already.
    """
    listed = people(assignment).filter(view.condition)
    paginator = Paginator(view.ordered(_in_detail(listed)), PER_PAGE)
    if count is not None:
        paginator.count = count  # a cached property, so that it need not be counted again
    shown = paginator.get_page(number)
    rows = _rows(assignment, list(shown.object_list), room_url)
    return Page(rows, shown.number, cast("Paginator[Row]", shown.paginator))


def chosen(*, assignment: Assignment, view: View, keys: list[str], everybody: bool) -> "QuerySet[Any]":
    """The people of these rows (`Row.key`), or `everybody` in the view: of this roster alone, whatever is asked for."""
    listed = people(assignment).filter(trial=False)
    if everybody:
        return listed.filter(view.condition)
    ids = [uuid.UUID(key) for key in keys if _is_id(key)]
    aliases = [key for key in keys if "\x00" not in key]
    # Who is hidden is known by the alias alone: an id from elsewhere must not find their row.
    return listed.filter(Q(hidden=False, pk__in=ids) | Q(hidden=True, shown_name__in=aliases))


def people(assignment: Assignment) -> "QuerySet[Any]":
    """Students of the course who can open the activity, and whoever has handed something in since and left.

    `own__…` is their submission, `delivery__…` its way to Moodle (may be missing), `stage` how far they are, `late`
    of their newest attempt (None: nothing handed in), `unreleased` whether any mark of theirs waits for a
    release, `trial` whether it is somebody's of the staff. `shown_name` and `shown_email` are what staff may see;
    `hidden` says that this is an alias.
    """
    link = assignment.resource_link
    assert link is not None
    cannot_open = KeptOut.objects.filter(resource_link=link, person=OuterRef("person"))
    enrolled = _students(link).exclude(Exists(cannot_open))
    worked = Attempt.objects.submitted().filter(submission__assignment=assignment).order_by()
    released = Release.objects.filter(grade__attempt__submission=OuterRef("own__pk"))
    waiting = Grade.objects.filter(
        attempt__submission=OuterRef("own__pk"),
        attempt__submitted_at__isnull=False,
        points__isnull=False,
        unreleased=True,
    )
    shown: dict[str, Any] = {"hidden": Value(False), "shown_name": F("name"), "shown_email": F("email")}
    if assignment.anonymous:
        shown = {
            "hidden": ~Exists(released),
            "shown_name": Case(When(Exists(released), then=F("name")), default=alias_in_sql(assignment)),
            "shown_email": Case(When(Exists(released), then=F("email")), default=Value("")),
        }
    # A union, and not one or the other: else the database walks over everybody of the platform.
    listed = enrolled.values("person").union(worked.values("submission__person"))
    return (
        Person.objects.filter(pk__in=listed)
        .annotate(
            own=FilteredRelation("submissions", condition=Q(submissions__assignment=assignment)),
            delivery=FilteredRelation("score_deliveries", condition=Q(score_deliveries__resource_link=link)),
            mark_waits=Subquery(newest_attempt().values("grade__unreleased")[:1]),
        )
        .annotate(
            state=Coalesce("own__state", Value(NOT_OPENED)),
            trial=Coalesce("own__trial", Value(False)),
            stage=stage_of(str),
            late=Subquery(newest_attempt().values("late")[:1]),
            unreleased=Exists(waiting),
            # A grade that Moodle shows otherwise, or no more, is not in Moodle.
            delivery_state=Case(
                When(delivery__state=ScoreDelivery.State.SENT, delivery__differs=True, then=Value(DIFFERS)),
                default=F("delivery__state"),
            ),
            **shown,
        )
    )


def _students(link: ResourceLink) -> "QuerySet[Membership]":
    return Membership.objects.filter(course=link.course_id, role=Role.STUDENT, active=True)


def _kept_out(link: ResourceLink) -> Coalesce:
    """How many students of the course cannot open the activity: the same for every row of a query."""
    who = KeptOut.objects.filter(resource_link=link, person__in=_students(link).values("person"))
    counted = who.order_by().values("resource_link").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), Value(0))


def _in_detail(listed: "QuerySet[Any]") -> "QuerySet[Any]":
    """What a row shows and no filter asks for: in the same statement."""
    detailed: QuerySet[Any] = listed.annotate(
        own_id=F("own__pk"),
        extended_to=F("own__extended_to"),
        extra_attempts=F("own__extra_attempts"),
        newest_id=Subquery(newest_attempt().values("pk")[:1]),
        under_way=Subquery(under_way().values("state")[:1]),
    )
    return detailed


def _rows(assignment: Assignment, shown: list[Any], room_url: Callable[[uuid.UUID], str]) -> list[Row]:
    video = Video.objects.filter(attempt=OuterRef("pk"), current=True)
    attempts = (
        Attempt.objects.filter(pk__in=[one.newest_id for one in shown if one.newest_id])
        .select_related("grade__release")
        .annotate(duration=Subquery(video.values("duration")[:1]))
    )
    newest = {attempt.pk: attempt for attempt in attempts}
    deliveries = {
        delivery.person_id: delivery
        for delivery in ScoreDelivery.objects.filter(resource_link=assignment.resource_link_id, person__in=shown)
    }
    return [_row(assignment, one, newest.get(one.newest_id), deliveries.get(one.pk), room_url) for one in shown]


def _row(
    assignment: Assignment,
    person: Any,
    attempt: Any,
    delivery: ScoreDelivery | None,
    room_url: Callable[[uuid.UUID], str],
) -> Row:
    """`person` as of `_in_detail`, `attempt` (or None) as of `_rows`: both with what was annotated."""
    grade: Grade | None = getattr(attempt, "grade", None)
    returned = grade.returned if grade else None
    gets_more = more_time(assignment, extended_to=person.extended_to, extra_attempts=person.extra_attempts)
    return Row(
        key=person.shown_name if person.hidden else str(person.pk),
        person=person,
        name=person.shown_name,
        hidden=person.hidden,
        stage=person.stage,
        status=status_labels.mark_label(attempt, grade) if attempt else _not_handed_in(person.stage, person.under_way),
        url=room_url(attempt.submission_id) if attempt else None,
        attempt=attempt,
        grade=grade,
        rubric_points=marks.rubric_points(assignment, grade) if grade and grade.overridden else None,
        earlier_unreleased=person.unreleased and person.stage in (TO_MARK, RETURNED),
        # More time is given by name: shown beside an alias, it would tell whose that is.
        more_time=None if person.hidden else gets_more,
        duration=attempt.duration if attempt else None,
        delivery=status_labels.delivery_label(delivery),
        delivery_id=delivery.pk if delivery else None,
        returned_at=returned.at if returned else None,
        seen_at=returned.seen_at if returned else None,
        trial=person.own_id if person.trial else None,
    )


def _not_handed_in(stage: str, under_way: str | None) -> StatusLabel:
    if stage == UPLOADING:
        return status_labels.CHECKING if under_way == Video.State.CHECKING else status_labels.UPLOADING
    return {DRAFT: status_labels.DRAFT, OPENED: status_labels.NOT_STARTED}.get(stage, status_labels.NOT_OPENED)


def _is_id(key: str) -> bool:
    try:
        uuid.UUID(key)
    except ValueError:
        return False
    return True
