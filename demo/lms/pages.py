"""The pages a person looks at: course, gradebook, what the tool sent, and switches to break things."""

from datetime import UTC, datetime

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from demo.lms import courses
from demo.lms.people import PEOPLE, STAFF, STUDENTS
from demo.lms.schema import FIRST_COURSE
from demo.lms.site import site

pages = Blueprint("pages", __name__)


@pages.get("/")
def course() -> str:
    """`?course=` and `?link=` choose; a link alone chooses its course too."""
    link = courses.link(request.args.get("link", 0, type=int))
    course = courses.course(request.args.get("course", link["course_id"] if link else FIRST_COURSE, type=int))
    links = courses.links(course["id"])
    return render_template(
        "course.html",
        course=course["title"],
        here=course,
        courses=courses.courses(),
        links=links,
        link=link if link in links else (links[0] if links else None),
        deleted=courses.deleted(course["id"]),
        staff=STAFF,
        students=STUDENTS,
    )


@pages.post("/courses/<int:course_id>/copy")
def copy_course(course_id: int) -> AnyResponse:
    return redirect(f"/?course={courses.copy(course_id)}")


@pages.post("/links")
def add_link() -> AnyResponse:
    title = request.form.get("title", "").strip()[:100] or "Video assignment"
    course_id = courses.course(request.form.get("course", FIRST_COURSE, type=int))["id"]
    graded = request.form.get("graded") == "1"
    link_id = courses.add_link(course_id, title, graded=graded)
    if graded:
        courses.add_lineitem(course_id, link_id, title, {"scoreMaximum": 100})
    return redirect(f"/?course={course_id}&link={link_id}")


@pages.post("/links/<int:link_id>/delete")
def delete_link(link_id: int) -> AnyResponse:
    link = courses.link(link_id) or abort(404)
    courses.delete(link_id)
    return redirect(f"/?course={link['course_id']}")


@pages.post("/links/<int:link_id>/restore")
def restore_link(link_id: int) -> AnyResponse:
    return redirect(f"/?link={courses.restore(link_id) or abort(404)}")


@pages.get("/sample.mp4")
def sample() -> Response:
    return send_file((site().folder / "sample.mp4").resolve(), as_attachment=True, download_name="sample.mp4")


@pages.get("/gradebook")
def gradebook() -> str:
    """`?viewer=` is who looks: a column that can be reviewed leads into the tool as that person."""
    viewer = PEOPLE.get(request.args.get("viewer", ""), STAFF[0])
    course = courses.course(request.args.get("course", FIRST_COURSE, type=int))
    return render_template(
        "gradebook.html",
        course=course["title"],
        here=course,
        courses=courses.courses(),
        items=site().store.rows("SELECT * FROM lineitem WHERE course_id = ? ORDER BY id", course["id"]),
        students=STUDENTS,
        staff=STAFF,
        viewer=viewer,
        book=site().store.gradebook(),
        paused=_paused(),
        locked=_locked,
    )


@pages.get("/gradebook.json")
def gradebook_json() -> Response:
    """Every score with the activity its column belongs to."""
    sql = "SELECT score.*, lineitem.link_id FROM score JOIN lineitem ON lineitem.id = score.lineitem_id"
    return jsonify(site().store.rows(sql))


@pages.get("/calls")
def calls() -> str:
    found = site().store.rows("SELECT * FROM call ORDER BY id DESC LIMIT 200")
    for call in found:
        call["when"] = datetime.fromtimestamp(call["at"], UTC).strftime("%H:%M:%S")
    return render_template("calls.html", calls=found)


@pages.get("/calls.json")
def calls_json() -> Response:
    return jsonify(site().store.rows("SELECT * FROM call ORDER BY id"))


@pages.post("/pause")
def pause() -> AnyResponse:
    """Stop or start every service, as an LMS that is down: it answers nothing else either."""
    _fault("/", 503 if request.form.get("paused") == "1" else None)
    return redirect("/gradebook")


@pages.post("/lock")
def lock() -> AnyResponse:
    """Lock or unlock a column: its scores are answered with an empty 500, as by Moodle 5.1.3, and all else is well."""
    item = site().store.row("SELECT * FROM lineitem WHERE id = ?", request.form.get("item", 0, type=int))
    if item is None:
        abort(404)
    _fault(_scores_of(item["id"]), 500 if request.form.get("locked") == "1" else None)
    return redirect(f"/gradebook?course={item['course_id']}")


@pages.post("/reset")
def reset() -> AnyResponse:
    """Clear a course's grades, as Moodle's course reset does: nobody is told."""
    course_id = courses.course(request.form.get("course", FIRST_COURSE, type=int))["id"]
    items = "SELECT id FROM lineitem WHERE course_id = ?"
    site().store.write(f"DELETE FROM score WHERE lineitem_id IN ({items})", course_id)
    return redirect(f"/gradebook?course={course_id}")


@pages.post("/faults")
def ask_for_fault() -> Response:
    """For tests: `{"path": part of a path, "status": 503, "times": 2, "retry_after": 1}`; times 0: until deleted."""
    wanted = request.get_json()
    site().store.write(
        "INSERT INTO fault (path, status, times, retry_after) VALUES (?, ?, ?, ?)",
        wanted["path"],
        wanted["status"],
        wanted.get("times", 1),
        wanted.get("retry_after"),
    )
    return Response(status=204)


@pages.delete("/faults")
def end_faults() -> Response:
    site().store.write("DELETE FROM fault")
    return Response(status=204)


def _paused() -> bool:
    return _lasting_fault("/")


def _scores_of(item_id: int) -> str:
    return f"/lineitems/{item_id}/lineitem/scores"


def _locked(item_id: int) -> bool:
    return _lasting_fault(_scores_of(item_id))


def _lasting_fault(path: str) -> bool:
    return site().store.row("SELECT id FROM fault WHERE path = ? AND times = 0", path) is not None


def _fault(path: str, status: int | None) -> None:
    """Until it is taken away, with None."""
    site().store.write("DELETE FROM fault WHERE path = ? AND times = 0", path)
    if status is not None:
        site().store.write("INSERT INTO fault (path, status, times) VALUES (?, ?, 0)", path, status)
