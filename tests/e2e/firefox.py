"""Debian's Firefox ESR, headless, over Marionette: its own protocol, which needs no driver program beside it.

A page is one Firefox window at a time, and one frame in it; what is looked for is waited for.
"""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Prefs = Mapping[str, bool | int | str]

DEFAULT: Prefs = {}  # as shipped: Total Cookie Protection, where each site on top has third-party cookies of its own
THIRD_PARTY_COOKIES_REJECTED: Prefs = {"network.cookie.cookieBehavior": 1}  # none for a frame, not even its own
ALL_COOKIES_BLOCKED: Prefs = {"network.cookie.cookieBehavior": 2}

QUIET: Prefs = {
    # Marionette would set some eighty, among them no pop-up blocker: a person's Firefox has one.
    "remote.prefs.recommended": False,
    "marionette.port": 0,  # a free one, which Firefox writes into its profile
    # Clicks and files by protocol: at once after loading, without the window's focus, from the page's own process.
    "dom.input_events.security.minNumTicks": 0,
    "dom.input_events.security.minTimeElapsedInMS": 0,
    "focusmanager.testmode": True,
    "dom.file.createInChild": True,
    "media.autoplay.default": 0,
    # No first run, no questions.
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "browser.tabs.warnOnClose": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "termsofuse.bypassNotification": True,
    "toolkit.startup.max_resumed_crashes": -1,
    # Nothing goes out by itself.
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.newtabpage.activity-stream.unifiedAds.endpoint": "",
    "browser.newtabpage.enabled": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.usage.uploadEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    # Heeded with MOZ_REMOTE_SETTINGS_DEVTOOLS alone.
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "data:,",
}

STARTS_WITHIN = 60  # seconds
ANSWERS_WITHIN = 90
SHOWS_WITHIN = 30

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key under which WebDriver names an element
NOT_YET = ("no such element", "stale element reference", "element not interactable", "element click intercepted")
# By its whole name, else by a part of it.
BY_NAME = """
const wanted = arguments[0].toLowerCase();
const named = [...document.querySelectorAll("a[href], button, summary, [role=button], input:is([type=submit], [type=button])")]
    .filter(one => one.checkVisibility({visibilityProperty: true}))
    .map(one => [one, (one.ariaLabel || one.innerText || one.value || "").replace(/\\s+/g, " ").trim().toLowerCase()]);
return (named.find(([, name]) => name === wanted) ?? named.find(([, name]) => name.includes(wanted)))?.[0];
"""  # noqa: E501
# The page itself is told 0, as somebody else's page sent the browser to it.
KEEP_STATUSES = """
globalThis.statuses = new Map();
globalThis.keeper = {observe(channel) {
    if (channel.QueryInterface(Ci.nsIHttpChannel).isDocument) statuses.set(channel.URI.spec, channel.responseStatus);
}};
for (const kind of ["", "-cached", "-merged"]) Services.obs.addObserver(keeper, `http-on-examine${kind}-response`);
"""
COOKIES = """
return Services.cookies.cookies.map(one => ({
    name: one.name, host: one.host, path: one.path, partition: one.originAttributes.partitionKey,
}));
"""


class FirefoxError(Exception):
    """What Firefox refused; `code` is WebDriver's name for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def program() -> str | None:
    """Debian's Firefox ESR, or another on the path."""
    return next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)


@contextlib.contextmanager
def firefox(
    prefs: Prefs = DEFAULT, *, width: int = 1280, height: int = 900, any_certificate: bool = False
) -> Iterator["Page"]:
    """A fresh profile and home, both gone afterwards.

    Args:
        width: of what a page sees, as is `height`; Firefox has none below 500.
        any_certificate: a self-signed one is as good as another.
    """
    with tempfile.TemporaryDirectory(prefix="reelmark-firefox-") as name:
        process = _start(Path(name), {**QUIET, **prefs}, width, height)
        try:
            with _connected(process, Path(name)) as marionette:
                marionette.ask("WebDriver:NewSession", acceptInsecureCerts=any_certificate)
                marionette.ask("WebDriver:SetTimeouts", pageLoad=60_000, script=30_000)
                page = Page(marionette)
                page.resize(width, height)
                yield page
        finally:
            # The group, for each site's pages are a process of their own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=30)


