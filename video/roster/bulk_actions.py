"""What is done for many students of a roster at once: planned first, so that it can be asked about, then done."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db.models import Count, Q, QuerySet, TextChoices
from django.db.models.functions import Lower
from django.utils import timezone

from config.queue import enqueue
from lti_tool.gradebook import outbox
from lti_tool.models import LaunchSession
from lti_tool.roles import Role
from video.assignments.extensions import MOST_EXTRA_ATTEMPTS, MoreTime, extend_many
from video.grading import grades
from video.models import Assignment, Submission

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 50  # marks that are released while somebody waits for the page
_MOST_NAMES = 5


class Action(TextChoices):
    RELEASE = "release", "Release marks"
    EXTEND = "extend", "Give more time"
    REOPEN = "reopen", "Reopen"
    SEND_AGAIN = "again", "Send to Moodle again"

    def allowed(self, launch: LaunchSession, assignment: Assignment) -> bool:
        """Who marks may ask Moodle again; the rest is for who may release, or set the assignment up."""
        if self is Action.RELEASE:
            return grades.may_release(launch, assignment)
        return self is Action.SEND_AGAIN or launch.role in Role.editors()


@dataclass(frozen=True)
class Target:
    """Somebody for whom something is done. `name` as staff may see it."""

    person_id: uuid.UUID
    name: str
    submission_id: uuid.UUID | None
    delivery_id: int | None
    used_up: bool = False  # all attempts
    extra_attempts: int = 0
    closed: bool = False


@dataclass(frozen=True)
class Plan:
    """For whom an action does something, and who is left out: names by the reason."""

    action: Action
    able: list[Target] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)

    @property
    def closed(self) -> int:
        return sum(target.closed for target in self.able)

    @property
    def used_up(self) -> int:
        return sum(target.used_up for target in self.able)

    @property
    def reasons(self) -> list[str]:
        """Such as `2 have no mark that waits to be released: Ana, Ben`."""
        return [
            f"{len(names)} {_agreeing(reason, len(names))}: {_some(names)}" for reason, names in self.left_out.items()
        ]


def plan(*, action: Action, assignment: Assignment, people: "QuerySet[Any]") -> Plan:
    """What an action would do for these people, who are of `roster.people`; a statement or two."""
    made = Plan(action)
    rows = people.order_by(Lower("shown_name"), "pk").values_list(
        "pk", "shown_name", "own__pk", "delivery__pk", "unreleased", named=True
    )
    work = _work(assignment) if action is Action.REOPEN else {}
    for row in rows:
        target = Target(row.pk, row.shown_name, row.own__pk, row.delivery__pk)
        reason = ""
        if action is Action.RELEASE and not row.unreleased:
            reason = "have no mark that waits to be released"
        elif action is Action.SEND_AGAIN and row.delivery__pk is None:
            reason = "have nothing to send yet"
        elif action is Action.REOPEN:
            target, reason = _reopened(assignment, work.get(row.pk), target)
        if reason:
            made.left_out.setdefault(reason, []).append(row.shown_name)
        else:
            made.able.append(target)
    return made


def release(*, launch: LaunchSession, assignment: Assignment, plan: Plan) -> str:
    """Give back what waits: at once, or by a worker where it is much. What happened, in words."""
    submissions = [target.submission_id for target in plan.able if target.submission_id]
    if len(submissions) > MOST_AT_ONCE:
        ask_release(launch=launch, assignment=assignment, submissions=submissions)
        return f"Releasing the marks of {len(submissions)} students. This goes on when you leave the page."
    done = grades.release(launch=launch, submissions=submissions)
    return f"Released: {_people(done)} can see their marks, which are on their way to Moodle."


def extend(*, launch: LaunchSession, assignment: Assignment, plan: Plan, wanted: MoreTime) -> str:
    """At least so much for everybody of the plan. What happened, in words."""
    at_least = {target.person_id: wanted for target in plan.able}
    done = extend_many(launch=launch, assignment=assignment, at_least=at_least)
    return told_of_extension(done, len(at_least))


def told_of_extension(done: int, asked: int) -> str:
    kept = f" {_people(asked - done)} had as much or more already, and keep it." if asked > done else ""
    return f"Saved for {_people(done)}.{kept}"


def reopen(*, launch: LaunchSession, assignment: Assignment, plan: Plan, until: datetime | None) -> str:
    """One more attempt for who has used up theirs, and a later end for whom it has closed. In words."""
    at_least = {
        target.person_id: MoreTime(
            until=until if target.closed else None,
            extra_attempts=target.extra_attempts + 1 if target.used_up else 0,
        )
        for target in plan.able
    }
    done = extend_many(launch=launch, assignment=assignment, at_least=at_least)
    return f"Reopened: {_people(done)} can hand in again."


def send_again(*, plan: Plan) -> str:
    """Everything that Moodle should know of these people is due now. In words."""
    done = outbox.send_again([target.delivery_id for target in plan.able if target.delivery_id is not None])
    return f"On its way to Moodle again: {_people(done)}."


# --- releases that a worker makes -------------------------------------------------------------------------------------
def ask_release(*, launch: LaunchSession, assignment: Assignment, submissions: list[uuid.UUID]) -> None:
    """Have a worker release these, in this launch's name. Each row says so until it is done, so nothing is lost."""
    Submission.objects.filter(assignment=assignment, pk__in=submissions).update(release_asked=launch)
    _queue(assignment.pk)


