"""Speed of two workers against one, beside the bare detector in two processes against one.

The second ratio is what the machine allows: processes share its caches and its memory.
"""

from __future__ import annotations

import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from corruptbench.detectors import load

#: Seconds for which the bare detector runs.
SECONDS = 5.0
#: Cells of studio-c-mini, which has twelve clips. One worker builds them in two minutes.
CELLS = ("--severity", "1-5", "--corruption", "gaussian_noise", "--corruption", "erase")


def of_workers(detector: str, device: str, rounds: int) -> float:
    """Return how many times as fast as one worker two build the cells, starts included."""
    words = (*CELLS, "--detector", detector, "--device", device)
    return statistics.median(whole_build(1, words) / whole_build(2, words) for _ in range(rounds))


def whole_build(workers: int, words: tuple[str, ...]) -> float:
    """Return the seconds in which the command builds studio-c-mini."""
    command = [sys.executable, "-m", "corruptbench", "build", "--manifest", "studio-c-mini", *words]
    with tempfile.TemporaryDirectory() as folder:
        command += ["--workers", str(workers), "--quiet", "--out", folder]
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began


def of_processes(detector: str, device: str, rounds: int) -> float:
    """Return how many times as fast as one process two run the bare detector, once started."""
    with multiprocessing.get_context("spawn").Pool(2, _start, (detector, device)) as pool:
        pool.map(_run, [0.1] * 8)  # both are ready
        pairs = [(sum(pool.map(_run, [SECONDS] * 2)), pool.apply(_run, (SECONDS,)))
                 for _ in range(rounds)]  # fmt: skip
    return statistics.median(two / one for two, one in pairs)


def _start(detector: str, device: str) -> None:
    global _loaded
    _loaded = load(detector, device)


def _run(seconds: float) -> float:
    """Return the crops per second of this process."""
    size = _loaded.input_size
    pixels = np.random.default_rng(0).integers(0, 256, (_loaded.batch, size, size, 3), np.uint8)
    calls, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        _loaded(pixels)
        calls += 1
    return calls * _loaded.batch / passed