class Page:
    """What a person sees and does; each step is in the current window and the current frame of it."""

    def __init__(self, marionette: "Marionette") -> None:
        self._ask = marionette.ask
        self._known = set(self.windows())
        self._frames: list[str] = []
        self._inside(KEEP_STATUSES)

    def goto(self, url: str) -> None:
        """Open an address in the window; the frame is then the top one."""
        self._ask("WebDriver:Navigate", url=url)
        self.top()

    def top(self) -> None:
        """Out of all frames."""
        self._ask("WebDriver:SwitchToFrame")
        self._frames = []

    def frame(self, selector: str = "iframe", *, seconds: float = SHOWS_WITHIN) -> None:
        """Into a frame of the current one, such as `iframe[name=tool]`; it stays current from page to page."""

        def entered() -> bool:
            self._ask("WebDriver:SwitchToFrame", element=self._find(selector))
            return True

        wait_until(entered, selector, seconds=seconds)
        self._frames.append(selector)

    @property
    def text(self) -> str:
        return str(self.evaluate("document.body?.innerText ?? ''"))

    def sees(self, text: str, *, seconds: float = SHOWS_WITHIN) -> None:
        """Wait until the text is there to read.

        Raises:
            AssertionError: it did not come; says what there is instead.
        """
        with contextlib.suppress(TimeoutError):
            return wait_until(lambda: text in self.text, text, seconds=seconds)
        raise AssertionError(f"“{text}” did not come within {seconds} s at {self.url}, which says:\n{self.text}")

    def find(self, selector: str, *, seconds: float = SHOWS_WITHIN) -> None:
        """Wait until there is such an element, to be seen or not."""
        wait_until(lambda: bool(self._find(selector)), selector, seconds=seconds)

    def click(self, selector: str, *, seconds: float = SHOWS_WITHIN) -> None:
        def clicked() -> bool:
            self._ask("WebDriver:ElementClick", id=self._find(selector))
            return True

        wait_until(clicked, selector, seconds=seconds)

    def press(self, name: str, *, seconds: float = SHOWS_WITHIN) -> None:
        """Click a link or button by its name, or by a part of it; the first of several."""

        def pressed() -> bool:
            found = self._run(BY_NAME, name)
            if found:
                self._ask("WebDriver:ElementClick", id=found[ELEMENT])
            return bool(found)

        wait_until(pressed, name, seconds=seconds)

    def fill(self, selector: str, value: str, *, seconds: float = SHOWS_WITHIN) -> None:
        """Type into an emptied field."""

        def filled() -> bool:
            field = self._find(selector)
            self._ask("WebDriver:ElementClear", id=field)
            self._ask("WebDriver:ElementSendKeys", id=field, text=value)
            return True

        wait_until(filled, selector, seconds=seconds)

    def choose_file(self, path: Path, selector: str = "input[type=file]", *, seconds: float = SHOWS_WITHIN) -> None:
        """Also where the field itself is hidden behind a button."""

        def chosen() -> bool:
            self._ask("WebDriver:ElementSendKeys", id=self._find(selector), text=str(path.resolve()))
            return True

        wait_until(chosen, selector, seconds=seconds)

    def evaluate(self, expression: str) -> Any:
        """A JavaScript expression's value, a promise's when it is kept."""
        return self._run(f"return ({expression});")

    @property
    def url(self) -> str:
        """Of the current frame."""
        return str(self.evaluate("location.href"))

    @property
    def status(self) -> int:
        """The HTTP status that the current frame's page came with."""
        address = self.url.partition("#")[0]
        return int(self._inside("return statuses.get(arguments[0]) ?? 0;", address))

    def cookies(self) -> list[dict[str, Any]]:
        """All that Firefox keeps, of any site; a partition is named for the site on top, as `(http,127.0.0.1)`."""
        return list(self._inside(COOKIES))

    def screenshot(self, path: Path, *, full: bool = False) -> None:
        """A PNG of the window, or of all the page in it."""
        frames = self._frames
        self.top()  # Firefox 153 has no picture of a frame of another site
        path.write_bytes(base64.b64decode(self._ask("WebDriver:TakeScreenshot", full=full, hash=False)["value"]))
        for selector in frames:
            self.frame(selector)

    def windows(self) -> list[str]:
        """Handles of all windows and tabs."""
        return list(map(str, self._ask("WebDriver:GetWindowHandles")))

    def switch_to(self, window: str) -> None:
        """The frame is then the top one."""
        self._ask("WebDriver:SwitchToWindow", handle=window, focus=True)
        self.top()
        self._known.add(window)

    def switch_to_new_window(self, *, seconds: float = SHOWS_WITHIN) -> str:
        """To the window or tab that opened since the last switch; the handle of the one left."""
        left = str(self._ask("WebDriver:GetWindowHandle")["value"])
        wait_until(lambda: bool(set(self.windows()) - self._known), "a new window", seconds=seconds)
        self.switch_to((set(self.windows()) - self._known).pop())
        return left

    def close_window(self, next_one: str) -> None:
        self._ask("WebDriver:CloseWindow")
        self.switch_to(next_one)

    def resize(self, width: int, height: int) -> None:
        """The window, until the page in it has this size."""

        def fits() -> bool:
            edges = self.evaluate("[outerWidth - innerWidth, outerHeight - innerHeight]")
            self._ask("WebDriver:SetWindowRect", width=width + edges[0], height=height + edges[1])
            return bool(self.evaluate("[innerWidth, innerHeight]") == [width, height])

        wait_until(fits, f"a page of {width} × {height}", seconds=5)

    def _find(self, selector: str) -> str:
        found = self._ask("WebDriver:FindElement", using="css selector", value=selector)
        return str(found["value"][ELEMENT])

    def _inside(self, script: str, *arguments: object) -> Any:
        """A script in Firefox itself, which knows what no page may."""
        self._ask("Marionette:SetContext", value="chrome")
        try:
            return self._run(script, *arguments, sandbox="system")
        finally:
            self._ask("Marionette:SetContext", value="content")

    def _run(self, script: str, *arguments: object, sandbox: str | None = None) -> Any:
        asked = {"script": script, "args": arguments, "sandbox": sandbox, "newSandbox": False}
        return self._ask("WebDriver:ExecuteScript", **asked)["value"]


