"""Chromium as a careful person has it: third-party cookies blocked, nothing remembered."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import BrowserContext, Playwright

FLAGS = [
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Without a network, each of these is a refused connection at every start.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
PREFERENCES = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}


def program() -> str | None:
    """Debian's Chromium, or another on the path."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextlib.contextmanager
def chromium(
    playwright: Playwright, *, width: int = 1280, height: int = 900, flags: tuple[str, ...] = ()
) -> Iterator[BrowserContext]:
    """A fresh profile; third-party cookies are blocked by its preferences, as a person blocks them."""
    with tempfile.TemporaryDirectory(prefix="reelmark-chromium-") as name:
        profile = Path(name) / "Default"
        profile.mkdir()
        (profile / "Preferences").write_text(json.dumps(PREFERENCES))
        context = playwright.chromium.launch_persistent_context(
            name,
            executable_path=program(),
            args=[*FLAGS, *flags],
            headless=True,
            viewport={"width": width, "height": height},
        )
        context.set_default_timeout(30_000)
        try:
            yield context
        finally:
            context.close()
