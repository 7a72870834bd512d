"""How uploads do: a browser against boto3's own transfer manager, on one machine, in one run. `make bench-upload`.

    python -m tests.services python -m bench.upload --size-mb 200 --rounds 1 --students 20 --seconds 10

Three things, each printed as it goes, and the figures last as key=value:

-   A file goes up in parts from Chromium, then by boto3 with its defaults, to the same SeaweedFS, in turns
    (`browser_vs_boto3`: bytes a second of the one by the other, medians). Meanwhile the web server's access log says
    how large the requests were that it got (`video_bytes_through_web`: bodies above 64 KiB; the rest is JSON), and
    /proc what the browser keeps in memory at 5 % and at 95 % (`browser_memory_growth_mb`: the proportional set size of
    all its processes).
-   The browser is killed at 60 %, and another goes on: `resent_mb` is what came to storage beyond the file's size.
-   STUDENTS people ask for a ticket, send a small film and confirm it, within a minute (`bench/upload_crowd.py`).
"""

import argparse
import contextlib
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import BrowserContext, FrameLocator, Page, sync_playwright

from tests import faults
from tests.e2e import demo_run
from tests.e2e.browser import chromium, crash, profile_of
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, launch, set_up
from tests.faults import FaultProxy
from tests.films import film
from tests.services import free_ports

MIB = 1024 * 1024
BUCKET = "reelmark-demo"
JSON_AT_MOST = 64 * 1024  # bytes of a request's body that is no video
ENDS_WITHIN = 30 * 60  # seconds, to keep a broken run from hanging


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size-mb", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0, help="within which the students come")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reelmark-bench-upload-") as name:
        folder = Path(name)
        file = _video(folder / "film.mp4", options.size_mb * MIB)
        figures = _browser_and_boto3(folder, file, options.rounds) | _killed(folder, file)
    crowd = _crowd(options.students, options.seconds)
    print(" ".join(f"{name}={value}" for name, value in figures.items()), crowd)


def _video(path: Path, size: int) -> Path:
    """A film that plays, made as large by a box that players skip."""
    content, block = film(), random.Random(1).randbytes(16 * MIB)
    left = size - len(content) - 16
    with path.open("wb") as file:
        file.write(content + struct.pack(">I4sQ", 1, b"free", left + 16))
        while left:
            left -= file.write(block[: min(left, len(block))])
    return path


@contextlib.contextmanager
def _demo(folder: Path, **more: str) -> Iterator[Demo]:
    """The demo on PostgreSQL and Redis, its web server's access log in the folder."""
    access = "%(m)s %(U)s %({content-length}i)s %({transfer-encoding}i)s"
    settings = {
        "GUNICORN_CMD_ARGS": f"--access-logfile={folder / 'access.log'} --access-logformat='{access}'",
        "UPLOAD_TICKETS_A_MINUTE": "1000",
        "UPLOADS_OPEN": "1000",
    }
    first = int(more.pop("first_port", 0)) or None
    services = {"database_url": os.environ["DATABASE_URL"], "redis_url": os.environ["REDIS_URL"]}
    with demo_run.running(folder, settings=settings, first_port=first, **services, **more) as demo:
        yield demo


def _browser_and_boto3(folder: Path, file: Path, rounds: int) -> dict[str, str]:
    size = file.stat().st_size
    browser_rates, boto_rates = [], []
    with sync_playwright() as playwright, _demo(folder / "direct") as demo:
        for number in range(rounds + 1):
            rounds_file = file if number else _video(folder / "warm.mp4", 32 * MIB)  # the first: everything is warm
            with chromium(playwright) as context:
                seconds = _upload(context.new_page(), demo, rounds_file)
            boto_seconds = _by_boto3(demo, rounds_file)
            _empty(demo)
            if not number:
                continue
            browser_rates.append(size / MIB / seconds)
            boto_rates.append(size / MIB / boto_seconds)
            print(
                f"round {number}: browser {browser_rates[-1]:.0f} MiB/s, boto3 {boto_rates[-1]:.0f} MiB/s", flush=True
            )
        with chromium(playwright) as context:
            growth = _growth(context.new_page(), context, demo, file)
        _empty(demo)
        video_bytes, requests = _through_web(folder / "direct" / "access.log")
    print(f"browser's memory {growth:+.0f} MiB from 5 % to 95 %")
    print(f"web server: {requests} requests, {video_bytes} bytes in bodies above {JSON_AT_MOST // 1024} KiB")
    return {
        "browser_vs_boto3": f"{statistics.median(browser_rates) / statistics.median(boto_rates):.2f}",
        "video_bytes_through_web": str(video_bytes),
        "browser_memory_growth_mb": f"{growth:.0f}",
    }


