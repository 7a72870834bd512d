"""The rows of the product: what is asked, what was handed in, what was said of it."""

from video.models.assignment import Assignment
from video.models.attachment import Attachment
from video.models.comment import BankComment, Comment
from video.models.event import Event
from video.models.grade import Grade, OwnMark, Release
from video.models.mail import Mail, MailChoice
from video.models.mark_import import ImportedMark, MarkImport
from video.models.submission import Attempt, Submission
from video.models.video import Video

__all__ = [
    "Assignment",
    "Attachment",
    "Attempt",
    "BankComment",
    "Comment",
    "Event",
    "Grade",
    "ImportedMark",
    "Mail",
    "MailChoice",
    "MarkImport",
    "OwnMark",
    "Release",
    "Submission",
    "Video",
]
