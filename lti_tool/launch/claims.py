"""The claims of a verified id_token, read once into a frozen `Launch`. Nothing else in the product knows IMS URIs.

Sources: LTI core 1.3 section 5, AGS 2.0 section 3.1, NRPS 2.0 section 3.6.1.1. Every value is checked for its type:
what a platform signs can still be nonsense. A required claim that cannot be used is a refusal with a reason. An
optional one is as if it had not been sent: PHP writes an empty object as `[]`, and platforms send null, false, numbers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from lti_tool.errors import LaunchRefused
from lti_tool.roles import Role, role_of
from lti_tool.texts import LONGEST_ADDRESS, is_text, web_address

_LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MESSAGE_TYPE = f"{_LTI}message_type"
DEPLOYMENT_ID = f"{_LTI}deployment_id"
TARGET_LINK_URI = f"{_LTI}target_link_uri"
VERSION = f"{_LTI}version"
ROLES = f"{_LTI}roles"
_CONTEXT = f"{_LTI}context"
RESOURCE_LINK = f"{_LTI}resource_link"
_CUSTOM = f"{_LTI}custom"
_FOR_USER = f"{_LTI}for_user"
_TOOL_PLATFORM = f"{_LTI}tool_platform"
_PRESENTATION = f"{_LTI}launch_presentation"
_AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
_NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
_DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/"
_DEEP_LINKING_SETTINGS = f"{_DEEP_LINKING}deep_linking_settings"
_DATA, _CONTENT_ITEMS = f"{_DEEP_LINKING}data", f"{_DEEP_LINKING}content_items"

RESOURCE_LINK_REQUEST = "LtiResourceLinkRequest"
DEEP_LINKING_REQUEST = "LtiDeepLinkingRequest"
SUBMISSION_REVIEW_REQUEST = "LtiSubmissionReviewRequest"
MESSAGES = (RESOURCE_LINK_REQUEST, DEEP_LINKING_REQUEST, SUBMISSION_REVIEW_REQUEST)

Claims = dict[str, Any]
MAX_ID = 255  # OIDC core 2 (sub), LTI core 5.3.3 and 5.3.5
_DEEPEST_DATA = 100  # brackets: what is nested as deep as Python's reader goes could not be written again


@dataclass(frozen=True)
class Context:
    id: str
    title: str = ""


@dataclass(frozen=True)
class ResourceLinkClaim:
    id: str
    title: str = ""
    description: str = ""


@dataclass(frozen=True)
class GradeService:
    """AGS endpoint claim; both addresses may be empty, and Moodle's carry a query (`?type_id=`)."""

    lineitem: str = ""
    lineitems: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SelectionClaim:
    """What a Deep Linking launch asks for (Deep Linking 2.0, 4.4.1).

    `data` is the JSON of what was sent, whatever it is; empty: nothing was sent, so nothing is given back.
    """

    return_url: str
    accept_multiple: bool
    data: str = ""


@dataclass(frozen=True)
class Launch:
    """One verified launch. Texts that were not sent are empty; `context` is None where the launch has none.

    A Deep Linking launch has a `selection` and no `resource_link`; every other has a `resource_link`.
    """

    issuer: str
    client_id: str
    deployment_id: str
    message_type: str
    target_link_uri: str
    sub: str
    role: Role
    resource_link: ResourceLinkClaim | None = None
    selection: SelectionClaim | None = None
    context: Context | None = None
    name: str = ""
    email: str = ""
    locale: str = ""
    return_url: str = ""
    grades: GradeService = GradeService()
    memberships_url: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    for_sub: str = ""
    product: str = ""
    version: str = ""


