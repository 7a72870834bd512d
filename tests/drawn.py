"""How many examples a property is tried with. Nothing is remembered between runs: each draws the same ones."""

import os

from hypothesis import settings

# `EXAMPLES=10 make test-postgres` looks ten times as long, for a change to what reads other people's input.
_TIMES = int(os.environ.get("EXAMPLES", "1"))


def drawn(examples: int) -> settings:
    """As a decorator of `@given`: so many examples, however long each takes."""
    return settings(derandomize=True, deadline=None, database=None, max_examples=examples * _TIMES)
