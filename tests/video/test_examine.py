"""Duration and codecs are read from storage by ranges, and failing at it harms nobody."""

import pytest

from tests.films import film
from tests.video.visitor import Visitor
from video import tasks
from video.models import Video


@pytest.mark.parametrize(
    ("name", "container", "codec", "found"),
    [("a.mp4", "mp4", "libx264", "h264"), ("a.webm", "webm", "libvpx", "vp8"), ("a.mov", "mov", "mpeg4", "mpeg4")],
)
def test_what_the_file_says_is_stored(student: Visitor, name: str, container: str, codec: str, found: str) -> None:
    mime = {"mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime"}[container]
    video_id = student.upload(name, film(container, codec, seconds=3), mime)
    tasks.examine_video(video_id)

    video = Video.objects.get()
    assert video.duration == pytest.approx(3, abs=0.3)
    assert (video.width, video.height, video.video_codec) == (160, 90, found)
    assert video.examined_at is not None


def test_truncated_film_is_kept_with_what_is_known(student: Visitor) -> None:
    whole = film(seconds=3)
    video_id = student.upload("a.mp4", whole[: len(whole) // 2])
    tasks.examine_video(video_id)

    video = Video.objects.get()
    assert (video.state, video.duration) == ("ready", None)
    assert video.examined_at is not None
