"""Assignment and Grade Services 2.0, with Moodle 4.5's manners (each was seen in a real one)."""

import json
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from demo.lms import courses
from demo.lms.people import PEOPLE
from demo.lms.site import AGS, site
from demo.lms.store import Row
from demo.lms.tokens import check_token

_TYPE = "application/vnd.ims.lis."
ITEM, ITEMS = f"{_TYPE}v2.lineitem+json", f"{_TYPE}v2.lineitemcontainer+json"
SCORE, RESULTS = f"{_TYPE}v1.score+json", f"{_TYPE}v2.resultcontainer+json"
_READ = {f"{AGS}lineitem", f"{AGS}lineitem.readonly"}
_ACTIVITY = {"Initialized", "Started", "InProgress", "Submitted", "Completed"}
_GRADING = {"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"}
pages = Blueprint("ags", __name__, url_prefix="/ags/<int:course_id>/lineitems")


def refuse(status: int, why: str) -> Response:
    return Response(json.dumps({"status": status, "reason": why}), status=status, mimetype="application/json")


@pages.get("")
def list_items(course_id: int) -> Response:
    if (status := check_token(_READ)) != 200:
        return refuse(status, "token")
    if request.headers.get("Accept") != ITEMS:
        return refuse(400, "No handler found for this Accept")
    items = site().store.rows("SELECT * FROM lineitem WHERE course_id = ? ORDER BY id", courses.course(course_id)["id"])
    for name, column in (("resource_link_id", "link_id"), ("resource_id", "resource_id"), ("tag", "tag")):
        if name in request.args:
            items = [item for item in items if str(item[column]) == request.args[name]]
    answer = jsonify([_as_item(item) for item in items])
    answer.mimetype = ITEMS
    return answer


@pages.post("")
def make_item(course_id: int) -> Response:
    if (status := check_token({f"{AGS}lineitem"})) != 200:
        return refuse(status, "token")
    if request.mimetype != ITEM:
        return refuse(400, "No handler found for this Content-Type")
    wanted = _body()
    if (
        not wanted.get("label")
        or not isinstance(wanted.get("scoreMaximum"), int | float)
        or wanted["scoreMaximum"] <= 0
    ):
        return refuse(400, "label and scoreMaximum are required")
    if (link_id := _link_id(wanted)) is not None and courses.link(link_id) is None:
        return refuse(403, "no such activity")
    item_id = courses.add_lineitem(courses.course(course_id)["id"], _link_id(wanted), wanted["label"], wanted)
    return _item_answer(course_id, item_id, 201)


@pages.get("/<int:item_id>/lineitem")
def get_item(course_id: int, item_id: int) -> Response:
    if (status := check_token(_READ)) != 200:
        return refuse(status, "token")
    return _item_answer(course_id, item_id, 200)


@pages.put("/<int:item_id>/lineitem")
def put_item(course_id: int, item_id: int) -> Response:
    if (status := check_token({f"{AGS}lineitem"})) != 200:
        return refuse(status, "token")
    wanted = _body()
    changed = site().store.write(
        "UPDATE lineitem SET label = ?, maximum = ?, link_id = ?, resource_id = ?, tag = ?, review = ?"
        " WHERE id = ? AND course_id = ?",
        wanted.get("label", ""),
        wanted.get("scoreMaximum", 100),
        _link_id(wanted),
        wanted.get("resourceId"),
        wanted.get("tag"),
        courses.review_column(wanted),
        item_id,
        course_id,
    )
    return _item_answer(course_id, item_id, 200) if changed else refuse(404, "no such line item")


@pages.delete("/<int:item_id>/lineitem")
def delete_item(course_id: int, item_id: int) -> Response:
    if (status := check_token({f"{AGS}lineitem"})) != 200:
        return refuse(status, "token")
    if _item(course_id, item_id) is None:
        return Response(status=404)
    site().store.write("DELETE FROM score WHERE lineitem_id = ?", item_id)
    site().store.write("DELETE FROM lineitem WHERE id = ?", item_id)
    return Response(status=204)


