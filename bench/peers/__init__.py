"""What a launch is compared with: tools of others, and an earlier build of ours, each in an environment of its own.

`make bench-launch` installs them; nothing else does. Each has a database in the same PostgreSQL, one of Redis' own, and
two processes.
"""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from bench.browser import Tool, wait_for
from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
EARLIER = "e1a0d70"
EARLIER_FOLDER = Path(tempfile.gettempdir()) / f"reelmark-{EARLIER}"
PROCESSES = 2
_GUNICORN = [f"--workers={PROCESSES}", "--log-level=warning"]


@dataclass(frozen=True)
class Peer:
    """One that is launched: how it is prepared and served from its folder, with `{port}` in what is served."""

    name: str
    folder: Path
    prepare: list[str]
    serve: list[str]
    login: str
    launch: str
    also: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Served:
    """A peer that listens. `root` is the process that started its others."""

    peer: Peer
    root: int
    tool: Tool


def ours(name: str, folder: Path) -> Peer:
    """A Reelmark, started as the README says."""
    python = str(folder / ".venv/bin/python")
    return Peer(
        name=name,
        folder=folder,
        # Not from its folder: a script's folder comes first in what Python imports from.
        prepare=[python, "-P", str(ROOT / "bench/people.py"), "{issuer}"],
        serve=[python, "-m", "gunicorn", "config.wsgi", "--bind=127.0.0.1:{port}", *_GUNICORN],
        login="/lti/login/",
        launch="/lti/launch/",
    )


def _in_django(name: str, also: dict[str, str]) -> Peer:
    folder, programs = ROOT / "bench/peers" / name, ROOT / ".venv-peers" / name / "bin"
    python = str(programs / "python")
    # Threads as ours has them (gunicorn.conf.py).
    serve = ["app", "--bind=127.0.0.1:{port}", *_GUNICORN, "--worker-class=gthread", "--threads=12"]
    return Peer(
        name=name,
        folder=folder,
        prepare=[python, "app.py"],
        serve=[python, "-m", "gunicorn", "--no-control-socket", *serve],
        login="/login/",
        launch="/launch/",
        also=also,
    )


def every() -> list[Peer]:
    """Ours first; the earlier build only where its commit is there."""
    peers = [ours("reelmark", ROOT)]
    if _earlier_is_there():
        peers.append(ours(EARLIER, EARLIER_FOLDER))
    peers.append(
        Peer(
            name="ltijs",
            folder=ROOT / "bench/peers/ltijs",
            prepare=[],
            serve=["node", "server.js"],
            login="/login",
            launch="/",
        )
    )
    peers.append(_in_django("pylti1p3", {}))
    # Its login answers with a page that tries whether the browser keeps cookies, and comes again with this.
    peers.append(_in_django("django_lti", {"lti1p3_new_window": "1"}))
    return peers


def _earlier_is_there() -> bool:
    if (EARLIER_FOLDER / "frontend/dist/manifest.json").exists():
        return True
    if subprocess.run(["git", "cat-file", "-e", f"{EARLIER}^{{commit}}"], cwd=ROOT, check=False).returncode:
        print(f"{EARLIER} is not in this clone (`git fetch --unshallow`), so nothing is compared with it.")
        return False
    print(f"Installing {EARLIER} in {EARLIER_FOLDER} …", flush=True)
    add = ["git", "worktree", "add", "--force", "--detach", str(EARLIER_FOLDER), EARLIER]
    subprocess.run(add, cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["make", "--silent", "install"], cwd=EARLIER_FOLDER, check=True, stdout=subprocess.DEVNULL)
    return True


@contextmanager
def served(peer: Peer, issuer: str, number: int, environment: Mapping[str, str]) -> Iterator[Served]:
    """Prepared in a database of its own, and listening; ended afterwards."""
    port = free_port()
    own = dict(environment) | {
        "DATABASE_URL": _database(environment["DATABASE_URL"], f"bench_{peer.name}"),
        "REDIS_URL": environment["REDIS_URL"].removesuffix("/0") + f"/{number}",
        "DATA_DIR": f"{environment['DATA_DIR']}/{peer.name}",
        "KEYS_DIR": f"{environment['DATA_DIR']}/{peer.name}/keys",
        "PYTHONPATH": str(peer.folder),
        "ISSUER": issuer,
        "PORT": str(port),
        "WORKERS": str(PROCESSES),
        "NODE_ENV": "production",
    }
    if peer.prepare:
        prepare = [part.format(issuer=issuer) for part in peer.prepare]
        subprocess.run(prepare, cwd=peer.folder, env=own, check=True)
    command = [part.format(port=port) for part in peer.serve]
    process = subprocess.Popen(command, cwd=peer.folder, env=own, stdout=subprocess.DEVNULL)
    try:
        tool = Tool(port, peer.login, peer.launch, peer.also)
        wait_for(tool)
        yield Served(peer, process.pid, tool)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:  # a busy machine: its figures are taken already
            process.kill()


def _database(url: str, name: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        connection.execute(f"CREATE DATABASE {name}".encode())
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
