"""Chromium as a careful person has it: third-party cookies blocked, nothing remembered."""

import contextlib
import json
import os
import shutil
import signal
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
# The last of two lists counts: first Playwright's own, then a page for suggestions under the address bar, which each
# window would start in a process of its own, at half the price of a test.
_WITHOUT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,"
    "LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,"
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup"
)
FLAGS.append(f"--disable-features={_WITHOUT}")
_profiles: dict[BrowserContext, str] = {}
_shared: dict[tuple[str, ...], tuple[BrowserContext, contextlib.ExitStack]] = {}
PREFERENCES = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}


def program() -> str | None:
    """Debian's Chromium, or another on the path."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def profile_of(context: BrowserContext) -> str:
    """The folder of its profile, by which its processes are known."""
    return _profiles[context]


def crash(context: BrowserContext) -> None:
    """End a browser as a power cut does: nothing is saved, nobody is asked."""
    profile = _profiles.pop(context)
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (folder / "cmdline").read_bytes().decode().split("\0")
            if f"--user-data-dir={profile}" in arguments and not any(
                argument.startswith("--type=") for argument in arguments
            ):
                os.kill(int(folder.name), signal.SIGKILL)


@contextlib.contextmanager
def private_window(
    playwright: Playwright, *, width: int = 1280, height: int = 900, flags: tuple[str, ...] = ()
) -> Iterator[BrowserContext]:
    """Of a Chromium that runs for all tests with these flags: empty at first, and it shares nothing with another.

    It has the preferences of that Chromium's profile: third-party cookies are blocked.
    """
    if flags not in _shared:
        stack = contextlib.ExitStack()
        _shared[flags] = stack.enter_context(chromium(playwright, flags=flags)), stack
    browser = _shared[flags][0].browser
    assert browser is not None
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(30_000)
    try:
        yield context
    finally:
        context.close()


def quit_shared() -> None:
    """End those that windows were opened in."""
    while _shared:
        _shared.popitem()[1][1].close()


@contextlib.contextmanager
def chromium(
    playwright: Playwright, *, width: int = 1280, height: int = 900, flags: tuple[str, ...] = ()
) -> Iterator[BrowserContext]:
    """One of its own, which a test may crash or measure, with a fresh profile.

    Third-party cookies are blocked by its preferences, as a person blocks them.
    """
    with tempfile.TemporaryDirectory(prefix="reelmark-chromium-", ignore_cleanup_errors=True) as name:
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
        _profiles[context] = name
        try:
            yield context
        finally:
            if _profiles.pop(context, None):  # else it crashed
                context.close()
