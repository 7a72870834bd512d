"""What the grading room's comments begin with: two statements, however many there are."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from lti_tool.models import LaunchSession
from video.comments import comment_bank, threads
from video.comments.threads import Shown
from video.grading_room.page import RoomPage
from video.rubrics.rubrics import short


@dataclass(frozen=True)
class CommentPanel:
    """`comments` for a browser without scripts, `config` for the script."""

    comments: list[Shown]
    config: dict[str, Any]


def comment_panel(*, launch: LaunchSession, page: RoomPage) -> CommentPanel | None:
    """The panel of the video that is shown; None where the attempt has none."""
    video = page.video
    if video is None:
        return None
    listed = threads.shown(launch=launch, videos=[video.pk]).get(video.pk, [])
    config = {
        "url": reverse("video:comments", args=[launch.pk, video.pk]),
        "base": f"{reverse('video:home', args=[launch.pk])}comments/",
        "bankUrl": reverse("video:bank", args=[launch.pk]),
        # What is not saved yet is kept in the browser by these two: several people may mark at one computer.
        "attempt": str(page.attempt.pk),
        "person": str(launch.person_id),
        "author": threads.name_of(launch),
        "duration": video.duration,
        "comments": [comment.as_json for comment in listed],
        "bank": comment_bank.as_json(comment_bank.of(launch)),
        "criteria": [
            {"id": row.criterion.id, "title": row.criterion.title, "points": short(row.criterion.points)}
            for row in page.criteria
        ],
    }
    return CommentPanel(comments=listed, config=config)
