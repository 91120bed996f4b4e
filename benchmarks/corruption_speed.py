"""Speed and memory of the corruptions at severity 3, side by side with what others offer.

Every contestant has one thread and the same 1000 x 1000 x 3 uint8 frame; in each round all take
their turn, so what else the machine does hits them alike. Medians over rounds. The region is a
person's box of 400 x 400 px padded by 1.25. The floor is a copy of the same bytes. Usage:
`make benchmark`, or python -m benchmarks.corruption_speed [rounds]
"""

from __future__ import annotations

import math
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.arguments import whole_numbers
from benchmarks.peers import IMAGENET_C, NAMES, OWN, SEVERITY, peers, versions
from corruptbench.corruptions import ClipInfo, Key, Region, all_corruptions, get

SIZE, FRAMES, ROUNDS = 1000, 12, 15
REGION = Region(250, 250, 750, 750)
BOXES = np.tile([300.0, 300.0, 700.0, 700.0], (FRAMES, 1))
INFO = ClipInfo(frames=FRAMES, height=SIZE, width=SIZE, fps=50.0, boxes=BOXES)

#: Seconds for which a fast contestant is repeated in its turn.
TURN = 0.01

#: Wanted: times faster than the faster implementation of ImageNet-C, which does whole frames.
TARGETS = {"frame": 25, "region": 80}

#: Wanted: less than this many frames at the peak, the output included. A float32 copy of a frame
#: takes as much by itself.
MEMORY = 4.0

ONE_THREAD = dict.fromkeys(
    ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)


