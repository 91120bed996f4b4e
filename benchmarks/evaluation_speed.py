"""Measure the parts of an evaluation, each beside what it is compared with, in one thread.

- P-MPJPE of 100,000 poses of 17 joints, beside a decomposition of all of them in one batch, as
  VideoPose3D does it, and of batches of 1024. The two are written here from the description of the
  method. With ``--peer`` the function of that repository itself is timed too.
- Reading of shards with all checks and with the labels, beside pyarrow that reads the same columns.
- A whole evaluation, beside the forward passes in it; with a slow lifter; on a busy machine.

All take turns. A ratio is the median over the rounds of the ratios within a round.

Usage: OMP_NUM_THREADS=1 python -m benchmarks.evaluation_speed [--shards folder] [--rounds 9]
[--model baselines/videopose3d-27.pt2] [--peer common/loss.py]
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corruptbench.evaluation.alignment import align
from corruptbench.evaluation.live import LivePoses
from corruptbench.evaluation.metrics import p_mpjpe
from corruptbench.evaluation.run import evaluated
from corruptbench.lifters.archive import inspect
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.lifter import Lifter, load_lifter
from corruptbench.lifters.network import open_network
from corruptbench.lifters.process import RunLimits
from corruptbench.shards import parquet
from corruptbench.shards.shard_set import ShardSet, open_shards

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]
Timed = Callable[[], object]

POSES, JOINTS, BATCH = 100_000, 17, 1024
#: Wanted: P-MPJPE this many times as fast as one batch, and reading at this share of the speed of
#: plain pyarrow.
FASTER, SHARE = 5.0, 0.5
#: Wanted of a whole evaluation: times its bare forward passes. Frames of a track.
OVERHEAD, TRACK = 1.3, 100


def seconds(function: Timed) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(what: str, ours: Timed, others: dict[str, Timed], rounds: int) -> None:
    """Print the medians of all, and the ratios of the others' time to ours."""
    functions = {"ours": ours, **others}
    times = [{name: seconds(f) for name, f in functions.items()} for _ in range(rounds)]
    print(f"{what}: ours {statistics.median(t['ours'] for t in times):.3f} s")
    for name in others:
        ratios = sorted(t[name] / t["ours"] for t in times)
        print(
            f"  {name}: {statistics.median(t[name] for t in times):.3f} s, "
            f"{statistics.median(ratios):.2f} times ours ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


def in_one_batch(predicted: Array, target: Array) -> Array:
    """Align poses (N, J, 3) of norm 1 about their mean by decompositions; return (N,) mm."""
    center = target.mean(axis=1, keepdims=True)
    x, y = target - center, predicted - predicted.mean(axis=1, keepdims=True)
    size_x = np.sqrt((x**2).sum(axis=(1, 2), keepdims=True))
    size_y = np.sqrt((y**2).sum(axis=(1, 2), keepdims=True))
    u, s, vt = np.linalg.svd((x / size_x).transpose(0, 2, 1) @ (y / size_y))
    sign = np.sign(np.linalg.det(vt.transpose(0, 2, 1) @ u.transpose(0, 2, 1)))
    vt[:, 2] *= sign[:, None]
    s[:, 2] *= sign
    turn = vt.transpose(0, 2, 1) @ u.transpose(0, 2, 1)
    scale = s.sum(axis=1)[:, None, None] * size_x / size_y
    return np.linalg.norm(scale * (y @ turn) + center - target, axis=-1).mean(axis=-1)


def in_batches(predicted: Array, target: Array) -> Array:
    starts = range(0, len(predicted), BATCH)
    return np.concatenate(
        [in_one_batch(predicted[i : i + BATCH], target[i : i + BATCH]) for i in starts]
    )


def peer_of(path: Path) -> Callable[[Array, Array], object]:
    """Return ``p_mpjpe`` of VideoPose3D's ``common/loss.py``."""
    spec = importlib.util.spec_from_file_location("loss", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[[Array, Array], object] = module.p_mpjpe
    return function


def alignment(rounds: int, peer: Path | None) -> None:
    """Compare P-MPJPE of poses of the proportions of a person, with errors of 40 mm."""
    draw = np.random.default_rng(0)
    target = draw.normal(0, 1, (POSES, JOINTS, 3)) * [120, 450, 80]
    predicted = target + draw.normal(0, 40, target.shape)
    apart = np.abs(p_mpjpe(predicted, target) - in_one_batch(predicted, target)).max()
    degenerate = int(align(predicted, target).degenerate.sum())
    others: dict[str, Callable[[Array, Array], object]] = {
        "one batch": in_one_batch,
        f"batches of {BATCH}": in_batches,
    }
    if peer:
        others["VideoPose3D itself"] = peer_of(peer)
    compare(
        f"P-MPJPE of {POSES} poses (wanted: {FASTER:g} times as fast as one batch)",
        partial(p_mpjpe, predicted, target),
        {name: partial(function, predicted, target) for name, function in others.items()},
        rounds,
    )
    print(f"  largest difference {apart:.1e} mm, {degenerate} degenerate poses")


def read_plainly(paths: list[Path]) -> None:
    for path in paths:
        pq.ParquetFile(path).read(columns=list(parquet.COLUMNS), use_threads=False)


def read_tables(paths: list[Path]) -> None:
    for path in paths:
        pq.read_table(path, columns=list(parquet.COLUMNS), use_threads=False)


def read_all(shard_set: ShardSet) -> None:
    for _ in shard_set.clips():
        pass


def reading(shards: Path, rounds: int) -> None:
    """Compare the reading of all shards of a folder."""
    shard_set, paths = open_shards(shards, None), parquet.find(shards)
    read_all(shard_set)  # the files into the system's cache
    compare(
        f"reading {len(paths)} shards (wanted: {SHARE:g} times or more of ParquetFile.read)",
        partial(read_all, shard_set),
        {
            "ParquetFile.read": partial(read_plainly, paths),
            "read_table": partial(read_tables, paths),
        },
        rounds,
    )


def recorded(lifter: Lifter, shard_set: ShardSet) -> list[Array32]:
    """Return the batches of an evaluation, in order."""
    batches: list[Array32] = []

    def run(batch: Array32, select: Sequence[int | str | None]) -> list[Array32]:
        batches.append(batch)
        return lifter.run(batch, select)

    evaluated(LivePoses(replace(lifter, run=run)), shard_set, "", shown=False)
    return batches


def evaluation(shards: Path, model: Path, rounds: int) -> None:
    """Compare a whole evaluation with its forward passes, in this process and nothing else.

    Loading is in neither. The model has one thread; the harness works beside it.
    """
    shard_set = open_shards(shards, None)
    lifter = load_lifter(model, "cpu", RunLimits(threads=1))
    batches = recorded(lifter, shard_set)
    with model.open("rb") as stream:
        network = open_network(stream, inspect(model, trust=False).kind, "cpu", 1)
    compare(
        f"evaluation, {len(batches)} batches (wanted: at most {OVERHEAD:g} times its passes)",
        lambda: evaluated(LivePoses(lifter), shard_set, "", shown=False),
        {"bare forward passes": lambda: [network(batch, [None]) for batch in batches]},
        rounds,
    )


def slow_lifter(shards: Path, seconds_each: float) -> None:
    """Measure the share of a harness around a lifter that needs long for a track.

    Its passes take turns, as those in a model's process do.
    """
    shard_set = open_shards(shards, None)
    contract = Contract(name="slow", window="centre", frames=1)
    waited, turn = 0.0, Lock()

    def run(batch: Array32, select: Sequence[int | str | None]) -> list[Array32]:
        nonlocal waited
        wait = seconds_each * len(batch) / TRACK
        with turn:
            waited += wait
            time.sleep(wait)
        return [np.pad(batch, ((0, 0), (0, 0), (0, 0), (0, 1))) for _ in select]

    lifter = Lifter(contract, run, "cpu", "0" * 64, 1, 0)
    total = seconds(lambda: evaluated(LivePoses(lifter), shard_set, "", shown=False))
    print(
        f"a lifter of {1000 * seconds_each:g} ms for {TRACK} frames: {total:.1f} s, and "
        f"{waited:.1f} s without the harness: {100 * (total / waited - 1):.1f} % more (wanted: 5)"
    )


def busy(shards: Path, model: Path) -> None:
    """Compare an evaluation on a machine under load with one on the idle machine."""
    words = [sys.executable, "-m", "corruptbench", "evaluate", str(model), "--shards", str(shards)]
    loads = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        run = partial(subprocess.run, [*words, "--out", folder, "--quiet"], check=True,
                      stdout=subprocess.DEVNULL)  # fmt: skip
        idle = seconds(run)
        spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
                    for _ in range(loads)]  # fmt: skip
        try:
            loaded = seconds(run)
        finally:
            for process in spinning:
                process.kill()
                process.wait()
    print(
        f"evaluate beside {loads} busy loops: {loaded:.1f} s, idle {idle:.1f} s: "
        f"{loaded / idle:.2f} times as long; half of the processor explains 2 (wanted: up to 3)"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shards", type=Path, help="folder of a build of the studio set")
    parser.add_argument("--model", type=Path, default=Path("baselines/videopose3d-27.pt2"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peer", type=Path, help="common/loss.py of a copy of VideoPose3D")
    given = parser.parse_args()
    pa.set_cpu_count(1)
    alignment(given.rounds, given.peer)
    if given.shards:
        reading(given.shards, given.rounds)
        evaluation(given.shards, given.model, given.rounds)
        slow_lifter(given.shards, 0.1)
        busy(given.shards, given.model)


if __name__ == "__main__":
    main()
