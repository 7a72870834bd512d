"""An activity that came back under another link: it was deleted in the LMS and restored, or the course was.

The platform says so nowhere: a restored activity comes as a new link with the old parameter, as a duplicate does
(`moodle.md`, 28). What tells them apart is whether the former link still launches, or its column is still there; then
a teacher says what it is. Until then nobody works at the new link, so that nothing has to be merged.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from lti_tool.gradebook import ags, outbox
from lti_tool.models import LaunchSession, ResourceLink, ScoreDelivery
from video import events
from video.models import Assignment, Attempt, Event, Submission
from video.problems import Problem

log = structlog.get_logger(__name__)
LOOK_AGAIN = 60  # seconds


@dataclass(frozen=True)
class Former:
    """A candidate as a teacher sees it.

    `gone`: the platform says that its activity is not there any more. `was_here`: it was brought away from this link.
    """

    assignment: Assignment
    people: int
    last_at: datetime | None
    gone: bool
    was_here: bool


def candidates(link: ResourceLink) -> "QuerySet[Assignment]":
    """Assignments of the course that may be what this link was before, with their link; newest first.

    Each names the same content (made by hand: has the same title), has work, and its link was not seen since this one
    appeared, or is the one from which a teacher brought it to where it lives now.
    """
    if link.content_id:
        same = Q(content_id=link.content_id) | Q(resource_link__content_id=link.content_id)
        if named := _as_id(link.content_id):
            same |= Q(pk=named)
    elif link.title:
        same = Q(resource_link__content_id="", resource_link__title=link.title)
    else:
        return Assignment.objects.none()
    silent = Q(resource_link__silent_since__lte=link.created_at) | Q(brought_from=link)
    others = Assignment.objects.filter(same, silent, course=link.course_id, resource_link__course=link.course_id)
    return others.exclude(resource_link=link).filter(_worked_on()).select_related("resource_link").order_by("-pk")


def asked(link: ResourceLink) -> list[Assignment]:
    """The candidates for which a teacher is asked before anybody works at a link without an assignment.

    A duplicate has another title where the platform makes it; of one that the platform says is gone, any title will do.
    """
    return [
        one
        for one in candidates(link)
        if one.brought_from_id == link.pk
        or (one.resource_link is not None and (one.resource_link.gone_at or one.resource_link.title == link.title))
    ]


def look(link: ResourceLink) -> bool:
    """Ask the platform whether the candidates' links are still there, each once a minute; whether it has told anything.

    A link whose column is there lives, as one that launches; one without has only stopped to be asked about.
    """
    told = False
    for one in candidates(link).exclude(brought_from=link).filter(resource_link__gone_at=None):
        before = one.resource_link
        if before is None or not cache.add(f"former-link:{before.pk}:{link.pk}", True, LOOK_AGAIN):
            continue
        there = ags.still_there(before)
        if there is None:
            continue
        still_silent = ResourceLink.objects.filter(pk=before.pk, silent_since=before.silent_since)
        told |= bool(still_silent.update(silent_since=None) if there else still_silent.update(gone_at=timezone.now()))
    return told


def shown(link: ResourceLink) -> list[Former]:
    """The candidates as a teacher sees them: numbers, and nobody's name."""
    found = list(candidates(link))
    handed_in = Attempt.objects.submitted().filter(submission__assignment__in=found).order_by()
    counted = handed_in.values("submission__assignment").annotate(
        people=Count("submission", distinct=True), last_at=Max("submitted_at")
    )
    by_id: dict[uuid.UUID, Any] = {row["submission__assignment"]: row for row in counted}
    return [
        Former(
            assignment=one,
            people=by_id.get(one.pk, {}).get("people", 0),
            last_at=by_id.get(one.pk, {}).get("last_at"),
            gone=one.resource_link is not None and one.resource_link.gone_at is not None,
            was_here=one.brought_from_id == link.pk,
        )
        for one in found
    ]


def offered(link: ResourceLink, here: Assignment | None) -> bool:
    """Whether there is something to decide about what lives at the link: the settings lead to the question then."""
    return candidates(link).exists() or (here is not None and here.brought_from_id is not None)


def own_work(launch: LaunchSession) -> "QuerySet[Attempt]":
    """What somebody has handed in at the candidates, newest first: it is told as kept while they wait."""
    mine = Attempt.objects.submitted().filter(submission__person=launch.person_id)
    return mine.filter(submission__assignment__in=candidates(launch.resource_link)).order_by("-submitted_at")


