"""Calls to other systems: deadlines, and a bulkhead that bounds how many threads of a process wait for one system.

Libraries restart their timeouts with every byte, and resolve names without any. So a call's connections are closed at
its deadline (`connections.py`), and names are resolved in a thread of their own, which may be abandoned.

While a page is made, all its calls share PAGE_PATIENCE_SECONDS; one beyond the bulkhead's bound fails at once, and the
person is told to try again. Workers wait longer, and are few anyway.
"""

import contextvars
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

T = TypeVar("T")
Leave = Callable[[], None]
AGAIN_SECONDS = 5  # after which whoever was sent away may ask again
_QUEUE_SECONDS = 1.0  # what has been under way for longer than this will not be over in a moment
_LEAST_SECONDS = 0.05  # with less than that left, nothing is begun
_A_WAIT = 0.5  # seconds
_MOST_LOOK_UPS = 16  # of names, in this process


class NoAnswer(Exception):
    """Nothing, or not all of it, came in time."""


class NoPlace(Exception):
    """As many as may be wait for that system already. Nothing was asked of it."""


class PagePatience:
    """Middleware: while a page is made, its calls together have PAGE_PATIENCE_SECONDS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with patience(settings.PAGE_PATIENCE_SECONDS):
            return self.get_response(request)


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """A page is made, and its calls have so many seconds from now, all together; in place of what it had."""
    token = _page_ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _page_ends.reset(token)


@contextmanager
def more_patience(seconds: float) -> Iterator[None]:
    """As `patience`, for a page whose reader knows that it takes a while; for a worker nothing changes."""
    with patience(seconds) if in_page() else _as_before():
        yield


def in_page() -> bool:
    """Whether a page is made, and a web thread waits."""
    return _page_ends.get() is not None


@contextmanager
def call(*, seconds: float, places: Mapping[str, int]) -> Iterator[None]:
    """Within, another system is asked, for `seconds` or what is left of a page's patience.

    Args:
        places: what is waited for, each with how many calls of pages may be under way to it in this process.

    Raises:
        NoAnswer: the time was over, whatever came of the call.
        NoPlace: of a page; nothing was asked.
    """
    leave = _take(places) if in_page() else _nothing
    lines = Lines(ends=time.monotonic() + _left(seconds))
    token = _lines.set(lines)
    try:
        with lines.watched():
            yield
    except Exception as error:
        if lines.over:
            raise NoAnswer from error
        raise
    finally:
        _lines.reset(token)
        leave()
    if lines.over:  # a cut answer may look like a whole one
        raise NoAnswer


def wait(event: threading.Event, *, seconds: float, places: Mapping[str, int]) -> bool:
    """Wait, as a call does, for what another thread is at; whether it was in time. Raises NoPlace."""
    if event.is_set():
        return True
    leave = _take(places) if in_page() else _nothing
    try:
        return event.wait(max(0.0, _left(seconds)))
    finally:
        leave()


class Lines:
    """The connections that a call uses, to be cut when its time is over."""

    def __init__(self, *, ends: float) -> None:
        self.over = False
        self._ends = ends
        self._lock = threading.Lock()
        self._held: list[socket.socket] = []

    @property
    def left(self) -> float:
        """Seconds. Raises NoAnswer where there are none."""
        left = self._ends - time.monotonic()
        if self.over or left < _LEAST_SECONDS:
            self.over = True
            raise NoAnswer
        return left

    @contextmanager
    def watched(self) -> Iterator[None]:
        timer = threading.Timer(self.left, self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                while self._held:  # what is left open stays so, for the next call
                    self._held.pop().close()

    def hold(self, connection: socket.socket) -> None:
        """Used from now on; cut at once where the time is over already.

        By a handle of our own: TLS takes a socket over while it shakes hands, and http.client lets one go before it has
        read the answer.
        """
        handle = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            self._held.append(handle)
            if self.over:
                _shut(handle)

    def cut(self) -> None:
        with self._lock:
            self.over = True
            for handle in self._held:
                _shut(handle)


class Rest:
    """Leaves a system alone for a while that did not answer, where one can do without it: each look costs its wait."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._until = float("-inf")

    @property
    def now(self) -> bool:
        """Whether to do without it. When the time is over one look is let through, and the others rest on."""
        with self._lock:
            if self._until == float("-inf"):
                return False
            if time.monotonic() < self._until:
                return True
            self._until = time.monotonic() + self._seconds
            return False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """It is asked within. What fails at once costs nobody a wait, so it is no reason to rest."""
        began = time.monotonic()
        try:
            yield
        except Exception:
            if time.monotonic() - began > _A_WAIT:
                self._until = time.monotonic() + self._seconds
            raise
        self.end()

    def end(self) -> None:
        self._until = float("-inf")


redis = Rest(15)  # broker, cache and limits


def lines() -> Lines | None:
    """Of the call that this thread makes; None outside of one."""
    return _lines.get()


def look_up(work: Callable[[], T]) -> T:
    """What `work` returns or raises, which looks names up: nothing can end that, so it has a thread of its own.

    Raises:
        NoAnswer: the call's time was over, or too many such threads are left alone already.
    """
    here = lines()
    if here is None:
        return work()
    seconds = here.left
    returned: list[T] = []
    raised: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            returned.append(work())
        except BaseException as error:  # it is raised where it was asked for
            raised.append(error)
        finally:
            leave()
            done.set()

    try:
        leave = _take({"names": _MOST_LOOK_UPS})
    except NoPlace as error:
        raise NoAnswer from error
    threading.Thread(target=run, name="look up", daemon=True).start()
    if not done.wait(seconds):
        here.over = True
        raise NoAnswer
    if raised:
        raise raised[0]
    return returned[0]


_page_ends: contextvars.ContextVar[float | None] = contextvars.ContextVar("page_ends", default=None)
_lines: contextvars.ContextVar[Lines | None] = contextvars.ContextVar("lines", default=None)


class _Places:
    """Those of one system. A healthy one's are free again in a moment, so that a crowd need not be sent away."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._since: list[float] = []
        self._queue = 0

    def take(self, most: int) -> Leave | None:
        """How to leave the place; None where there is none, nor will be in a moment."""
        with self._changed:
            while len(self._since) >= most:
                left = min(self._since) + _QUEUE_SECONDS - time.monotonic()
                if left <= 0 or self._queue >= most:
                    return None
                self._queue += 1
                try:
                    if not self._changed.wait(left):
                        return None
                finally:
                    self._queue -= 1
            came = time.monotonic()
            self._since.append(came)
        return lambda: self._leave(came)

    def _leave(self, came: float) -> None:
        with self._changed:
            self._since.remove(came)
            self._changed.notify()


_places: dict[str, _Places] = {}
_places_lock = threading.Lock()


def _take(places: Mapping[str, int]) -> Leave:
    """A place of each, or none at all. Raises NoPlace."""
    taken: list[Leave] = []

    def leave() -> None:
        for one in taken:
            one()

    for name, most in places.items():
        with _places_lock:
            of_one = _places.setdefault(name, _Places())
        found = of_one.take(most)
        if found is None:
            leave()
            raise NoPlace
        taken.append(found)
    return leave


def _left(seconds: float) -> float:
    ends = _page_ends.get()
    return seconds if ends is None else min(seconds, ends - time.monotonic())


def _nothing() -> None:
    pass


@contextmanager
def _as_before() -> Iterator[None]:
    yield


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)