def read(claims: Mapping[str, Any], *, client_id: str) -> Launch:
    """The launch in a verified token's claims.

    Raises:
        LaunchRefused: a required claim is missing, or has the wrong type or length.
    """
    presentation = _mapping(claims, _PRESENTATION)
    platform = _mapping(claims, _TOOL_PLATFORM)
    message_type = _message_type(claims)
    selecting = message_type == DEEP_LINKING_REQUEST
    return Launch(
        issuer=_text(claims, "iss", required=True),
        client_id=client_id,
        deployment_id=_text(claims, DEPLOYMENT_ID, required=True, longest=MAX_ID),
        message_type=message_type,
        target_link_uri=_text(claims, TARGET_LINK_URI, required=True),
        sub=_text(claims, "sub", required=True, longest=MAX_ID),
        role=role_of(_roles(claims)),
        resource_link=None if selecting else _resource_link(claims),
        selection=_selection(claims) if selecting else None,
        context=_context(claims),
        name=_name(claims),
        email=_kept(claims, "email", longest=320),
        locale=_kept(presentation, "locale", longest=35) or _kept(claims, "locale", longest=35),
        return_url=web_address(presentation.get("return_url")),
        grades=_grades(claims),
        memberships_url=_kept(_mapping(claims, _NRPS), "context_memberships_url", longest=LONGEST_ADDRESS),
        custom=_substituted(_mapping(claims, _CUSTOM)),
        for_sub=_for_sub(claims) if message_type == SUBMISSION_REVIEW_REQUEST else "",
        product=label(platform.get("product_family_code"))[:100],
        version=label(platform.get("version"))[:100],
    )


def content_items(*, message: Mapping[str, Any], deployment_id: str, items: list[dict[str, Any]], data: str) -> Claims:
    """The claims of a Deep Linking response (Deep Linking 2.0, 4.5): `message` has iss, aud and the times.

    `data` is the selection's, as JSON: it goes back as it came, or not at all if it was not sent.
    """
    claims: Claims = {
        **message,
        DEPLOYMENT_ID: deployment_id,
        MESSAGE_TYPE: "LtiDeepLinkingResponse",
        VERSION: "1.3.0",
        _CONTENT_ITEMS: items,
    }
    return {**claims, _DATA: json.loads(data)} if data else claims


def label(value: object) -> str:
    """A name or title as text, without the spaces around it: numbers too, which PHP makes of digits.

    Empty for anything else, and for what shows nothing (marks of the writing direction alone).
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not is_text(value):
        return ""
    return value.strip() if any(character.isprintable() and character != " " for character in value) else ""


def listed(value: object) -> tuple[str, ...]:
    """The texts of an optional list. One text counts as a list, separated by spaces, as OAuth writes scopes.

    PHP writes a list with a gap as an object with numbers for keys. What is no text is passed over.
    """
    if isinstance(value, str):
        value = value.split()
    elif isinstance(value, dict):
        value = list(value.values())
    return tuple(text for text in value if is_text(text)) if isinstance(value, list) else ()


def _short(claim: str) -> str:
    return claim.rpartition("/")[2]


def _text(claims: Mapping[str, Any], key: str, *, required: bool = False, longest: int | None = None) -> str:
    value = claims.get(key)
    if value is None or value == "":
        if required:
            raise LaunchRefused(f"The id_token has no {_short(key)}.")
        return ""
    if not isinstance(value, str):
        raise LaunchRefused(f"The id_token's {_short(key)} is not a text.")
    if longest is not None and len(value) > longest:
        raise LaunchRefused(f"The id_token's {_short(key)} is longer than {longest} characters.")
    if not is_text(value):
        raise LaunchRefused(f"The id_token's {_short(key)} holds what is no character.")
    return value


def _kept(claims: Mapping[str, Any], key: str, *, longest: int | None = None) -> str:
    """An optional text without the spaces around it; empty for what is none, or longer than can be kept."""
    value = claims.get(key)
    return value.strip() if isinstance(value, str) and is_text(value, longest=longest) else ""


def _mapping(claims: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An optional object; empty for anything else. What is required in it is refused where it is read."""
    value = claims.get(key)
    return value if isinstance(value, dict) else {}


