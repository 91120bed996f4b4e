"""What a build is about to do: its size, and estimates of its time and of its room on disk."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corruptbench.builder.plan import WorkItem
from corruptbench.detectors import Detector
from corruptbench.detectors.people import PersonDetector
from corruptbench.manifest import Cell
from corruptbench.storage import AnyPath, S3Path

#: Bytes of a shard for each frame and cell: 31.8 MB of studio-C's 249,608, measured.
SHARD_BYTES = 127
#: Bytes of a corrupted video for each pixel of a frame: 2 MB for the 41 cells of a frame of 512 x
#: 512 at the default rate factor, and about six times as many without loss; measured.
VIDEO_BYTES, LOSSLESS_BYTES = 0.19, 1.1
#: Share of the time that the detector takes, and what each further process adds on two cores that
#: share their caches; measured.
DETECTOR_SHARE, FURTHER_PROCESS = 0.9, 0.65
#: Batches that are timed, after one that is not.
_TIMED = 3


@dataclass(frozen=True)
class Outlook:
    """What a build is about to do.

    Attributes:
        clips: number of all clips.
        missing: number of clips that lack a cell.
        frames: labeled frames of these.
        crops: (frame, cell) pairs to detect.
        seconds: estimate of the time on a machine that does nothing else.
        size: estimate of the bytes that are written.
        free: bytes that are free in the folder; None in S3.
        notes: sentences about the data.
    """

    clips: int
    missing: int
    frames: int
    crops: int
    seconds: float
    size: int
    free: int | None
    notes: tuple[str, ...]


def outlook(
    items: Sequence[WorkItem],
    missing: dict[WorkItem, list[Cell]],
    rate: float,
    workers: int,
    out: AnyPath,
    notes: tuple[str, ...],
) -> Outlook:
    """Return what a build is about to do.

    Args:
        items: all of them.
        missing: the cells that each one lacks.
        rate: crops per second of the detector alone, in one process.
        workers: number of processes.
        out: the folder, which exists.
        notes: see `Outlook`.
    """
    todo = [item for item in items if missing[item]]
    crops = sum(i.frames * len(missing[i]) for i in todo)
    speed = rate * DETECTOR_SHARE * (1 + FURTHER_PROCESS * (workers - 1))
    return Outlook(
        clips=len(items),
        missing=len(todo),
        frames=sum(i.frames for i in todo),
        crops=crops,
        seconds=crops / speed if crops else 0.0,
        size=sum(i.frames * len(missing[i]) * _bytes(i) for i in todo),
        free=None if isinstance(out, S3Path) else shutil.disk_usage(out).free,
        notes=notes,
    )


def detector_rate(detector: Detector | PersonDetector) -> float:
    """Measure the pictures per second of a detector, on empty ones."""
    batch, size = detector.batch, detector.input_size
    pixels = np.zeros((batch, size, size, 3), dtype=np.uint8)
    detector(pixels)
    start = time.perf_counter()
    for _ in range(_TIMED):
        detector(pixels)
    return _TIMED * batch / (time.perf_counter() - start)


def _bytes(item: WorkItem) -> int:
    """Return the bytes of one frame in one cell."""
    if item.crf is None:
        return SHARD_BYTES
    width, height = item.size
    return SHARD_BYTES + round(width * height * (VIDEO_BYTES if item.crf else LOSSLESS_BYTES))
