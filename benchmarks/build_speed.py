"""Speed of a build, side by side with the way of others, with the bare detector and with itself.

Contestants take turns in one process and one thread, so what else the machine does hits them alike.
Rates and ratios are of wall time, and in brackets of processor time, in medians over rounds. Usage,
after `make benchmark` (which installs the peers):

    python -m benchmarks.build_speed [--rounds 5] [--detector movenet:lightning] [--device cpu]
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import worker_speed
from benchmarks.clips import enlarged, repeated, studio_clip
from benchmarks.corruption_speed import machine, table
from benchmarks.peers import NAMES, SEVERITY
from benchmarks.rates import Rates, median, rates, ratio
from corruptbench.builder import detect, render
from corruptbench.builder.detect import detect_clip
from corruptbench.builder.plan import choose_cells
from corruptbench.datasets import Clip
from corruptbench.detectors import Detections, Detector, load
from corruptbench.detectors.crops import square_crop
from corruptbench.manifest import SEVERITIES, Cell, Manifest, load_manifest
from corruptbench.shards.parquet import write
from corruptbench.shards.records import DetectorRecord
from corruptbench.video.reader import decode

#: Goals. "peers": times the crops/s of their way. "bare": share of the rate of the bare detector.
#: "workers": times the speed of one. "memory": times the peak for a clip of ten times the length.
GOALS = {"peers": 100, "bare": 0.97, "workers": 1.9, "memory": 1.10}
#: Frames of the clip, and side of the larger pictures: about that of Human3.6M.
FRAMES, LARGER = 64, 1000
#: Frames of the shorter clip. All cells of the benchmark are built from it.
SHORT = 24
CELLS = tuple(Cell(name, SEVERITY) for name in NAMES)
#: The same at all severities, which a build renders in one pass over a clip.
EVERY = tuple(Cell(name, severity) for name in NAMES for severity in SEVERITIES)


@dataclass
class Nothing:
    """A detector that finds nothing, in no time."""

    name: str = "nothing:nothing"
    layout: str = "coco17"
    score_meaning: str = "nothing"
    input_size: int = 192
    batch: int = 8
    weights_sha256: str = "0" * 64
    runtime: str = "nothing"

    def __call__(self, crops: NDArray[np.uint8]) -> Detections:
        """Return the same keypoints for all crops."""
        shape = (len(crops), 17)
        return Detections(np.zeros((*shape, 2), np.float32), np.zeros(shape, np.float32))


def ours(clip: Clip, cells: tuple[Cell, ...], manifest: Manifest, detector: Detector) -> int:
    """Build cells of a clip as a worker does; return the number of crops."""
    detect_clip(clip, cells, manifest, detector, lambda _: None, {})
    return len(cells) * len(clip.joints)


def theirs(clip: Clip, cells: tuple[Cell, ...], manifest: Manifest, folder: Path) -> int:
    """Corrupt whole frames, write them as a video, read that again, and crop: the peers' way."""
    import imagecorruptions

    size = Nothing().input_size
    where = [square_crop(box, manifest.crop.padding) for box in clip.boxes]
    for cell in cells:
        path = str(folder / f"{cell}.mp4".replace("/", "-"))
        frame_size = (clip.camera.width, clip.camera.height)
        sink = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), clip.fps, frame_size)
        for _, frame in zip(where, _read(str(clip.video)), strict=False):
            name = NAMES[cell.corruption]
            sink.write(imagecorruptions.corrupt(frame, SEVERITY, name).astype(np.uint8))
        sink.release()
        for (x0, y0, side), frame in zip(where, _read(path), strict=False):
            pixels = frame[max(y0, 0) : y0 + side, max(x0, 0) : x0 + side]
            cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA)
    return len(cells) * len(where)


def _read(path: str) -> Iterator[NDArray[np.uint8]]:
    source = cv2.VideoCapture(path)
    while (found := source.read())[0]:
        yield np.asarray(found[1], dtype=np.uint8)


def against_peers(clip: Clip, manifest: Manifest, folder: Path, rounds: int) -> list[str]:
    """Return a line of the first table."""
    alone = partial(_one_at_a_time, clip, manifest)
    found = rates(
        {
            "theirs": partial(theirs, clip, CELLS, manifest, folder),
            "alone": alone,
            "together": partial(ours, clip, CELLS, manifest, Nothing()),
            "build": partial(ours, clip, EVERY, manifest, Nothing()),
        },
        rounds,
    )
    numbers = [str(median(values)) for values in found.values()]
    gains = [str(ratio(found, name, "theirs")) for name in ("alone", "together", "build")]
    return [f"{clip.camera.width} px", *numbers, *gains]


def _one_at_a_time(clip: Clip, manifest: Manifest) -> int:
    return sum(ours(clip, (cell,), manifest, Nothing()) for cell in CELLS)


