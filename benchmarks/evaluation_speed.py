"""Measure the parts of an evaluation, each beside what it is compared with, in one thread.

- P-MPJPE of 100,000 poses of 17 joints, beside a decomposition of all of them in one batch, as
  VideoPose3D does it, and of batches of 1024. The two are written here from the description of the
  method. With ``--peer`` the function of that repository itself is timed too.
- Reading of shards with all checks and with the labels, beside pyarrow that reads the same columns.

All take turns. A ratio is the median over the rounds of the ratios within a round.

Usage: OMP_NUM_THREADS=1 python -m benchmarks.evaluation_speed [--shards folder] [--rounds 9]
[--peer common/loss.py]
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corruptbench.evaluation.alignment import align
from corruptbench.evaluation.metrics import p_mpjpe
from corruptbench.shards import parquet
from corruptbench.shards.shard_set import ShardSet, open_shards

Array = NDArray[np.float64]
Timed = Callable[[], object]

POSES, JOINTS, BATCH = 100_000, 17, 1024
#: Wanted: P-MPJPE this many times as fast as one batch, and reading at this share of the speed of
#: plain pyarrow.
FASTER, SHARE = 5.0, 0.5


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


# The overhead of an evaluation over its bare forward passes belongs here, as one more function.


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shards", type=Path, help="folder of a build of the studio set")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peer", type=Path, help="common/loss.py of a copy of VideoPose3D")
    given = parser.parse_args()
    pa.set_cpu_count(1)
    alignment(given.rounds, given.peer)
    if given.shards:
        reading(given.shards, given.rounds)


if __name__ == "__main__":
    main()
