"""Child processes that live and die together."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

STOPS_WITHIN = 15  # seconds, then they are killed
TAIL = 25  # lines of a dead child's log


class ChildDied(Exception):
    """A child ended by itself; the message holds its name, code and the end of its log."""


class Processes:
    """Starts children with a log file each; `stop` leaves no orphan behind, not even a grandchild."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        with self.log(name).open("wb") as log:
            self.adopt(
                name,
                subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True),
            )

    def adopt(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        """Look after a process that was started in a session of its own."""
        self._running[name] = process

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def check(self) -> None:
        """Raise ChildDied if one of them has ended."""
        for name, process in self._running.items():
            code = process.poll()
            if code is not None:
                lines = self.log(name).read_text(errors="replace").splitlines()[-TAIL:]
                raise ChildDied(f"{name} ended with code {code}. The end of {self.log(name)}:\n" + "\n".join(lines))

    def wait_until(self, ready: Callable[[], bool], what: str, within: float) -> None:
        """Wait for `ready`; ChildDied if a child ends first, TimeoutError after `within` seconds."""
        deadline = time.monotonic() + within
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not answer within {within:.0f} s; see {self._logs}.")
            time.sleep(0.1)

    def stop(self) -> None:
        for process in reversed(self._running.values()):
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + STOPS_WITHIN
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
        for process in self._running.values():
            _signal(process, signal.SIGKILL)  # the whole session: also what a child left behind
            process.wait()
        self._running.clear()


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