def against_bare(
    clip: Clip, cells: tuple[Cell, ...], manifest: Manifest, detector: Detector, rounds: int
) -> Rates:
    """Return the rates of a build of cells, and of its detector on crops that are ready."""
    size = detector.input_size
    pixels = np.random.default_rng(0).integers(0, 256, (detector.batch, size, size, 3), np.uint8)

    def bare() -> int:
        calls = len(cells) * len(clip.joints) // detector.batch
        for _ in range(calls):
            detector(pixels)
        return calls * detector.batch

    return rates({"bare": bare, "build": partial(ours, clip, cells, manifest, detector)}, rounds)


@contextmanager
def timed(seconds: dict[str, float], name: str, module: object, function: str) -> Iterator[None]:
    """Add up the processor time that a function of a module takes."""
    original = getattr(module, function)

    def run(*arguments: object, **options: object) -> object:
        began = time.process_time()
        try:
            return original(*arguments, **options)
        finally:
            seconds[name] = seconds.get(name, 0.0) + time.process_time() - began

    with patch.object(module, function, run):
        yield


def shares(clip: Clip, manifest: Manifest, detector: Detector, folder: Path) -> dict[str, float]:
    """Return the share of processor time of each step of a build."""
    seconds: dict[str, float] = {}
    began = time.process_time()
    for _ in zip(range(FRAMES), decode(clip.video), strict=False):
        pass
    seconds["decode"] = time.process_time() - began
    record = DetectorRecord.of(detector)
    began = time.process_time()
    with (
        timed(seconds, "corrupt", render.CellRenderer, "__call__"),
        timed(seconds, "resize", detect, "resize_into"),
        timed(seconds, "detect", type(detector), "__call__"),
    ):
        cells = detect_clip(clip, CELLS, manifest, detector, lambda _: None, {})
        start = time.process_time()
        write(folder / "shard.parquet", clip.id, "0" * 64, cells, manifest, record)
        seconds["write"] = time.process_time() - start
    whole = time.process_time() - began
    seconds["rest"] = whole - sum(seconds.values())
    return {name: 100 * value / whole for name, value in seconds.items()}


def peak_memory(clip: Clip) -> int:
    """Return the peak memory, KiB, of a process that builds the cells of a clip."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_peak, (clip,))


def _peak(clip: Clip) -> int:
    cv2.setNumThreads(1)
    ours(clip, CELLS, load_manifest("studio-c"), Nothing())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.build_speed", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--detector", default="movenet:lightning")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    manifest, clip = load_manifest("studio-c"), studio_clip(FRAMES)
    detector = load(options.detector, options.device)
    print(f"{machine()}. Medians of {options.rounds} rounds; severity {SEVERITY}.\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = (clip, enlarged(clip, LARGER, folder))
        table(
            ["pictures", "theirs, crops/s", "ours, a cell at a time", "four together",
             "all severities together", "times faster, a cell at a time", "four together",
             f"all severities together ({GOALS['peers']})"],
            [against_peers(c, manifest, folder, options.rounds) for c in clips],
        )  # fmt: skip
        _print_shares(clips, manifest, detector, folder)
        peaks = [peak_memory(repeated(clip, times, folder)) for times in (1, 10)]
    print(f"- Peak memory of a clip and of ten times its length: {peaks[0] / 1024:.0f} MiB and "
          f"{peaks[1] / 1024:.0f} MiB, {peaks[1] / peaks[0]:.2f} times (goal: at most "
          f"{GOALS['memory']})")  # fmt: skip
    _print_bare((CELLS, clip), (choose_cells(manifest), studio_clip(SHORT)), manifest, detector,
                options.rounds)  # fmt: skip
    rounds = max(options.rounds // 2, 1)
    workers = worker_speed.of_workers(options.detector, options.device, rounds)
    processes = worker_speed.of_processes(options.detector, options.device, options.rounds)
    print(f"- Two workers, whole command: {workers:.2f} times one (goal: {GOALS['workers']}); the "
          f"bare detector in two processes: {processes:.2f} times one")  # fmt: skip


def _print_bare(
    some: tuple[tuple[Cell, ...], Clip],
    every: tuple[tuple[Cell, ...], Clip],
    manifest: Manifest,
    detector: Detector,
    rounds: int,
) -> None:
    for cells, clip in (some, every):
        found = against_bare(clip, cells, manifest, detector, rounds)
        share = ratio(found, "build", "bare")
        percent = f"{100 * share.wall:.1f} ({100 * share.processor:.1f}) %"
        print(
            f"- {detector.name} alone {median(found['bare'])} crops/s, with the build of "
            f"{len(cells)} cells around it {percent} of that (goal: {100 * GOALS['bare']:.0f} %)"
        )


def _print_shares(
    clips: Sequence[Clip], manifest: Manifest, detector: Detector, folder: Path
) -> None:
    found = [shares(clip, manifest, detector, folder) for clip in clips]
    lines = [
        [f"{clip.camera.width} px", *(f"{value:.1f}" for value in parts.values())]
        for clip, parts in zip(clips, found, strict=True)
    ]
    table([f"pictures, % of processor time with {detector.name}", *found[0]], lines)


if __name__ == "__main__":
    main()
