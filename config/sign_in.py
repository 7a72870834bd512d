"""Signing in to Django's admin: guessing is rate limited, in a way by which no stranger locks the owner out.

Addresses of visitors are not asked: behind a proxy they are the proxy's, or what a visitor says. So tries are counted
by the name that is tried, and those of a browser in which that name has signed in before are counted by that browser:
however long strangers guess, it is not kept waiting (OWASP, "Blocking Brute Force Attacks", device cookies).
"""

import hashlib
import math
import secrets
import time
import unicodedata
from typing import Any

import structlog
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.strategies import MovingWindowRateLimiter

from config import limiter

log = structlog.get_logger(__name__)

TRIES = RateLimitItemPerMinute(10, 15, namespace="admin_sign_in")
COOKIE = "admin_browser"
_KNOWN_FOR = 180 * 24 * 3600  # seconds without signing in
_SALT = "config.sign_in"
_TOO_MANY = "too_many"


class SignInForm(AdminAuthenticationForm):
    """A try is counted before the password is looked at, so that many at once are no way round."""

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("username") or ""
        if self.request is None or not name or not self.cleaned_data.get("password"):
            return super().clean()
        whose = _whose(self.request, name)
        if seconds := _wait(whose):
            log.warning("sign_in_braked")
            minutes = math.ceil(seconds / 60)
            raise ValidationError(
                f"There were too many tries to sign in with this name. Try again in {minutes} "
                f"minute{'s' if minutes > 1 else ''}, or in a browser in which you have signed in before.",
                code=_TOO_MANY,
            )
        cleaned = super().clean()
        _forgive(whose)
        return cleaned


class Site(AdminSite):
    """Django's admin; who signs in leaves a cookie by which this browser is known, and which gives no right."""

    login_form = SignInForm

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().login(request, extra_context)
        if request.method == "POST" and response.status_code == 302 and request.user.is_authenticated:
            _remember(response, request.user.get_username())
        form = (getattr(response, "context_data", None) or {}).get("form")
        if form is not None and form.is_bound and form.has_error("__all__", _TOO_MANY):
            response.status_code = 429
        return response


def _whose(request: HttpRequest, name: str) -> str:
    """Whose tries these are: a browser's that has signed in with this name before, or those of all strangers."""
    name = _hash(name)
    try:
        known = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=_KNOWN_FOR)
    except signing.BadSignature:
        return name
    is_its_own = isinstance(known, dict) and known.get("name") == name
    return f"{name}-{known['browser']}" if is_its_own else name


def _remember(response: HttpResponse, name: str) -> None:
    known = {"name": _hash(name), "browser": secrets.token_urlsafe(16)}
    response.set_cookie(
        COOKIE,
        signing.dumps(known, salt=_SALT),
        max_age=_KNOWN_FOR,
        path=reverse("admin:login"),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _wait(whose: str) -> int:
    """Count one try; seconds until the next one is let through, 0 if this one is."""

    def asked(counter: MovingWindowRateLimiter) -> int:
        if counter.hit(TRIES, whose):
            return 0
        return max(1, math.ceil(counter.get_window_stats(TRIES, whose).reset_time - time.time()))

    try:
        return asked(limiter.limiter())
    except StorageError:
        return asked(limiter.in_this_process())  # without Redis each process counts for itself


def _forgive(whose: str) -> None:
    try:
        limiter.limiter().clear(TRIES, whose)
    except StorageError:
        limiter.in_this_process().clear(TRIES, whose)


def _hash(name: str) -> str:
    """A name as it is counted: whoever changes its case tries the same one."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return hashlib.sha256(plain.encode(errors="replace")).hexdigest()[:32]
