"""Public ids."""

import uuid

from uuid_utils import compat


def new_id() -> uuid.UUID:
    """A UUIDv7: unguessable, and its order is the order of making (RFC 9562, 5.7)."""
    return compat.uuid7()
