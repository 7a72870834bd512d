"""Updates a line item's `scoreMaximum` when its assignment's points change."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import structlog

from config.queue import enqueue
from lti_tool.errors import PlatformRefused, PlatformUnavailable
from lti_tool.gradebook import ags, outbox, rate_limiting
from lti_tool.models import ResourceLink, ScoreDelivery
from lti_tool.models.score_delivery import GradingProgress

log = structlog.get_logger(__name__)

MOST_IN_MOODLE = 100  # points, unless an admin changed it (`moodle.md`, 23)


def wish_maximum(link: ResourceLink, maximum: Decimal) -> bool:
    """Have a worker tell the platform, once the present transaction is committed; False where it is not to be told.

    Without a column one is made with the right maximum when the first score is sent. A column that keeps another
    maximum takes scores all the same: the platform scales them (`moodle.md`, 4).
    """
    wanted = maximum if may_tell(link) and takes(link, maximum) else None
    ResourceLink.objects.filter(pk=link.pk).update(maximum_wanted=wanted)
    if wanted is not None:
        _queue(link.pk)
    return wanted is not None


def may_tell(link: ResourceLink) -> bool:
    return bool(link.lineitem_url) and ags.SCOPE_LINEITEM in link.scopes


def takes(link: ResourceLink, maximum: Decimal) -> bool:
    """Moodle's columns count to a whole number from 1 to its site's limit; others to anything."""
    if link.platform.product != "moodle":
        return True
    return maximum == maximum.to_integral_value() and 1 <= maximum <= MOST_IN_MOODLE


def bring_along(link: ResourceLink) -> None:
    """Tell the platform what is wanted. Safe to run twice; where the platform does not answer it stays wanted."""
    maximum = link.maximum_wanted
    if maximum is None or rate_limiting.is_down(link.platform_id):
        return
    try:
        changed = ags.set_maximum(link, maximum)
    except PlatformUnavailable as unavailable:
        log.warning("maximum_delayed", link=str(link.pk), status=unavailable.status)
        return
    except PlatformRefused as refused:
        log.warning("maximum_refused", link=str(link.pk), status=refused.status)
        changed = False
    if ResourceLink.objects.filter(pk=link.pk, maximum_wanted=maximum).update(maximum_wanted=None) and changed:
        log.info("maximum_changed", link=str(link.pk), maximum=str(maximum))
        # A platform may have scaled what it had by then, also what had been sent by the new points already.
        sent = ScoreDelivery.objects.filter(
            resource_link=link, state=ScoreDelivery.State.SENT, grading_progress=GradingProgress.FULLY_GRADED
        )
        outbox.send_again(sent.values_list("pk", flat=True))


def links_to_tell() -> Iterable[Any]:
    """Ids of those whose platform was not told yet."""
    waiting = ResourceLink.objects.filter(maximum_wanted__isnull=False, platform__active=True)
    return waiting.values_list("pk", flat=True)


def _queue(link_id: Any) -> None:
    enqueue("lti_tool.tasks.tell_maximum", str(link_id))
