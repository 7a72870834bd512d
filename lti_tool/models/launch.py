from django.db import models

from lti_tool.models.course import Course, ResourceLink
from lti_tool.models.session import Session


class LaunchSession(Session):
    """A launch of a resource link: its role and place hold for the pages under /l/<id>/ alone."""

    PLACE = "l"
    COURSE = "resource_link__course"

    resource_link = models.ForeignKey(ResourceLink, on_delete=models.CASCADE, related_name="launches")
    message_type = models.CharField(max_length=60)
    return_url = models.CharField(max_length=2000, blank=True)
    for_sub = models.CharField(
        max_length=255,
        blank=True,
        help_text="Whose work a submission review asks for. It gives no right to see it (`moodle.md`, 14).",
    )

    @property
    def course(self) -> Course:
        return self.resource_link.course

    @property
    def start(self) -> str:
        """Where the browser goes first. The product answers `review/` with the work that a submission review is of."""
        return f"{self.path}review/" if self.for_sub else self.path


class UsedNonce(models.Model):
    """A nonce that a launch consumed. Its primary key is what makes a second use fail, on any number of servers."""

    nonce_hash = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.nonce_hash
