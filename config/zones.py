"""Time zones by name, from PyPI's `tzdata` alone.

Browsers name zones as they were called when they learned of them (Asia/Calcutta, Europe/Kiev). Systems do not all know
the old names (Debian 13 keeps them in a package of its own), so that a system's own data is not asked at all: a name
means the same wherever the tool runs. Importing this module sees to it; the settings do.
"""

import re
import zoneinfo
from datetime import UTC, timedelta, timezone, tzinfo

zoneinfo.reset_tzpath(to=())
_LONGEST_NAME = 64
_OFFSET = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])")  # how browsers may call a zone of a fixed offset


class UnknownZone(ValueError):
    """No zone is called that."""


def zone(name: str) -> tzinfo:
    """The zone of a name such as `Europe/Berlin`, `Asia/Calcutta` or `+05:30`.

    Raises:
        UnknownZone: nothing is taken for it, for a due date would be silently another.
    """
    if name == "UTC":
        return UTC
    if fixed := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(fixed[2]), minutes=int(fixed[3]))
        return timezone(offset if fixed[1] == "+" else -offset)
    if not name or len(name) > _LONGEST_NAME:
        raise UnknownZone
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone from error
