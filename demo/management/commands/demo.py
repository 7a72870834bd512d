"""Run the main job on this machine: the tool, its worker, an S3 server, an edge, and an LMS to launch from."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.objectstore import ObjectStore
from demo.processes import ChildDied, Processes
from demo.secrets import key_pair, secret

STARTS_WITHIN = 60  # seconds
_COMMANDS = """
import json, sys, django
from django.core.management import call_command
django.setup()
for command in json.loads(sys.argv[1]):
    call_command(*command)
"""
BUCKET, KEY_ID = "reelmark-demo", "KDEMO"
CLIENT_ID, DEPLOYMENT_ID = "reelmark-demo", "1"


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the tool")
        parser.add_argument("--lms-port", type=int, default=9000)
        parser.add_argument("--s3-port", type=int, default=8010)
        parser.add_argument(
            "--s3-address", default="", help="where the tool and browsers reach the S3 server, if not at its own port"
        )
        parser.add_argument("--edge-port", type=int, default=8020)
        parser.add_argument("--inner-port", type=int, default=8011, help="first of eight for the S3 server's own parts")
        parser.add_argument("--data", type=Path, default=Path(settings.BASE_DIR) / "var" / "demo")
        parser.add_argument("--fresh", action="store_true", help="forget what was done before")
        parser.add_argument("--database-url", default="", help="another database than SQLite in the data folder")
        parser.add_argument("--redis-url", default="", help="a Redis as broker and cache instead of files")

    def handle(self, *args: Any, **options: Any) -> None:
        data: Path = options["data"].absolute()
        if options["fresh"]:
            shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True, exist_ok=True)
        demo = _Demo(data, options)
        demo.refuse_taken_ports()
        # SIGTERM (make, a test, a service manager) must end the children just as Ctrl-C does.
        signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        try:
            demo.start(self.stdout.write)
            self.stdout.write(demo.welcome())
            self.stdout.flush()
            while True:
                time.sleep(1)
                demo.processes.check()
        except (ChildDied, TimeoutError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("\nStopping…")
        finally:
            demo.processes.stop()


class _Demo:
    """The parts, their addresses and their environment."""

    def __init__(self, data: Path, options: dict[str, Any]) -> None:
        self.data = data
        self.options = options
        self.tool = f"http://localhost:{options['port']}"
        self.lms = f"http://127.0.0.1:{options['lms_port']}"
        self.edge = f"http://localhost:{options['edge_port']}"
        self.processes = Processes(data / "logs")
        self.store = ObjectStore(
            port=options["s3_port"],
            inner_port=options["inner_port"],
            bucket=BUCKET,
            access_key="demo",
            secret_key=secret(data / "s3-secret"),
            folder=data / "s3",
        )
        key_pair(data / "cloudfront.pem", data / "cloudfront.pub")
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in ("DEBUG", "REDIS_URL", "DATABASE_URL")},
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DEMO": "1",
            "SECRET_KEY": secret(data / "secret-key"),
            "BASE_URL": self.tool,
            "ALLOWED_HOSTS": "localhost",
            "DATABASE_URL": options["database_url"] or f"sqlite:///{data / 'reelmark.sqlite3'}",
            "REDIS_URL": options["redis_url"],
            "DATA_DIR": str(data),
            "KEYS_DIR": str(data / "keys"),
            "S3_BUCKET": BUCKET,
            "S3_ENDPOINT_URL": options["s3_address"] or self.store.endpoint,
            "AWS_ACCESS_KEY_ID": self.store.access_key,
            "AWS_SECRET_ACCESS_KEY": self.store.secret_key,
            "CLOUDFRONT_DOMAIN": self.edge,
            "CLOUDFRONT_KEY_ID": KEY_ID,
            "CLOUDFRONT_PRIVATE_KEY_FILE": str(data / "cloudfront.pem"),
        }

    def refuse_taken_ports(self) -> None:
        """Say which port is in use, before anything is started."""
        wanted = {name: self.options[name] for name in ("port", "lms_port", "s3_port", "edge_port")}
        wanted |= {"inner_port": self.options["inner_port"]}
        for name, port in wanted.items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    option = f"--{name.replace('_', '-')}"
                    raise CommandError(
                        f"Port {port} is in use: is the demo running already? Else choose another with {option}."
                    ) from error

    def start(self, say: Any) -> None:
        say("Starting the S3 server…")
        with self.processes.log("s3").open("wb") as log:
            self.processes.adopt("s3", self.store.start(log))
        self.store.prepare(allowed_origin=self.tool, check=self.processes.check)
        say("Preparing the database…")
        self._manage(["migrate", "--verbosity=0"], self._registration())
        say("Starting the tool, its worker, the edge and the LMS…")
        run = self._python
        run(
            "web",
            "gunicorn",
            "config.wsgi",
            *self._binds(),
        )
        # Embedded beat and one process are for a demo alone: production runs them apart.
        run(
            "worker",
            "celery",
            "-A",
            "config",
            "worker",
            "--beat",
            "--pool=threads",
            "--concurrency=2",
            f"--schedule={self.data / 'beat-schedule'}",
        )
        run(
            "edge",
            "demo.edge",
            f"--port={self.options['edge_port']}",
            f"--endpoint={self.store.endpoint}",
            f"--bucket={BUCKET}",
            f"--key-id={KEY_ID}",
            f"--public-key={self.data / 'cloudfront.pub'}",
        )
        run(
            "lms",
            "demo.lms",
            f"--port={self.options['lms_port']}",
            f"--tool={self.tool}",
            f"--data={self.data / 'lms'}",
        )
        for name, url in (
            ("The tool", f"{self.tool}/readyz"),
            ("The LMS", f"{self.lms}/jwks"),
            ("The edge", self.edge),
        ):
            self.processes.wait_until(partial(_answers, url), name, STARTS_WITHIN)

    def welcome(self) -> str:
        return f"""
  Reelmark is running. Open  {self.lms}

    1  open the assignment as Tara Teacher and press Save
    2  download the sample video, open the assignment as a student, upload it and hand it in
    3  open it as Tara again, watch the video and give a grade
    4  look at the gradebook: {self.lms}/gradebook

  The tool is at {self.tool}, on another site than the LMS. Logs: {self.data / "logs"}
  Stop with Ctrl-C.
