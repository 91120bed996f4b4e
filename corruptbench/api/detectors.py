"""Evaluate 2D detectors by their builds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from corruptbench.api.shards import open_shards

if TYPE_CHECKING:
    from corruptbench.keypoint_evaluation.results import DetectorEvaluation
    from corruptbench.keypoint_evaluation.score_calibration import ScoreCalibration
    from corruptbench.shards.shard_set import ShardSet


def evaluate_detector(
    shards: str | Path | ShardSet | Iterable[str | Path | ShardSet] = "shards",
    *,
    root: str | Path | None = None,
    manifest: str | Path | None = None,
    scores: str = "raw",
    calibration: str | Path | Iterable[str | Path] = (),
    progress: bool = True,
) -> DetectorEvaluation:
    """Compare the keypoints of 2D detectors with the projected labels, and rank the detectors.

    Args:
        shards: folders of finished builds of one benchmark, one for each detector, or what `build`
            or `open_shards` returned. Cells that not all of them have are left out.
        root: folder of the data set, as for `open_shards`; not for shards that are open already.
        manifest: likewise.
        scores: "raw", as the detector gives them, or "calibrated": as probabilities.
        calibration: files of calibrations of the detectors' scores; by default shipped ones.
        progress: whether to show progress on stderr.

    Returns:
        Metrics for each cell, camera and joint, and the ranking by AP on corrupted video.

    Raises:
        InputError: the shards are not as expected or cannot be compared, or there is no
            calibration for a detector.
    """
    from corruptbench.keypoint_evaluation.evaluate import evaluate_detectors
    from corruptbench.progress import meter
    from corruptbench.shards.shard_set import ShardSet

    several = [shards] if isinstance(shards, (str, Path, ShardSet)) else list(shards)
    sets = [s if isinstance(s, ShardSet) else open_shards(s, root, manifest) for s in several]
    files = [calibration] if isinstance(calibration, (str, Path)) else list(calibration)
    calibrations = _calibrations(sets, scores, [Path(file) for file in files])
    clips = sum(len(s.lock.clips) for s in sets)
    with meter("evaluate-detector", clips, "clips", progress) as advance:
        return evaluate_detectors(sets, calibrations, advance)


def _calibrations(
    sets: list[ShardSet], scores: str, files: list[Path]
) -> list[ScoreCalibration | None]:
    """Return the calibration of each build's scores; None where raw ones are wanted."""
    from corruptbench.errors import InputError
    from corruptbench.keypoint_evaluation.score_calibration import calibration_of, load_calibration

    if scores not in ("raw", "calibrated"):
        raise InputError(f"scores: found '{scores}', expected raw or calibrated", "scores")
    if scores == "raw":
        if files:
            raise InputError(
                f"{files[0]}: a calibration is given, but the scores are raw; choose scores = "
                "calibrated, or leave the calibration out",
                "calibration",
            )
        return [None] * len(sets)
    given = [load_calibration(file) for file in files]
    return [calibration_of(s.lock.detector, given) for s in sets]
