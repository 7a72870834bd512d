from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from lti_tool.models.course import Course, ResourceLink
from lti_tool.models.session import Session
from lti_tool.texts import web_address


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

    opened_from = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="windows",
        help_text="The launch whose full window this is; empty for the launch itself.",
    )

    @property
    def course(self) -> Course:
        return self.resource_link.course

    @property
    def start(self) -> str:
        """Where the browser goes first. The product answers `review/` with the work that a submission review is of."""
        return f"{self.path}review/" if self.for_sub else self.path

    @property
    def way_back(self) -> str:
        """Where the platform wants people to go from here (LTI core 5.4.4, `return_url`); empty where it said nothing.

        It is looked at once more: a row may be older than what is checked of a launch.
        """
        return web_address(self.return_url)

    @transaction.atomic
    def end(self) -> None:
        """End the launch with every full window of it, whichever of them asks."""
        launch = self.opened_from_id or self.pk
        together = LaunchSession.objects.filter(Q(pk=launch) | Q(opened_from=launch))
        # Locked first: a window that is being opened is either there for the update, or finds the launch ended.
        list(together.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        now = timezone.now()
        together.filter(expires_at__gt=now).update(expires_at=now)


class UsedNonce(models.Model):
    """A nonce that a launch consumed. Its primary key is what makes a second use fail, on any number of servers."""

    nonce_hash = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.nonce_hash