def _upload(page: Page, demo: Demo, file: Path) -> float:
    """Seconds from choosing the file to the server's word that it has arrived."""
    student = _student(page, demo)
    began = time.perf_counter()
    student.locator("input[type=file]").set_input_files(file)
    student.locator("#checking-title, #check-title").wait_for(timeout=ENDS_WITHIN * 1000)
    return time.perf_counter() - began


def _growth(page: Page, context: BrowserContext, demo: Demo, file: Path) -> float:
    """MiB that the browser grew by meanwhile; looking costs what would else be the upload's, so it is not timed."""
    student = _student(page, demo)
    student.locator("input[type=file]").set_input_files(file)
    memory = [_memory(context, student, page, percent) for percent in (5, 95)]
    student.locator("#checking-title, #check-title").wait_for(timeout=ENDS_WITHIN * 1000)
    return memory[1] - memory[0]


def _student(page: Page, demo: Demo) -> FrameLocator:
    link = demo.add_activity("Interview")
    set_up(page, demo, link)
    return launch(page, demo, ANA, link)


def _memory(context: BrowserContext, student: FrameLocator, page: Page, percent: int) -> float:
    """MiB of all the browser's processes when so much has gone, or when it is all over already (a small file)."""
    _wait_for_percent(student, page, percent)
    return sum(map(_proportional_kib, _tree(profile_of(context)))) / 1024


def _wait_for_percent(student: FrameLocator, page: Page, percent: int) -> None:
    deadline = time.monotonic() + ENDS_WITHIN
    bar, over = student.locator("[data-upload=bar]"), student.locator("#checking-title, #check-title")
    while time.monotonic() < deadline:
        if float(bar.evaluate("bar => bar.value")) >= percent or over.count():
            return
        page.wait_for_timeout(50)
    raise SystemExit(f"the upload did not come to {percent} %")


def _tree(profile: str) -> list[int]:
    """The browser that uses this profile and all processes below it."""
    parents, found = {}, set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (folder / "stat").read_text()
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
            if f"--user-data-dir={profile}" in (folder / "cmdline").read_bytes().decode(errors="replace"):
                found.add(int(folder.name))
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def _proportional_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _by_boto3(demo: Demo, file: Path) -> float:
    client = demo.objects
    began = time.perf_counter()
    client.upload_file(str(file), BUCKET, "by-boto3.mp4")
    return time.perf_counter() - began


def _empty(demo: Demo) -> None:
    for page in demo.objects.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for found in page.get("Contents", []):
            demo.objects.delete_object(Bucket=BUCKET, Key=found["Key"])


def _through_web(log: Path) -> tuple[int, int]:
    """Bytes of bodies too large to be anything but video, and how many requests there were."""
    total = 0
    lines = log.read_text().splitlines()
    for line in lines:
        _, _, length, encoding = line.rsplit(" ", 3)
        if encoding != "-":
            raise SystemExit(f"a request's length cannot be told: {line}")
        if length != "-" and int(length) > JSON_AT_MOST:
            total += int(length)
    return total, len(lines)


def _killed(folder: Path, file: Path) -> dict[str, str]:
    """What is sent again when the browser is killed at 60 % and another goes on."""
    first, size = free_ports(demo_run.PORTS + 1), file.stat().st_size
    with (
        sync_playwright() as playwright,
        FaultProxy(f"http://localhost:{first + 2}", port=first + demo_run.PORTS) as line,
        _demo(folder / "killed", first_port=str(first), s3_address=line.address) as demo,
    ):
        with chromium(playwright) as doomed:
            page = doomed.new_page()
            link = demo.add_activity("Interview")
            set_up(page, demo, link)
            launch(page, demo, ANA, link).locator("input[type=file]").set_input_files(file)
            while line.body_bytes(faults.parts) < 0.6 * size:
                page.wait_for_timeout(20)
            crash(doomed)
        with chromium(playwright) as context:
            page = context.new_page()
            student = launch(page, demo, ANA, link)
            student.locator("input[type=file]").set_input_files(file)
            student.locator("#checking-title, #check-title").wait_for(timeout=ENDS_WITHIN * 1000)
        again = line.body_bytes(faults.parts) - size
        parts = sum(times - 1 for times in line.puts().values())
    print(f"killed at 60 %: {parts} parts begun again, {again / MIB:.1f} MiB sent twice")
    return {"resent_mb": f"{again / MIB:.1f}", "resent_parts": str(parts)}


def _crowd(students: int, seconds: float) -> str:
    """The figures of the other benchmark, which needs Django's settings in a process of its own."""
    command = [sys.executable, "-m", "bench.upload_crowd", f"--students={students}", f"--seconds={seconds}"]
    *said, figures = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    print("\n".join(said))
    return figures


if __name__ == "__main__":
    main()
