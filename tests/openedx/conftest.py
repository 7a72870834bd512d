"""The two processes under test: Open edX's platform code in its own environment, and our tool behind gunicorn.

Each has its own folder, database and port; both end with the tests of this module, and their logs are shown with a
test that fails. Nothing of either is imported here: the platform's code is AGPL, and ours is tried as it is served.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLATFORM_PYTHON = ROOT / ".venv-openedx" / "bin" / "python"
START_SECONDS = 60  # on two busy cores
LOGS = pytest.StashKey[list[Path]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for log in item.config.stash.get(LOGS, []):
            if log.exists():
                report.sections.append((log.name, log.read_text(errors="replace")[-10_000:]))
    return report


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Databases, keys and logs of this run."""
    if not PLATFORM_PYTHON.exists():
        pytest.skip(
            f"{PLATFORM_PYTHON} is missing. Make it with: uv venv --python 3.11 .venv-openedx && "
            "uv pip install --python .venv-openedx/bin/python -r tests/openedx/requirements.txt"
        )
    folder = tmp_path_factory.mktemp("openedx")
    request.config.stash[LOGS] = [folder / name for name in ("tool-setup.log", "tool.log", "platform.log")]
    return folder


@pytest.fixture(scope="module")
def tool_socket() -> Iterator[socket.socket]:
    """The tool's port, held from the first moment: the platform has to know the address before the tool starts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener


@pytest.fixture(scope="module")
def tool_url(tool_socket: socket.socket) -> str:
    """Another site than the platform's 127.0.0.1, as in life."""
    return f"http://localhost:{tool_socket.getsockname()[1]}"


@pytest.fixture(scope="module")
def platform(folder: Path, tool_url: str) -> Iterator[dict[str, Any]]:
    """The running platform: the line of JSON it starts with (see platform_server/serve.py)."""
    command = [str(PLATFORM_PYTHON), "-m", "platform_server.serve", "--data-dir", str(folder / "platform")]
    command += ["--tool-login", f"{tool_url}/lti/login/", "--tool-launch", f"{tool_url}/lti/launch/"]
    command += ["--tool-jwks", f"{tool_url}/lti/jwks/"]
    said = folder / "platform.json"
    with (
        said.open("w") as stdout,
        running(command, log=folder / "platform.log", cwd=HERE, env=_environment({}), stdout=stdout) as process,
    ):
        _wait_until(lambda: said.read_text().endswith("\n"), process, "the platform")
        yield json.loads(said.read_text())


@pytest.fixture(scope="module")
def tool_environment(folder: Path, tool_url: str, platform: dict[str, Any]) -> dict[str, str]:
    """The environment of a tool with a database of its own that has the platform registered."""
    environment = _environment(
        {
            "SECRET_KEY": "a-key-for-one-run-of-the-open-edx-tests-on-this-machine",
            "BASE_URL": tool_url,
            "ALLOWED_HOSTS": "localhost",
            "DATABASE_URL": f"sqlite:///{folder}/tool.sqlite3",
            "KEYS_DIR": str(folder / "keys"),
            "DATA_DIR": str(folder / "data"),
            "DEBUG": "1",
        }
    )
    register = ["register_platform", "--name", "Open edX"]
    for name in ("issuer", "client_id", "deployment_id", "authorization_url", "token_url", "jwks_url"):
        register += [f"--{name.replace('_', '-')}", platform[name]]
    with (folder / "tool-setup.log").open("w") as log:
        for command in (["migrate", "--verbosity", "0"], register):
            subprocess.run(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=START_SECONDS * 2,
                check=True,
            )
    return environment


@pytest.fixture(scope="module")
def tool(folder: Path, tool_url: str, tool_socket: socket.socket, tool_environment: dict[str, str]) -> Iterator[str]:
    """Our tool, served as in production but for one worker and its database: its address."""
    # Threads: while the tool asks the platform for a token, the platform asks the tool for its keys.
    command = [sys.executable, "-m", "gunicorn", "config.wsgi"]
    command += ["--threads", "4", "--graceful-timeout", "2", "--bind", f"fd://{tool_socket.fileno()}"]
    with running(
        command, log=folder / "tool.log", cwd=ROOT, env=tool_environment, pass_fds=[tool_socket.fileno()]
    ) as process:
        _wait_until(lambda: _answers(f"{tool_url}/healthz"), process, "the tool")
        yield tool_url


@contextmanager
def running(
    command: Sequence[str],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
    stdout: Any = subprocess.STDOUT,
    pass_fds: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block, and its children with it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output if stdout == subprocess.STDOUT else stdout,
            stderr=output,
            pass_fds=pass_fds,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what is left: a master that hangs, workers without a master
        process.wait(10)


def _environment(of_its_own: Mapping[str, str]) -> dict[str, str]:
    """Ours alone: what the developer or CI has set for other tests must not reach these processes."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "NO_PROXY": "localhost,127.0.0.1", "PYTHONUNBUFFERED": "1", **of_its_own}


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], what: str) -> None:
    give_up = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None:
            pytest.fail(f"{what} stopped with status {process.returncode} before it answered; see its log")
        if time.monotonic() > give_up:
            pytest.fail(f"{what} did not answer within {START_SECONDS} seconds; see its log")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False
