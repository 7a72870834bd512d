"""The pages a person looks at: course, gradebook, what the tool sent, and switches to break things."""

from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, redirect, render_template, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from demo.lms.oidc import site
from demo.lms.people import STAFF, STUDENTS
from demo.lms.site import COURSE

pages = Blueprint("pages", __name__)


@pages.get("/")
def course() -> str:
    links = site().store.rows("SELECT * FROM link ORDER BY id")
    chosen = request.args.get("link", links[0]["id"], type=int)
    link = next((link for link in links if link["id"] == chosen), links[0])
    return render_template("course.html", course=COURSE, links=links, link=link, staff=STAFF, students=STUDENTS)


@pages.post("/links")
def add_link() -> AnyResponse:
    title = request.form.get("title", "").strip()[:100] or "Video assignment"
    link_id = site().store.add_link(title, graded=request.form.get("graded") == "1")
    return redirect(f"/?link={link_id}")


@pages.get("/sample.mp4")
def sample() -> Response:
    return send_file((site().folder / "sample.mp4").resolve(), as_attachment=True, download_name="sample.mp4")


@pages.get("/gradebook")
def gradebook() -> str:
    items = site().store.rows("SELECT * FROM lineitem ORDER BY id")
    return render_template(
        "gradebook.html", course=COURSE, items=items, students=STUDENTS, book=site().store.gradebook(), paused=_paused()
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
    return render_template("calls.html", course=COURSE, calls=found)


@pages.get("/calls.json")
def calls_json() -> Response:
    return jsonify(site().store.rows("SELECT * FROM call ORDER BY id"))


@pages.post("/pause")
def pause() -> AnyResponse:
    """Stop or start the grade service, as a person sees an LMS that is down."""
    site().store.write("DELETE FROM fault WHERE path = '/scores' AND times = 0")
    if request.form.get("paused") == "1":
        site().store.write("INSERT INTO fault (path, status, times) VALUES ('/scores', 503, 0)")
    return redirect("/gradebook")


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
    return site().store.row("SELECT id FROM fault WHERE path = '/scores' AND times = 0") is not None
