from collections.abc import Iterator

import pytest
from playwright.sync_api import Playwright, expect, sync_playwright

from tests.e2e import demo_run
from tests.e2e.browser import quit_shared
from tests.e2e.demo_run import Demo

expect.set_options(timeout=30_000)  # a bound that only keeps a broken run from hanging

# The same few people do in a minute what a course does in an hour.
UNHURRIED = {"UPLOAD_TICKETS_A_MINUTE": "1000", "UPLOADS_OPEN": "1000", "PLAYBACKS_A_MINUTE": "1000"}


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One driver for a run: a thread may have no second."""
    with sync_playwright() as driver:
        yield driver
        quit_shared()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One for a run: it takes its time to start. Who needs an empty course makes a new activity in it."""
    with demo_run.running(tmp_path_factory.mktemp("demo"), settings=UNHURRIED) as run:
        yield run
