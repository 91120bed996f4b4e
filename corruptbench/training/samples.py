"""Training samples: keypoints from shards with their 3D labels, cut into chunks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from corruptbench.errors import InputError
from corruptbench.evaluation import metrics
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.normalize import lifter_input
from corruptbench.shards.shard_set import ShardSet
from corruptbench.skeleton import JointSet, convert

#: Output frames of a chunk. They are few, so that a batch mixes many clips.
CHUNK = 16


@dataclass(frozen=True)
class Samples:
    """Training data of N chunks.

    Attributes:
        inputs: (N, CHUNK + frames - 1, K, C) float32 in the contract's convention.
        targets: (N, CHUNK, J, 3) float32 meters, in camera axes, root-relative.
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
    """Cut the clean cells into chunks; the last chunk of a clip overlaps the one before it.

    Chunks with a frame without a valid label are left out.

    Raises:
        InputError: the contract has another window than "sequence", the labels' joint set cannot be
            converted, or no chunk is left.
    """
    if contract.window != "sequence":
        raise InputError(
            f'{contract.name}: window "{contract.window}", expected "sequence": its input has '
            f"frames - 1 frames more than its output; for a network of as many poses as frames, "
            f'load samples with window "sequence" and frames 1, of {CHUNK} frames each',
            "window",
        )
    inputs, targets = [], []
    half = (contract.frames - 1) // 2
    joints, root = shard_set.lock.detector.layout, shard_set.manifest.scoring.root_joint
    for clip, (clean, *_) in shard_set.clips():
        track = lifter_input(clean.keypoints, clean.scores, joints, clip.camera, contract)
        frames = max(len(track), CHUNK)
        track = np.pad(track, ((half, half + frames - len(track)), (0, 0), (0, 0)), mode="edge")
        pose = metrics.root_relative(clip.joints_camera, root) / 1000
        pose, _ = convert(pose, np.ones(pose.shape[:2]), clip.joint_set, contract.lifted.base.name)
        pose = np.pad(pose, ((0, frames - len(pose)), (0, 0), (0, 0)), mode="edge")
        for start in sorted({*range(0, frames - CHUNK + 1, CHUNK), frames - CHUNK}):
            target = pose[start : start + CHUNK].astype(np.float32)
            if np.isfinite(target).all():
                inputs.append(track[start : start + CHUNK + 2 * half])
                targets.append(target)
    if not inputs:
        raise InputError(
            f"{shard_set.folder}: no {CHUNK} successive frames with valid labels; expected some in "
            "the clean cells: build clips with labels"
        )
    return Samples(
        inputs=torch.from_numpy(np.stack(inputs)),
        targets=torch.from_numpy(np.stack(targets)),
        keypoints=contract.given.base,
        joints=contract.lifted.base,
    )


def mirrored(poses: Tensor, joints: JointSet) -> Tensor:
    """Mirror poses or keypoints (..., J, C): negate x, exchange left and right."""
    flipped = poses[..., joints.mirror, :].clone()
    flipped[..., 0] *= -1
    return flipped
