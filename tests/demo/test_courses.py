"""Several courses: a copy has the same activities and nobody's grades, and the services keep courses apart."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from demo.lms.store import Store
from tests.demo.acting_tool import LTI, OTHER, another_tool, bearer, launched
from tests.demo.test_review import AGS, selected

ITEMS = {"Accept": "application/vnd.ims.lis.v2.lineitemcontainer+json"}
SCORE = {
    "userId": "6",
    "scoreGiven": 5,
    "scoreMaximum": 10,
    "activityProgress": "Completed",
    "gradingProgress": "FullyGraded",
    "timestamp": "2026-11-21T12:00:00Z",
}


def columns(lms: FlaskClient, course: int) -> list[dict[str, Any]]:
    found = lms.get(f"/ags/{course}/lineitems?type_id=1", headers={**bearer(lms), **ITEMS}).json
    assert isinstance(found, list)
    return found


def send_score(lms: FlaskClient, address: str) -> int:
    headers = {**bearer(lms), "Content-Type": "application/vnd.ims.lis.v1.score+json"}
    return lms.post(address, data=json.dumps(SCORE), headers=headers).status_code


def test_copy_has_the_same_activities_of_its_own(lms: FlaskClient) -> None:
    selected(lms, {"url": "http://localhost:8000/r"})
    before = columns(lms, 2)
    assert lms.post("/courses/2/copy").location == "/?course=3"

    ignored = {"id": None, "resourceLinkId": None}
    assert [item | ignored for item in columns(lms, 3)] == [item | ignored for item in before]
    assert columns(lms, 2) == before
    original, copied = launched(lms, "/open/4/6"), launched(lms, "/open/8/6")
    for name in (f"{LTI}custom", f"{LTI}target_link_uri"):
        assert original[name] == copied[name]
    assert (original[f"{LTI}context"]["id"], copied[f"{LTI}context"]["id"]) == ("2", "3")
    assert copied[AGS]["lineitems"] == "http://127.0.0.1:9000/ags/3/lineitems?type_id=1"
    assert copied[AGS]["lineitem"] == columns(lms, 3)[-1]["id"]
    roster = copied["https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"]
    assert roster["context_memberships_url"].endswith("/nrps/3/members")


def test_copy_has_no_grades(lms: FlaskClient) -> None:
    assert send_score(lms, "/ags/2/lineitems/1/lineitem/scores?type_id=1") == 200
    lms.post("/courses/2/copy")

    assert "Completed" in lms.get("/gradebook?course=2").text
    assert "Completed" not in lms.get("/gradebook?course=3").text


def test_history_names_the_nearest_ancestor_first(lms: FlaskClient) -> None:
    client_id = another_tool(lms)
    lms.post("/courses/2/copy")
    lms.post("/courses/3/copy")

    histories = []
    for page in ("/open/1/6", "/open/4/6", "/open/7/6"):
        claims = launched(lms, page, client_id=client_id, redirect_uri=f"{OTHER}/launch")
        histories.append(claims[f"{LTI}custom"]["history"])
    assert histories == ["", "2", "3,2"]


def test_course_page_switches(lms: FlaskClient) -> None:
    assert 'aria-label="Courses"' not in lms.get("/").text
    lms.post("/courses/2/copy")

    page = lms.get("/?course=3").text
    assert '<a href="/?course=3" aria-current="page">' in page.replace('href="?', 'href="/?')
    assert "/open/4/6" in page
    assert "/open/4/6" in lms.get("/?link=4").text, "a link brings its course"
    assert "/open/1/6" in lms.get("/").text
    lms.post("/links", data={"title": "Only here", "course": "3", "graded": "1"})
    assert "Only here" in lms.get("/?course=3").text
    assert "Only here" not in lms.get("/").text
    assert "Film and Sound (copy)" in lms.get("/open/4/6").text


@pytest.mark.parametrize("page", ["/?course=9", "/gradebook?course=9", "/select/3?course=9"])
def test_unknown_course_is_a_404(lms: FlaskClient, page: str) -> None:
    assert lms.get(page).status_code == 404
    assert lms.post("/courses/9/copy").status_code == 404


def test_services_keep_courses_apart(lms: FlaskClient) -> None:
    lms.post("/courses/2/copy")
    headers = bearer(lms)

    assert send_score(lms, "/ags/3/lineitems/1/lineitem/scores") == 404
    assert lms.get("/ags/3/lineitems/1/lineitem", headers=headers).status_code == 404
    assert lms.delete("/ags/3/lineitems/1/lineitem", headers=headers).status_code == 404
    assert lms.get("/ags/3/lineitems/3/lineitem", headers=headers).status_code == 200
    assert lms.get("/ags/9/lineitems", headers={**headers, **ITEMS}).status_code == 404
    assert lms.get("/nrps/9/members", headers=headers).status_code == 404
    members = lms.get("/nrps/3/members", headers=headers)
    assert members.json is not None
    assert members.json["context"] == {"id": "3", "label": "FILM", "title": "Film and Sound (copy)"}


def test_administrator_launches_and_is_not_in_the_roster(lms: FlaskClient) -> None:
    assert [role.rpartition("/")[2] for role in launched(lms, "/open/1/2")[f"{LTI}roles"]] == [
        "person#Administrator",
        "membership#Instructor",
        "person#Administrator",
    ]
    assert "administrator" in lms.get("/").text
    roster = lms.get("/nrps/2/members", headers=bearer(lms)).json
    assert roster is not None
    assert "2" not in [member["user_id"] for member in roster["members"]]


def test_data_of_an_earlier_demo_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "lms.sqlite3"
    old = sqlite3.connect(file)
    old.executescript(
        """CREATE TABLE link (id INTEGER PRIMARY KEY, title TEXT NOT NULL, description TEXT NOT NULL, graded INTEGER);
        CREATE TABLE hint (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, link_id INTEGER NOT NULL);
        INSERT INTO link VALUES (7, 'Old', '', 0);"""
    )
    old.close()

    link = Store(file).row("SELECT * FROM link")
    assert link is not None
    assert (link["id"], link["course_id"], link["url"], link["custom"]) == (7, 2, "", "{}")
