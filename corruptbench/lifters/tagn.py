"""Temporal Additive Gaussian Noise (TAGN): 2D poses as a detector gives them on corrupted video.

The idea is of Hoang, Zehni, Phan, Vo and Do, "Improving the Robustness of 3D Human Pose Estimation:
A Benchmark and Learning from Noisy Input", CVPR Workshops 2024: train a lifter on clean poses to
which Gaussian noise was added over time. Their formula and constants were not at hand. All here are
ours. The parts of the noise are after those of WHAM (Shin et al., CVPR 2024), which adds a bias, a
jitter and short peaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from corruptbench.lifters.joint_choice import joint_choice
from corruptbench.lifters.keyed_draws import Draws
from corruptbench.lifters.measured_noise import Bank, MeasuredNoise, replayed, sizes
from corruptbench.lifters.noise import FULL, PLAIN, Noise, Runs, Scores
from corruptbench.skeleton import JointSet

__all__ = ["FULL", "PLAIN", "TAGN", "Noise", "Runs", "Scores", "replay", "tagn"]


class TAGN:
    """Adds noise to chunks of 2D poses: ``poses = TAGN()(poses, step)``."""

    def __init__(
        self, joints: str = "h36m17", noise: Noise | MeasuredNoise = FULL, seed: int = 0
    ) -> None:
        """Prepare the noise.

        Args:
            joints: joint set of the poses, or one without some joints: "h36m17 - neck_nose".
            noise: parameters of the noise. Or measured noise: chunks then get a stretch of one of
                its episodes, all but the share that it keeps.
            seed: of all draws.

        Raises:
            InputError: there is no such joint set, or episodes have another one.
            TypeError: the noise is of another type.
        """
        if not isinstance(noise, (Noise, MeasuredNoise)):
            raise TypeError(
                f"noise: found {noise!r}, expected PLAIN, FULL, another Noise, or measured noise: "
                "load_noise reads a file"
            )
        choice = joint_choice(joints)
        if isinstance(noise, MeasuredNoise):
            noise.check_joints(choice.base.name)
            noise = noise.of_joints(choice.kept)
        self._joints, self._noise, self._seed = choice.joint_set, noise, seed
        self._banks: dict[torch.device, Bank] = {}

    def __repr__(self) -> str:
        noise: object = self._noise
        if isinstance(self._noise, MeasuredNoise):
            noise = f"{self._noise.sha256}, {self._noise.kept}"
        return f"TAGN({self._joints.name}, {noise}, {self._seed})"

    def __call__(self, poses: Tensor, step: int, chunks: Tensor | None = None) -> Tensor:
        """Return poses with noise; see `tagn`.

        Args:
            poses: (B, T, J, 2 or 3).
            step: number of the training step or epoch: each has noise of its own.
            chunks: (B,) integers, identities of the chunks; None for their places in the batch.

        Raises:
            TypeError: the poses are no tensor.
            ValueError: the poses or chunks have another shape or type, the poses are not finite, or
                a score is not 0 to 1.
        """
        if not isinstance(poses, Tensor):
            raise TypeError(
                f"poses: found {type(poses).__name__}, expected a tensor; torch.from_numpy makes "
                "one of an array"
            )
        if chunks is None:
            chunks = torch.arange(len(poses), device=poses.device)
        _check(poses, chunks, self._joints)
        keys = (chunks.long() * 1_000_003 + step) * 1_000_003 + self._seed
        if isinstance(self._noise, Noise):
            return tagn(poses, keys, self._joints, self._noise)
        if poses.device not in self._banks:
            self._banks[poses.device] = Bank(self._noise, poses.device)
        return replay(poses, keys, self._banks[poses.device], self._noise.kept)


def _check(poses: Tensor, chunks: Tensor, joints: JointSet) -> None:
    if poses.ndim != 4 or poses.shape[2] != len(joints) or poses.shape[3] not in (2, 3):
        raise ValueError(
            f"poses: found shape {tuple(poses.shape)}, expected (B, T, {len(joints)}, 2 or 3) for "
            f"joint set {joints.name}"
        )
    if not poses.is_floating_point():
        raise ValueError(f"poses: found {poses.dtype}, expected floating-point numbers")
    if (poses - poses).any():  # NaN where there is no finite number; faster than isfinite
        raise ValueError("poses: found NaN or infinite numbers; fill what was not detected first")
    scores = poses[..., 2:]
    if ((scores < 0) | (scores > 1)).any():
        raise ValueError(
            f"poses: found scores of {scores.min():g} to {scores.max():g}, expected 0 to 1; divide "
            "by the largest score that the detector gives, or clip"
        )
    if chunks.shape != poses.shape[:1] or chunks.is_floating_point():
        raise ValueError(
            f"chunks: found {chunks.dtype} of shape {tuple(chunks.shape)}, expected "
            f"{len(poses)} integers"
        )


def replay(poses: Tensor, keys: Tensor, bank: Bank, kept: float) -> Tensor:
    """Add stretches of measured episodes to chunks of 2D poses.

    Args:
        poses: see `tagn`.
        keys: see `tagn`.
        bank: the episodes, on the device of the poses.
        kept: share of the chunks that stay as they are, 0 to 1.
    """
    chosen, found = _chosen(keys, kept), poses.clone()
    stretches = bank.stretches(keys[chosen], poses.shape[1])
    changed = replayed(poses.index_select(0, chosen).float(), stretches)
    return found.index_copy_(0, chosen, changed.to(found))


def tagn(poses: Tensor, keys: Tensor, joints: JointSet, noise: Noise) -> Tensor:
    """Add noise to chunks of 2D poses, on their device.

    Args:
        poses: (B, T, J, 2) x, y in any unit, or (B, T, J, 3) with scores of 0 to 1.
        keys: (B,) int64; a chunk's noise depends on its key, and not on the other chunks.
        joints: the J joints.
        noise: what is done.

    Returns:
        A tensor like ``poses``. Scores fall with the displacement of their joint.
    """
    chosen, found = _chosen(keys, noise.kept), poses.clone()
    changed = _disturbed(poses.index_select(0, chosen).float(), Draws(keys[chosen]), joints, noise)
    return found.index_copy_(0, chosen, changed.to(found))


def _chosen(keys: Tensor, kept: float) -> Tensor:
    """Return the places of the chunks that get noise."""
    return (Draws(keys).uniform(0) >= kept).nonzero()[:, 0]


def _disturbed(poses: Tensor, draws: Draws, joints: JointSet, noise: Noise) -> Tensor:
    """Return all poses (B, T, J, 2 or 3) with noise."""
    points, size = poses[..., :2], sizes(poses[..., :2]).mean(dim=1, keepdim=True)
    limbs = torch.from_numpy(_limbs(joints)).to(draws.device)
    in_whole, in_single, in_limb = _in_runs(
        draws, points.shape[1],
        {1: (1, noise.frames), 2: (len(joints), noise.joints), 7: (len(limbs), noise.exchanges)},
    )  # fmt: skip
    mirrored = points.index_select(2, torch.tensor(joints.mirror, device=draws.device))
    exchanged = torch.where((in_limb @ limbs)[..., None] > 0, mirrored, points)
    moved = exchanged + size * _offsets(draws, in_whole, in_single, joints, noise)
    if poses.shape[-1] == 2:
        return moved
    distance = torch.linalg.vector_norm((moved - points) / size, dim=-1)
    scores = _scores(poses[..., 2], distance, draws, noise.scores)
    return torch.cat([moved, scores[..., None]], dim=-1)


def _in_runs(draws: Draws, frames: int, things: Mapping[int, tuple[int, Runs]]) -> list[Tensor]:
    """Return which frames are in the runs of things: 0 or 1, (B, T, number), for each stream.

    Args:
        draws: of the chunks.
        frames: T.
        things: stream to the number of things, each of which may have a run, and their runs.
    """
    streams = {stream: (3, number) for stream, (number, _) in things.items()}
    has, length, place = torch.cat(draws.uniforms(streams), dim=2).unbind(dim=1)
    rows = [
        (r.share, r.shortest, r.longest) for number, r in things.values() for _ in range(number)
    ]
    share, shortest, longest = torch.tensor(rows, device=draws.device).unbind(dim=1)
    lengths = shortest + (length * (longest - shortest + 1)).floor()
    starts = (place * (frames + lengths)).floor() - lengths  # each frame is as likely as another
    at = torch.arange(frames, device=draws.device)[:, None]
    starts, lengths = starts[:, None], lengths[:, None]
    inside = (at >= starts) & (at < starts + lengths) & (has < share)[:, None]
    return list(torch.split(inside.float(), [number for number, _ in things.values()], dim=2))


def _offsets(
    draws: Draws, in_whole: Tensor, in_single: Tensor, joints: JointSet, noise: Noise
) -> Tensor:
    """Return the offsets (B, T, J, 2) in sizes. One draw has the variance of all jitter."""
    number, whole, single = len(joints), noise.frames, noise.joints
    carried = torch.from_numpy(_carried(joints)).to(draws.device)
    variance = noise.jitter**2 + whole.jitter**2 * in_whole
    variance = variance + single.jitter**2 * (in_single @ carried)
    jitter, bias, of_whole, of_single = draws.normals(
        {3: in_single.shape[1:], 4: (1, number), 5: (1, 1), 6: (1, number)}
    )
    offsets = jitter.mul_(variance.sqrt()[..., None]).add_(noise.bias * bias)
    offsets.add_(whole.offset * in_whole[..., None] * of_whole)
    moved = single.offset * of_single.transpose(1, 2) * carried[..., None]  # (B, J, J, 2)
    return offsets.add_((in_single @ moved.flatten(2)).view_as(offsets))


def _scores(scores: Tensor, distance: Tensor, draws: Draws, how: Scores) -> Tensor:
    """Return the scores (B, T, J) of joints that were moved so far, in sizes."""
    spread = torch.exp(how.spread * draws.normal(8, *scores.shape[1:])[..., 0])
    lower = scores / (1 + (distance / how.half) ** how.power)
    return torch.where(distance > 0, lower * spread, scores).clamp(0, 1)


@cache
def _carried(joints: JointSet) -> NDArray[np.float32]:
    """Return with which joints (rows) which others (columns) move: a wrist with its elbow."""
    parents = {
        child: parent
        for parent, child in joints.bones
        for side in (joints.left, joints.right)
        if parent in side and child in side
    }
    moved = np.zeros((len(joints), len(joints)), np.float32)
    for joint in range(len(joints)):
        moved[list(_chain(joint, parents)), joint] = 1
    return moved


def _chain(joint: int, parents: dict[int, int]) -> set[int]:
    """Return a joint and those that it hangs on."""
    return {joint} | (_chain(parents[joint], parents) if joint in parents else set())


@cache
def _limbs(joints: JointSet) -> NDArray[np.float32]:
    """Return which joints (columns) each pair of limbs (rows) has that can be exchanged."""
    limbs: list[set[int]] = []
    for left, right in zip(joints.left, joints.right, strict=True):
        near = {other for bone in joints.bones for other in bone if left in bone}
        known = next((limb for limb in limbs if limb & near & set(joints.left)), None)
        if known is None:
            limbs.append(known := set())
        known |= {left, right}
    return np.array(
        [[j in limb for j in range(len(joints))] for limb in limbs], np.float32
    ).reshape(-1, len(joints))
