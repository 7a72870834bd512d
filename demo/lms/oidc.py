"""Launches: login initiation, authentication request, id_token (OIDC core; IMS Security 1.0, 5.1.1)."""

import json
import secrets
import time
from typing import Any

import jwt
from flask import Blueprint, Response, current_app, jsonify, render_template, request

from demo.lms.people import PEOPLE, Person
from demo.lms.site import CLIENT_ID, COURSE, COURSE_ID, DEPLOYMENT_ID, GRADE_SCOPES, KID, Site
from demo.lms.store import Row

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
TOKEN_SECONDS = 60  # as Moodle's
pages = Blueprint("oidc", __name__)


def site() -> Site:
    found: Site = current_app.config["SITE"]
    return found


@pages.get("/open/<int:link_id>/<user_id>")
def open_link(link_id: int, user_id: str) -> Response | str:
    """An activity's page: the tool in a frame like Moodle's, or (`?window=new`) in the whole window."""
    link = site().store.row("SELECT * FROM link WHERE id = ?", link_id)
    person = PEOPLE.get(user_id)
    if link is None or person is None:
        return Response(render_template("problem.html", text="No such activity or person."), 404)
    template = "window.html" if request.args.get("window") == "new" else "frame.html"
    return render_template(
        template,
        link=link,
        person=person,
        course=COURSE,
        tool=site().tool,
        action=site().login_url,
        method="get" if request.args.get("method") == "get" else "post",
        fields=initiation(link, person),
    )


def initiation(link: Row, person: Person) -> dict[str, str]:
    """The login initiation's fields. The message hint is JSON with quotes, and good for one launch, as Moodle's."""
    launch_id = f"ltilaunch{link['id']}_{secrets.token_hex(6)}"
    site().store.write("INSERT INTO hint VALUES (?, ?, ?)", launch_id, person.id, link["id"])
    return {
        "iss": site().issuer,
        "target_link_uri": site().launch_url,
        "login_hint": person.id,
        "lti_message_hint": json.dumps({"cmid": link["id"], "launchid": launch_id}),
        "client_id": CLIENT_ID,
        "lti_deployment_id": DEPLOYMENT_ID,
    }


@pages.route("/auth", methods=["GET", "POST"])
def authorize() -> Response | str:
    asked = request.values.to_dict()
    # Whoever asks for another address, or forges it, gets nothing back there.
    if asked.get("redirect_uri") != site().launch_url:
        return Response(render_template("problem.html", text="Wrong redirect_uri"), 400)
    for name in ("state", "nonce", "login_hint", "lti_message_hint"):
        if not asked.get(name):
            return Response(render_template("problem.html", text=f"Missing {name}"), 400)
    expected = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}
    for name, value in expected.items():
        if asked.get(name) != value:
            return _back({"error": "invalid_request", "error_description": f"{name} must be {value}"}, asked)
    if asked.get("client_id") != CLIENT_ID:
        return _back({"error": "unauthorized_client"}, asked)
    hint = _use_hint(asked["lti_message_hint"])
    if hint is None:
        return Response(render_template("problem.html", text="This launch was used already: open it again."), 400)
    if asked["login_hint"] != hint["user_id"]:
        return _back({"error": "login_required"}, asked)
    link = site().store.row("SELECT * FROM link WHERE id = ?", hint["link_id"])
    assert link is not None
    token = jwt.encode(
        id_token(link, PEOPLE[hint["user_id"]], asked["nonce"]), site().key, algorithm="RS256", headers={"kid": KID}
    )
    return _back({"id_token": token}, asked)


@pages.get("/jwks")
def key_set() -> Response:
    return jsonify(site().jwks)


def id_token(link: Row, person: Person, nonce: str) -> dict[str, Any]:
    """The claims Moodle 4.5 sends with a launch (recorded)."""
    now = int(time.time())
    grades: dict[str, Any] = {
        "scope": GRADE_SCOPES,
        "lineitems": f"{site().issuer}/ags/{COURSE_ID}/lineitems?type_id=1",
    }
    items = site().store.rows("SELECT id FROM lineitem WHERE link_id = ?", link["id"])
    if len(items) == 1:  # with two, Moodle leaves the claim out
        grades["lineitem"] = site().lineitem_url(items[0]["id"])
    return {
        "nonce": nonce,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "iss": site().issuer,
        "aud": CLIENT_ID,
        f"{LTI}deployment_id": DEPLOYMENT_ID,
        f"{LTI}target_link_uri": site().launch_url,
        "sub": person.id,
        f"{LTI}roles": list(person.roles),
        f"{LTI}context": {"id": COURSE_ID, "label": "FILM", "title": COURSE, "type": ["CourseSection"]},
        f"{LTI}resource_link": {"id": str(link["id"]), "title": link["title"], "description": link["description"]},
        "given_name": person.given,
        "family_name": person.family,
        "name": person.name,
        "email": person.email,
        f"{LTI}version": "1.3.0",
        f"{LTI}message_type": "LtiResourceLinkRequest",
        f"{LTI}launch_presentation": {
            "locale": person.locale,
            "document_target": "iframe",
            "return_url": f"{site().issuer}/",
        },
        f"{LTI}tool_platform": {"guid": "demo", "name": "Demo LMS", "product_family_code": "demo", "version": "1"},
        f"{LTI}custom": {},
        "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": grades,
        "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": {
            "context_memberships_url": f"{site().issuer}/nrps/{COURSE_ID}/members",
            "service_versions": ["1.0", "2.0"],
        },
    }


def _use_hint(message_hint: str) -> Row | None:
    try:
        launch_id = json.loads(message_hint)["launchid"]
    except (ValueError, KeyError, TypeError):
        return None
    return site().store.take("DELETE FROM hint WHERE id = ? RETURNING *", launch_id)


def _back(fields: dict[str, str], asked: dict[str, str]) -> str:
    """Post the answer to the tool by a form that sends itself."""
    return render_template("post.html", action=asked["redirect_uri"], fields={**fields, "state": asked["state"]})
