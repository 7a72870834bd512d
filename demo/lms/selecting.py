"""Deep Linking 2.0, the platform's side: a teacher picks content in the tool, and activities are made of it."""

import secrets
from urllib.parse import urlencode

import jwt
from flask import Blueprint, Response, render_template, request

from demo.lms import courses, tools
from demo.lms.content import Activity, Refused, activities
from demo.lms.launches import DEEP_LINKING, Launch
from demo.lms.oidc import opened, problem
from demo.lms.people import STAFF
from demo.lms.schema import FIRST_COURSE
from demo.lms.site import site
from demo.lms.store import Row
from demo.lms.tokens import Refused as NoKey
from demo.lms.tokens import first_use, lives_long, tool_key
from demo.lms.tools import Tool

_LTI = "https://purl.imsglobal.org/spec/lti/claim/"
_DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
pages = Blueprint("selecting", __name__)


@pages.get("/select/<user_id>")
def select(user_id: str) -> Response | str:
    """`?course=`; `?data=1` sends data that must come back, `?single=1` asks for one item. Moodle does neither."""
    person = next((one for one in STAFF if one.id == user_id), None)
    tool = tools.current()
    if person is None or not tool.deep_linking_url:
        return problem("Only staff select content, and only from a tool that offers it.", 404)
    course = courses.course(request.args.get("course", FIRST_COURSE, type=int))
    key = secrets.token_urlsafe(8)
    data = secrets.token_urlsafe(16) if request.args.get("data") == "1" else None
    multiple = request.args.get("single") != "1"
    site().store.write(
        "INSERT INTO selection VALUES (?, ?, ?, ?, ?)", key, tool.client_id, course["id"], data, int(multiple)
    )
    back = urlencode({"course": course["id"], "id": tool.id, "sesskey": key})
    detail = {"return_url": f"{site().issuer}/select/return?{back}", "data": data, "multiple": multiple}
    return opened(Launch(tool, person, course, None, DEEP_LINKING, detail), "Select content")


@pages.post("/select/return")
def take_content() -> Response | str:
    """Where the tool posts its `JWT`, in the frame."""
    sesskey, course_id = request.args.get("sesskey", ""), request.args.get("course", 0, type=int)
    sql = "SELECT * FROM selection WHERE id = ? AND course_id = ?"
    selection = site().store.row(sql, sesskey, course_id)
    tool = tools.active(selection["client_id"]) if selection else None
    if selection is None or tool is None or request.args.get("id") != str(tool.id):
        return problem("Nobody is selecting content here (any more).")
    try:
        made = _read(request.form.get("JWT", ""), tool, selection)
    except (Refused, NoKey, jwt.PyJWTError) as refused:
        return problem(f"The tool's answer is refused: {refused}")
    if site().store.take("DELETE FROM selection WHERE id = ? RETURNING id", sesskey) is None:
        return problem("Nobody is selecting content here (any more).")
    for activity in made:
        _make(selection["course_id"], activity)
    return render_template("returned.html", course_id=selection["course_id"], made=made)


def _read(signed: str, tool: Tool, selection: Row) -> list[Activity]:
    """The activities in the answer.

    Raises:
        Refused, NoKey, jwt.PyJWTError: the answer is not the tool's, or not to this question.
    """
    claims = jwt.decode(
        signed,
        tool_key(tool, signed),
        algorithms=["RS256"],
        audience=site().issuer,
        issuer=tool.client_id,
        options={"require": ["iss", "aud", "iat", "exp", "nonce"]},
    )
    if claims["aud"] not in (site().issuer, [site().issuer]):
        raise Refused("aud names others too")
    if lives_long(claims):
        raise Refused("it lives too long")
    if claims.get("azp", tool.client_id) != tool.client_id:
        raise Refused("azp is not the client id")
    expected = {
        f"{_LTI}message_type": "LtiDeepLinkingResponse",
        f"{_LTI}version": "1.3.0",
        f"{_LTI}deployment_id": tool.deployment_id,
        f"{_DL}data": selection["data"],
    }
    for name, value in expected.items():
        if claims.get(name) != value:
            raise Refused(f"{name} must be {value}")
    made = activities(claims.get(f"{_DL}content_items", []), tool)
    if len(made) > 1 and not selection["multiple"]:
        raise Refused("one item was asked for")
    if not isinstance(claims["nonce"], str) or not claims["nonce"]:
        raise Refused("nonce must be a text")
    if not first_use(f"nonce {tool.client_id} {claims['nonce']}"):
        raise Refused("its nonce was used before")
    return made


def _make(course_id: int, activity: Activity) -> None:
    link_id = courses.add_link(
        course_id,
        activity.title,
        text=activity.text,
        url=activity.url,
        custom=activity.custom,
        graded=activity.line_item is not None,
    )
    if activity.line_item:  # its own label is ignored, as in Moodle
        courses.add_lineitem(course_id, link_id, activity.title, activity.line_item)