def has_work(assignment: Assignment) -> bool:
    """Whether somebody has sent or handed in anything, was given more time, or has a score to be delivered."""
    return Assignment.objects.filter(_worked_on(), pk=assignment.pk).exists()


def bring_back(*, launch: LaunchSession, assignment_id: str, shown_id: str) -> Assignment:
    """The assignment with everybody's work lives at the launch's link from now on; what was there lives at the former.

    Open sessions of the former link go along, so that nobody's upload ends; and deliveries to the gradebook.

    Args:
        shown_id: of the assignment that was at this link when the question was asked; empty for none.

    Raises:
        Problem: it is no candidate (any more), somebody else has answered, or people have worked here.
    """
    return _move(launch, assignment_id=_as_id(assignment_id), to=launch.resource_link, shown_id=shown_id)


def put_back(*, launch: LaunchSession) -> Assignment:
    """Undo `bring_back`: the assignment lives again where it came from, and what lived there before is here again.

    Raises:
        Problem: it was not brought here, or people have worked there since.
    """
    brought = Assignment.objects.filter(resource_link=launch.resource_link_id).select_related("brought_from").first()
    if brought is None or brought.brought_from is None or brought.brought_from.course_id != brought.course_id:
        raise _nothing_to_do()
    return _move(launch, assignment_id=brought.pk, to=brought.brought_from, shown_id=None)


def _move(
    launch: LaunchSession, *, assignment_id: uuid.UUID | None, to: ResourceLink, shown_id: str | None
) -> Assignment:
    try:
        with transaction.atomic():
            return _moved(launch, assignment_id, to, shown_id)
    except IntegrityError as error:  # somebody has just given the link another assignment
        raise _answered() from error


def _moved(
    launch: LaunchSession, assignment_id: uuid.UUID | None, to: ResourceLink, shown_id: str | None
) -> Assignment:
    ids = list(Assignment.objects.filter(resource_link=to).values_list("pk", flat=True))
    ids += [assignment_id] if assignment_id else []
    # Everything about a person's work waits for its submission, so these come first, as everywhere.
    list(Submission.objects.select_for_update(of=("self",)).filter(assignment__in=ids).order_by("pk").values("pk"))
    list(Assignment.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk").values("pk"))
    here = Assignment.objects.filter(resource_link=to).first()
    if shown_id is not None and shown_id != (str(here.pk) if here else ""):
        raise _answered()
    if here is not None and has_work(here):
        raise Problem(
            "worked_here",
            "People have worked in the other activity already, so this work cannot take its place.",
            "Everybody's work stays where it is.",
            status=409,
        )
    if shown_id is None:
        moved = Assignment.objects.filter(resource_link=launch.resource_link_id, brought_from=to)
    else:
        moved = candidates(to)
    former = moved.filter(pk=assignment_id).select_related("resource_link").first() if assignment_id else None
    if former is None or former.resource_link is None:
        raise _nothing_to_do()
    before = former.resource_link
    if here is not None:
        Assignment.objects.filter(pk=here.pk).update(resource_link=None)
    former.resource_link, former.brought_from, former.brought_at = to, before, timezone.now()
    former.content_id = to.content_id
    former.save(update_fields=["resource_link", "brought_from", "brought_at", "content_id"])
    if here is not None:
        Assignment.objects.filter(pk=here.pk).update(resource_link=before)
    # Theirs go along, but for the one that decides: it stays where its person is.
    LaunchSession.objects.filter(resource_link=before).exclude(pk=launch.pk).update(resource_link=to)
    deliveries = outbox.move(before=before, after=to)
    events.record(
        Event.Kind.BROUGHT,
        launch=launch,
        assignment=str(former.pk),
        link=str(to.pk),
        before=str(before.pk),
        deliveries=deliveries,
    )
    return former


def _worked_on() -> Q:
    of_this = {"submission__assignment": OuterRef("pk")}
    more = Q(extended_to__isnull=False) | Q(extra_attempts__gt=0)
    return (
        Q(Exists(Attempt.objects.filter(**of_this)))
        | Q(Exists(Submission.objects.filter(more, assignment=OuterRef("pk"))))
        | Q(Exists(ScoreDelivery.objects.filter(resource_link=OuterRef("resource_link"))))
    )


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _answered() -> Problem:
    return Problem(
        "answered",
        "Somebody else has answered just now.",
        "If that was wrong, change it in the settings of this activity.",
        status=409,
    )


def _nothing_to_do() -> Problem:
    return Problem(
        "not_former",
        "There is no work to bring here any more: the other activity is in use, or somebody else has answered.",
        "Look at the list of this activity.",
        status=409,
    )
