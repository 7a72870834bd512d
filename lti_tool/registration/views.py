"""Registering: by one pasted address (the platform's admin, in its frame), or by hand with values to copy."""

from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config.security import allow_frames
from config.views import problem
from lti_tool.errors import RegistrationRefused
from lti_tool.models import Invitation, Platform
from lti_tool.models.invitation import PARAMETER
from lti_tool.registration import registration

log = structlog.get_logger(__name__)


@csrf_exempt  # nothing of the browser's is used: whoever has the invitation's secret may register
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """The address of an invitation. Moodle opens it with what it needs in the query; the page then sends itself.

    Opening it alone registers nothing, so a preview or a second look does not use it up.
    """
    try:
        return _register(request)
    except RegistrationRefused as refused:
        log.warning("registration_refused", reason=refused.what)
        return problem(
            request,
            status=refused.status,
            title="Reelmark was not registered",
            what=refused.what,
            next_step=refused.next_step,
        )


@require_safe
def by_hand(request: HttpRequest) -> HttpResponse:
    """Every value of Moodle's own form, in its order. Nothing of it is secret."""
    context = {
        "here": registration.addresses(),
        "name": registration.NAME,
        "description": registration.DESCRIPTION,
        "custom_parameters": "\n".join(f"{name}={value}" for name, value in registration.CUSTOM_PARAMETERS.items()),
    }
    return render(request, "lti/by_hand.html", context)


def _register(request: HttpRequest) -> HttpResponse:
    invitation = _invitation(request.GET.get(PARAMETER, ""))
    configuration_url = request.GET.get("openid_configuration", "")
    if not configuration_url:
        return render(request, "lti/invited.html", {"address": request.build_absolute_uri()})
    if request.method != "POST":
        return allow_frames(render(request, "lti/register.html"), [configuration_url])
    platform = registration.register(
        invitation=invitation, configuration_url=configuration_url, token=request.GET.get("registration_token", "")
    )
    return allow_frames(render(request, "lti/registered.html", _what_is_left(platform)), [configuration_url])


def _invitation(secret: str) -> Invitation:
    invitation = Invitation.of(secret)
    if invitation is None:
        raise RegistrationRefused(
            "This registration address is not known.",
            "Copy it again, whole, or ask whoever runs this tool for one.",
            status=403,
        )
    if not invitation.is_open():
        raise registration.used_up(invitation)
    return invitation


def _what_is_left(platform: Platform) -> dict[str, Any]:
    missing = sorted(set(registration.SCOPES) - set(platform.granted_scopes))
    return {
        "platform": platform,
        "is_moodle": platform.product == "moodle",
        "active": platform.launched_at is not None,
        "deployment": platform.deployments.first(),
        "missing": [scope.rpartition("/")[2] for scope in missing] if platform.granted_scopes else [],
    }