class Marionette:
    """Messages of JSON, each with its length before it: a command [0, id, name, parameters], and to it an answer
    [1, id, error, result]."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._stream = connection.makefile("rb")
        self._count = 0
        self._read()  # who it is

    def ask(self, command: str, /, **parameters: Any) -> Any:
        self._count += 1
        message = json.dumps([0, self._count, command, parameters]).encode()
        self._connection.sendall(b"%d:%b" % (len(message), message))
        _, answered, error, result = self._read()
        if answered != self._count:
            raise ConnectionError(f"Firefox answered {answered}, not {self._count}.")
        if error:
            raise FirefoxError(error["error"], f"{error['message']} ({command})")
        return result

    def close(self) -> None:
        self._stream.close()
        self._connection.close()

    def _read(self) -> Any:
        length = b""
        while (byte := self._stream.read(1)) != b":":
            if not byte:
                raise ConnectionError("Firefox is gone.")
            length += byte
        return json.loads(self._stream.read(int(length)))


def _start(folder: Path, prefs: Prefs, width: int, height: int) -> "subprocess.Popen[bytes]":
    profile, home = folder / "profile", folder / "home"
    profile.mkdir()
    home.mkdir()
    lines = [f"user_pref({json.dumps(key)}, {json.dumps(value)});" for key, value in prefs.items()]
    (profile / "user.js").write_text("\n".join(lines))
    environment = {
        **{key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "TMPDIR")},
        "HOME": str(home),
        "MOZ_CRASHREPORTER_DISABLE": "1",
        "MOZ_REMOTE_SETTINGS_DEVTOOLS": "1",
        # The screen has room for the window, with its bars.
        "MOZ_HEADLESS_WIDTH": str(width + 200),
        "MOZ_HEADLESS_HEIGHT": str(height + 300),
    }
    flags = ["--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", str(profile)]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [str(program()), *flags], env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )


@contextlib.contextmanager
def _connected(process: "subprocess.Popen[bytes]", folder: Path) -> Iterator[Marionette]:
    """Firefox writes its port when it listens."""
    written = folder / "profile" / "MarionetteActivePort"
    deadline = time.monotonic() + STARTS_WITHIN
    while not (written.exists() and written.read_text()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Firefox did not start:\n{(folder / 'log').read_text(errors='replace')}")
        time.sleep(0.05)
    address = ("127.0.0.1", int(written.read_text()))
    with (
        socket.create_connection(address, timeout=ANSWERS_WITHIN) as connection,
        contextlib.closing(Marionette(connection)) as marionette,
    ):
        yield marionette


def wait_until(happened: Callable[[], bool], what: str, *, seconds: float = SHOWS_WITHIN) -> None:
    """Try again and again.

    Raises:
        TimeoutError: it did not happen; its cause is what Firefox said last.
    """
    deadline, last = time.monotonic() + seconds, None
    while True:
        try:
            if happened():
                return
        except FirefoxError as error:
            if error.code not in NOT_YET:
                raise
            last = error
        if time.monotonic() > deadline:
            raise TimeoutError(f"“{what}” was not there within {seconds} s.") from last
        time.sleep(0.1)
