"""LTI Dynamic Registration 1.0: the platform's admin pasted our address, and each side learns of the other.

Also what there is to say of this tool, for those who register it by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import transaction
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone

from config import outside
from lti_tool import registered
from lti_tool.errors import PlatformError, PlatformSlow, RegistrationRefused
from lti_tool.gradebook import ags
from lti_tool.launch import claims
from lti_tool.launch.oidc import launch_url
from lti_tool.models import Deployment, Invitation, Platform
from lti_tool.platform import REGISTRATION_SECONDS, fetch_configuration, register_at
from lti_tool.roster import nrps
from lti_tool.texts import is_text

log = structlog.get_logger(__name__)

NAME = "Reelmark"
DESCRIPTION = "Video assignments: students record or upload, teachers watch, comment and grade."
SCOPES = (ags.SCOPE_LINEITEM, ags.SCOPE_LINEITEM_READONLY, ags.SCOPE_RESULT_READONLY, ags.SCOPE_SCORE, nrps.SCOPE)
CUSTOM_PARAMETERS = {"context_history": "$Context.id.history", "group_ids": "$Moodle.Person.userGroupIds"}
_TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
_PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"


@dataclass(frozen=True)
class Addresses:
    """What a platform has to know of this tool."""

    login: str
    launch: str
    key_set: str
    icon: str
    domain: str


@dataclass(frozen=True)
class Configuration:
    """What a platform says of itself, all on one host."""

    issuer: str
    authorization_url: str
    token_url: str
    jwks_url: str
    registration_url: str
    product: str
    version: str


def addresses() -> Addresses:
    base = settings.BASE_URL
    return Addresses(
        login=base + reverse("lti:login"),
        launch=launch_url(),
        key_set=base + reverse("lti:jwks"),
        icon=base + static("icon.svg"),
        domain=urlsplit(base).netloc,
    )


def register(*, invitation: Invitation, configuration_url: str, token: str) -> Platform:
    """Register with the platform, and it with us. The same issuer and client id update what is known of it.

    Args:
        configuration_url, token: as the platform added them to our address.

    Raises:
        RegistrationRefused: with what to tell the admin. The invitation is used up by success alone.
    """
    with outside.more_patience(REGISTRATION_SECONDS):
        return _register(invitation, configuration_url, token)


def _register(invitation: Invitation, configuration_url: str, token: str) -> Platform:
    try:
        configuration = read_configuration(fetch_configuration(_checked(configuration_url)), configuration_url)
    except PlatformError as error:
        raise RegistrationRefused(
            f"The platform's configuration could not be read: {error.reason}",
            "Press Register again in Moodle. If it goes on, this tool's server may not be able to reach Moodle.",
            status=_status(error),
        ) from error
    if not invitation.take():
        raise used_up(invitation)
    try:
        answer = register_at(configuration.registration_url, token=token, registration=request_body())
        platform = _store(configuration, answer, invitation)
    except PlatformError as error:
        raise RegistrationRefused(
            f"The platform did not accept the registration: {error.reason}",
            "Start again in Moodle: its permission to register lasts an hour and serves once.",
            status=_status(error),
        ) from error
    finally:
        invitation.give_back()  # unless it led to a platform
    registered.forget()
    log.info("platform_registered", platform=str(platform.pk), product=platform.product)
    return platform


def _status(error: PlatformError) -> int:
    return 503 if isinstance(error, PlatformSlow) else 422


def used_up(invitation: Invitation) -> RegistrationRefused:
    """Why an invitation is not open, as it stands now."""
    invitation.refresh_from_db()
    what = "has expired" if invitation.used_at is None else "was used already: it serves once"
    return RegistrationRefused(
        f"This registration address {what}.", "Ask whoever runs this tool for a new one.", status=403
    )


def read_configuration(document: Any, url: str) -> Configuration:
    """What the openid-configuration at `url` says, checked.

    Its issuer and all its endpoints must be on the document's own host. The issuer is what launches are trusted by, and
    the token endpoint gets what our one key signs: nobody may name another's.

    Raises:
        RegistrationRefused.
    """
    if not isinstance(document, dict):
        raise _not_a_configuration("it is no JSON object")
    for name in ("issuer", "registration_endpoint", "token_endpoint", "authorization_endpoint", "jwks_uri"):
        if _host(_address(document, name)) != _host(url):
            raise _not_a_configuration(f"its {name} is on another host than itself")
    about = document.get(_PLATFORM)
    about = about if isinstance(about, dict) else {}
    return Configuration(
        issuer=_address(document, "issuer", longest=500),
        authorization_url=_address(document, "authorization_endpoint"),
        token_url=_address(document, "token_endpoint"),
        jwks_url=_address(document, "jwks_uri"),
        registration_url=_address(document, "registration_endpoint"),
        product=claims.label(about.get("product_family_code"))[:100],
        version=claims.label(about.get("version"))[:100],
    )


def request_body() -> dict[str, Any]:
    """What we ask the platform to register (LTI Dynamic Registration 1.0, 3.5.2)."""
    here = addresses()
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": here.login,
        "redirect_uris": [here.launch],
        "client_name": NAME,
        "client_uri": settings.BASE_URL,
        "logo_uri": here.icon,
        "jwks_uri": here.key_set,
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(SCOPES),
        _TOOL: {
            "domain": here.domain,
            "description": DESCRIPTION,
            "target_link_uri": here.launch,
            "custom_parameters": CUSTOM_PARAMETERS,
            "claims": ["iss", "sub", "name", "given_name", "family_name", "email"],
            "messages": _messages(here),
        },
    }


def _messages(here: Addresses) -> list[dict[str, Any]]:
    return [
        {"type": claims.RESOURCE_LINK_REQUEST, "target_link_uri": here.launch},
        {
            "type": claims.DEEP_LINKING_REQUEST,
            "target_link_uri": here.launch,
            "label": "Video assignment",
            "placements": ["ContentArea"],
            "supported_types": ["ltiResourceLink"],
        },
        {"type": claims.SUBMISSION_REVIEW_REQUEST, "target_link_uri": here.launch},
    ]


@transaction.atomic
def _store(configuration: Configuration, answer: Any, invitation: Invitation) -> Platform:
    client_id, deployment_id = _granted(answer)
    _refuse_others(configuration, client_id)
    told = {
        "authorization_url": configuration.authorization_url,
        "token_url": configuration.token_url,
        "jwks_url": configuration.jwks_url,
        "product": configuration.product,
        "version": configuration.version,
        "registered_at": timezone.now(),
        "granted_scopes": list(claims.listed(answer.get("scope"))),
    }
    name = invitation.note or f"{configuration.product.title() or 'LMS'} at {_host(configuration.issuer)}"
    platform, _ = Platform.objects.update_or_create(
        issuer=configuration.issuer,
        client_id=client_id,
        defaults=told,
        create_defaults={**told, "name": name[:200]},
    )
    if deployment_id:
        Deployment.objects.get_or_create(platform=platform, deployment_id=deployment_id)
    invitation.platform = platform
    invitation.save(update_fields=["platform"])
    return platform


def _refuse_others(configuration: Configuration, client_id: str) -> None:
    """Raise RegistrationRefused for a client id of another issuer, and for a platform that was switched off.

    What we sign for a client id is good at every platform that knows it: Moodle does not look whom it was meant for
    (`moodle.md`, 26). Client ids are random, so an equal one is no accident.
    """
    same = Platform.objects.filter(client_id=client_id)
    if same.exclude(issuer=configuration.issuer).exists():
        raise RegistrationRefused(
            "The client id that the platform gave belongs to another one here.",
            "Ask whoever runs this tool to register it by hand.",
        )
    if same.filter(issuer=configuration.issuer, active=False).exists():
        raise RegistrationRefused(
            "This platform was switched off here.", "Ask whoever runs this tool to switch it on again."
        )


def _granted(answer: Any) -> tuple[str, str]:
    """Client id and deployment id (may be empty) that the platform gave us."""
    client_id = answer.get("client_id") if isinstance(answer, dict) else None
    tool = answer.get(_TOOL) if isinstance(answer, dict) else None
    deployment_id = tool.get("deployment_id", "") if isinstance(tool, Mapping) else ""
    if not client_id or not is_text(client_id, longest=255):
        raise RegistrationRefused(
            "The platform's answer holds no client id.", "Look in Moodle whether the tool was added, and start again."
        )
    return client_id, deployment_id if is_text(deployment_id, longest=255) else ""


def _checked(url: str) -> str:
    allowed = ("https", "http") if settings.DEBUG or settings.DEMO else ("https",)
    try:
        parts = urlsplit(url)
        good = parts.scheme in allowed and parts.hostname and parts.username is None and len(url) <= 1000
    except ValueError:
        good = False
    if not good:
        raise _not_a_configuration("an address of it, or in it, is not https")
    return url


def _address(document: Mapping[str, Any], name: str, *, longest: int = 1000) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not is_text(value, longest=longest):
        raise _not_a_configuration(f"it has no {name} that can be kept")
    return _checked(value)


def _not_a_configuration(why: str) -> RegistrationRefused:
    return RegistrationRefused(
        f"The platform's configuration cannot be used: {why}.",
        "Register from Moodle's page Manage tools, on a site with https. By hand it can be done as well.",
    )


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()
