"""The rows of the product: what is asked, what was handed in, what was said of it."""

from video.models.assignment import Assignment
from video.models.event import Event
from video.models.grade import Grade
from video.models.submission import Attempt, Submission
from video.models.video import Video

__all__ = ["Assignment", "Attempt", "Event", "Grade", "Submission", "Video"]
