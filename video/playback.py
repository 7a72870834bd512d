"""Grants to watch: a signed address, made after the permission check, written down for audit (P4)."""

import structlog
from django.conf import settings

from lti_tool.models import LaunchSession
from video import events
from video.models import Event, Video
from video.problems import Problem, storage_refused, storage_unavailable
from video.storage import storage
from video.storage.base import Playback, StorageRefused, StorageUnavailable

log = structlog.get_logger(__name__)

# Browsers say they cannot play these types, and then play the H.264 inside: their demuxers go by the bytes.
_PLAYS_AS = {"video/quicktime": "video/mp4", "video/x-matroska": "video/webm"}


def grant(*, launch: LaunchSession, video: Video) -> Playback:
    """A signed address for a video fetched by `Video.objects.visible_to(launch)`.

    Raises:
        Problem: the video is not playable (yet, or any more), or the storage is not set up.
    """
    if video.state != Video.State.READY:
        raise Problem("unavailable", "This video is not available.", "Reload the page to see why.", status=404)
    try:
        playback = storage(video.backend).playback(
            video.key,
            content_type=_PLAYS_AS.get(video.content_type, video.content_type),
            seconds=settings.PLAYBACK_SECONDS,
        )
    except StorageUnavailable as error:
        raise storage_unavailable() from error
    except StorageRefused as error:
        log.error("playback_not_set_up", reason=error.reason)
        raise storage_refused() from error
    events.record(Event.Kind.PLAYBACK, launch=launch, video=video)
    return playback
