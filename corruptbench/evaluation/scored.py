"""The poses and labels of the frames and joints that are scored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from corruptbench.evaluation import metrics
from corruptbench.evaluation.alignment import align
from corruptbench.evaluation.bones import Bones, bone_lengths, bones_of
from corruptbench.evaluation.groups import Group
from corruptbench.lifters.contract import Contract
from corruptbench.manifest import Scoring

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Labels:
    """Labels of M frames of a group, of the J joints that are scored. All cells have the same.

    Attributes:
        poses: (M, J, 3) mm, relative to the root.
        clips: (M,) clip of each frame, ascending.
        frames: (M,) number of each frame in its clip.
        joints: J indices in the joint set of the labels.
        bones: pairs of indices into the J joints.
        sides: J indices that exchange left and right.
        root: index of the root among the J joints.
    """

    poses: Array
    clips: Indices
    frames: Indices
    joints: tuple[int, ...]
    bones: Bones
    sides: tuple[int, ...]
    root: int

    def where(self, kept: Mask) -> Labels:
        """Return the labels of some frames (M,)."""
        poses, clips, frames = self.poses[kept], self.clips[kept], self.frames[kept]
        return replace(self, poses=poses, clips=clips, frames=frames)

    @cached_property
    def exchanged(self) -> Array:
        """(M, J, 3) the poses with left and right exchanged."""
        return self.poses.take(self.sides, axis=1)

    @cached_property
    def bone_lengths(self) -> Array:
        """(M, B) mm."""
        return bone_lengths(self.poses, self.bones)

    @cached_property
    def runs(self) -> Indices:
        """(M,) the run of each frame: no clip ends and no frame is missing within it."""
        breaks = (np.diff(self.frames) != 1) | (np.diff(self.clips) != 0)
        return np.concatenate([[0], np.cumsum(breaks)]).astype(np.intp)


def labels_of(group: Group, contract: Contract, root: int) -> Labels:
    """Return the labels of a group's N frames, of the joints that are scored of a lifter.

    Args:
        group: the clips.
        contract: of the lifter.
        root: index of the root joint, which is scored too.
    """
    chosen = contract.lifted
    joints = chosen.with_root(root)
    place = {joint: i for i, joint in enumerate(joints)}
    return Labels(
        poses=group.target[:, list(joints)] if len(joints) < len(chosen.base) else group.target,
        clips=group.clip_of,
        frames=group.frame_of,
        joints=joints,
        bones=bones_of(chosen.base, joints),
        sides=tuple(place[chosen.base.mirror[joint]] for joint in joints),
        root=place[root],
    )


@dataclass(frozen=True)
class Scored:
    """Poses of a lifter in a cell, and the labels that they are compared with.

    Attributes:
        predicted: (M, J, 3) mm, relative to the root or as predicted, by the manifest's rule.
        labels: of the same frames and joints.
    """

    predicted: Array
    labels: Labels

    @cached_property
    def difference(self) -> Array:
        """(M, J, 3) predicted less labels, mm."""
        return self.predicted - self.labels.poses

    @cached_property
    def distances(self) -> Array:
        """(M, J) error of each joint, mm."""
        return metrics.lengths(self.difference)

    @cached_property
    def mpjpe(self) -> Array:
        """(M,) mm."""
        return np.asarray(self.distances.mean(axis=1))

    @cached_property
    def aligned_distances(self) -> Array:
        """(M, J) error of each joint after the best alignment, mm."""
        return align(self.predicted, self.labels.poses).distances

    @cached_property
    def p_mpjpe(self) -> Array:
        """(M,) mm."""
        return np.asarray(self.aligned_distances.mean(axis=1))

    @cached_property
    def is_exchanged(self) -> Mask:
        """(M,) whether a pose fits the labels better with left and right exchanged."""
        return metrics.exchanged(self.predicted, self.labels.exchanged, self.mpjpe)

    def of_clip(self, clip: int, frames: int) -> tuple[Array, Array]:
        """Return predictions and labels (F, J, 3) of a clip; NaN for frames that are not scored."""
        mine, shape = self.labels.clips == clip, (frames, *self.predicted.shape[1:])
        predicted, target = np.full(shape, np.nan), np.full(shape, np.nan)
        predicted[self.labels.frames[mine]] = self.predicted[mine]
        target[self.labels.frames[mine]] = self.labels.poses[mine]
        return predicted, target


def scored(poses: Array, valid: Mask, labels: Labels, contract: Contract, rules: Scoring) -> Scored:
    """Choose the frames and joints of poses that are scored.

    Args:
        poses: (N, J', 3) of the contract's joints, for the frames of the labels.
        valid: (N,) which of them are scored; at least one.
        labels: from `labels_of`.
        contract: of the lifter.
        rules: of the manifest.
    """
    chosen = contract.lifted
    predicted, of = (poses, labels) if valid.all() else (poses[valid], labels.where(valid))
    if len(labels.joints) != len(chosen):
        predicted = chosen.spread(predicted, rules.root_joint)[:, list(labels.joints)]
    if rules.root_rule == "subtract" or contract.root == "absolute":
        predicted = metrics.root_relative(predicted, labels.root)
    return Scored(predicted, of)
