"""The claims of an id_token, as Moodle 4.5 sends them (recorded)."""

import time
from typing import Any

from demo.lms import courses
from demo.lms.custom import custom_claim
from demo.lms.launches import DEEP_LINKING, RESOURCE_LINK, REVIEW, Launch
from demo.lms.site import GRADE_SCOPES, NRPS_SCOPE, site
from demo.lms.store import Row

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
TOKEN_SECONDS = 60  # as Moodle's
Claims = dict[str, Any]


def id_token(launch: Launch, nonce: str) -> Claims:
    now = int(time.time())
    person, course = launch.person, launch.course
    return {
        "nonce": nonce,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "iss": site().issuer,
        "aud": launch.tool.client_id,
        f"{LTI}deployment_id": launch.tool.deployment_id,
        f"{LTI}target_link_uri": launch.target_link_uri,
        "sub": person.id,
        f"{LTI}roles": list(person.roles),
        f"{LTI}context": {
            "id": str(course["id"]),
            "label": "FILM",
            "title": course["title"],
            "type": ["CourseSection"],
        },
        "given_name": person.given,
        "family_name": person.family,
        "name": person.name,
        "email": person.email,
        f"{LTI}version": "1.3.0",
        f"{LTI}message_type": launch.message,
        f"{LTI}launch_presentation": {"locale": person.locale},
        f"{LTI}tool_platform": {"guid": "demo", "name": "Demo LMS", "product_family_code": "demo", "version": "1"},
        f"{LTI}custom": custom_claim(launch, launch.link_custom, launch.tool.custom, launch.detail.get("custom", {})),
        **_grade_service(launch),
        **(_link_claims(launch, launch.link) if launch.link else {}),
        **({f"{LTI}for_user": {"user_id": launch.detail["student"]}} if launch.message == REVIEW else {}),
        **(_select_claims(launch) if launch.message == DEEP_LINKING else {}),
    }


def _link_claims(launch: Launch, link: Row) -> Claims:
    """What a launch of an activity has and Deep Linking has not."""
    claims: Claims = {
        f"{LTI}resource_link": {"id": str(link["id"]), "title": link["title"], "description": link["description"]},
        f"{LTI}launch_presentation": {
            "locale": launch.person.locale,
            "document_target": "iframe",
            "return_url": f"{site().issuer}/",
        },
    }
    if NRPS_SCOPE in launch.tool.scopes:
        claims["https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"] = {
            "context_memberships_url": site().members_url(launch.course["id"]),
            "service_versions": ["1.0", "2.0"],
        }
    return claims


def _select_claims(launch: Launch) -> Claims:
    settings = {
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["frame", "iframe", "window"],
        "accept_copy_advice": False,
        "accept_multiple": launch.detail["multiple"],
        "accept_unsigned": False,
        "auto_create": False,
        "can_confirm": False,
        "deep_link_return_url": launch.detail["return_url"],
        "title": launch.tool.name,
        "text": "",
    }
    if launch.detail["data"] is not None:
        settings["data"] = launch.detail["data"]
    return {"https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": settings}


def _grade_service(launch: Launch) -> Claims:
    scopes = [scope for scope in GRADE_SCOPES if scope in launch.tool.scopes]
    if not scopes:
        return {}
    tool_id = launch.tool.id
    grades: Claims = {"scope": scopes, "lineitems": site().lineitems_url(launch.course["id"], tool_id)}
    items = courses.lineitems(launch.link["id"]) if launch.link and launch.message == RESOURCE_LINK else []
    if len(items) == 1:  # with two, Moodle leaves the claim out
        grades["lineitem"] = site().lineitem_url(items[0], tool_id)
    return {"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": grades}
