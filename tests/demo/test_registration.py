"""Dynamic registration, the platform's side: only a whole and true registration is taken, and once."""

import time
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from demo.lms.site import CLIENT_ID, GRADE_SCOPES, KID, NRPS_SCOPE, site
from tests.demo.acting_tool import (
    KEY,
    LTI,
    OTHER,
    TOOL_CLAIM,
    another_tool,
    ask_token,
    asked,
    assertion,
    hidden_fields,
    launched,
    names,
    register,
    registration,
    registration_token,
)


def our_token(lms: FlaskClient, **changes: Any) -> str:
    now = int(time.time())
    claims = {"sub": "abc", "scope": "reg", "iat": now, "exp": now + 60, **changes}
    with lms.application.app_context():
        return site().sign({name: value for name, value in claims.items() if value is not None})


def test_configuration_says_where_to_register(lms: FlaskClient) -> None:
    found = lms.get("/openid-configuration").json

    assert found is not None
    assert found["registration_endpoint"] == f"{found['issuer']}/register"
    assert {*GRADE_SCOPES, NRPS_SCOPE} < set(found["scopes_supported"])
    platform = found["https://purl.imsglobal.org/spec/lti-platform-configuration"]
    assert "Context.id.history" in platform["variables"]


def test_configuration_refuses_a_wrong_token(lms: FlaskClient) -> None:
    good = {"Authorization": f"Bearer {registration_token(lms)}"}
    assert lms.get("/openid-configuration", headers=good).status_code == 200
    assert lms.get("/openid-configuration", headers={"Authorization": "Bearer x"}).status_code == 401


def test_registration_page_frames_the_tool(lms: FlaskClient) -> None:
    page = lms.post("/tools/register", data={"url": f"{OTHER}/register?lang=en"})

    assert f'src="{OTHER}/register?lang=en&amp;openid_configuration=http%3A%2F%2F127.0.0.1%3A9000%2F' in page.text
    assert "org.imsglobal.lti.close" in page.text
    assert lms.post("/tools/register", data={"url": "javascript:alert(1)"}).status_code == 400


def test_good_registration_is_answered_as_moodle_does(lms: FlaskClient) -> None:
    token = registration_token(lms)
    answer = register(lms, token=token)

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["client_id"] == jwt.decode(token, options={"verify_signature": False})["sub"]
    assert set(answer.json["scope"].split()) == {*GRADE_SCOPES, NRPS_SCOPE}
    tool = answer.json[TOOL_CLAIM]
    assert (tool["version"], tool["deployment_id"]) == ("1.3.0", "2")
    assert tool["messages"] == [{"type": "LtiDeepLinkingRequest", "target_link_uri": f"{OTHER}/select"}]


def test_token_is_good_for_one_registration(lms: FlaskClient) -> None:
    token = registration_token(lms)
    assert register(lms, registration(client_name=...), token).status_code == 400, "this one is none"
    assert register(lms, token=token).status_code == 200
    assert register(lms, token=token).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [{"scope": None}, {"scope": "reg-other"}, {"exp": int(time.time()) - 10}, {"exp": None}, {"sub": None}],
    ids=names,
)
def test_other_tokens_of_ours_are_refused(lms: FlaskClient, changes: dict[str, Any]) -> None:
    assert register(lms, token=our_token(lms, **changes)).status_code == 401
    assert register(lms, token=our_token(lms)).status_code == 200, "the rest of it is good"


def test_foreign_and_missing_tokens_are_refused(lms: FlaskClient) -> None:
    now = int(time.time())
    claims = {"sub": "abc", "scope": "reg", "iat": now, "exp": now + 60}
    forged = jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": KID})

    assert register(lms, token=forged).status_code == 401
    assert lms.post("/register", json=registration()).status_code == 401
    launch = hidden_fields(lms.get("/auth", query_string=asked(lms)))["id_token"]
    assert register(lms, token=launch).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"application_type": "native"},
        {"response_types": ["code"]},
        {"response_types": "id_token"},
        {"grant_types": ["implicit"]},
        {"grant_types": ["client_credentials"]},
        {"initiate_login_uri": ...},
        {"initiate_login_uri": "https://evil.example/login"},
        {"redirect_uris": []},
        {"redirect_uris": ["https://evil.example/launch"]},
        {"redirect_uris": ["/launch"]},
        {"jwks_uri": ...},
        {"jwks_uri": "http://tool.example/jwks"},
        {"jwks_uri": "https://[/jwks"},
        {"client_name": ""},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"scope": ["openid"]},
        {TOOL_CLAIM: ...},
        {TOOL_CLAIM: []},
        {"tool_domain": ...},
        {"tool_domain": "evil.example"},
        {"tool_target_link_uri": ...},
        {"tool_target_link_uri": "https://evil.example/launch"},
        {"tool_messages": ...},
        {"tool_messages": []},
        {"tool_messages": ["LtiResourceLinkRequest"]},
        {"tool_messages": [{"type": "Unknown"}]},
        {"tool_messages": [{"type": "LtiDeepLinkingRequest", "target_link_uri": "https://evil.example/"}]},
        {"tool_messages": [{"type": "LtiDeepLinkingRequest", "placements": "ContentArea"}]},
        {"tool_custom_parameters": {"n": 5}},
        {"tool_claims": ...},
    ],
    ids=names,
)
def test_wrong_registration_is_refused(lms: FlaskClient, changes: dict[str, Any]) -> None:
    answer = register(lms, registration(**changes))

    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"].startswith("invalid_")