def releasing(assignment: Assignment) -> int:
    """How many are still to be released."""
    return _asked().filter(assignment=assignment).count()


def assignments_to_release() -> Iterable[uuid.UUID]:
    return _asked().values_list("assignment", flat=True).distinct()


def release_asked(assignment_id: uuid.UUID, *, after: str = "") -> None:
    """The next of those asked for, by id; then the rest in another message, so that other work gets its turn.

    Safe to run twice and at the same time: a mark that was released is not released again.
    """
    left = _asked().filter(assignment=assignment_id).order_by("pk")
    rest = left.filter(pk__gt=after) if after else left
    batch = list(rest.select_related("assignment")[:MOST_AT_ONCE])
    askers = LaunchSession.objects.as_now().select_related("person", "resource_link")
    launches = askers.in_bulk({submission.release_asked_id for submission in batch})
    for submission in batch:
        launch = launches.get(submission.release_asked_id)
        try:
            # What they may do could have changed since they asked.
            if launch and _still_may(launch, submission.assignment):
                grades.release(launch=launch, submissions=[submission.pk])
        except Exception:  # one that cannot be released must not keep the others: the periodic task tries it again
            log.exception("release_failed", submission=str(submission.pk))
            continue
        asked = Submission.objects.filter(pk=submission.pk, release_asked=submission.release_asked_id)
        asked.update(release_asked=None)
    if len(batch) == MOST_AT_ONCE:
        _queue(assignment_id, str(batch[-1].pk))


def _still_may(launch: LaunchSession, assignment: Assignment) -> bool:
    """In the role that who asked has now."""
    role = launch.role_now()
    if role is None:
        return False
    launch.role = role
    return grades.may_release(launch, assignment)


def _asked() -> "QuerySet[Submission]":
    return Submission.objects.filter(release_asked__isnull=False)


def _queue(assignment_id: uuid.UUID | str, after: str = "") -> None:
    enqueue("video.roster.tasks.release_asked", str(assignment_id), after)


# --- reopening --------------------------------------------------------------------------------------------------------
def _work(assignment: Assignment) -> dict[uuid.UUID, Any]:
    """The submissions by person, with how many attempts they have and whether one is a draft."""
    rows = Submission.objects.filter(assignment=assignment).annotate(
        taken=Count("attempts"), drafts=Count("attempts", filter=Q(attempts__submitted_at=None))
    )
    return {row.person_id: row for row in rows}


def _reopened(assignment: Assignment, work: Any, target: Target) -> tuple[Target, str]:
    """The target with what it needs, or the reason why it needs nothing."""
    own = work or Submission(assignment=assignment)
    own.assignment = assignment
    closed = own.closes_at is not None and timezone.now() > own.closes_at
    allowed = own.attempts_allowed
    used_up = work is not None and allowed is not None and not work.drafts and work.taken >= allowed
    if used_up and own.extra_attempts >= MOST_EXTRA_ATTEMPTS:
        return target, f"have had all {MOST_EXTRA_ATTEMPTS} extra attempts that there can be"
    if not closed and not used_up:
        return target, "can hand in already"
    return (
        Target(
            target.person_id,
            target.name,
            target.submission_id,
            target.delivery_id,
            used_up=used_up,
            extra_attempts=own.extra_attempts,
            closed=closed,
        ),
        "",
    )


def _people(count: int) -> str:
    return f"{count} student" if count == 1 else f"{count} students"


def _agreeing(reason: str, count: int) -> str:
    return f"has {reason.removeprefix('have ')}" if count == 1 and reason.startswith("have ") else reason


def _some(names: list[str]) -> str:
    """Short enough for a notice, which travels in a cookie."""
    shown = ", ".join(name[:60] for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
