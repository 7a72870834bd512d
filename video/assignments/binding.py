"""Which assignment a launch is about: bound to its link, bound now, or made as a copy."""

import uuid
from collections.abc import Callable
from copy import copy
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from lti_tool.models import Course, LaunchSession, Membership, Person, ResourceLink
from lti_tool.roles import Role
from video.assignments import restored
from video.models import Assignment

log = structlog.get_logger(__name__)
MOST_EARLIER = 50
_ask_first: Callable[[Assignment, Assignment], bool]
COUNTED_BY = ("points", "grading", "rubric")  # what marks are numbers of


def assignment_of(launch: LaunchSession) -> Assignment | None:
    """The assignment of this launch's link; None until a teacher has set it up, or said what it is.

    The link's custom parameter names what was chosen for it by Deep Linking. The first launch binds that; where it
    lives at another link already, Moodle has copied the activity, and its settings (never its work) are copied here.
    Where that other link may have come back as this one, a teacher is asked first (`former`).
    """
    link = launch.resource_link
    bound: Assignment | None = getattr(link, "assignment", None)
    if bound is not None and bound.course_id != link.course_id:
        bound.course = link.course  # Moodle moved the activity
        bound.save(update_fields=["course"])
    if bound is not None and link.content_id in ("", bound.content_id):
        return _follow(bound, link)
    chosen = _chosen(link)
    if chosen is None or not _may_lend(chosen, launch):
        return _follow(bound, link) if bound is not None else None
    if bound is not None:
        return _follow(_chosen_again(bound, chosen), link)
    if chosen.course_id == link.course_id and restored.asked(link):
        return None
    return _follow(_bind(chosen, link) or _copy(chosen, launch), link)


def begin_anew(launch: LaunchSession) -> Assignment | None:
    """A teacher says that the launch's link is no former activity: a copy of what it names, without anybody's work.

    None where it names nothing, and is to be set up. What somebody else has answered meanwhile stays.
    """
    link = launch.resource_link
    with transaction.atomic():
        # In the order of `restored.bring_back`, which may answer the same question at the same time.
        list(restored.candidates(link).select_for_update(of=("self",)).order_by("pk").values("pk"))
        here = Assignment.objects.filter(resource_link=link).select_related("course__platform").first()
        if here is not None:
            return here
        chosen = _chosen(link)
        return _copy(chosen, launch) if chosen is not None and _may_lend(chosen, launch) else None


def part(launch: LaunchSession) -> Assignment | None:
    """A teacher says that work was wrongly brought to the launch's link: it goes back, and the link has its own.

    Raises:
        Problem: as `restored.put_back`.
    """
    with transaction.atomic():
        restored.put_back(launch=launch)
        return begin_anew(launch)


def ask_first(asks: Callable[[Assignment, Assignment], bool]) -> None:
    """Where an assignment would change from the first to the second, `asks` says whether a teacher decides about its
    marks before. (Marks stand above this room, which knows none.)
    """
    global _ask_first
    _ask_first = asks


def new_assignment(launch: LaunchSession) -> Assignment:
    """A working assignment with Moodle's own title and description; not stored yet.

    In a course that was copied from one with an assignment of the same title, its settings are taken along, if this
    teacher may see them there: an activity added by hand has no custom parameter to name it by.
    """
    link = launch.resource_link
    title = (link.title or "Video assignment")[:255]
    fresh = Assignment(course=link.course, resource_link=link, title=title, instructions=link.description)
    original = (
        Assignment.objects.filter(_staffed_by(launch.person))
        .filter(course__deployment=link.course.deployment_id, course__context_id__in=link.course.history, title=title)
        .order_by("-created_at")
        .first()
    )
    return like(original, fresh) if original else fresh


def like(original: Assignment, fresh: Assignment) -> Assignment:
    """`fresh` with the settings of `original`; not stored."""
    for name, value in original.settings.items():
        setattr(fresh, name, value)
    return fresh


def earlier(person: Person) -> list[Assignment]:
    """This teacher's assignments, newest first, to begin a new one from."""
    own = Assignment.objects.filter(set_up_by=person, course__platform=person.platform_id).select_related("course")
    return list(own.exclude(resource_link=None, offered_at=None).order_by("-created_at")[:MOST_EARLIER])


def earlier_of(person: Person, pk: str) -> Assignment | None:
    """One of `earlier`; None for what is not this teacher's, or no id."""
    return next((one for one in earlier(person) if str(one.pk) == pk), None)


def with_rubrics(person: Person, course: Course) -> "QuerySet[Assignment]":
    """Assignments whose rubric a teacher of the course may take over: the course's, and their own on the platform;
    newest first, with their course.
    """
    given = ~Q(resource_link=None, offered_at=None)
    seen = Q(set_up_by=person) | (Q(course=course) & given)
    found = Assignment.objects.filter(seen, course__platform=person.platform_id).exclude(rubric={})
    return found.select_related("course").order_by("-created_at")


def tell_of_copy(assignment: Assignment) -> Assignment | None:
    """What it is a copy of, for the first teacher who asks; None ever after."""
    if assignment.copied_from_id is None or assignment.copy_told_at is not None:
        return None
    told = Assignment.objects.filter(pk=assignment.pk, copy_told_at=None).update(copy_told_at=timezone.now())
    return Assignment.objects.select_related("course").get(copies=assignment) if told else None


