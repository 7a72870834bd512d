"""Deep Linking, the platform's side: the request is Moodle's, and only a whole and true answer makes activities."""

import time
import uuid
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from demo.lms.site import CLIENT_ID
from tests.demo.acting_tool import ISSUER, KEY, LTI, OTHER, TOOL, another_tool, launched, names

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
ITEM = {
    "type": "ltiResourceLink",
    "title": "Film a talk",
    "text": "Two minutes.",
    "url": f"{TOOL}/lti/launch/?assignment=42",
    "custom": {"assignment": "42", "Camel-Key": "V", "two": "a\nb=c", "who": "$User.id", "no": "$No.such"},
    "lineItem": {
        "scoreMaximum": 20,
        "label": "ignored",
        "resourceId": "r42",
        "tag": "oral",
        "submissionReview": {"url": f"{TOOL}/lti/launch/?review=42", "custom": {"rev": "yes"}},
    },
}


def settings(lms: FlaskClient, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = launched(lms, f"/select/3{query}")[f"{DL}deep_linking_settings"]
    return found


def signed(key: Any = KEY, kid: str | None = "tool", algorithm: str = "RS256", **changes: Any) -> str:
    """A good answer, with changes by claim name (its last part); `...` leaves one out."""
    now = int(time.time())
    claims = {
        "iss": CLIENT_ID,
        "aud": ISSUER,
        "iat": now,
        "exp": now + 60,
        "nonce": str(uuid.uuid4()),
        f"{LTI}message_type": "LtiDeepLinkingResponse",
        f"{LTI}version": "1.3.0",
        f"{LTI}deployment_id": "1",
        f"{DL}content_items": [ITEM],
    }
    long = {name.rpartition("/")[2]: name for name in [*claims, f"{DL}data"]}
    claims |= {long.get(name, name): value for name, value in changes.items()}
    sent = {name: value for name, value in claims.items() if value is not ...}
    return jwt.encode(sent, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


def answer(lms: FlaskClient, token: str, url: str = "") -> TestResponse:
    url = url or settings(lms)["deep_link_return_url"]
    return lms.post(url.removeprefix(ISSUER), data={"JWT": token})


def test_request_is_as_recorded(lms: FlaskClient) -> None:
    claims = launched(lms, "/select/3")

    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingRequest"
    assert f"{LTI}resource_link" not in claims
    assert claims[f"{LTI}launch_presentation"] == {"locale": "en"}
    assert "lineitem" not in claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]
    found = claims[f"{DL}deep_linking_settings"]
    assert (found["accept_types"], found["accept_multiple"]) == (["ltiResourceLink"], True)
    assert found["deep_link_return_url"].startswith(f"{ISSUER}/select/return?course=2&id=1&sesskey=")
    assert "data" not in found


def test_request_goes_to_the_registered_address(lms: FlaskClient) -> None:
    client_id = another_tool(lms)
    claims = launched(lms, "/select/3", client_id=client_id, redirect_uri=f"{OTHER}/launch")

    assert claims[f"{LTI}target_link_uri"] == f"{OTHER}/select"


def test_only_staff_select(lms: FlaskClient) -> None:
    assert lms.get("/select/6").status_code == 404
    assert lms.get("/select/99").status_code == 404


def test_answer_makes_an_activity(lms: FlaskClient) -> None:
    page = answer(lms, signed())

    assert page.status_code == 200
    assert "window.top.location" in page.text
    assert 'href="/?course=2" target="_top"' in page.text
    claims = launched(lms, "/open/4/6")
    assert claims[f"{LTI}resource_link"] == {"id": "4", "title": "Film a talk", "description": "Two minutes."}
    assert claims[f"{LTI}target_link_uri"] == f"{TOOL}/lti/launch/?assignment=42"
    assert claims[f"{LTI}custom"] == {
        "assignment": "42",
        "camel_key": "V",
        "Camel-Key": "V",
        "two": "a",
        "b": "c",
        "who": "6",
        "no": "$No.such",
    }
    assert "Film a talk <small>of 20</small>" in lms.get("/gradebook").text


def test_bare_item_has_the_tools_name_and_no_grade(lms: FlaskClient) -> None:
    assert answer(lms, signed(content_items=[{"type": "ltiResourceLink"}])).status_code == 200
    claims = launched(lms, "/open/4/6")

    assert claims[f"{LTI}resource_link"]["title"] == "Video assignments"
    assert claims[f"{LTI}target_link_uri"] == f"{TOOL}/lti/launch/"
    assert "lineitem" not in claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]


