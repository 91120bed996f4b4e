"""Measure the cost of the child process for untrusted files, beside reading in this process.

Times the labels of Human3.6M-C (236 of 240 CDF files, one for each clip) and the load of a pickle
of arrays. The time of the child includes its start. Both take turns, and the ratio is that
of the medians of wall time.

Usage: python -m benchmarks.sandbox_speed [frames of each CDF file] [MB of the pickle] [rounds]
"""

from __future__ import annotations

import pickle
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.arguments import whole_numbers
from corruptbench import sandbox
from corruptbench.datasets import open_dataset
from corruptbench.datasets.human36m.tables import official
from corruptbench.formats.numpy_files import read_pickle
from corruptbench.manifest import load_manifest
from tests.fixtures.human36m import CAMERAS, DOWNLOADED, poses, to_camera, write_cdf

MANIFEST = load_manifest("human36m-c")


def write_labels(root: Path, frames: int) -> None:
    """Write a pose file for each recording and camera of S9 and S11, and videos of no bytes."""
    world = poses(frames)
    for subject in ("S9", "S11"):
        videos = root / subject / "Videos"
        videos.mkdir(parents=True)
        for stem in official().frames[subject]:
            for camera in CAMERAS:
                (videos / f"{stem}.{camera}.mp4").touch()
                path = root / subject / DOWNLOADED["D3_Positions_mono"] / f"{stem}.{camera}.cdf"
                write_cdf(path, to_camera(subject, camera, world))


def write_pickle(path: Path, megabytes: int) -> None:
    """Write a pickle of float32 arrays of 1 MB in a dictionary."""
    draw = np.random.default_rng(0)
    content = {str(i): draw.random((250, 1000), np.float32) for i in range(megabytes)}
    path.write_bytes(pickle.dumps(content))


def labels(root: Path) -> None:
    """Load the labels of all clips of the benchmark."""
    dataset = open_dataset("human36m", root)
    for clip_id in MANIFEST.select(dataset.clip_ids()):
        dataset.load(clip_id)


def call_here(function: str, *arguments: Any, **_: Any) -> Any:
    """Call a function as `sandbox.run` does, in this process."""
    module, name = function.split(":")
    return getattr(import_module(module), name)(*arguments)


def labels_here(root: Path) -> None:
    """Load the same labels with cdflib in this process."""
    with patch.object(sandbox, "run", call_here):
        labels(root)


def load_here(path: Path) -> Any:
    """Load a pickle with Python's own reader."""
    return pickle.loads(path.read_bytes())


def seconds(function: Callable[[Path], Any], path: Path) -> float:
    """Return the wall time of one call, with no child at its beginning."""
    sandbox.stop()
    start = time.perf_counter()
    function(path)
    return time.perf_counter() - start


def compare(
    what: str, ours: Callable[[Path], Any], here: Callable[[Path], Any], path: Path, rounds: int
) -> None:
    """Print the medians of both, and their ratio."""
    here(path)  # imports, and the files into the system's cache
    times = [(seconds(ours, path), seconds(here, path)) for _ in range(rounds)]
    child, process = (statistics.median(t) for t in zip(*times, strict=True))
    print(f"{what}: child {child:.3f} s, this process {process:.3f} s, {child / process:.2f} times")


def main() -> None:
    """Write the files, then time both."""
    frames, megabytes, rounds = whole_numbers(__doc__, frames=50, megabytes=50, rounds=5)
    with tempfile.TemporaryDirectory() as folder:
        root, packed = Path(folder), Path(folder) / "arrays.pkl"
        write_labels(root, frames)
        write_pickle(packed, megabytes)
        compare(f"240 files of {frames} frames", labels, labels_here, root, rounds)
        compare(
            f"pickle of {megabytes} MB",
            partial(read_pickle, expected=""),
            load_here,
            packed,
            rounds,
        )


if __name__ == "__main__":
    main()