def _chosen(link: ResourceLink) -> Assignment | None:
    """What the link's parameter names, within its platform: the assignment that lives by it, else what was chosen."""
    try:
        pk = uuid.UUID(link.content_id)
    except ValueError:
        return None
    chosen = Assignment.objects.filter(pk=pk, course__platform=link.platform_id).select_related("course").first()
    if chosen is None or chosen.resource_link_id is not None:
        return chosen
    living = Assignment.objects.filter(content_id=link.content_id, course=chosen.course).exclude(resource_link=None)
    return living.select_related("course").order_by("created_at").first() or chosen


def _may_lend(chosen: Assignment, launch: LaunchSession) -> bool:
    """A teacher can type any id into an activity's parameters, so it must be of this course, or of one that this was
    copied from, or of one where the person who comes is staff.

    Moodle's tool-wide parameters, which a registration sets, win over typed ones: so its history can be believed.
    """
    course = launch.course
    if chosen.course_id == course.pk:
        return True
    # A history names contexts of the course's own deployment.
    of_history = chosen.course.deployment_id == course.deployment_id and chosen.course.context_id in course.history
    if course.platform.registered_at is not None and of_history:
        return True
    return Assignment.objects.filter(_staffed_by(launch.person), pk=chosen.pk).exists()


def _staffed_by(person: Person) -> Q:
    """Assignments of courses where somebody is staff."""
    staff = Membership.objects.filter(person=person, role__in=Role.staff(), active=True)
    return Q(course__in=staff.values("course"))


def _follow(assignment: Assignment, link: ResourceLink) -> Assignment:
    """Called and described as in Moodle, until somebody calls it otherwise here.

    What Moodle does not say is no news; what it says first is compared, not taken.
    """
    news = {"title": link.title[:255], "instructions": link.description}
    known = {name: list(pair) for name, pair in assignment.from_moodle.items()}
    changed: dict[str, Any] = {}
    for name, told in news.items():
        seen, taken = known.get(name, [None, None])
        if not told or told == seen:
            continue
        ours = getattr(assignment, name)
        if seen is not None and _same(taken, ours):
            changed[name] = ours = told
        known[name] = [told, ours if _same(told, ours) else taken]
    if known == assignment.from_moodle:
        return assignment
    # Not over what a teacher saves at this moment: then the next launch looks again.
    as_read = {name: getattr(assignment, name) for name in news}
    if Assignment.objects.filter(pk=assignment.pk, **as_read).update(from_moodle=known, **changed):
        for name, value in (changed | {"from_moodle": known}).items():
            setattr(assignment, name, value)
    return assignment


def _same(one: str | None, other: str) -> bool:
    """Forms and platforms break lines in ways of their own."""
    return one is not None and one.split() == other.split()


def _as_given(chosen: Assignment) -> dict[str, list[str]]:
    """What Moodle was told in a Deep Linking reply: a teacher may have called it otherwise there before saving."""
    return {"title": [chosen.title, chosen.title]}


def _bind(chosen: Assignment, link: ResourceLink) -> Assignment | None:
    """The assignment bound to its first link; None if it has one already or was chosen for another course."""
    try:
        with transaction.atomic():
            bound = Assignment.objects.filter(pk=chosen.pk, resource_link=None, course=link.course_id).update(
                resource_link=link,
                content_id=link.content_id,
                offered_at=chosen.offered_at or timezone.now(),
                from_moodle=_as_given(chosen),
            )
    except IntegrityError:  # another request has just given the link its assignment
        return Assignment.objects.get(resource_link=link)
    return _of_link(link) if bound else None


def _copy(original: Assignment, launch: LaunchSession) -> Assignment:
    link = launch.resource_link
    teacher = launch.person if launch.role in Role.editors() else None
    copy = Assignment(
        course=link.course,
        resource_link=link,
        content_id=link.content_id,
        set_up_by=teacher,
        copied_from=original,
        from_moodle=original.from_moodle or _as_given(original),
    )
    try:
        with transaction.atomic():
            like(original, copy).save(force_insert=True)
    except IntegrityError:  # as above
        return Assignment.objects.get(resource_link=link)
    log.info("assignment_copied", assignment=str(copy.pk), original=str(original.pk))
    return copy


def _chosen_again(bound: Assignment, chosen: Assignment) -> Assignment:
    """A teacher selected content for an activity that had some: the new settings hold, the students' work stays.

    What was chosen is kept: Moodle goes on naming it, also in copies of this activity. Where marks would be of other
    points, these wait until a teacher says what becomes of the marks: whoever comes first may be a student.
    """
    link = bound.resource_link
    assert link is not None, "it is bound"
    with transaction.atomic():
        bound = Assignment.objects.select_for_update(of=("self",)).select_related("course").get(pk=bound.pk)
        if bound.content_id == link.content_id:
            return bound  # another request was faster
        if chosen != bound:
            before, kept = copy(bound), {name: getattr(bound, name) for name in COUNTED_BY}
            like(chosen, bound)
            # What Moodle said last is no news; whatever it calls the activity from now on is.
            seen, _ = bound.from_moodle.get("title", [link.title[:255], None])
            bound.from_moodle = {"title": [seen, chosen.title]}
            if _ask_first(before, bound):
                bound.chosen_again = chosen
                for name, value in kept.items():
                    setattr(bound, name, value)
            else:
                bound.chosen_again = None
            log.info("assignment_chosen_again", assignment=str(bound.pk), asks=bound.chosen_again is not None)
        bound.resource_link, bound.content_id = link, link.content_id
        bound.save(update_fields=[*Assignment.SETTINGS, "from_moodle", "chosen_again", "content_id", "updated_at"])
    return bound


def _of_link(link: ResourceLink) -> Assignment:
    return Assignment.objects.select_related("course__platform").get(resource_link=link)
