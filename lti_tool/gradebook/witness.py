"""The health check after a failing score: is the platform down, or does it fail with this one alone?

Moodle 5.1 answers a locked grade with 500 (`moodle.md`, 27), and one row may make any platform stumble. So it is asked
for something harmless: the column itself, then a new token. Down is a platform that answers neither.
"""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from lti_tool.errors import PlatformRefused, PlatformUnavailable
from lti_tool.gradebook import ags
from lti_tool.models import ResourceLink
from lti_tool.platform import granted_scopes

_BELIEVED = 5  # seconds


class Witness:
    """Remembers for a few seconds that the platform answered: many rows of one locked column may be due."""

    def __init__(self) -> None:
        self._answered_at: float | None = None

    def trouble(self, link: ResourceLink, error: PlatformUnavailable) -> PlatformUnavailable | None:
        """Why the platform is to be left alone; None where it answers, and `error` is about one row."""
        if error.status == 429 or error.retry_after:
            return error
        if self._answered_at is not None and time.monotonic() - self._answered_at < _BELIEVED:
            return None
        trouble = _asked(link, error)
        if trouble is None:
            self._answered_at = time.monotonic()
        return trouble


def _asked(link: ResourceLink, error: PlatformUnavailable) -> PlatformUnavailable | None:
    if link.lineitem_url:
        trouble = _trouble(lambda: ags.look_at_line_item(link))
        if trouble is None or trouble.status == 429:
            return trouble
        # 500 is said by a program that runs; 502 to 504 by whatever stands before one that may not.
        if trouble.status is None and error.status != 500:
            return error
    service, tokens = urlsplit(link.lineitem_url or link.lineitems_url), urlsplit(link.platform.token_url)
    if service.hostname != tokens.hostname:
        return error  # whoever gives the tokens is another machine
    return _trouble(lambda: granted_scopes(link.platform, [ags.SCOPE_SCORE])) and error


def _trouble(ask: Callable[[], object]) -> PlatformUnavailable | None:
    """None for any answer, a refusal too."""
    try:
        ask()
    except PlatformUnavailable as unavailable:
        return unavailable
    except PlatformRefused as refused:
        return None if refused.status else PlatformUnavailable(refused.reason)
    return None
