"""Zones by the names that browsers give them, whatever the system knows."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config import zones

ROOT = Path(__file__).parents[2]
SUMMER = datetime(2026, 7, 1)  # noqa: DTZ001  the zone is what is asked


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("Asia/Calcutta", 5.5),
        ("Asia/Kolkata", 5.5),
        ("Europe/Kiev", 3),
        ("US/Pacific", -7),
        ("Etc/GMT+5", -5),
        ("UTC", 0),
        ("+05:30", 5.5),
        ("-03:00", -3),
    ],
)
def test_known_by_every_name(name: str, hours: float) -> None:
    assert SUMMER.replace(tzinfo=zones.zone(name)).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Mars/Olympus",
        "Etc/Unknown",
        "../UTC",
        "/etc/localtime",
        "America",
        "tzdata.zi",
        "x" * 5000,
        "\x00",
        "+24:00",
    ],
)
def test_what_is_no_zone_is_none(name: str) -> None:
    with pytest.raises(zones.UnknownZone):
        zones.zone(name)


def test_system_without_any_zones_knows_them_all(tmp_path: Path) -> None:
    """In a process of its own, started as on a system whose own data has other names."""
    program = "import django, zoneinfo; django.setup(); zoneinfo.ZoneInfo('Europe/Kiev'); print(zoneinfo.TZPATH)"
    env = {**os.environ, "PYTHONTZPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "tests.settings"}

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "()\n"), done.stderr
