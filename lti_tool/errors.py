"""What can go wrong between the platform and us, in two kinds of failure and two audiences."""


class LaunchRefused(Exception):
    """A login or launch that must not be let in.

    Args:
        reason: the cause in one sentence, for the platform's admin; never holds personal data or a token.
        what, next_step: for the person; sensible defaults.
        status: HTTP status of the page, 4xx.
        again: an address that begins the launch anew in a window of its own, where that may help.
        retry_after: seconds after which the very same request may do, where that is so.
    """

    def __init__(
        self,
        reason: str,
        *,
        what: str = "Moodle's request to open this activity could not be accepted.",
        next_step: str = "Go back to the course and open the activity again. If this page returns, show it to your "
        "Moodle admin.",
        status: int = 400,
        again: str = "",
        retry_after: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.what = what
        self.next_step = next_step
        self.status = status
        self.again = again
        self.retry_after = retry_after


class RegistrationRefused(Exception):
    """A registration that was not made: `what` happened and the `next_step`, for the platform's admin."""

    def __init__(self, what: str, next_step: str, *, status: int = 422) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.status = status


class PlatformError(Exception):
    """A call to the platform failed. `reason` is for the teacher or admin, in plain words.

    `clock_ahead`: seconds that the platform's clock is ahead of ours, where its answer said.
    """

    clock_ahead: float | None = None

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class PlatformUnavailable(PlatformError):
    """It may pass: no answer, 429 or 5xx. `retry_after` is in seconds where the platform said so."""

    def __init__(self, reason: str, *, status: int | None = None, retry_after: int | None = None) -> None:
        super().__init__(reason, status=status)
        self.retry_after = retry_after


class PlatformSlow(PlatformUnavailable):
    """No whole answer in the time there was, or others wait for it already: a worker has more time for the same."""


class PlatformUnreadable(PlatformUnavailable):
    """It answered, and what it said is needed and cannot be read. The platform is not down."""


class PlatformRefused(PlatformError):
    """A person must act: the platform understood and said no. `code` is its OAuth error code, where it gave one."""

    def __init__(self, reason: str, *, status: int | None = None, code: str = "") -> None:
        super().__init__(reason, status=status)
        self.code = code
