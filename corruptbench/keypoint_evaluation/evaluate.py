"""Evaluate detectors on their shards: compare the detections with the labels, cell by cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from corruptbench.keypoint_evaluation.builds import common_cells, detector_names, left_out
from corruptbench.keypoint_evaluation.cell_rows import cell_rows
from corruptbench.keypoint_evaluation.comparison import ComparedJoints, compare, joined
from corruptbench.keypoint_evaluation.metrics import Reliability, reliability
from corruptbench.keypoint_evaluation.results import DetectorEvaluation, DetectorResult
from corruptbench.keypoint_evaluation.score_calibration import ScoreCalibration
from corruptbench.manifest import CLEAN, Cell
from corruptbench.shards.shard_set import ShardSet

#: Is told how many clips were read.
Progress = Callable[[int, str], None]


def evaluate_detectors(
    shard_sets: Sequence[ShardSet],
    calibrations: Sequence[ScoreCalibration | None],
    progress: Progress = lambda clips, note: None,  # noqa: ARG005
) -> DetectorEvaluation:
    """Compare the detections of builds with the labels, on the cells that all builds have.

    Args:
        shard_sets: one build for each detector.
        calibrations: for each of them, the calibration of its scores; None for raw scores.
        progress: is told of each clip.

    Raises:
        InputError: the builds cannot be compared, see `common_cells`; or see `ShardSet.clips`.
    """
    cells, names = common_cells(shard_sets), detector_names(shard_sets)
    found = [
        _evaluated(name, shard_set, calibration, cells, progress)
        for name, shard_set, calibration in zip(names, shard_sets, calibrations, strict=True)
    ]
    found.sort(key=lambda result: (-result.corrupted["ap"], result.name))
    notes = tuple(left_out(shard_sets, names, cells))
    return DetectorEvaluation(shard_sets[0].lock.benchmark, cells, tuple(found), notes)


def _evaluated(
    name: str,
    shard_set: ShardSet,
    calibration: ScoreCalibration | None,
    cells: Sequence[Cell],
    progress: Progress,
) -> DetectorResult:
    cameras: dict[str, int] = {}
    parts: dict[Cell, list[ComparedJoints]] = defaultdict(list)
    layout = shard_set.lock.detector.layout
    for clip, detections in shard_set.clips(cells):
        camera = cameras.setdefault(clip.id.camera, len(cameras))
        for d in detections:
            parts[d.cell].append(_calibrated(compare(clip, d, layout, camera), calibration))
        progress(1, f"({name})")
    pooled = {cell: joined(parts.pop(cell)) for cell in cells}
    rows = [row for cell, found in pooled.items() for row in cell_rows(cell, found, [*cameras])]
    return DetectorResult(
        name,
        shard_set.lock.detector,
        shard_set.lock.detections_sha256,
        calibration.sha256 if calibration else None,
        pd.DataFrame(rows),
        {
            "clean": _reliability([pooled[CLEAN]]),
            "corrupted": _reliability([found for c, found in pooled.items() if c != CLEAN]),
        },
    )


def _calibrated(found: ComparedJoints, calibration: ScoreCalibration | None) -> ComparedJoints:
    return replace(found, scores=calibration(found.scores)) if calibration else found


def _reliability(parts: Sequence[ComparedJoints]) -> Reliability:
    """Return the reliability of the scores of all joints of some cells."""
    each = [reliability(p.scores[p.scored], p.correct[p.scored]) for p in parts]
    return Reliability(*(np.sum(counts, axis=0) for counts in zip(*each, strict=True)))
