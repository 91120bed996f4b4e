"""The errors of one cell over the clips of a group, computed for all frames at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.evaluation import metrics, segments
from corruptbench.evaluation.bones import bone_deviation, bone_error, bone_lengths
from corruptbench.evaluation.scored import Labels, Scored, scored
from corruptbench.lifters.contract import Contract
from corruptbench.manifest import Scoring

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]


def clip_errors(of: Scored, count: int, is_scaled: bool) -> dict[str, NDArray[Any]]:
    """Return the columns of the clips table for each of ``count`` clips; NaN where there is none.

    Args:
        of: the poses; at least one.
        count: number of clips in the group.
        is_scaled: whether the poses have a known size: otherwise only P-MPJPE and N-MPJPE.
    """
    labels = of.labels
    frames = np.bincount(labels.clips, minlength=count)
    aligned = {
        "p_mpjpe": of.p_mpjpe,
        "n_mpjpe": metrics.n_mpjpe(of.predicted, labels.poses),
    }
    steps = _steps(of, 1, count)
    bends = _steps(of, 2, count)
    columns: dict[str, NDArray[Any]] = {
        "frames": frames,
        "run_frames": steps[1],
        "acceleration_frames": bends[1],
    }
    if is_scaled:
        bones = bone_lengths(of.predicted, labels.bones)
        aligned |= {
            "mpjpe": of.mpjpe,
            "pck": metrics.pck(of.distances),
            "auc": metrics.auc(of.distances),
            "bone_error": bone_error(bones, labels.bone_lengths),
        }
        columns |= {"mpjve": steps[0], "acceleration": bends[0]}
        columns["bone_deviation"] = bone_deviation(bones, labels.clips, count)
    values = segments.means(np.stack([*aligned.values()], axis=1), labels.clips, count)
    return columns | dict(zip(aligned, values.T, strict=True))


def _steps(of: Scored, order: int, count: int) -> tuple[Array, Indices]:
    """Average the error of velocity (1) or acceleration (2) by clip; see `weighted_by_run`."""
    run, clips = of.labels.runs, of.labels.clips
    within = run[order:] == run[:-order]
    moved = metrics.motion_error(of.difference, order)
    starts = segments.starts_of(run)
    lengths = np.diff(starts, append=len(run))
    return segments.weighted_by_run(
        moved[within], run[order:][within], lengths, clips[starts], count
    )


def hypotheses_errors(
    hypotheses: Array, valid: Mask, labels: Labels, contract: Contract, rules: Scoring, count: int
) -> dict[str, NDArray[Any]]:
    """Return the best and the mean error over hypotheses, by clip; nothing for one hypothesis.

    The best one is chosen for each pose, by the labels: an upper bound, not a result.

    Args:
        hypotheses: (H, N, J', 3).
        valid: (N,) which frames are scored; at least one.
        labels: of the N frames.
        contract: of the lifter.
        rules: of the manifest.
        count: number of clips.
    """
    if not len(hypotheses):
        return {}
    found = [scored(h, valid, labels, contract, rules) for h in hypotheses]
    aligned = np.stack([h.p_mpjpe for h in found])
    columns = {"best_p_mpjpe": aligned.min(axis=0)}
    if contract.is_scaled:
        errors = np.stack([h.mpjpe for h in found])
        columns |= {"best_mpjpe": errors.min(axis=0), "mean_mpjpe": errors.mean(axis=0)}
    clips = labels.clips[valid]
    return {name: segments.means(v, clips, count) for name, v in columns.items()}


def over_samples(samples: Sequence[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Return the means over the samples of a stochastic lifter, and the spread of their MPJPE."""
    if len(samples) == 1:
        return samples[0]
    found = {name: np.mean([s[name] for s in samples], axis=0) for name in samples[0]}
    for name in ("frames", "run_frames", "acceleration_frames"):
        found[name] = samples[0][name]
    if "mpjpe" in found:
        found["spread"] = np.std([s["mpjpe"] for s in samples], axis=0, ddof=1)
    return found
