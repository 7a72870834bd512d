"""Which part of the roster is looked at, and in which order: as an address says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Exists, F, OrderBy, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Lower
from django.utils import timezone

from lti_tool.models import ScoreDelivery
from video.models import Attempt, Submission, Video

# How far somebody is: the first four have nothing handed in, the others by the mark of their newest attempt.
NOT_OPENED, OPENED, DRAFT, UPLOADING = "not_opened", "opened", "draft", "uploading"
TO_MARK, HELD, RETURNED = "to_mark", "held", "returned"
STAGES = (NOT_OPENED, OPENED, DRAFT, UPLOADING, TO_MARK, HELD, RETURNED)
GOES_ON = timedelta(minutes=10)  # how long an upload counts as going on after its browser last asked for something
MISSING = (NOT_OPENED, OPENED, DRAFT, UPLOADING)
DIFFERS = "differs"  # in place of a delivery's state


@dataclass(frozen=True)
class Filter:
    """Students at one of `stages` (any where empty), and late, or with more of that kind where it says so.

    `deliveries`: what has become of their grades on the way to Moodle.

    `empty` is what the list says where there is nobody: a heading, and what that means.
    """

    code: str
    label: str
    empty: tuple[str, str]
    stages: tuple[str, ...] = ()
    late: bool = False
    unreleased: bool = False
    deliveries: tuple[str, ...] = ()

    @property
    def condition(self) -> Q:
        """On the rows of `roster.people`. Trials are among all, and nowhere else."""
        condition = Q(stage__in=self.stages) if self.stages else Q()
        if self.code != "all":
            condition &= Q(trial=False)
        if self.late:
            condition &= Q(late=True)
        if self.unreleased:
            condition &= Q(unreleased=True)
        return condition & Q(delivery_state__in=self.deliveries) if self.deliveries else condition

    def holds(self, stage: str, late: bool | None, unreleased: bool, delivery: str | None, trial: bool) -> bool:
        """The same of one student."""
        return (
            (self.code == "all" or not trial)
            and (not self.stages or stage in self.stages)
            and (not self.late or late is True)
            and (not self.unreleased or unreleased)
            and (not self.deliveries or delivery in self.deliveries)
        )


FILTERS = (
    Filter(
        "all",
        "All",
        ("No students yet", "They appear here as soon as the course list is read or somebody opens the assignment."),
    ),
    Filter(
        "to_mark",
        "To mark",
        ("Nothing is waiting to be marked", "New videos appear here as soon as they are handed in."),
        stages=(TO_MARK,),
    ),
    Filter("late", "Late", ("Nothing is late", "Nobody's newest video came after the due date."), late=True),
    Filter(
        "marked",
        "Marked",
        ("Nothing is marked yet", "Whoever has a mark for their newest video appears here."),
        stages=(HELD, RETURNED),
    ),
    Filter(
        "unreleased",
        "Not released",
        ("Every mark is released", "A mark that its student does not see yet, or not as it is now, appears here."),
        unreleased=True,
    ),
    Filter(
        "returned",
        "Returned",
        ("No mark has been returned yet", "Whoever sees the mark of their newest video appears here."),
        stages=(RETURNED,),
    ),
    Filter(
        "problem",
        "Not in Moodle",
        (
            "Moodle has taken everything",
            "What Moodle refuses, has an error with, or has another grade for, appears here with the reason.",
        ),
        deliveries=(*ScoreDelivery.TROUBLED, DIFFERS),
    ),
    Filter("missing", "Missing", ("Nobody is missing", "Everybody has handed in a video."), stages=MISSING),
    Filter(
        "draft",
        "Draft",
        ("There are no drafts", "Whoever has a video here and has not handed it in appears here."),
        stages=(DRAFT, UPLOADING),
    ),
    Filter(
        "uploading",
        "Uploading",
        ("Nothing is on its way", "Whoever is sending a video at this moment appears here."),
        stages=(UPLOADING,),
    ),
    Filter(
        "not_started",
        "Not started",
        ("Nobody is at the start", "Whoever has opened the assignment and sent nothing yet appears here."),
        stages=(OPENED,),
    ),
    Filter(
        "not_opened",
        "Not opened",
        ("Everybody has opened it", "Whoever has never opened the assignment appears here."),
        stages=(NOT_OPENED,),
    ),
)
_BY_CODE = {one.code: one for one in FILTERS}
SORTS = ("name", "status", "handed_in", "length", "mark")


@dataclass(frozen=True)
class View:
    """What of the roster is looked at, as its address says; the room's previous and next go by it.

    `sort` is one of SORTS, with a `-` before it for the other way round.
    """

    show: str = "all"
    query: str = ""
    sort: str = "name"

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "View":
        """From an address's parameters `show`, `q` and `sort`; what is unknown is as at first."""
        show, sort = asked.get("show", ""), asked.get("sort", "")
        query = asked.get("q", "").replace("\x00", "").strip()[:100]
        return cls(
            show=show if show in _BY_CODE else "all",
            query=query,
            sort=sort if sort.removeprefix("-") in SORTS and not sort.startswith("--") else "name",
        )

    @property
    def in_address(self) -> str:
        """The parameters that differ from the first view, with their question mark; or nothing."""
        asked = (("show", self.show, "all"), ("q", self.query, ""), ("sort", self.sort, "name"))
        told = {name: value for name, value, first in asked if value != first}
        return f"?{urlencode(told)}" if told else ""

    @property
    def filter(self) -> Filter:
        return _BY_CODE[self.show]

    @property
    def condition(self) -> Q:
        """On the rows of `roster.people`."""
        return self.filter.condition & self.searched

    @property
    def searched(self) -> Q:
        if not self.query:
            return Q()
        return Q(shown_name__icontains=self.query) | Q(shown_email__icontains=self.query)

    def sorted_by(self, column: str) -> "View":
        """By that column; the other way round where it is so already."""
        return replace(self, sort=f"-{column}" if self.sort == column else column)

    def direction(self, column: str) -> str:
        """For `aria-sort`; empty where another column decides."""
        return {column: "ascending", f"-{column}": "descending"}.get(self.sort, "")

    def ordered(self, people: "QuerySet[Any]") -> "QuerySet[Any]":
        """The rows of `roster.people` in this order; who has no value of that kind comes last either way."""
        column, down = self.sort.removeprefix("-"), self.sort.startswith("-")
        name = Lower("shown_name")
        if column == "name":
            return people.order_by(OrderBy(name, descending=down), "pk")
        value = OrderBy(F("sort_value"), descending=down, nulls_last=True)
        ordered: QuerySet[Any] = people.annotate(sort_value=_value(column)).order_by(value, name, "pk")
        return ordered