@pytest.mark.parametrize("body", ["[]", "no json", '"text"'])
def test_no_object_is_refused(lms: FlaskClient, body: str) -> None:
    headers = {"Authorization": f"Bearer {registration_token(lms)}", "Content-Type": "application/json"}
    assert lms.post("/register", data=body, headers=headers).status_code == 400
    assert lms.post("/register", data=body, headers={**headers, "Content-Type": "text/plain"}).status_code == 400


def test_tool_is_not_used_before_it_is_activated(lms: FlaskClient) -> None:
    answer = register(lms).json
    assert answer is not None
    client_id = answer["client_id"]

    assert "pending" in lms.get("/tools").text
    assert launched(lms, "/open/1/6")["aud"] == CLIENT_ID
    assert ask_token(lms, client_assertion=assertion(iss=client_id, sub=client_id)).status_code == 400
    assert lms.post("/tools/2/activate").status_code == 302
    assert "pending" not in lms.get("/tools").text
    assert lms.post("/tools/9/activate").status_code == 404


def test_launches_use_the_newest_active_tool(lms: FlaskClient) -> None:
    client_id = another_tool(lms)

    assert f'action="{OTHER}/login"' in lms.get("/open/1/7").text
    claims = launched(lms, "/open/1/7", client_id=client_id, redirect_uri=f"{OTHER}/launch")
    assert (claims["aud"], claims[f"{LTI}deployment_id"]) == (client_id, "2")
    assert claims[f"{LTI}custom"] == {"history": "", "groups": "2"}
    assert "type_id=2" in claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]["lineitem"]


def test_one_tool_cannot_take_anothers_launch_or_line_items(lms: FlaskClient) -> None:
    client_id = another_tool(lms)
    stolen = hidden_fields(lms.get("/auth", query_string=asked(lms)))
    assert stolen["error"] == "unauthorized_client"
    crossed = asked(lms, client_id=client_id)
    assert lms.get("/auth", query_string=crossed).status_code == 400, "the redirect_uri is another tool's"

    token = ask_token(lms, client_assertion=assertion(iss=client_id, sub=client_id)).json
    assert token is not None
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert lms.get("/ags/2/lineitems/1/lineitem?type_id=2", headers=headers).status_code == 200
    assert lms.get("/ags/2/lineitems/1/lineitem?type_id=1", headers=headers).status_code == 403


def test_scopes_that_were_not_asked_for_are_not_granted(lms: FlaskClient) -> None:
    answer = register(lms, registration(scope=NRPS_SCOPE)).json
    assert answer is not None
    lms.post("/tools/2/activate")
    client_id = answer["client_id"]

    claims = launched(lms, "/open/1/7", client_id=client_id, redirect_uri=f"{OTHER}/launch")
    assert "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint" not in claims
    token = ask_token(lms, client_assertion=assertion(iss=client_id, sub=client_id)).json
    assert token is not None
    assert token["scope"] == NRPS_SCOPE


def test_same_domain_again_is_an_update(lms: FlaskClient) -> None:
    client_id = another_tool(lms)
    answer = register(lms, registration(client_name="Newer name")).json

    assert answer is not None
    assert (answer["client_id"], answer[TOOL_CLAIM]["deployment_id"]) == (client_id, "2")
    page = lms.get("/tools").text
    assert "Newer name" in page
    assert "Another tool" not in page
    assert "pending" not in page, "it stays active"


def test_registrations_are_shown_and_can_be_made_to_fail(lms: FlaskClient) -> None:
    lms.post("/faults", json={"path": "/register", "status": 503})
    token = registration_token(lms)

    assert [register(lms, token=token).status_code for _ in range(2)] == [503, 200]
    calls = lms.get("/calls.json").json
    assert calls is not None
    assert [call["path"] for call in calls] == ["/register", "/register"]
    assert token not in str(calls)
