"""The audit log, written in the transaction of what it tells of."""

from collections.abc import Iterable
from typing import Any

import structlog

from lti_tool.models import LaunchSession
from video.models import Event, Video

log = structlog.get_logger(__name__)


def record(kind: Event.Kind, *, launch: LaunchSession | None, video: Video | None = None, **data: Any) -> None:
    """Store an event and log it. `data` holds numbers, codes and ids only: no name, address or token."""
    Event.objects.create(
        kind=kind,
        actor=launch.person if launch else None,
        role=launch.role if launch else "",
        video=video,
        data=data,
    )
    log.info(kind.value, video=str(video.pk) if video else None, **data)


def record_many(kind: Event.Kind, *, launch: LaunchSession, each: Iterable[dict[str, Any]]) -> None:
    """The same for many at once, whose `data` these are; in one statement, and one line of the log."""
    events = [Event(kind=kind, actor=launch.person, role=launch.role, data=data) for data in each]
    Event.objects.bulk_create(events)
    log.info(kind.value, many=len(events))
