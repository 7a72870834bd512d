"""Grants to watch: a signed address, made after the permission check, written down for audit (P4)."""

from django.conf import settings

from lti_tool.models import LaunchSession
from video import events, integrity
from video.models import Event, Video
from video.problems import Problem, storage_problems
from video.storage import storage
from video.storage.base import Playback

# Browsers say they cannot play these types, and then play the H.264 inside: their demuxers go by the bytes.
_PLAYS_AS = {"video/quicktime": "video/mp4", "video/x-matroska": "video/webm"}


def grant(*, launch: LaunchSession, video: Video) -> Playback:
    """A signed address for a video fetched by `Video.objects.visible_to(launch)`, for the player that shows it.

    Raises:
        Problem: as `address`.
    """
    playback = address(launch=launch, video=video)
    events.record(Event.Kind.PLAYBACK, launch=launch, video=video)
    return playback


def address(*, launch: LaunchSession, video: Video) -> Playback:
    """The same for a browser that only makes itself ready: nobody watches, so nothing is written down.

    Raises:
        Problem: the video is not playable (yet, or any more); 422 what is stored is not what was checked; 503 storage
            does not answer, or 502 it is not set up.
    """
    if video.state != Video.State.READY:
        raise Problem("unavailable", "This video is not available.", "Reload the page to see why.", status=404)
    with storage_problems():
        integrity.compare(video, launch=launch)
        return storage(video.backend).playback(
            video.key,
            content_type=_PLAYS_AS.get(video.content_type, video.content_type),
            seconds=settings.PLAYBACK_SECONDS,
        )
