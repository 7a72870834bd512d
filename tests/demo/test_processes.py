"""The demo's children live and die together."""

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.processes import ChildDied, Processes
from tests.e2e.demo_run import ROOT


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    running = Processes(tmp_path)
    yield running
    running.stop()


def start(processes: Processes, name: str, program: str, folder: Path) -> None:
    processes.start(name, [sys.executable, "-c", program], dict(os.environ), folder)


def test_a_child_that_dies_is_named_with_the_end_of_its_log(processes: Processes, tmp_path: Path) -> None:
    start(processes, "worker", "print('no broker here'); raise SystemExit(3)", tmp_path)

    with pytest.raises(ChildDied, match=r"worker ended with code 3(.|\n)*no broker here"):
        processes.wait_until(lambda: False, "the worker", within=30)


def test_stop_leaves_no_grandchild_behind(processes: Processes, tmp_path: Path) -> None:
    """The grandchild holds a lock on a file; when the lock is free, it is gone."""
    lock = tmp_path / "lock"
    grandchild = (
        f"import fcntl, time; f = open({str(lock)!r}, 'w'); fcntl.flock(f, 2); "
        "print('held', flush=True); time.sleep(600)"
    )
    child = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {grandchild!r}]); time.sleep(600)"
    start(processes, "web", child, tmp_path)
    processes.wait_until(lambda: "held" in (tmp_path / "web.log").read_text(), "the grandchild", within=30)

    processes.stop()

    def free() -> bool:
        with lock.open("w") as file, contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    # It was killed; the system takes its lock away a little later.
    processes.wait_until(free, "the end of the grandchild", within=30)


def test_a_port_in_use_is_said_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "demo", f"--lms-port={port}", f"--data={tmp_path}"],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode != 0
    assert f"Port {port} is in use" in done.stderr
    assert "--lms-port" in done.stderr
    assert not (tmp_path / "logs" / "s3.log").exists()