def newest_attempt() -> "QuerySet[Attempt]":
    """For a subquery of `roster.people`: what somebody handed in last."""
    return Attempt.objects.submitted().filter(submission=OuterRef("own__pk")).order_by("-number")


def under_way() -> "QuerySet[Video]":
    """For a subquery of `roster.people`: the videos of a draft that are being sent or looked into, newest first."""
    going_on = Q(state=Video.State.PENDING, active_at__gt=timezone.now() - GOES_ON) | Q(state=Video.State.CHECKING)
    draft = Video.objects.filter(attempt__submission=OuterRef("own__pk"), attempt__submitted_at=None)
    return draft.filter(going_on).order_by("-created_at")


def stage_of(told: Callable[[str], str | int]) -> Case:
    """How far somebody of `roster.people` is, one of STAGES, as `told` puts it."""
    states = Submission.State
    draft, graded = Q(own__state=states.DRAFT), Q(own__state=states.GRADED)
    return Case(
        When(own__state=states.OPENED, then=Value(told(OPENED))),
        When(draft & Exists(under_way()), then=Value(told(UPLOADING))),
        When(draft, then=Value(told(DRAFT))),
        When(own__state=states.SUBMITTED, then=Value(told(TO_MARK))),
        When(graded & Q(mark_waits=False), then=Value(told(RETURNED))),
        When(graded, then=Value(told(HELD))),
        default=Value(told(NOT_OPENED)),
    )


def _value(column: str) -> Combinable:
    if column == "status":
        return stage_of(STAGES.index)  # not by the text: the database would work that out once for each of them
    if column == "length":
        video = Video.objects.filter(attempt=OuterRef("pk"), current=True).values("duration")[:1]
        return Subquery(newest_attempt().annotate(length=Subquery(video)).values("length")[:1])
    field = {"handed_in": "submitted_at", "mark": "grade__points"}[column]
    return Subquery(newest_attempt().values(field)[:1])
