"""The check page: from Moodle for an administrator's launch, or from Django's admin for those who run the tool."""

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lti_tool.access import LaunchRequest, launch_required
from lti_tool.checkup import platform_checks
from lti_tool.checkup.platform_checks import Result, Subject
from lti_tool.models import Platform
from lti_tool.roles import Role


@launch_required(Role.ADMIN)
@require_safe
def of_launch(request: LaunchRequest) -> HttpResponse:
    launch = request.launch
    subject = platform_checks.subject_of(launch.course.platform, launch.resource_link)
    return render(request, "lti/check.html", {"launch": launch, **_page(request, subject)})


@launch_required(Role.ADMIN)
@require_POST
def run_of_launch(request: LaunchRequest, code: str) -> HttpResponse:
    launch = request.launch
    subject = platform_checks.subject_of(launch.course.platform, launch.resource_link)
    return _run(request, subject, code, "lti/check.html", launch=launch)


@never_cache
@require_safe
def of_platform(request: HttpRequest, platform_id: uuid.UUID) -> HttpResponse:
    """Behind Django's admin (`admin.py`), for those who may change platforms."""
    _may_change(request)
    subject = platform_checks.subject_of(get_object_or_404(Platform, pk=platform_id))
    return render(request, "lti/check_outside.html", _page(request, subject))


@never_cache
@require_http_methods(["POST"])
def run_of_platform(request: HttpRequest, platform_id: uuid.UUID, code: str) -> HttpResponse:
    _may_change(request)
    subject = platform_checks.subject_of(get_object_or_404(Platform, pk=platform_id))
    return _run(request, subject, code, "lti/check_outside.html")


def _may_change(request: HttpRequest) -> None:
    if not request.user.has_perm("lti_tool.change_platform"):
        raise PermissionDenied


def _run(request: HttpRequest, subject: Subject, code: str, template: str, **context: Any) -> HttpResponse:
    result = platform_checks.run(code, subject)
    if result is None:
        raise Http404
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"state": result.state, "found": result.found, "fix": result.fix})
    return render(request, template, {**context, **_page(request, subject, {code: result})})


def _page(request: HttpRequest, subject: Subject, results: dict[str, Result] | None = None) -> dict[str, Any]:
    launch = getattr(request, "launch", None)
    checks = [
        {
            "code": check.code,
            "label": check.label,
            "asked": check.asked,
            "result": (results or {}).get(check.code),
            "url": reverse("launch:check-run", args=[launch.pk, check.code])
            if launch
            else reverse("admin:lti_tool_platform_check_run", args=[subject.platform.pk, check.code]),
        }
        for check in platform_checks.CHECKS
    ]
    return {"platform": subject.platform, "course": subject.course, "checks": checks}
