"""The demo LMS is strict: what a strict platform refuses, it refuses, so that a green demo means something."""

import json
import re
import time
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from demo.lms.site import CLIENT_ID, NRPS_SCOPE
from tests.demo.acting_tool import ISSUER, ask_token, asked, assertion, bearer, hidden_fields, names

SCORES = "/ags/2/lineitems/1/lineitem/scores?type_id=1"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"


class TestLaunch:
    def test_signs_moodles_claims(self, lms: FlaskClient) -> None:
        sent = hidden_fields(lms.get("/auth", query_string=asked(lms)))

        assert sent["state"] == "some-state"
        key = jwt.PyJWK(lms.get("/jwks").json["keys"][0])  # type: ignore[index]
        claims = jwt.decode(sent["id_token"], key, algorithms=["RS256"], audience=CLIENT_ID, issuer=ISSUER)
        assert (claims["sub"], claims["nonce"], claims["exp"] - claims["iat"]) == ("6", "some-nonce", 60)
        assert "?type_id=1" in claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]["lineitem"]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("redirect_uri", "http://localhost:8000/lti/launch/?x=1"),
            ("redirect_uri", "https://evil.example/"),
            ("state", ""),
            ("nonce", ""),
            ("lti_message_hint", "{}"),
            ("lti_message_hint", "not json"),
        ],
    )
    def test_what_must_not_be_answered_is_not_posted_back(self, lms: FlaskClient, name: str, value: str) -> None:
        page = lms.get("/auth", query_string=asked(lms, **{name: value}))

        assert page.status_code == 400
        assert "id_token" not in page.text

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("scope", "openid email"),
            ("response_type", "code"),
            ("response_mode", "query"),
            ("prompt", "login"),
            ("client_id", "other"),
            ("login_hint", "7"),
        ],
    )
    def test_a_wrong_request_gets_an_error_posted_back(self, lms: FlaskClient, name: str, value: str) -> None:
        sent = hidden_fields(lms.get("/auth", query_string=asked(lms, **{name: value})))

        assert sent["error"]
        assert "id_token" not in sent

    def test_a_launch_is_answered_once(self, lms: FlaskClient) -> None:
        request = asked(lms)
        assert "id_token" in lms.get("/auth", query_string=request).text

        assert lms.get("/auth", query_string=request).status_code == 400


class TestToken:
    def test_good_assertion_gets_the_scopes_it_may_have(self, lms: FlaskClient) -> None:
        token = ask_token(lms, scope=f"{NRPS_SCOPE} https://example.org/scope/root").json

        assert token is not None
        assert (token["scope"], token["expires_in"]) == (NRPS_SCOPE, 3600)

    @pytest.mark.parametrize(
        "changes",
        [
            {"iss": "other"},
            {"sub": "other"},
            {"aud": "https://elsewhere.example/token"},
            {"exp": int(time.time()) - 100},
            {"exp": int(time.time()) + 100_000},
            {"iat": int(time.time()) + 1000, "exp": int(time.time()) + 1060},
            {"jti": None},
            {"exp": None},
        ],
        ids=names,
    )
    def test_wrong_assertion_is_refused(self, lms: FlaskClient, changes: dict[str, Any]) -> None:
        answer = ask_token(lms, client_assertion=assertion(**changes))

        assert answer.status_code == 400
        assert answer.json is not None
        assert answer.json["error"] == "invalid_client"

    def test_assertion_is_good_once(self, lms: FlaskClient) -> None:
        signed = assertion()

        assert ask_token(lms, client_assertion=signed).status_code == 200
        assert ask_token(lms, client_assertion=signed).status_code == 400

    @pytest.mark.parametrize(
        ("name", "value"), [("grant_type", "password"), ("client_assertion_type", "x"), ("scope", "root")]
    )
    def test_wrong_request_is_refused(self, lms: FlaskClient, name: str, value: str) -> None:
        assert ask_token(lms, **{name: value}).status_code == 400


def score(**changes: Any) -> dict[str, Any]:
    sent = {
        "userId": "6",
        "scoreGiven": 8.5,
        "scoreMaximum": 10,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": "2026-11-21T12:00:00Z",
        "comment": "Good.",
        **changes,
    }
    return {name: value for name, value in sent.items() if value is not ...}


