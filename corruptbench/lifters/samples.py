"""Training samples: keypoints from shards, joined with the 3D labels and cut into chunks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from corruptbench.errors import InputError
from corruptbench.evaluation import metrics
from corruptbench.evaluation.contract import Contract
from corruptbench.evaluation.windows import lifter_input
from corruptbench.shards.shard_set import ShardSet
from corruptbench.skeleton import JointSet, convert, joint_set

#: Output frames of a chunk: few enough that a batch mixes many clips.
CHUNK = 16


@dataclass(frozen=True)
class Samples:
    """N chunks.

    Attributes:
        inputs: (N, CHUNK + frames - 1, J, C) float32 in the contract's convention.
        targets: (N, CHUNK, J, 3) float32 metres, camera axes, root-relative.
        keypoints: joint set of the inputs.
        joints: joint set of the targets.
    """

    inputs: Tensor
    targets: Tensor
    keypoints: JointSet
    joints: JointSet

    def __len__(self) -> int:
        return len(self.inputs)


def load_samples(shard_set: ShardSet, contract: Contract) -> Samples:
    """All chunks of the clean cells; the last chunk of a clip overlaps the one before it.

    Chunks with a frame whose label is not valid are left out.

    Raises:
        InputError: when the labels' joint set cannot be converted, or no chunk is left.
    """
    inputs, targets = [], []
    half = (contract.frames - 1) // 2
    layout, root = shard_set.lock.detector.layout, shard_set.manifest.scoring.root_joint
    for clip, (clean, *_) in shard_set.clips():
        track = lifter_input(
            clean.keypoints.astype(np.float64), clean.scores.astype(np.float64), layout,
            clip.camera, contract,
        )  # fmt: skip
        frames = max(len(track), CHUNK)
        track = np.pad(track, ((half, half + frames - len(track)), (0, 0), (0, 0)), mode="edge")
        pose = metrics.root_relative(clip.joints_camera, root) / 1000
        pose, _ = convert(pose, np.ones(pose.shape[:2]), clip.joint_set, contract.joints)
        pose = np.pad(pose, ((0, frames - len(pose)), (0, 0), (0, 0)), mode="edge")
        for start in sorted({*range(0, frames - CHUNK + 1, CHUNK), frames - CHUNK}):
            target = pose[start : start + CHUNK].astype(np.float32)
            if np.isfinite(target).all():
                inputs.append(track[start : start + CHUNK + 2 * half])
                targets.append(target)
    if not inputs:
        raise InputError(f"{shard_set.folder}: no stretch of {CHUNK} frames with valid labels")
    return Samples(
        inputs=torch.from_numpy(np.stack(inputs)),
        targets=torch.from_numpy(np.stack(targets)),
        keypoints=joint_set(contract.keypoints),
        joints=joint_set(contract.joints),
    )


def mirrored(poses: Tensor, joints: JointSet) -> Tensor:
    """Poses or keypoints (..., J, C) seen in a mirror: x negated, left and right exchanged."""
    flipped = poses[..., joints.mirror, :].clone()
    flipped[..., 0] *= -1
    return flipped