def picture(size: int, frames: int) -> NDArray[np.uint8]:
    """(F, size, size, 3) uint8: a smooth texture that drifts, with a sensor's noise."""
    draw = np.random.default_rng(0)
    coarse = draw.uniform(0, 255, (size // 20, size // 20, 3)).astype(np.float32)
    still = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    clip = np.empty((frames, size, size, 3), dtype=np.uint8)
    for t in range(frames):
        noisy = np.roll(still, 2 * t, axis=1) + draw.normal(0, 4, still.shape)
        clip[t] = np.clip(noisy, 0, 255)
    return clip


@dataclass(frozen=True)
class Times:
    """Milliseconds a call, by round: on the wall, and of the processor."""

    wall: list[float]
    cpu: list[float]

    def __str__(self) -> str:
        return f"{statistics.median(self.wall):.2f} ({statistics.median(self.cpu):.2f})"

    def over(self, other: Times) -> tuple[float, float]:
        """Median over the rounds of the ratio to another contestant: wall, processor."""
        return tuple(
            statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
            for mine, theirs in ((self.wall, other.wall), (self.cpu, other.cpu))
        )


def side_by_side(
    contestants: dict[str, Callable[[], object]], rounds: int, calls: int = 1
) -> dict[str, Times]:
    """Return the times of functions that take turns; one stands for ``calls`` calls."""
    repeats = {}
    for name, run in contestants.items():
        run()  # compiles
        began = time.perf_counter()
        run()
        repeats[name] = min(max(math.ceil(TURN / (time.perf_counter() - began)), 1), 100)
    times = {name: Times([], []) for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(repeats[name]):
                run()
            per_call = 1000 / repeats[name] / calls
            times[name].cpu.append((time.process_time() - cpu) * per_call)
            times[name].wall.append((time.perf_counter() - wall) * per_call)
    return times


def ours(name: str, frames: NDArray[np.uint8]) -> dict[str, Callable[[], object]]:
    """One of our corruptions on a frame and on a region, which must be its crop."""
    corruption = get(name)
    draws = corruption.prepare(INFO, SEVERITY, Key.of("benchmark", name))
    views, t = list(frames), FRAMES // 2
    whole = corruption.apply(views, t, draws, INFO.whole)
    if not np.array_equal(corruption.apply(views, t, draws, REGION), whole[REGION.slices]):
        raise SystemExit(f"{name}: the region is not the crop of the whole frame")
    return {
        "frame": lambda: corruption.apply(views, t, draws, INFO.whole),
        "region": lambda: corruption.apply(views, t, draws, REGION),
    }


def extra_memory(of: tuple[str, str]) -> float:
    """Return what one call needs at its peak, its result included, in frames.

    The high-water mark of the resident memory, which sees the memory of NumPy, Numba and OpenCV
    alike (tracemalloc sees NumPy's only). Linux. To be called in a process of its own where
    freed memory goes back at once.
    """
    name, who = of
    frames = picture(SIZE, FRAMES)
    frame = frames[FRAMES // 2]
    mine = who == "ours"
    run = ours(name, frames)["frame"] if mine else partial(peers(name, INFO)[who], frame)
    run()  # compiles, and fills its tables
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts anew
    before = _status("VmHWM")
    result = run()
    peak = _status("VmHWM")
    del result
    return 1024 * (peak - before) / frame.nbytes


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def memory(of: Iterable[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """`extra_memory` of each, one process each."""
    os.environ["MALLOC_MMAP_THRESHOLD_"] = "65536"  # freed memory is handed back and counted anew
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        of = list(of)
        return dict(zip(of, pool.map(extra_memory, of, chunksize=1), strict=True))


def table(head: list[str], rows: list[list[str]]) -> None:
    for row in (head, ["---"] + ["---:"] * (len(head) - 1), *rows):
        print("| " + " | ".join(row) + " |")
    print()


def against_peers(frames: NDArray[np.uint8], rounds: int) -> bool:
    """Print the first table and the geometric means; whether the targets are met."""
    frame = frames[FRAMES // 2]
    kinds = IMAGENET_C + OWN
    peak = memory((name, who) for name in NAMES for who in ("ours", *kinds))
    rows, gains = [], {}
    for name, peer_name in NAMES.items():
        theirs = {kind: partial(run, frame) for kind, run in peers(name, INFO).items()}
        floor = {"copy of frame": frame.copy, "copy of region": frame[REGION.slices].copy}
        times = side_by_side(floor | theirs | ours(name, frames), rounds)
        for part in TARGETS:
            for label, group in (("ImageNet-C", IMAGENET_C), ("any", kinds)):
                # The faster peer has the lower ratio, on the wall and of the processor.
                both = zip(*(times[kind].over(times[part]) for kind in group), strict=True)
                gains.setdefault((part, label), []).append([min(b) for b in both])
        rows.append(
            [f"{name} / {peer_name}"]
            + [str(times[kind]) for kind in (*kinds, "frame", "region")]
            + [_ratio(gains[part, "ImageNet-C"][-1]) for part in TARGETS]
            + [f"{times[part].over(times[f'copy of {part}'])[1]:.0f}" for part in TARGETS]
            + [f"{peak[name, 'ours']:.1f} / {min(peak[name, k] for k in kinds):.1f}"]
        )
    table(
        ["ours / theirs, ms", *kinds, "ours, frame", "ours, region", "times faster, frame"]
        + ["region", "to copy, frame", "region", "peak memory, frames: ours / least of theirs"],
        rows,
    )
    met = True
    for (part, label), values in gains.items():
        mean = [statistics.geometric_mean(v) for v in zip(*values, strict=True)]
        goal = ""
        if label == "ImageNet-C":
            met &= min(mean) >= TARGETS[part]
            goal = f" (our goal: {TARGETS[part]})"
        print(
            f"- Geometric mean, our {part} against whole frames of the fastest of {label}: "
            f"{_ratio(mean)} times{goal}"
        )
    most = max(peak[name, "ours"] for name in NAMES)
    print(f"- Peak memory of our four: {most:.1f} frames (our goal: under {MEMORY:g})\n")
    return met and most < MEMORY


def alone(frames: NDArray[np.uint8], rounds: int) -> None:
    """Print the second table: all of ours, over a whole clip each, its draws included."""
    rows = []
    names = list(all_corruptions())
    peak = memory((name, "ours") for name in names)
    for name in names:
        ours(name, frames)  # its region is its crop

        def clip(region: Region, name: str = name) -> None:
            corruption, views = get(name), list(frames)
            draws = corruption.prepare(INFO, SEVERITY, Key.of("benchmark", name))
            for t in range(FRAMES):
                corruption.apply(views, t, draws, region)

        def copies(region: Region) -> None:
            for frame in frames:
                frame[region.slices].copy()

        parts = {"frame": INFO.whole, "region": REGION}
        times = side_by_side(
            {part: partial(clip, region) for part, region in parts.items()}
            | {f"copy of {part}": partial(copies, region) for part, region in parts.items()},
            rounds,
            calls=FRAMES,
        )
        rows.append(
            [name]
            + [
                cell
                for part in parts
                for cell in (
                    str(times[part]),
                    f"{times[part].over(times[f'copy of {part}'])[1]:.1f}",
                )
            ]
            + [f"{peak[name, 'ours']:.1f}"]
        )
    table(
        ["corruption, ms a frame", "frame", "to copy", "region", "to copy", "peak memory, frames"],
        rows,
    )


def _ratio(pair: Iterable[float]) -> str:
    wall, cpu = pair
    return f"{wall:.1f} ({cpu:.1f})"


def machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    name = models[0] if models else platform.processor()
    return (
        f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


def main() -> int:
    cv2.setNumThreads(1)
    (rounds,) = whole_numbers(__doc__, rounds=ROUNDS)
    frames = picture(SIZE, FRAMES)
    load = os.getloadavg()[0]
    print(f"{machine()}, {versions()}.\n")
    print(
        f"Milliseconds and ratios on the wall, of the processor in brackets (to copy: of the "
        f"processor); medians of {rounds} rounds, one thread, severity {SEVERITY}.\n"
    )
    met = against_peers(frames, rounds)
    alone(frames, max(rounds // 3, 3))
    print(f"Load average before and after: {load:.1f}, {os.getloadavg()[0]:.1f}.")
    return 0 if met else 1


if __name__ == "__main__":
    if ONE_THREAD.items() - os.environ.items():  # to be set before NumPy is imported
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ONE_THREAD)
    sys.exit(main())
