"""Launches: login initiation, authentication request, id_token (OIDC core; IMS Security 1.0, 5.1.1)."""

from flask import Blueprint, Response, jsonify, render_template, request

from demo.lms import courses, launches, tools
from demo.lms.claims import id_token
from demo.lms.launches import Launch
from demo.lms.people import PEOPLE
from demo.lms.site import site
from demo.lms.tools import Tool

pages = Blueprint("oidc", __name__)


@pages.get("/open/<int:link_id>/<user_id>")
def open_link(link_id: int, user_id: str) -> Response | str:
    """An activity's page: the tool in a frame like Moodle's, or (`?window=new`) in the whole window."""
    link = courses.link(link_id)
    person = PEOPLE.get(user_id)
    if link is None or person is None:
        return problem("No such activity or person.", 404)
    launch = Launch(tools.current(), person, courses.course(link["course_id"]), link)
    if request.args.get("window") == "new":
        return opened(launch, link["title"], template="window.html")
    return opened(launch, link["title"], window=f"/open/{link_id}/{user_id}?window=new")


def opened(launch: Launch, title: str, *, template: str = "frame.html", window: str = "") -> str:
    """A page that begins the launch, in a frame or (window.html) in place of itself.

    Args:
        window: where the same can be had in the whole window, if anywhere.
    """
    return render_template(
        template,
        launch=launch,
        title=title,
        course=launch.course["title"],
        window=window,
        method="get" if request.args.get("method") == "get" else "post",
        fields=launches.begin(launch),
    )


def problem(text: str, status: int = 400) -> Response:
    return Response(render_template("problem.html", text=text), status)


@pages.route("/auth", methods=["GET", "POST"])
def authorize() -> Response | str:
    asked = request.values.to_dict()
    tool = tools.active(asked.get("client_id", ""))
    # Whoever asks for another address, or forges it, gets nothing back there.
    if asked.get("redirect_uri") not in _may_be_answered(tool):
        return problem("Wrong redirect_uri")
    for name in ("state", "nonce", "login_hint", "lti_message_hint"):
        if not asked.get(name):
            return problem(f"Missing {name}")
    expected = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}
    for name, value in expected.items():
        if asked.get(name) != value:
            return _back({"error": "invalid_request", "error_description": f"{name} must be {value}"}, asked)
    if tool is None:
        return _back({"error": "unauthorized_client"}, asked)
    launch = launches.take(asked["lti_message_hint"])
    if launch is None:
        return problem("This launch was used already: open it again.")
    if launch.tool != tool:
        return _back({"error": "unauthorized_client"}, asked)
    if asked["login_hint"] != launch.person.id:
        return _back({"error": "login_required"}, asked)
    return _back({"id_token": site().sign(id_token(launch, asked["nonce"]))}, asked)


@pages.get("/jwks")
def key_set() -> Response:
    return jsonify(site().jwks)


def _may_be_answered(tool: Tool | None) -> set[str]:
    """The tool's addresses; for a client nobody knows, those of any tool that is in use."""
    known = [tool] if tool else [one for one in tools.every() if one.state == tools.ACTIVE]
    return {uri for one in known for uri in one.redirect_uris}


def _back(fields: dict[str, str], asked: dict[str, str]) -> str:
    """Post the answer to the tool by a form that sends itself."""
    return render_template("post.html", action=asked["redirect_uri"], fields={**fields, "state": asked["state"]})
