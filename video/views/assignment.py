"""The front page of a launch: the student's page, or the teacher's roster; and set-up."""

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.models import LaunchSession, Person
from lti_tool.roles import Role
from video.assignments import restored
from video.assignments.binding import assignment_of, earlier, earlier_of, like, new_assignment
from video.forms import AssignmentForm
from video.grading.points_change import Question, count, save
from video.json_api import json_answer
from video.media import media_types
from video.models import Assignment, Submission
from video.roster import views
from video.setup import points_change_views
from video.setup.rubric_views import rubric_tools
from video.student_page.page import StudentPage, student_page
from video.submissions import anonymity

EDITORS = tuple(Role.editors())


@launch_required()
@require_safe
def home(request: LaunchRequest) -> HttpResponse:
    launch = request.launch
    assignment = assignment_of(launch)
    if assignment is None and restored.look(launch.resource_link):
        assignment = assignment_of(launch)
    if assignment is None:
        return _not_yet(request)
    return views.show(request, assignment) if launch.is_staff else _student(request, assignment)


@launch_required()
@require_safe
def review(request: LaunchRequest) -> HttpResponse:
    """A submission review: staff go to that person's work, a student to their own whatever was asked for.

    Moodle signs a review of anybody's work for a student who types the address (`moodle.md`, 14). Under anonymous
    marking it leads from a name to work only once that was released: until then everybody gets the same page.
    """
    launch = request.launch
    if not launch.is_staff or not launch.for_sub:
        return redirect("video:home", launch.pk)
    student = Person.objects.filter(platform=launch.course.platform_id, sub=launch.for_sub).first()
    if student is not None:
        work = Submission.objects.visible_to(launch).filter(
            assignment__resource_link=launch.resource_link, person=student, attempts__submitted_at__isnull=False
        )
        if (found := work.first()) and not anonymity.hidden(found.assignment, released=found.is_released):
            return redirect("video:room", launch.pk, found.pk)
        if not student.memberships.filter(course=launch.course).exists():
            student = None  # somebody of another course: no name for those who may not know it
    assignment = assignment_of(launch)
    if assignment is not None and assignment.anonymous:
        return render(request, "video/grading_room/review_hidden.html", {"launch": launch, "assignment": assignment})
    context = {"launch": launch, "assignment": assignment, "student": student}
    return render(request, "video/grading_room/nothing_handed_in.html", context)


def _not_yet(request: LaunchRequest) -> HttpResponse:
    """There is no assignment: a teacher sets it up, or says whether it is one that was restored; others wait."""
    launch = request.launch
    asked = restored.asked(launch.resource_link)
    if launch.role in EDITORS:
        return redirect("video:former" if asked else "video:settings", launch.pk)
    context = {"launch": launch, "assignment": None}
    if not asked:
        return render(request, "video/student_page/not_set_up.html", context)
    return render(request, "video/assignments/undecided.html", {**context, "attempts": restored.own_work(launch)[:20]})


def _saved(form: AssignmentForm, launch: LaunchSession) -> bool:
    """False if somebody else has just made the link's assignment: the form is shown again with what was typed."""
    form.instance.set_up_by = form.instance.set_up_by or launch.person
    try:
        with transaction.atomic():
            form.save()
    except IntegrityError:
        form.add_error(None, "Somebody else has set this assignment up just now. Save again to replace those settings.")
        return False
    return True


def _changed(request: LaunchRequest, form: AssignmentForm) -> Question | None:
    """Save what there was already; the question, where something has to be decided about its marks first."""
    form.instance.set_up_by = form.instance.set_up_by or request.launch.person
    answer = points_change_views.answer_of(request.POST)
    return save(launch=request.launch, changed=form.instance, store=form.save, answer=answer)


@launch_required(Role.STUDENT)
@require_safe
@json_answer
def state(request: LaunchRequest) -> HttpResponse:
    """Whether the student's page would look otherwise now, and in how many seconds to ask again."""
    assignment = assignment_of(request.launch)
    if assignment is None:
        raise Http404
    page = student_page(launch=request.launch, assignment=assignment)
    return JsonResponse({"version": page.version, "every": _seconds_until_news(page)})


def _student(request: LaunchRequest, assignment: Assignment) -> HttpResponse:
    launch = [request.launch.pk]
    page = student_page(launch=request.launch, assignment=assignment)
    upload_config = {
        "beginUrl": reverse("video:upload-begin", args=launch),
        "submitUrl": reverse("video:submit", args=launch),
        "cancelUrl": reverse("video:submit-cancel", args=launch),
        "windowUrl": reverse("launch:window-ticket", args=launch),
        "maxBytes": assignment.max_bytes,
        "maxSeconds": assignment.max_seconds,
        "types": list(media_types.ALLOWED),
        "accept": media_types.accept_attribute(),
    }
    context = {
        "launch": request.launch,
        "assignment": assignment,
        "page": page,
        "every": _seconds_until_news(page),
        "upload_config": upload_config,
    }
    return render(request, "video/student_page/page.html", context)


def _seconds_until_news(page: StudentPage) -> int:
    return 2 if page.changes_soon else 30


@launch_required(*EDITORS)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: LaunchRequest) -> HttpResponse:
    """Set-up of the assignment behind this launch's link; its first save makes it."""
    launch = request.launch
    known = assignment_of(launch)
    assignment = known or new_assignment(launch)
    if known is None and (original := earlier_of(launch.person, request.GET.get("like", ""))):
        like(original, assignment)
    form = AssignmentForm(request.POST or None, instance=assignment)
    if request.method == "POST" and form.is_valid() and "back" not in request.POST:
        if known and (question := _changed(request, form)):
            return points_change_views.asked(request, question, known)
        if known or _saved(form, launch):
            messages.success(request, "Saved." if known else "Saved. Students can now hand in their videos.")
            return redirect("video:home", launch.pk)
    context = {
        "launch": launch,
        "assignment": known,
        "form": form,
        "is_new": known is None,
        "earlier": earlier(launch.person) if known is None else [],
        "like": request.GET.get("like", ""),
        "rubric_tools": rubric_tools(launch, known),
        "former": restored.offered(launch.resource_link, known),
        "marked": count(known) if known else 0,
    }
    return render(request, "video/setup/settings.html", context, status=422 if form.errors else 200)
