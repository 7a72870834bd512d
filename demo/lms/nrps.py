"""Names and Role Provisioning Services 2.0: the course's roster, in pages, with Moodle's manners."""

import html

from flask import Blueprint, Response, jsonify, request

from demo.lms.ags import refuse
from demo.lms.courses import course
from demo.lms.people import PEOPLE
from demo.lms.site import NRPS_SCOPE, site
from demo.lms.tokens import check_token

PAGE = 10  # Moodle sends all when not asked for less; a small page shows that every one is read
pages = Blueprint("nrps", __name__)


@pages.get("/nrps/<int:course_id>/members")
def members(course_id: int) -> Response:
    if (status := check_token({NRPS_SCOPE})) != 200:
        return refuse(status, "token")
    first = request.args.get("from", 0, type=int)
    limit = max(1, min(request.args.get("limit", PAGE, type=int), PAGE))
    everybody = [person for person in PEOPLE.values() if person.is_enrolled]
    page = everybody[first : first + limit]
    here = site().members_url(course_id)
    answer = jsonify(
        id=here,
        context={"id": str(course_id), "label": "FILM", "title": course(course_id)["title"]},
        members=[
            {
                "user_id": person.id,
                "roles": [person.roster_role],
                "status": "Active",
                "name": html.escape(person.name),  # Moodle escapes names here, and not at launch
                "given_name": html.escape(person.given),
                "family_name": html.escape(person.family),
                "email": person.email,
            }
            for person in page
        ],
    )
    answer.mimetype = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
    if first + limit < len(everybody):
        answer.headers["Link"] = f'<{here}?limit={limit}&from={first + limit}>; rel="next"'
    return answer
