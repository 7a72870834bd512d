"""The signed answer to a Deep Linking launch (LTI Deep Linking 2.0, 4.5)."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from lti_tool.keys import tool_key
from lti_tool.launch import claims
from lti_tool.launch.oidc import launch_url
from lti_tool.models import ContentSelection

REPLY_SECONDS = 300
TAG = "video"


@dataclass(frozen=True)
class ContentItem:
    """One activity to be made. `content_id` comes back in every launch of it (`ResourceLink.content_id`).

    `maximum` is a whole number from 1 to 100: Moodle takes no other, and makes of another an activity without a grade.
    """

    content_id: str
    title: str
    text: str
    maximum: int


def reply(selection: ContentSelection, items: Sequence[ContentItem]) -> str:
    """The JWT that the browser posts to the selection's return URL. No items: nothing was chosen."""
    key, platform, now = tool_key(), selection.course.platform, int(time.time())
    message = {
        "iss": platform.client_id,
        "aud": platform.issuer,
        "iat": now,
        "exp": now + REPLY_SECONDS,
        "nonce": secrets.token_urlsafe(16),
    }
    answer = claims.content_items(
        message=message,
        deployment_id=selection.deployment.deployment_id,
        items=[_as_json(item) for item in items],
        data=selection.data,
    )
    return jwt.encode(answer, key.private, algorithm="RS256", headers={"kid": key.kid})


def _as_json(item: ContentItem) -> dict[str, Any]:
    return {
        "type": "ltiResourceLink",
        "title": item.title,
        "text": item.text,
        "url": launch_url(),
        "custom": {"assignment": item.content_id},
        "lineItem": {
            "label": item.title,
            "scoreMaximum": item.maximum,
            "resourceId": item.content_id,
            "tag": TAG,
            "submissionReview": {
                "reviewableStatus": ["InProgress", "Submitted", "Completed"],
                "url": launch_url(),
            },
        },
    }
