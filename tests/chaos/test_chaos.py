"""The trial's short form, for `CHAOS=1`: it starts and kills processes and services of its own, beside nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

installed = shutil.which("redis-server") and (
    shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
)


@pytest.mark.skipif(not os.environ.get("CHAOS"), reason="CHAOS is not set")
@pytest.mark.skipif(not installed, reason="PostgreSQL or Redis is not installed")
def test_nothing_is_lost_whatever_breaks() -> None:
    command = [sys.executable, "-m", "tests.chaos", "--students", "40", "--seconds", "8"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    assert "lost=0 doubled=0 reverted=0" in done.stdout
