from collections.abc import Iterator

import pytest
from playwright.sync_api import Playwright, sync_playwright


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One driver for a run: a thread may have no second."""
    with sync_playwright() as driver:
        yield driver
