"""PostgreSQL and Redis of our own, started for a test run and gone after it.

    python -m tests.services COMMAND…

runs a command with DATABASE_URL and REDIS_URL set to them.
"""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

STARTS_WITHIN = 60  # seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports(count: int) -> int:
    """The first of `count` neighbouring ports that nobody uses now; never those that a neighbouring worker looks at."""
    low = 20_000 + 2_000 * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 5)
    for _ in range(100):
        first = random.randrange(low, low + 2_000 - count)  # below those that systems hand out by themselves
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError):
            for port in range(first, first + count):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise RuntimeError(f"No {count} free ports in a row were found.")


class Postgres:
    """A cluster of our own in a temporary folder; with `careful`, what it has committed survives its being killed."""

    def __init__(self, folder: Path, *, careful: bool = False) -> None:
        programs = _postgres_programs()
        # PostgreSQL refuses to run as root, so root becomes the user that Debian's package made.
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if prefix:
            shutil.chown(folder, "postgres")
        data, port = folder / "data", free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            # A test's data need not survive a power cut.
            "fsync": "off",
            "synchronous_commit": "on" if careful else "off",
            "full_page_writes": "off",
        }
        self.url = f"postgres://reelmark@127.0.0.1:{port}/postgres"
        self._options = " ".join(f"-c {key}={value}" for key, value in settings.items())
        self._control = [*prefix, programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-t", STARTS_WITHIN]
        made: list[object] = ["-D", data, "-U", "reelmark", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        _run([*prefix, programs / "initdb", *made])

    def start(self) -> None:
        _run([*self._control, "-o", self._options, "start"])

    def stop(self, mode: str = "immediate") -> None:
        _run([*self._control, "-m", mode, "stop"])


class Redis:
    """An empty Redis that keeps nothing on disk: what was in it is gone when it stops."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self._port), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _wait_for(self._port)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(timeout=30)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A fresh PostgreSQL; yields its database's URL."""
    with tempfile.TemporaryDirectory(prefix="reelmark-pg-") as name:
        cluster = Postgres(Path(name))
        cluster.start()
        try:
            yield cluster.url
        finally:
            cluster.stop()


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A fresh Redis; yields its URL."""
    server = Redis()
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def _postgres_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise SystemExit("PostgreSQL's initdb is not installed (Debian package: postgresql).")
    return found[-1].parent if found else Path(str(on_path)).parent


def _run(command: list[object]) -> None:
    # Not captured: pg_ctl hands its output to the server, which would keep the pipe open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run([str(part) for part in command], stdout=output, stderr=output, cwd="/", check=False)
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{command} failed:\n{output.read().decode()}")


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"Nothing listens on port {port} after {STARTS_WITHIN} s.")


def main() -> int:
    with postgres() as database_url, redis() as redis_url:
        environment = {**os.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
