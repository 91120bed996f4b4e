"""Fit the calibration of a detector's scores on clean training clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from corruptbench.errors import InputError
from corruptbench.keypoint_evaluation.builds import check_detected
from corruptbench.keypoint_evaluation.comparison import CORRECT, ComparedJoints, compare, joined
from corruptbench.keypoint_evaluation.oks import JOINTS
from corruptbench.keypoint_evaluation.score_calibration import ScoreCalibration, Training
from corruptbench.manifest import CLEAN
from corruptbench.shards.shard_set import ShardSet

Array = NDArray[np.float64]

#: Decimal places of a calibration. Our own choice: scores have steps of 1/4096.
_DIGITS = 6


def fit_calibration(shard_sets: Sequence[ShardSet]) -> ScoreCalibration:
    """Fit the map from scores to the probability that a joint is correct, on clean cells.

    All joints of all frames count the same.

    Args:
        shard_sets: builds of one detector.

    Raises:
        InputError: the builds are of several detectors or of none, or have no clean cell.
    """
    for shard_set in shard_sets:
        check_detected(shard_set)
    first = shard_sets[0]
    for other in shard_sets[1:]:
        if other.lock.detector != first.lock.detector:
            raise InputError(
                f"{other.folder}: shards of {other.lock.detector} "
                f"({other.lock.detector.weights_sha256[:12]}), {first.folder} has those of "
                f"{first.lock.detector} ({first.lock.detector.weights_sha256[:12]}); "
                "expected one detector"
            )
    found = joined([part for shard_set in shard_sets for part in _clean(shard_set)])
    scores, probabilities = monotone_map(found.scores[found.scored], found.correct[found.scored])
    return ScoreCalibration(
        detector=first.lock.detector,
        threshold=CORRECT,
        fitted_on=tuple(_training(s) for s in shard_sets),
        joints=JOINTS,
        samples=int(found.scored.sum()),
        scores=tuple(scores.round(_DIGITS).tolist()),
        probabilities=tuple(probabilities.round(_DIGITS).tolist()),
    )


def monotone_map(scores: NDArray[np.floating], correct: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return the ends of the pieces of the isotonic regression of ``correct`` on the scores.

    Joints of one score count as their mean. A piece is where the regression is level. Between two
    pieces it is linear, as in scikit-learn.

    Args:
        scores: (N,).
        correct: (N,) bool.

    Returns:
        (P,) scores, ascending, and (P,) probabilities.
    """
    levels, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    share = np.bincount(place, weights=correct) / counts
    fitted = isotonic_regression(share, weights=counts.astype(np.float64)).x
    steps = np.diff(fitted) > 0
    ends = np.concatenate([[True], steps]) | np.concatenate([steps, [True]])
    return levels[ends].astype(np.float64), fitted[ends]


def _clean(shard_set: ShardSet) -> list[ComparedJoints]:
    if CLEAN not in shard_set.cells:
        raise InputError(f"{shard_set.folder}: holds no clean cell; expected one: build it")
    layout = shard_set.lock.detector.layout
    return [compare(clip, found, layout) for clip, (found,) in shard_set.clips([CLEAN])]


def _training(shard_set: ShardSet) -> Training:
    lock = shard_set.lock
    return Training(
        benchmark=lock.benchmark,
        detections_sha256=lock.detections_sha256,
        clips=len(lock.clips),
    )