@pages.post("/<int:item_id>/lineitem/scores")
def take_score(course_id: int, item_id: int) -> Response:
    if (status := check_token({f"{AGS}score"})) != 200:
        return refuse(status, "token")
    if request.mimetype != SCORE:
        return refuse(400, "No handler found for this Content-Type")
    item = _item(course_id, item_id)
    if item is None:
        return refuse(404, "no such line item")
    sent = _body()
    problem = _why_not(sent)
    if problem:
        return refuse(400, problem)
    at = datetime.fromisoformat(sent["timestamp"])
    stored = site().store.put_score(
        item_id,
        sent["userId"],
        {
            "grade": _grade(sent, item["maximum"]),
            "comment": sent.get("comment"),  # absent: the earlier one is erased
            "activity": sent["activityProgress"],
            "grading": sent["gradingProgress"],
            "second": int(at.timestamp()),  # compared in whole seconds
            "stamp": sent["timestamp"],
        },
    )
    return Response(status=200) if stored else refuse(409, "a later score is stored")


@pages.get("/<int:item_id>/lineitem/results")
def results(course_id: int, item_id: int) -> Response:
    if (status := check_token({f"{AGS}result.readonly"})) != 200:
        return refuse(status, "token")
    item = _item(course_id, item_id)
    if item is None:
        return refuse(404, "no such line item")
    scores = site().store.rows("SELECT * FROM score WHERE lineitem_id = ? ORDER BY user_id", item_id)
    wanted = request.args.get("user_id")
    answer = jsonify(
        [
            {
                "id": f"{request.base_url}/{score['user_id']}",
                "userId": score["user_id"],
                "resultScore": score["grade"],
                "resultMaximum": item["maximum"],
                "scoreOf": site().lineitem_url(item, g.tool.id),
                "timestamp": score["stamp"],
                "comment": score["comment"],
            }
            for score in scores
            if wanted in (None, score["user_id"])
        ]
    )
    answer.mimetype = RESULTS
    return answer


def _link_id(wanted: Row) -> int | None:
    """None when it is left out: Moodle then forgets the link."""
    sent = str(wanted.get("resourceLinkId"))
    return int(sent) if sent.isdigit() else None


def _why_not(sent: Row) -> str:
    person = PEOPLE.get(str(sent.get("userId")))
    if person is None or not person.is_student:
        return "userId is not a student of this course"
    if sent.get("activityProgress") not in _ACTIVITY or sent.get("gradingProgress") not in _GRADING:
        return "activityProgress and gradingProgress must be known words"
    if "scoreGiven" in sent and not isinstance(sent.get("scoreMaximum"), int | float):
        return "scoreGiven needs scoreMaximum"
    if sent.get("scoreMaximum", 1) <= 0 or not isinstance(sent.get("scoreGiven", 0), int | float):
        return "scoreGiven must be a number out of a positive scoreMaximum"
    try:
        at = datetime.fromisoformat(str(sent.get("timestamp")))
    except ValueError:
        return "timestamp is not ISO 8601"
    return "" if at.tzinfo else "timestamp has no zone"


def _grade(sent: Row, maximum: float) -> float | None:
    """Scaled to the column's maximum. Anything but a full grade wipes the one that was there, as Moodle does."""
    if sent["gradingProgress"] != "FullyGraded" or "scoreGiven" not in sent:
        return None
    scaled = float(sent["scoreGiven"]) / float(sent["scoreMaximum"]) * maximum
    return round(min(max(scaled, 0.0), maximum), 5)


def _body() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    return body if isinstance(body, dict) else {}


def _item(course_id: int, item_id: int) -> Row | None:
    return site().store.row("SELECT * FROM lineitem WHERE id = ? AND course_id = ?", item_id, course_id)


def _as_item(item: Row) -> Row:
    shown = {
        "id": site().lineitem_url(item, g.tool.id),
        "label": item["label"],
        "scoreMaximum": item["maximum"],
    }
    more = {
        "resourceLinkId": item["link_id"] and str(item["link_id"]),
        "resourceId": item["resource_id"],
        "tag": item["tag"],
        "submissionReview": json.loads(item["review"] or "null"),
    }
    return {**shown, **{name: value for name, value in more.items() if value or value == {}}}


def _item_answer(course_id: int, item_id: int, status: int) -> Response:
    item = _item(course_id, item_id)
    if item is None:
        return refuse(404, "no such line item")
    answer = jsonify(_as_item(item))
    answer.status_code, answer.mimetype = status, ITEM
    return answer
