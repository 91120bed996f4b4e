"""The errors of one cell over the clips of a group, computed for all frames at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.evaluation import metrics, segments
from corruptbench.evaluation.alignment import align
from corruptbench.evaluation.bones import Bones, bone_deviation, bone_error, bone_lengths, bones_of
from corruptbench.evaluation.groups import Group
from corruptbench.lifters.contract import Contract
from corruptbench.manifest import Scoring

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

_ZERO = np.zeros(3)


@dataclass(frozen=True)
class Scored:
    """Poses and labels of the frames that are scored, of the joints that are scored.

    Attributes:
        predicted: (M, J, 3) mm, relative to the root or as predicted, by the manifest's rule.
        target: (M, J, 3) mm, relative to the root.
        clips: (M,) clip of each frame, ascending.
        frames: (M,) number of each frame in its clip.
        joints: J indices in the joint set of the labels.
        bones: pairs of indices into the J joints.
        sides: J indices that exchange left and right.
        root: index of the root among the J joints.
    """

    predicted: Array
    target: Array
    clips: Indices
    frames: Indices
    joints: tuple[int, ...]
    bones: Bones
    sides: tuple[int, ...]
    root: int

    @cached_property
    def difference(self) -> Array:
        """(M, J, 3) predicted less target, mm."""
        return self.predicted - self.target

    @cached_property
    def distances(self) -> Array:
        """(M, J) error of each joint, mm."""
        return metrics.distances(self.difference, _ZERO)

    @cached_property
    def mpjpe(self) -> Array:
        """(M,) mm."""
        return np.asarray(self.distances.mean(axis=1))

    @cached_property
    def aligned_distances(self) -> Array:
        """(M, J) error of each joint after the best alignment, mm."""
        return align(self.predicted, self.target).distances

    @cached_property
    def p_mpjpe(self) -> Array:
        """(M,) mm."""
        return np.asarray(self.aligned_distances.mean(axis=1))

    @cached_property
    def is_exchanged(self) -> Mask:
        """(M,) whether a pose fits the labels better with left and right exchanged."""
        return metrics.exchanged(self.predicted, self.target, self.sides, self.mpjpe)

    def of_clip(self, clip: int, frames: int) -> tuple[Array, Array]:
        """Return predictions and labels (F, J, 3) of a clip; NaN for frames that are not scored."""
        mine, shape = self.clips == clip, (frames, *self.target.shape[1:])
        predicted, target = np.full(shape, np.nan), np.full(shape, np.nan)
        predicted[self.frames[mine]] = self.predicted[mine]
        target[self.frames[mine]] = self.target[mine]
        return predicted, target

    @cached_property
    def runs(self) -> Indices:
        """(M,) the run of each frame: no clip ends and no frame is missing within it."""
        breaks = (np.diff(self.frames) != 1) | (np.diff(self.clips) != 0)
        return np.concatenate([[0], np.cumsum(breaks)]).astype(np.intp)


def scored(poses: Array, valid: Mask, group: Group, contract: Contract, rules: Scoring) -> Scored:
    """Choose the frames and joints of poses that are scored.

    Args:
        poses: (N, J', 3) of the contract's joints, for the frames of the group.
        valid: (N,) which of them are scored; at least one.
        group: the clips.
        contract: of the lifter.
        rules: of the manifest.
    """
    chosen, root = contract.lifted, rules.root_joint
    kept = slice(None) if valid.all() else valid
    predicted, target = poses[kept], group.target[kept]
    joints = chosen.with_root(root)
    place = {joint: i for i, joint in enumerate(joints)}
    if len(joints) != len(chosen):
        predicted = chosen.spread(predicted, root)[:, list(joints)]
    if len(joints) < len(chosen.base):
        target = target[:, list(joints)]
    if rules.root_rule == "subtract" or contract.root == "absolute":
        predicted = metrics.root_relative(predicted, place[root])
    sides = tuple(place[chosen.base.mirror[joint]] for joint in joints)
    return Scored(
        predicted=predicted,
        target=target,
        clips=group.clip_of[kept],
        frames=group.frame_of[kept],
        joints=joints,
        bones=bones_of(chosen.base, joints),
        sides=sides,
        root=place[root],
    )


def clip_errors(of: Scored, count: int, is_scaled: bool) -> dict[str, NDArray[Any]]:
    """Return the columns of the clips table for each of ``count`` clips; NaN where there is none.

    Args:
        of: the poses; at least one.
        count: number of clips in the group.
        is_scaled: whether the poses have a known size: otherwise only P-MPJPE and N-MPJPE.
    """
    frames = np.bincount(of.clips, minlength=count)
    aligned = {
        "p_mpjpe": of.p_mpjpe,
        "n_mpjpe": metrics.n_mpjpe(of.predicted, of.target),
    }
    steps = _steps(of, 1, count)
    bends = _steps(of, 2, count)
    columns: dict[str, NDArray[Any]] = {
        "frames": frames,
        "run_frames": steps[1],
        "acceleration_frames": bends[1],
    }
    if is_scaled:
        bones = bone_lengths(of.predicted, of.bones)
        aligned |= {
            "mpjpe": of.mpjpe,
            "pck": metrics.pck(of.distances),
            "auc": metrics.auc(of.distances),
            "bone_error": bone_error(bones, bone_lengths(of.target, of.bones)),
        }
        columns |= {"mpjve": steps[0], "acceleration": bends[0]}
        columns["bone_deviation"] = bone_deviation(bones, of.clips, count)
    values = segments.means(np.stack([*aligned.values()], axis=1), of.clips, count)
    return columns | dict(zip(aligned, values.T, strict=True))


def _steps(of: Scored, order: int, count: int) -> tuple[Array, Indices]:
    """Average the error of velocity (1) or acceleration (2) by clip; see `weighted_by_run`."""
    run = of.runs
    within = run[order:] == run[:-order]
    moved = metrics.motion_error(of.difference, order)
    starts = segments.starts_of(run)
    lengths = np.diff(starts, append=len(run))
    return segments.weighted_by_run(
        moved[within], run[order:][within], lengths, of.clips[starts], count
    )


def hypotheses_errors(
    hypotheses: Array, valid: Mask, group: Group, contract: Contract, rules: Scoring
) -> dict[str, NDArray[Any]]:
    """Return the best and the mean error over hypotheses, by clip; nothing for one hypothesis.

    The best one is chosen for each pose, by the labels: an upper bound, not a result.

    Args:
        hypotheses: (H, N, J', 3).
        valid: (N,) which frames are scored; at least one.
        group: the clips.
        contract: of the lifter.
        rules: of the manifest.
    """
    if not len(hypotheses):
        return {}
    found = [scored(h, valid, group, contract, rules) for h in hypotheses]
    aligned = np.stack([h.p_mpjpe for h in found])
    columns = {"best_p_mpjpe": aligned.min(axis=0)}
    if contract.is_scaled:
        errors = np.stack([h.mpjpe for h in found])
        columns |= {"best_mpjpe": errors.min(axis=0), "mean_mpjpe": errors.mean(axis=0)}
    count = len(group.clips)
    return {name: segments.means(v, group.clip_of[valid], count) for name, v in columns.items()}


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
