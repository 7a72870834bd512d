"""CPU and memory of a process with all that it started, as Linux's /proc tells them."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True)
class _Stat:
    pid: int
    parent: int
    ticks: int  # user and system, its own and of the children that it has waited for


def _stat(pid: int) -> _Stat | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()  # proc(5): from the third field, `state`, on
    return _Stat(pid, int(fields[1]), sum(int(ticks) for ticks in fields[11:15]))


def _tree(root: int) -> list[_Stat]:
    every = [found for entry in _PROC.iterdir() if entry.name.isdigit() and (found := _stat(int(entry.name)))]
    tree, wanted = [], {root}
    while wanted:
        tree += [one for one in every if one.pid in wanted]
        wanted = {one.pid for one in every if one.parent in wanted}
    return tree


def cpu_seconds(root: int) -> float:
    """User and system time of `root` and its descendants until now."""
    return sum(one.ticks for one in _tree(root)) / _TICK


def children(root: int) -> list[int]:
    return [one.pid for one in _tree(root) if one.parent == root]


def parent(pid: int) -> int:
    found = _stat(pid)
    assert found is not None, pid
    return found.parent


def resident_mb(pid: int) -> float:
    """What is in memory of a process, with what it shares with others (RSS)."""
    return _kilobytes(pid, "status", "VmRSS:") / 1024


def proportional_mb(pid: int) -> float:
    """The same, with what it shares divided by those who share it (PSS)."""
    return _kilobytes(pid, "smaps_rollup", "Pss:") / 1024


def _kilobytes(pid: int, file: str, field: str) -> int:
    lines = (_PROC / str(pid) / file).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))
