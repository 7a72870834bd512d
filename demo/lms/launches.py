"""A launch from its first click to its id_token: what is opened, by whom, and the hint that is good once."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from demo.lms import courses, tools
from demo.lms.people import PEOPLE, Person
from demo.lms.site import site
from demo.lms.store import Row
from demo.lms.tools import Tool

RESOURCE_LINK, DEEP_LINKING = "LtiResourceLinkRequest", "LtiDeepLinkingRequest"
REVIEW = "LtiSubmissionReviewRequest"


@dataclass(frozen=True)
class Launch:
    """`detail` is what only this kind of message needs."""

    tool: Tool
    person: Person
    course: Row
    link: Row | None
    message: str = RESOURCE_LINK
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def target_link_uri(self) -> str:
        if self.message == DEEP_LINKING:
            return self.tool.deep_linking_url
        return str(self.detail.get("url") or (self.link and self.link["url"]) or self.tool.target_link_uri)

    @property
    def link_custom(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.link["custom"]) if self.link else {}
        return found


def begin(launch: Launch) -> dict[str, str]:
    """The login initiation's fields. The message hint is JSON with quotes, and good for one launch, as Moodle's."""
    number = launch.link["id"] if launch.link else f"_{launch.message}"
    launch_id = f"ltilaunch{number}_{secrets.token_hex(6)}"
    site().store.write(
        "INSERT INTO launch VALUES (?, ?, ?, ?, ?, ?, ?)",
        launch_id,
        launch.tool.client_id,
        launch.person.id,
        launch.course["id"],
        launch.link and launch.link["id"],
        launch.message,
        json.dumps(launch.detail),
    )
    module = {"cmid": launch.link["id"]} if launch.link else {}
    return {
        "iss": site().issuer,
        "target_link_uri": launch.target_link_uri,
        "login_hint": launch.person.id,
        "lti_message_hint": json.dumps({**module, "launchid": launch_id}),
        "client_id": launch.tool.client_id,
        "lti_deployment_id": launch.tool.deployment_id,
    }


def take(message_hint: str) -> Launch | None:
    """The launch this hint was made for, once."""
    try:
        launch_id = str(json.loads(message_hint)["launchid"])
    except (ValueError, KeyError, TypeError):
        return None
    row = site().store.take("DELETE FROM launch WHERE id = ? RETURNING *", launch_id)
    tool = tools.active(row["client_id"]) if row else None
    if row is None or tool is None:
        return None
    return Launch(
        tool=tool,
        person=PEOPLE[row["user_id"]],
        course=courses.course(row["course_id"]),
        link=courses.link(row["link_id"]) if row["link_id"] else None,
        message=row["message"],
        detail=json.loads(row["detail"]),
    )
