"""How many processors this process may use."""

from __future__ import annotations

import os
from pathlib import Path

#: Quota and period in microseconds of a container's share, or "max" for no limit (cgroup v2).
QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_processors() -> int:
    """Return the number of processors that this process may use, at least 1.

    The process's affinity and, in a Linux container, its share of processor time are respected.
    """
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return max(1, min(count, int(_share())))


def _share() -> float:
    try:
        quota, period = QUOTA.read_text(encoding="ascii").split()
        return int(quota) / int(period)
    except (OSError, ValueError):  # no such file, or "max"
        return 1e9
