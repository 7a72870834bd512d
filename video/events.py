"""The audit log, written in the transaction of what it tells of."""

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
