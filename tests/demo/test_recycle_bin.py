"""A deleted activity, and what comes out of the recycle bin: as in Moodle 5.1 (`moodle.md`, 28)."""

import json

from flask.testing import FlaskClient

from demo.lms import courses
from tests.demo.acting_tool import bearer
from tests.demo.test_courses import send_score

ITEM = "application/vnd.ims.lis.v2.lineitem+json"


def test_restored_activity_is_another_link_with_the_old_parameter_and_grades(lms: FlaskClient) -> None:
    custom = {"assignment": "019aa000-0000-7000-8000-000000000000"}
    with lms.application.app_context():
        old = courses.add_link(2, "Oral exam", custom=custom, graded=True)
        column = courses.add_lineitem(2, old, "Oral exam", {"scoreMaximum": 20})
    address = f"/ags/2/lineitems/{column}/lineitem"
    assert send_score(lms, f"{address}/scores") == 200

    assert lms.post(f"/links/{old}/delete").status_code == 302
    assert lms.get(f"/open/{old}/3").status_code == 404
    assert lms.get(address, headers=bearer(lms)).status_code == 404
    made = {"label": "Oral exam", "scoreMaximum": 20, "resourceLinkId": str(old)}
    headers = {**bearer(lms), "Content-Type": ITEM}
    assert lms.post("/ags/2/lineitems", data=json.dumps(made), headers=headers).status_code == 403
    assert "Recycle bin" in lms.get("/?course=2").text

    new = int(lms.post(f"/links/{old}/restore").location.rpartition("=")[2])
    with lms.application.app_context():
        link = courses.link(new)
        assert link is not None
        assert json.loads(link["custom"]) == custom
        (item,) = courses.lineitems(new)
    assert (new, item["id"]) != (old, column)
    graded = next(one for one in lms.get("/gradebook.json").json or [] if one["link_id"] == new)
    assert (graded["user_id"], graded["grade"]) == ("6", 10)
    assert lms.post(f"/links/{old}/restore").status_code == 404


def test_course_without_an_activity_has_a_page(lms: FlaskClient) -> None:
    for link in (1, 2, 3):
        lms.post(f"/links/{link}/delete")

    assert "Recycle bin" in lms.get("/?course=2").text