@pytest.mark.parametrize("maximum", [0, 0.5, 12.5, 101, 5000, -1, True, "20", None, float("inf")], ids=str)
def test_maximum_that_moodle_does_not_take_makes_it_ungraded(lms: FlaskClient, maximum: Any) -> None:
    items = [{**ITEM, "lineItem": {"scoreMaximum": maximum}}, {**ITEM, "lineItem": {"scoreMaximum": 100.0}}]
    assert answer(lms, signed(content_items=items)).status_code == 200

    assert lms.get("/gradebook").text.count("Film a talk <small>") == 1


@pytest.mark.parametrize("items", [[], ...], ids=str)
def test_nothing_selected_just_goes_back(lms: FlaskClient, items: Any) -> None:
    page = answer(lms, signed(content_items=items))

    assert (page.status_code, "Nothing was selected" in page.text) == (200, True)
    assert lms.get("/open/4/6").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"aud": "https://elsewhere.example"},
        {"aud": [ISSUER, "https://elsewhere.example"]},
        {"azp": "other"},
        {"iat": ...},
        {"iat": int(time.time()) + 1000, "exp": int(time.time()) + 1060},
        {"exp": ...},
        {"exp": int(time.time()) - 10},
        {"exp": int(time.time()) + 100_000},
        {"nonce": ...},
        {"nonce": ""},
        {"nonce": {}},
        {"deployment_id": "2"},
        {"deployment_id": ...},
        {"message_type": "LtiDeepLinkingRequest"},
        {"message_type": ...},
        {"version": "1.1"},
        {"data": "never sent"},
        {"kid": None},
        {"kid": "unknown"},
        {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
        {"algorithm": "RS512"},
        {"key": "secret" * 10, "algorithm": "HS256"},
        {"key": None, "algorithm": "none"},
        {"content_items": {}},
        {"content_items": ["ltiResourceLink"]},
        {"content_items": [{"type": "link", "url": "https://example.org/"}]},
        {"content_items": [{**ITEM, "title": 5}]},
        {"content_items": [{**ITEM, "url": "javascript:alert(1)"}]},
        {"content_items": [{**ITEM, "custom": {"n": 5}}]},
        {"content_items": [{**ITEM, "lineItem": 20}]},
        {"content_items": [{**ITEM, "lineItem": {"scoreMaximum": 20, "tag": 5}}]},
        {"content_items": [{**ITEM, "lineItem": {"scoreMaximum": 20, "submissionReview": True}}]},
        {"content_items": [{**ITEM, "lineItem": {"scoreMaximum": 20, "submissionReview": {"custom": {"a": 1}}}}]},
        {"content_items": [ITEM, {"type": "html"}]},
    ],
    ids=names,
)
def test_wrong_answer_is_refused_whole(lms: FlaskClient, changes: dict[str, Any]) -> None:
    assert answer(lms, signed(**changes)).status_code == 400
    assert lms.get("/open/4/6").status_code == 404


@pytest.mark.parametrize("token", ["", "no.jwt", "a.b.c"])
def test_no_jwt_is_refused(lms: FlaskClient, token: str) -> None:
    assert answer(lms, token).status_code == 400


def test_refused_answer_can_be_put_right(lms: FlaskClient) -> None:
    url = settings(lms)["deep_link_return_url"]
    assert answer(lms, signed(version="1.1"), url).status_code == 400
    assert answer(lms, signed(), url).status_code == 200


def test_nonce_and_return_address_are_good_once(lms: FlaskClient) -> None:
    url, token = settings(lms)["deep_link_return_url"], signed()
    assert answer(lms, token, url).status_code == 200
    assert answer(lms, signed(), url).status_code == 400
    assert answer(lms, token).status_code == 400


@pytest.mark.parametrize(("old", "new"), [("course=2", "course=3"), ("id=1", "id=2"), ("sesskey=", "sesskey=x")])
def test_changed_return_address_is_refused(lms: FlaskClient, old: str, new: str) -> None:
    url = settings(lms)["deep_link_return_url"].replace(old, new)
    assert answer(lms, signed(), url).status_code == 400


def test_data_must_come_back(lms: FlaskClient) -> None:
    sent = settings(lms, "?data=1")

    assert answer(lms, signed(), sent["deep_link_return_url"]).status_code == 400
    assert answer(lms, signed(data="other"), sent["deep_link_return_url"]).status_code == 400
    assert answer(lms, signed(data=sent["data"]), sent["deep_link_return_url"]).status_code == 200


def test_single_takes_one_item(lms: FlaskClient) -> None:
    sent = settings(lms, "?single=1")

    assert sent["accept_multiple"] is False
    assert answer(lms, signed(content_items=[ITEM, ITEM]), sent["deep_link_return_url"]).status_code == 400
    assert answer(lms, signed(), sent["deep_link_return_url"]).status_code == 200


def test_another_tool_cannot_answer(lms: FlaskClient) -> None:
    url = settings(lms)["deep_link_return_url"]
    client_id = another_tool(lms)

    assert answer(lms, signed(iss=client_id, deployment_id="2"), url).status_code == 400
