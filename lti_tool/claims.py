"""The claims of a verified id_token, read once into a frozen `Launch`. Nothing else in the product knows IMS URIs.

Sources: LTI core 1.3 section 5, AGS 2.0 section 3.1, NRPS 2.0 section 3.6.1.1. Every value is checked for its type:
what a platform signs can still be nonsense, and nonsense must become a refusal with a reason, not a fault of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lti_tool.errors import LaunchRefused
from lti_tool.roles import Role, role_of

_LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MESSAGE_TYPE = f"{_LTI}message_type"
DEPLOYMENT_ID = f"{_LTI}deployment_id"
TARGET_LINK_URI = f"{_LTI}target_link_uri"
VERSION = f"{_LTI}version"
ROLES = f"{_LTI}roles"
_CONTEXT = f"{_LTI}context"
RESOURCE_LINK = f"{_LTI}resource_link"
_CUSTOM = f"{_LTI}custom"
_PRESENTATION = f"{_LTI}launch_presentation"
_AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
_NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"

RESOURCE_LINK_REQUEST = "LtiResourceLinkRequest"

MAX_ID = 255  # OIDC core 2 (sub), LTI core 5.3.3 and 5.3.5


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
class Launch:
    """One verified launch. Texts that were not sent are empty; `context` is None where the launch has none."""

    issuer: str
    client_id: str
    deployment_id: str
    message_type: str
    target_link_uri: str
    sub: str
    role: Role
    resource_link: ResourceLinkClaim
    context: Context | None = None
    name: str = ""
    email: str = ""
    locale: str = ""
    return_url: str = ""
    grades: GradeService = GradeService()
    memberships_url: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)


def read(claims: Mapping[str, Any], *, client_id: str) -> Launch:
    """The launch in a verified token's claims.

    Raises:
        LaunchRefused: a required claim is missing, or any used claim has the wrong type or length.
    """
    presentation = _mapping(claims, _PRESENTATION)
    return Launch(
        issuer=_text(claims, "iss", required=True),
        client_id=client_id,
        deployment_id=_text(claims, DEPLOYMENT_ID, required=True, longest=MAX_ID),
        message_type=_text(claims, MESSAGE_TYPE, required=True),
        target_link_uri=_text(claims, TARGET_LINK_URI, required=True),
        sub=_text(claims, "sub", required=True, longest=MAX_ID),
        role=role_of(_roles(claims)),
        resource_link=_resource_link(claims),
        context=_context(claims),
        name=_name(claims),
        email=_text(claims, "email")[:320],
        locale=(_text(presentation, "locale") or _text(claims, "locale"))[:35],
        return_url=_text(presentation, "return_url")[:2000],
        grades=_grades(claims),
        memberships_url=_text(_mapping(claims, _NRPS), "context_memberships_url"),
        custom={k: v for k, v in _mapping(claims, _CUSTOM).items() if isinstance(v, str)},
    )


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
    if "\x00" in value:
        raise LaunchRefused(f"The id_token's {_short(key)} holds a NUL character.")
    return value


def _mapping(claims: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = claims.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise LaunchRefused(f"The id_token's {_short(key)} is not an object.")
    return value


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
        title=_text(claim, "title")[:500],
        description=_text(claim, "description"),
    )


def _context(claims: Mapping[str, Any]) -> Context | None:
    claim = _mapping(claims, _CONTEXT)
    if not claim:
        return None
    context_id = _text(claim, "id", required=True, longest=MAX_ID)
    return Context(id=context_id, title=(_text(claim, "title") or _text(claim, "label"))[:500])


def _name(claims: Mapping[str, Any]) -> str:
    parts = " ".join(part for part in (_text(claims, "given_name"), _text(claims, "family_name")) if part)
    return (_text(claims, "name") or parts)[:255]


def _grades(claims: Mapping[str, Any]) -> GradeService:
    claim = _mapping(claims, _AGS)
    scopes = claim.get("scope", [])
    if not isinstance(scopes, list):
        raise LaunchRefused("The id_token's grade service has no list of scopes.")
    return GradeService(
        lineitem=_text(claim, "lineitem", longest=2000),
        lineitems=_text(claim, "lineitems", longest=2000),
        scopes=tuple(scope for scope in scopes if isinstance(scope, str)),
    )
