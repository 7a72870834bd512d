"""The ledger as people read it: what was sent to Moodle of whom, and where Moodle says something else."""

from dataclasses import dataclass
from decimal import Decimal

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef

from lti_tool.gradebook import rate_limiting
from lti_tool.models import LaunchSession, ScoreDelivery, ScorePost
from lti_tool.models.score_delivery import ScoreDeliveryQuerySet
from lti_tool.roles import Role
from video import status_labels
from video.models import Assignment, Release
from video.rubrics.rubrics import short
from video.status_labels import StatusLabel
from video.submissions import anonymity

PER_PAGE = 50


@dataclass(frozen=True)
class DeliveryRow:
    """`ours` and `theirs` in words, such as `60 of 100`; empty where there is none or it was not looked at."""

    delivery: ScoreDelivery
    name: str
    assignment: str
    course: str
    status_label: StatusLabel | None
    ours: str
    theirs: str
    undecided: bool


def troubled(*, launch: LaunchSession, number: str | None) -> "Page[DeliveryRow]":
    """A page of what a person should look at, longest waiting first: the course's, or the deployment's for an admin."""
    rows = _joined(launch).troubled().order_by("wanted_at", "pk")
    shown = Paginator(rows, PER_PAGE).get_page(number)
    return Page([row_of(delivery) for delivery in shown], shown.number, shown.paginator)  # type: ignore[arg-type]


def held_up(launch: LaunchSession) -> int:
    """How many wait because Moodle does not answer. Most were never tried: none of them is `troubled`."""
    if not rate_limiting.is_down(launch.resource_link.platform_id):
        return 0
    return ScoreDelivery.objects.visible_to(launch).filter(state=ScoreDelivery.State.WAITING).count()


def visible(*, launch: LaunchSession, delivery_id: int) -> DeliveryRow | None:
    found = _joined(launch).filter(pk=delivery_id).first()
    return row_of(found) if found else None


def history(delivery: ScoreDelivery) -> list[ScorePost]:
    """Every score that was posted, or may have been, newest first; the last hundred."""
    return list(delivery.posts.select_related("caused_by")[:100])


def may_decide(launch: LaunchSession) -> bool:
    """Sending again and choosing between two grades is for those who may edit."""
    return launch.role in Role.editors()


def row_of(delivery: ScoreDelivery) -> DeliveryRow:
    """`delivery` as of `_joined`."""
    link = delivery.resource_link
    assignment: Assignment | None = getattr(link, "assignment", None)
    hidden = assignment is not None and anonymity.hidden(assignment, released=delivery.was_released)  # type: ignore[attr-defined]
    name = anonymity.alias(assignment, delivery.person_id) if hidden and assignment else delivery.person.name
    return DeliveryRow(
        delivery=delivery,
        name=name,
        assignment=assignment.title if assignment else link.title,
        course=link.course.title,
        status_label=status_labels.delivery_label(delivery),
        ours=_of(delivery.points, delivery.maximum),
        theirs=_of(delivery.found_points, delivery.found_maximum),
        undecided=delivery.state == ScoreDelivery.State.CHANGED or (delivery.differs and not delivery.cleared_there),
    )


def _joined(launch: LaunchSession) -> ScoreDeliveryQuerySet:
    released = Release.objects.filter(
        grade__attempt__submission__person=OuterRef("person"),
        grade__attempt__submission__assignment__resource_link=OuterRef("resource_link"),
    )
    return (
        ScoreDelivery.objects.visible_to(launch)
        .select_related("person", "resource_link__course", "resource_link__assignment")
        .annotate(was_released=Exists(released))
    )


def _of(points: Decimal | None, maximum: Decimal | None) -> str:
    if points is None:
        return ""
    return f"{short(points)} of {short(maximum)}" if maximum else short(points)
