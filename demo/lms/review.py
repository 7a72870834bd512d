"""Submission review: the gradebook's way into the tool (LtiSubmissionReviewRequest)."""

import json

from flask import Blueprint, Response

from demo.lms import courses, tools
from demo.lms.launches import REVIEW, Launch
from demo.lms.oidc import opened, problem
from demo.lms.people import PEOPLE

pages = Blueprint("review", __name__)


@pages.get("/review/<int:link_id>/<viewer_id>/<student_id>")
def review(link_id: int, viewer_id: str, student_id: str) -> Response | str:
    """Anybody may ask for anybody: Moodle signs that too, and it is the tool's to refuse a student."""
    link = courses.link(link_id)
    viewer, student = PEOPLE.get(viewer_id), PEOPLE.get(student_id)
    if link is None or viewer is None or student is None:
        return problem("No such activity or person.", 404)
    items = courses.lineitems(link_id)
    wanted = json.loads(items[0]["review"] or "{}") if len(items) == 1 else {}  # with two, Moodle takes neither's
    detail = {"student": student.id, "url": wanted.get("url"), "custom": wanted.get("custom", {})}
    launch = Launch(tools.current(), viewer, courses.course(link["course_id"]), link, REVIEW, detail)
    return opened(launch, f"{link['title']}: {student.name}")
