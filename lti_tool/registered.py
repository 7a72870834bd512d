"""Registered platforms with their deployments, kept for some seconds in each process.

A launch asks for them twice, and they change once a year. A platform that is switched off is closed at once all the
same: every page of a launch asks the database whether its platform is active (`access.py`).
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from lti_tool.models import Deployment, Platform

KEEP_SECONDS = 15


@dataclass(frozen=True)
class Registration:
    """A platform with its deployments by deployment id. Shared between requests: to read, not to change."""

    platform: Platform
    deployments: Mapping[str, Deployment]


@dataclass(frozen=True)
class _Kept:
    registration: Registration
    until: float


_by_id: dict[uuid.UUID, _Kept] = {}
_ids: dict[tuple[str, str], uuid.UUID] = {}


def with_id(platform_id: uuid.UUID, *, deployment_id: str | None = None) -> Registration | None:
    """An active platform; asked for again if it is not known to have this deployment, which may be new."""
    kept = _by_id.get(platform_id)
    fresh = kept is not None and kept.until > time.monotonic()
    if kept is not None and fresh and deployment_id in (None, *kept.registration.deployments):
        return kept.registration
    platform = Platform.objects.prefetch_related("deployments").filter(pk=platform_id, active=True).first()
    if platform is None:
        _by_id.pop(platform_id, None)
        return None
    deployments = {deployment.deployment_id: deployment for deployment in platform.deployments.all()}
    registration = Registration(platform, deployments)
    _by_id[platform_id] = _Kept(registration, time.monotonic() + KEEP_SECONDS)
    return registration


def of_issuer(issuer: str, client_id: str) -> list[Registration]:
    """The active platforms of an issuer and client id (all of the issuer's without one); two are enough to refuse."""
    known = _ids.get((issuer, client_id))
    registration = with_id(known) if known is not None else None
    if registration and (registration.platform.issuer, registration.platform.client_id) == (issuer, client_id):
        return [registration]
    platforms = Platform.objects.filter(issuer=issuer, active=True)
    if client_id:
        platforms = platforms.filter(client_id=client_id)
    found = [found for pk in platforms.values_list("pk", flat=True)[:2] if (found := with_id(pk))]
    # Without a client id the answer changes when a second platform of this issuer is registered, so it is not kept.
    if len(found) == 1 and client_id:
        _ids[issuer, client_id] = found[0].platform.pk
    return found


def forget() -> None:
    """Drop everything: what was registered just now is known at once in this process."""
    _by_id.clear()
    _ids.clear()
