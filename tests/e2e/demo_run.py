"""The whole demo as a person starts it, on ports of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import requests
from botocore.config import Config

from demo.management.commands.demo import BUCKET
from tests.e2e import by_hand
from tests.services import free_ports

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).resolve().parents[2]
PORTS = 12
WELCOME = "Reelmark is running"
TEACHER = "3"
_HAND_IN = """
import json
from lti_tool.models import Person
from lti_tool.tasks import refresh_roster
from tests.video.course import hand_in
from video.models import Assignment
assignment = Assignment.objects.get(resource_link__resource_link_id="{link}")
refresh_roster(str(assignment.course_id))
videos = [hand_in(assignment, Person.objects.get(sub=sub), length=12).video for sub in {people!r}]
for video in videos:
    video.key, video.name, video.size = f"videos/{{video.pk}}/sample.mp4", "sample.mp4", {size}
    video.save()
print(json.dumps([video.key for video in videos]))
"""


@dataclass(frozen=True)
class Demo:
    tool: str
    lms: str
    s3: str
    folder: Path
    _beside: list["subprocess.Popen[str]"] = field(default_factory=list, repr=False)

    def add_activity(self, title: str, *, graded: bool = True) -> int:
        """A new activity in the LMS; its id."""
        answer = requests.post(f"{self.lms}/links", data={"title": title, "graded": str(int(graded))}, timeout=10)
        return int(answer.url.rpartition("=")[2])

    def set_up(self, link: int, **changes: str) -> None:
        """Tara opens the new activity and presses Save, in no browser: for tests of what comes after."""
        by_hand.set_up(self.lms, link, TEACHER, **changes)

    def score(self, link: int, person: str) -> dict[str, Any]:
        """What the LMS's gradebook says of a person at an activity; empty where it says nothing."""
        scores = requests.get(f"{self.lms}/gradebook.json", timeout=10).json()
        return next((s for s in scores if s["link_id"] == link and s["user_id"] == person), {})

    def manage(self, *command: str) -> str:
        """What a command of manage.py prints, run beside a tool that has its database in the folder."""
        return self.python(f"from django.core.management import call_command; call_command(*{command!r})")

    def call(self, task: str) -> None:
        """Queue a task now, which beat would queue in its own time."""
        self.python(f"from config.celery import app; app.send_task({task!r})")

    def hand_in(self, link: int, *people: str) -> None:
        """The sample as work of each, quickly: for tests of what comes after. The activity is set up by now."""
        keys = json.loads(self.python(_HAND_IN.format(link=link, people=people, size=self.sample.stat().st_size)))
        for key in keys:
            self.objects.upload_file(str(self.sample), BUCKET, key, ExtraArgs={"ContentType": "video/mp4"})

    def python(self, code: str) -> str:
        """What code prints that is run beside the tool, with its settings.

        Raises:
            RuntimeError: with what it raised.
        """
        if not self._beside:
            settings = {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "DEMO": "1",
                "SECRET_KEY": (self.folder / "secret-key").read_text(),
                "BASE_URL": self.tool,
                "DATA_DIR": str(self.folder),
                "KEYS_DIR": str(self.folder / "keys"),
            }
            self._beside.append(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.e2e.beside"],
                    cwd=ROOT,
                    env={**_of_this_machine(), **settings},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        stdin, stdout = self._beside[0].stdin, self._beside[0].stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(code) + "\n")
        stdin.flush()
        answer = json.loads(stdout.readline())
        if "failed" in answer:
            raise RuntimeError(answer["failed"])
        return str(answer["printed"])

    def close(self) -> None:
        for process in self._beside:
            process.communicate()

    @property
    def objects(self) -> "S3Client":
        """A client of the S3 server itself, past any line before it."""
        return boto3.client(
            "s3",
            endpoint_url=self.s3,
            region_name="us-east-1",
            aws_access_key_id="demo",
            aws_secret_access_key=(self.folder / "s3-secret").read_text().strip(),
            config=Config(s3={"addressing_style": "path"}),
        )

    @property
    def sample(self) -> Path:
        return self.folder / "lms" / "sample.mp4"


@contextlib.contextmanager
def running(
    folder: Path, *, settings: dict[str, str] | None = None, first_port: int | None = None, **more: str
) -> Iterator[Demo]:
    """`manage.py demo` until the block ends.

    Args:
        settings: of the tool, such as PLAYBACK_SECONDS.
        first_port: of PORTS neighbouring free ones, where the test must know them before: S3 is at the third.
        more: further options, such as database_url, or s3_address for a line of the test's own before S3.
    """
    process, first = _started(folder, settings or {}, first_port, more)
    try:
        demo = Demo(
            tool=f"http://localhost:{first}",
            lms=f"http://127.0.0.1:{first + 1}",
            s3=f"http://localhost:{first + 2}",
            folder=folder,
        )
        with contextlib.closing(demo):
            yield demo
    finally:
        _end(process)


def _started(
    folder: Path, settings: dict[str, str], first_port: int | None, more: dict[str, str]
) -> tuple["subprocess.Popen[str]", int]:
    """Where a port was taken by somebody else meanwhile, on others."""
    for left in reversed(range(3)):
        first = first_port or free_ports(PORTS)
        process = _start(folder, settings, first, more)
        try:
            _wait_for_welcome(process, folder / "said.log")
        except RuntimeError:
            _end(process)
            if first_port or not left:
                raise
        else:
            return process, first
    raise AssertionError("unreachable")


def _end(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


def _start(folder: Path, settings: dict[str, str], first: int, more: dict[str, str]) -> "subprocess.Popen[str]":
    ports = {
        "port": first,
        "lms-port": first + 1,
        "s3-port": first + 2,
        "edge-port": first + 3,
        "inner-port": first + 4,
    }
    options = {**{name: str(port) for name, port in ports.items()}, "data": str(folder)}
    options |= {name.replace("_", "-"): value for name, value in more.items()}
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo", *(f"--{name}={value}" for name, value in options.items())],
        cwd=ROOT,
        env={**_of_this_machine(), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _of_this_machine() -> dict[str, str]:
    """As on a person's machine: nothing of the tests' own settings."""
    return {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}


def _wait_for_welcome(process: "subprocess.Popen[str]", log: Path) -> None:
    """It says when it is ready, or ends and says why; it bounds its own waiting. All it says is in the log."""
    ready = threading.Event()
    log.parent.mkdir(parents=True, exist_ok=True)

    def listen() -> None:
        # To its end: a pipe that nobody reads stops who writes into it.
        assert process.stdout is not None
        with process.stdout as said, log.open("w") as kept:
            for line in said:
                kept.write(line)
                kept.flush()
                if WELCOME in line:
                    ready.set()
        ready.set()

    threading.Thread(target=listen, daemon=True).start()
    ready.wait()
    if process.poll() is not None or WELCOME not in log.read_text():
        raise RuntimeError(f"The demo did not start:\n{log.read_text()}")