class TestScores:
    def post(self, lms: FlaskClient, sent: Any, content_type: str = SCORE_TYPE) -> int:
        headers = {**bearer(lms), "Content-Type": content_type}
        return lms.post(SCORES, data=json.dumps(sent), headers=headers).status_code

    def stored(self, lms: FlaskClient) -> dict[str, Any]:
        scores = lms.get("/gradebook.json").json
        assert scores is not None
        assert len(scores) == 1
        found: dict[str, Any] = scores[0]
        return found

    def test_grade_is_scaled_to_the_column(self, lms: FlaskClient) -> None:
        assert self.post(lms, score()) == 200
        assert (self.stored(lms)["grade"], self.stored(lms)["comment"]) == (85, "Good.")

    @pytest.mark.parametrize(
        "changes",
        [
            {"userId": "3"},
            {"userId": "999"},
            {"userId": ...},
            {"scoreMaximum": ...},
            {"timestamp": "2026-11-21T12:00:00"},
            {"timestamp": "yesterday"},
            {"activityProgress": "Done"},
            {"gradingProgress": ...},
        ],
        ids=names,
    )
    def test_wrong_score_is_refused(self, lms: FlaskClient, changes: dict[str, Any]) -> None:
        assert self.post(lms, score(**changes)) == 400

    def test_media_type_is_strict(self, lms: FlaskClient) -> None:
        assert self.post(lms, score(), content_type="application/json") == 400

    @pytest.mark.parametrize("stamp", ["2026-11-21T12:00:00.900Z", "2026-11-21T11:59:59Z", "2026-11-21T13:00:00+01:00"])
    def test_not_later_in_whole_seconds_is_a_conflict(self, lms: FlaskClient, stamp: str) -> None:
        self.post(lms, score())

        assert self.post(lms, score(timestamp=stamp, scoreGiven=1)) == 409
        assert self.stored(lms)["grade"] == 85

    def test_status_over_a_grade_wipes_it_as_moodle_does(self, lms: FlaskClient) -> None:
        self.post(lms, score())
        later = score(timestamp="2026-11-21T12:00:01Z", gradingProgress="PendingManual", scoreGiven=..., comment=...)

        assert self.post(lms, later) == 200
        assert (self.stored(lms)["grade"], self.stored(lms)["comment"]) == (None, None)

    def test_needs_a_token_of_its_scope(self, lms: FlaskClient) -> None:
        headers = {"Content-Type": SCORE_TYPE}
        assert lms.post(SCORES, json=score(), headers=headers).status_code == 401
        assert lms.post(SCORES, json=score(), headers={**headers, **bearer(lms, scope=NRPS_SCOPE)}).status_code == 403


def test_roster_comes_in_pages_with_escaped_names(lms: FlaskClient) -> None:
    headers, url, names = bearer(lms), "/nrps/2/members", []
    while url:
        page = lms.get(url, headers=headers)
        assert page.json is not None
        names += [member["name"] for member in page.json["members"]]
        following = re.search(r'<([^>]+)>; rel="next"', page.headers.get("Link", ""))
        url = following.group(1).removeprefix(ISSUER) if following else ""

    assert len(names) == 14
    assert "Ben Smith &amp; Sons" in names


def test_line_items_want_their_media_type(lms: FlaskClient) -> None:
    headers = bearer(lms)
    container = "application/vnd.ims.lis.v2.lineitemcontainer+json"

    assert lms.get("/ags/2/lineitems", headers={**headers, "Accept": "*/*"}).status_code == 400
    items = lms.get("/ags/2/lineitems?resource_link_id=2", headers={**headers, "Accept": container}).json
    assert items is not None
    assert [item["label"] for item in items] == ["Product pitch"]


def test_fault_is_given_as_often_as_asked_for(lms: FlaskClient) -> None:
    lms.post("/faults", json={"path": "/token", "status": 503, "times": 2, "retry_after": 7})

    answers = [ask_token(lms) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "7"


def test_locked_column_answers_scores_alone_with_500(lms: FlaskClient) -> None:
    headers = {**bearer(lms), "Content-Type": SCORE_TYPE}
    item, number = SCORES.replace("/scores", ""), 1
    assert "Unlock" not in lms.get("/gradebook").text
    lms.post("/lock", data={"item": number, "locked": 1})

    assert "Unlock" in lms.get("/gradebook").text
    refused = lms.post(SCORES, json=score(), headers=headers)
    assert (refused.status_code, refused.data) == (500, b"")
    assert lms.get(item, headers=headers).status_code == 200
    lms.post("/lock", data={"item": number, "locked": 0})
    assert lms.post(SCORES, json=score(), headers=headers).status_code == 200
    assert lms.post("/lock", data={"item": 99}).status_code == 404


def test_paused_it_answers_nothing(lms: FlaskClient) -> None:
    headers = bearer(lms)
    lms.post("/pause", data={"paused": 1})
    assert [lms.get("/nrps/2/members", headers=headers).status_code, ask_token(lms).status_code] == [503, 503]
    assert "Start them again" in lms.get("/gradebook").text
    lms.post("/pause", data={"paused": 0})

    assert ask_token(lms).status_code == 200


def test_reset_clears_the_courses_grades(lms: FlaskClient) -> None:
    lms.post(SCORES, json=score(), headers={**bearer(lms), "Content-Type": SCORE_TYPE})
    lms.post("/reset", data={"course": 999})
    lms.post("/reset")

    assert lms.get("/gradebook.json").json == []


@pytest.mark.parametrize("page", ["/", "/?link=3", "/gradebook", "/calls", "/open/1/3", "/open/1/6?window=new"])
def test_pages_for_people(lms: FlaskClient, page: str) -> None:
    assert lms.get(page).status_code == 200


@pytest.mark.parametrize("page", ["/open/9/3", "/open/1/99"])
def test_unknown_activity_or_person_is_a_404(lms: FlaskClient, page: str) -> None:
    assert lms.get(page).status_code == 404
