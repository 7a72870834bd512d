"""From Moodle's gradebook to one student's work."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.models import Person
from video.assignments.binding import assignment_of
from video.models import Submission
from video.submissions import anonymity


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
