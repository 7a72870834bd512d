"""Submission review: the claims Moodle was recorded to send, and the manners a tool must be safe against."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.demo.acting_tool import LTI, TOOL, bearer, launched
from tests.demo.test_selecting import answer, signed

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"


def selected(lms: FlaskClient, review: dict[str, Any] | None) -> None:
    """Activity 4, with its grade column 3."""
    more = {} if review is None else {"submissionReview": review}
    item = {
        "type": "ltiResourceLink",
        "title": "Talk",
        "url": f"{TOOL}/lti/launch/?a=42",
        "custom": {"a": "42", "rev": "no"},
        "lineItem": {"scoreMaximum": 20, **more},
    }
    assert answer(lms, signed(content_items=[item])).status_code == 200


def test_gradebook_leads_to_what_can_be_reviewed(lms: FlaskClient) -> None:
    selected(lms, {})
    page = lms.get("/gradebook?viewer=4").text

    assert 'href="/review/4/4/6"' in page
    assert "/review/1/" not in page
    assert 'href="/review/4/3/6"' in lms.get("/gradebook").text


def test_claims_are_as_recorded(lms: FlaskClient) -> None:
    selected(lms, {"url": f"{TOOL}/lti/launch/?review=42", "custom": {"rev": "yes"}})
    claims = launched(lms, "/review/4/3/6")

    assert claims[f"{LTI}message_type"] == "LtiSubmissionReviewRequest"
    assert claims[f"{LTI}for_user"] == {"user_id": "6"}
    assert claims[f"{LTI}resource_link"]["id"] == "4"
    assert claims[f"{LTI}target_link_uri"] == f"{TOOL}/lti/launch/?review=42"
    assert claims[f"{LTI}custom"] == {"a": "42", "rev": "yes"}
    assert "lineitem" not in claims[AGS]
    assert "lineitem" in launched(lms, "/open/4/3")[AGS]


def test_without_its_own_address_the_activitys_is_used(lms: FlaskClient) -> None:
    selected(lms, {})
    assert launched(lms, "/review/4/3/6")[f"{LTI}target_link_uri"] == f"{TOOL}/lti/launch/?a=42"


def test_two_columns_make_moodle_forget_the_address(lms: FlaskClient) -> None:
    selected(lms, {"url": f"{TOOL}/lti/launch/?review=42"})
    second = {"label": "Second", "scoreMaximum": 5, "resourceLinkId": "4"}
    headers = {**bearer(lms), "Content-Type": ITEM_TYPE}
    assert lms.post("/ags/2/lineitems", json=second, headers=headers).status_code == 201

    assert launched(lms, "/review/4/3/6")[f"{LTI}target_link_uri"] == f"{TOOL}/lti/launch/?a=42"


@pytest.mark.parametrize("other", ["6", "7"])
def test_a_student_may_ask_for_any_student_as_in_moodle(lms: FlaskClient, other: str) -> None:
    selected(lms, {})
    claims = launched(lms, f"/review/4/6/{other}")

    assert (claims["sub"], claims[f"{LTI}for_user"]["user_id"]) == ("6", other)
    assert claims[f"{LTI}roles"] == ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]


@pytest.mark.parametrize("page", ["/review/9/3/6", "/review/1/99/6", "/review/1/3/99"])
def test_unknown_is_a_404(lms: FlaskClient, page: str) -> None:
    assert lms.get(page).status_code == 404


def test_a_put_without_the_review_forgets_it_as_moodle_does(lms: FlaskClient) -> None:
    selected(lms, {"url": f"{TOOL}/r"})
    headers = {**bearer(lms), "Content-Type": ITEM_TYPE}
    address = "/ags/2/lineitems/3/lineitem?type_id=1"
    item = lms.get(address, headers=headers).json
    assert item is not None
    assert item["submissionReview"] == {"url": f"{TOOL}/r"}

    assert lms.put(address, json=item, headers=headers).json == item
    del item["submissionReview"]
    assert lms.put(address, json=item, headers=headers).json == item
    assert "/review/" not in lms.get("/gradebook").text
