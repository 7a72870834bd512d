"""Dynamic registration, the platform's side (LTI Dynamic Registration 1.0), with Moodle's answers (recorded)."""

import secrets
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from demo.lms import tools
from demo.lms.custom import VARIABLES
from demo.lms.metadata import TOOL_CLAIM, Refused, checked
from demo.lms.oidc import problem
from demo.lms.site import SCOPES, site
from demo.lms.store import Row
from demo.lms.tokens import first_use

TOKEN_SECONDS = 3600
_CLAIMS = ["sub", "iss", "name", "given_name", "family_name", "email"]
pages = Blueprint("registration", __name__)


@pages.get("/openid-configuration")
def configuration() -> tuple[Response, int]:
    """Open to all, as Moodle's; a token that comes along must be good."""
    if "Authorization" in request.headers and _registration_token() is None:
        return jsonify(error="invalid_token"), 401
    here = site().issuer
    return jsonify(
        {
            "issuer": here,
            "token_endpoint": site().token_url,
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "jwks_uri": f"{here}/jwks",
            "authorization_endpoint": f"{here}/auth",
            "registration_endpoint": f"{here}/register",
            "scopes_supported": [*sorted(SCOPES), "openid"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": _CLAIMS,
            "https://purl.imsglobal.org/spec/lti-platform-configuration": {
                "product_family_code": "demo",
                "version": "1",
                "messages_supported": [
                    {"type": "LtiResourceLinkRequest"},
                    {"type": "LtiDeepLinkingRequest", "placements": ["ContentArea"]},
                ],
                "variables": list(VARIABLES),
            },
        }
    ), 200


@pages.get("/tools")
def list_tools() -> str:
    return render_template("tools.html", tools=tools.every())


@pages.post("/tools/register")
def open_registration() -> Response | str:
    """The tool's own registration page in a frame, with a token for one registration."""
    url = request.form.get("url", "").strip()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return problem("That is not the address of a tool.")
    now = int(time.time())
    client_id = secrets.token_urlsafe(11)
    token = site().sign({"sub": client_id, "scope": "reg", "iat": now, "exp": now + TOKEN_SECONDS})
    asked = {"openid_configuration": f"{site().issuer}/openid-configuration", "registration_token": token}
    return render_template(
        "register.html",
        url=f"{url}{'&' if parts.query else '?'}{urlencode(asked)}",
        origin=f"{parts.scheme}://{parts.netloc}",
    )


@pages.post("/tools/<int:tool_id>/activate")
def activate(tool_id: int) -> AnyResponse:
    if not site().store.write("UPDATE tool SET state = ? WHERE id = ?", tools.ACTIVE, tool_id):
        return problem("No such tool.", 404)
    return redirect("/tools")


@pages.post("/register")
def register() -> tuple[Response, int]:
    token = _registration_token()
    if token is None:
        return jsonify(error="invalid_token", error_description="the registration token is not good (any more)"), 401
    try:
        if request.mimetype != "application/json":
            raise Refused("invalid_client_metadata", "Content-Type must be application/json")
        sent: Any = request.get_json(silent=True)
        row = checked(sent)
    except Refused as refused:
        return jsonify(error=refused.code, error_description=str(refused)), 400
    if not first_use(f"registration {token['sub']}"):  # two at the same moment: one wins
        return jsonify(error="invalid_token", error_description="the registration token was used before"), 401
    tool_id = _save(row, token["sub"])
    return jsonify(_answer(next(tool for tool in tools.every() if tool.id == tool_id), sent)), 200


def _registration_token() -> dict[str, Any] | None:
    """The bearer token's claims, if we made it for a registration that has not been yet."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    try:
        claims: dict[str, Any] = jwt.decode(
            value, site().key.public_key(), algorithms=["RS256"], options={"require": ["sub", "iat", "exp"]}
        )
    except jwt.PyJWTError:
        return None
    used = site().store.row("SELECT id FROM jti WHERE id = ?", f"registration {claims['sub']}")
    return claims if kind.lower() == "bearer" and claims.get("scope") == "reg" and not used else None


def _save(row: Row, client_id: str) -> int:
    """The tool's id: the earlier one of its domain (client id, deployment and state stay), or a new one."""
    known = site().store.row("SELECT id FROM tool WHERE domain = ?", row["domain"])
    if known:
        places = ", ".join(f"{name} = ?" for name in row)
        site().store.write(f"UPDATE tool SET {places} WHERE id = ?", *row.values(), known["id"])
        return int(known["id"])
    row = {**row, "client_id": client_id, "state": tools.PENDING}
    places = ", ".join("?" for _ in row)
    return site().store.insert(f"INSERT INTO tool ({', '.join(row)}) VALUES ({places})", *row.values())


def _answer(tool: tools.Tool, sent: dict[str, Any]) -> dict[str, Any]:
    """What Moodle answers: of the messages only Deep Linking, and only the scopes that are granted."""
    selects = [{"type": "LtiDeepLinkingRequest", "target_link_uri": tool.deep_linking_url}]
    wanted = sent[TOOL_CLAIM]
    return {
        "client_id": tool.client_id,
        "response_types": ["id_token"],
        "jwks_uri": tool.jwks_url,
        "initiate_login_uri": tool.login_url,
        "grant_types": ["client_credentials", "implicit"],
        "redirect_uris": tool.redirect_uris,
        "application_type": "web",
        "token_endpoint_auth_method": "private_key_jwt",
        "client_name": tool.name,
        **{name: sent[name] for name in ("logo_uri",) if name in sent},
        "scope": " ".join(tool.scopes),
        TOOL_CLAIM: {
            "version": "1.3.0",
            "deployment_id": tool.deployment_id,
            "target_link_uri": tool.target_link_uri,
            "domain": tool.domain,
            "description": wanted.get("description", ""),
            "messages": selects if tool.deep_linking_url else [],
            "custom_parameters": tool.custom,
            "claims": [claim for claim in _CLAIMS if claim in wanted["claims"]],
        },
    }
