"""What a tool sends to the demo LMS, as the tests act it. Two tools share one key: the LMS's own, and another."""

import re
import time
import uuid
from html import unescape
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from demo.lms.site import CLIENT_ID, GRADE_SCOPES, NRPS_SCOPE

ISSUER, TOOL, OTHER = "http://127.0.0.1:9000", "http://localhost:8000", "https://tool.example"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
TOOL_CLAIM = "https://purl.imsglobal.org/spec/lti-tool-configuration"


def hidden_fields(page: TestResponse) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


def asked(lms: FlaskClient, page: str = "/open/1/6", **changes: str) -> dict[str, str]:
    """A good authentication request for a launch that was just begun on that page, with changes."""
    begun = hidden_fields(lms.get(page))
    request = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": CLIENT_ID,
        "redirect_uri": f"{TOOL}/lti/launch/",
        "login_hint": begun["login_hint"],
        "lti_message_hint": begun["lti_message_hint"],
        "state": "some-state",
        "nonce": "some-nonce",
    }
    return {**request, **changes}


def launched(lms: FlaskClient, page: str, **changes: str) -> dict[str, Any]:
    """The claims of a launch that begins on that page."""
    request = asked(lms, page, **changes)
    sent = hidden_fields(lms.get("/auth", query_string=request))
    key = jwt.PyJWK(lms.get("/jwks").json["keys"][0])  # type: ignore[index]
    found: dict[str, Any] = jwt.decode(
        sent["id_token"], key, algorithms=["RS256"], audience=request["client_id"], issuer=ISSUER
    )
    return found


def assertion(**changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": f"{ISSUER}/token",
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid.uuid4()),
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, KEY, algorithm="RS256", headers={"kid": "tool"})


def ask_token(lms: FlaskClient, **changes: str) -> TestResponse:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(),
        "scope": " ".join([*GRADE_SCOPES, NRPS_SCOPE]),
        **changes,
    }
    return lms.post("/token", data=form)


def bearer(lms: FlaskClient, **changes: str) -> dict[str, str]:
    token = ask_token(lms, **changes).json
    assert token is not None
    return {"Authorization": f"Bearer {token['access_token']}"}


def registration(**changes: Any) -> dict[str, Any]:
    """What a good tool says of itself, with changes; `...` leaves a field out. `tool_…` changes the tool's claim."""
    tool: dict[str, Any] = {
        "domain": "tool.example",
        "description": "Videos",
        "target_link_uri": f"{OTHER}/launch",
        "custom_parameters": {"history": "$Context.id.history", "groups": "$Moodle.Person.userGroupIds"},
        "claims": ["iss", "sub", "name"],
        "messages": [
            {"type": "LtiResourceLinkRequest"},
            {"type": "LtiDeepLinkingRequest", "target_link_uri": f"{OTHER}/select", "placements": ["ContentArea"]},
        ],
    }
    sent = {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": f"{OTHER}/login",
        "redirect_uris": [f"{OTHER}/launch"],
        "client_name": "Another tool",
        "jwks_uri": f"{OTHER}/jwks",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join([*GRADE_SCOPES, NRPS_SCOPE, "https://example.org/scope/root"]),
        **{name: value for name, value in changes.items() if not name.startswith("tool_")},
    }
    tool |= {name.removeprefix("tool_"): value for name, value in changes.items() if name.startswith("tool_")}
    sent.setdefault(TOOL_CLAIM, {name: value for name, value in tool.items() if value is not ...})
    return {name: value for name, value in sent.items() if value is not ...}


def registration_token(lms: FlaskClient) -> str:
    page = lms.post("/tools/register", data={"url": f"{OTHER}/register?lang=en"})
    found = re.search(r"registration_token=([^\"&]+)", page.text)
    assert found
    return found.group(1)


def register(lms: FlaskClient, sent: Any = None, token: str = "") -> TestResponse:
    headers = {"Authorization": f"Bearer {token or registration_token(lms)}"}
    return lms.post("/register", json=sent or registration(), headers=headers)


def another_tool(lms: FlaskClient) -> str:
    """Register and activate it; its client id."""
    answer = register(lms).json
    assert answer is not None
    lms.post(f"/tools/{answer[TOOL_CLAIM]['deployment_id']}/activate")
    return str(answer["client_id"])


def names(changes: object) -> str:
    """What a test changes, without the values: some hold the time, and every process must name a test alike."""
    return " ".join(map(str, changes)) if isinstance(changes, dict) else str(changes)