"""

    def _binds(self) -> list[str]:
        """`localhost` may be IPv4 or IPv6, by browser."""
        port = self.options["port"]
        binds = [f"--bind=127.0.0.1:{port}"]
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
            binds.append(f"--bind=[::1]:{port}")
        except OSError:
            pass
        return binds

    def _registration(self) -> list[str]:
        return [
            "register_platform",
            "--name=Demo LMS",
            f"--issuer={self.lms}",
            f"--client-id={CLIENT_ID}",
            f"--deployment-id={DEPLOYMENT_ID}",
            f"--authorization-url={self.lms}/auth",
            f"--token-url={self.lms}/token",
            f"--jwks-url={self.lms}/jwks",
        ]

    def _manage(self, *commands: list[str]) -> None:
        """Run commands of manage.py one after the other in one process, since most of the time is Django's start."""
        done = subprocess.run(
            [sys.executable, "-c", _COMMANDS, json.dumps(commands)],
            env=self.environment,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ChildDied(f"Preparing the database failed:\n{done.stdout}{done.stderr}")

    def _python(self, name: str, module: str, *arguments: str) -> None:
        self.processes.start(
            name, [sys.executable, "-m", module, *arguments], self.environment, Path(settings.BASE_DIR)
        )


def _answers(url: str) -> bool:
    try:
        # The edge answers 404 to its bare address: it is there.
        return requests.get(url, timeout=2).status_code < 500
    except requests.RequestException:
        return False
