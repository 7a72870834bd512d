"""Celery workers and a beat as an installation runs them, with a supervisor that starts them again when they die."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

RUNNING = 2


class Workers:
    """`kill()` takes one away as `kill -9` does; another is started in its place."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self._environment, self._folder = environment, folder
        self._lock = threading.Lock()
        self._stopped = False
        self.killed = 0
        self._workers = [self._worker(number) for number in range(RUNNING)]
        schedule = ["--schedule", str(folder / "schedule"), "--pidfile", ""]
        self._beat = self._start("beat", "beat", *schedule)

    def kill(self, number: int) -> None:
        """The worker of that number and its children, wherever they are."""
        with self._lock:
            if self._stopped:
                return
            _kill(self._workers[number])
            self._workers[number] = self._worker(number)
            self.killed += 1

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            for process in (*self._workers, self._beat):
                _kill(process)

    def _worker(self, number: int) -> "subprocess.Popen[bytes]":
        return self._start(f"worker{number}", "worker", "-c", "2", "-n", f"chaos{number}-{os.urandom(3).hex()}@%h")

    def _start(self, name: str, *command: str) -> "subprocess.Popen[bytes]":
        with (self._folder / f"{name}.log").open("ab") as log:
            whole = [sys.executable, "-m", "celery", "-A", "config", *command, "--loglevel", "WARNING"]
            return subprocess.Popen(whole, env=self._environment, stdout=log, stderr=log, start_new_session=True)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