def _message_type(claims: Mapping[str, Any]) -> str:
    message_type = _text(claims, MESSAGE_TYPE, required=True)
    if message_type not in MESSAGES:
        raise LaunchRefused(f"This tool does not answer messages of the type {message_type[:60]}.")
    return message_type


def _substituted(custom: Mapping[str, Any]) -> dict[str, str]:
    """Custom parameters with a value: a variable that the platform does not know stays as it was written."""
    texts = {key: label(value) for key, value in custom.items()}
    return {key: value for key, value in texts.items() if value and not value.startswith("$")}


def _selection(claims: Mapping[str, Any]) -> SelectionClaim:
    asked = _mapping(claims, _DEEP_LINKING_SETTINGS)
    return_url = _text(asked, "deep_link_return_url", required=True, longest=2000)
    if not _is_web_address(return_url):
        raise LaunchRefused("The id_token's deep_link_return_url is not a web address.")
    accepted = asked.get("accept_types")
    if not isinstance(accepted, list) or "ltiResourceLink" not in accepted:
        raise LaunchRefused("The platform does not take activities (ltiResourceLink) here.")
    return SelectionClaim(
        return_url=return_url,
        accept_multiple=label(asked.get("accept_multiple")) in ("true", "1") or asked.get("accept_multiple") is True,
        data=_opaque(asked.get("data")),
    )


def _opaque(data: Any) -> str:
    """The JSON of a selection's `data`. It should be a text; whatever else says something goes back as well."""
    if data in (None, "", False, [], {}):
        return ""
    try:
        text = json.dumps(data)
        deep = not isinstance(data, str) and text.count("[") + text.count("{") > _DEEPEST_DATA
    except RecursionError:
        text, deep = "", True
    if deep:
        raise LaunchRefused("The id_token's Deep Linking data is nested too deep to be given back.")
    return text


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    # A browser sends no form from our https frame to plain http, and the reply is signed for one reader.
    allowed = ("https", "http") if settings.DEBUG or settings.DEMO else ("https",)
    return parts.scheme in allowed and bool(parts.hostname)


def _for_sub(claims: Mapping[str, Any]) -> str:
    return _text(_mapping(claims, _FOR_USER), "user_id", required=True, longest=MAX_ID)


def _roles(claims: Mapping[str, Any]) -> list[str]:
    """The list, which may be empty (core, 5.3.7), with what is not a text dropped: it gives no rights."""
    value = claims.get(ROLES)
    if not isinstance(value, list):
        raise LaunchRefused("The id_token has no list of roles.")
    return [role for role in value if isinstance(role, str)]


def _resource_link(claims: Mapping[str, Any]) -> ResourceLinkClaim:
    claim = _mapping(claims, RESOURCE_LINK)
    return ResourceLinkClaim(
        id=_text(claim, "id", required=True, longest=MAX_ID),
        title=label(claim.get("title"))[:500],
        description=label(claim.get("description")),
    )


def _context(claims: Mapping[str, Any]) -> Context | None:
    claim = _mapping(claims, _CONTEXT)
    if not any(claim.values()):  # some platforms write every name of an object, with null for what there is not
        return None
    context_id = _text(claim, "id", required=True, longest=MAX_ID)
    return Context(id=context_id, title=(label(claim.get("title")) or label(claim.get("label")))[:500])


def _name(claims: Mapping[str, Any]) -> str:
    parts = " ".join(part for name in ("given_name", "family_name") if (part := label(claims.get(name))))
    return (label(claims.get("name")) or parts)[:255]


def _grades(claims: Mapping[str, Any]) -> GradeService:
    claim = _mapping(claims, _AGS)
    return GradeService(
        lineitem=_kept(claim, "lineitem", longest=LONGEST_ADDRESS),
        lineitems=_kept(claim, "lineitems", longest=LONGEST_ADDRESS),
        scopes=listed(claim.get("scope")),
    )
