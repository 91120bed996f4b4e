"""Temporal Additive Gaussian Noise (TAGN): 2D poses as a detector gives them on corrupted video.

The idea is of Hoang, Zehni, Phan, Vo and Do, "Improving the Robustness of 3D Human Pose Estimation:
A Benchmark and Learning from Noisy Input", CVPR Workshops 2024: train a lifter on clean poses to
which Gaussian noise was added over time. Their formula and constants were not at hand. All here are
ours. The parts of the noise are after those of WHAM (Shin et al., CVPR 2024), which adds a bias, a
jitter and short peaks.
"""

from __future__ import annotations

from math import isfinite
from operator import index
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from corruptbench.lifters.joint_choice import joint_choice
from corruptbench.lifters.keyed_draws import Array64, Draws, counters
from corruptbench.lifters.measured_noise import SMALLEST, Bank, MeasuredNoise, replayed
from corruptbench.lifters.noise import FULL, PLAIN, Noise, Runs, Scores
from corruptbench.lifters.noise_plan import Plan, plan
from corruptbench.lifters.score_range import limits
from corruptbench.skeleton import JointSet

__all__ = ["FULL", "PLAIN", "TAGN", "Noise", "Runs", "Scores", "replay", "tagn"]

#: Counter of the draw that decides whether a chunk stays as it is.
_OF_CHUNKS = counters(0, 1)


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
            TypeError: the poses are no tensor, or the step is no integer.
            ValueError: the poses or chunks have another shape or type, the poses are not finite, or
                a score is not 0 to 1.
        """
        if not isinstance(poses, Tensor):
            raise TypeError(
                f"poses: found {type(poses).__name__}, expected a tensor; torch.from_numpy makes "
                "one of an array"
            )
        _check(poses, chunks, self._joints)
        numbers = np.arange(len(poses)) if chunks is None else chunks.cpu().numpy()
        keys = (numbers.astype(np.int64) * 1_000_003 + index(step)) * 1_000_003 + self._seed
        if isinstance(self._noise, Noise):
            return tagn(poses, keys, self._joints, self._noise)
        if poses.device not in self._banks:
            self._banks[poses.device] = Bank(self._noise, poses.device)
        return replay(poses, keys, self._banks[poses.device], self._noise.kept)


def _check(poses: Tensor, chunks: Tensor | None, joints: JointSet) -> None:
    if poses.ndim != 4 or poses.shape[2] != len(joints) or poses.shape[3] not in (2, 3):
        raise ValueError(
            f"poses: found shape {tuple(poses.shape)}, expected (B, T, {len(joints)}, 2 or 3) for "
            f"joint set {joints.name}"
        )
    if not poses.is_floating_point():
        raise ValueError(f"poses: found {poses.dtype}, expected floating-point numbers")
    if not all(map(isfinite, limits(poses))):
        raise ValueError("poses: found NaN or infinite numbers; fill what was not detected first")
    low, high = limits(poses[..., 2]) if poses.shape[3] == 3 else (0, 0)
    if low < 0 or high > 1:
        raise ValueError(
            f"poses: found scores of {low:g} to {high:g}, expected 0 to 1; divide "
            "by the largest score that the detector gives, or clip"
        )
    if chunks is not None and (chunks.shape != poses.shape[:1] or chunks.is_floating_point()):
        raise ValueError(
            f"chunks: found {chunks.dtype} of shape {tuple(chunks.shape)}, expected "
            f"{len(poses)} integers"
        )


def replay(poses: Tensor, keys: Array64, bank: Bank, kept: float) -> Tensor:
    """Add stretches of measured episodes to chunks of 2D poses.

    Args:
        poses: see `tagn`.
        keys: see `tagn`.
        bank: the episodes, on the device of the poses.
        kept: share of the chunks that stay as they are, 0 to 1.
    """
    chosen, draws = _chosen(keys, kept)
    places = _on(poses.device, chosen)
    stretches = bank.stretches(draws, poses.shape[1])
    changed = replayed(poses.index_select(0, places).float(), stretches)
    return poses.index_copy(0, places, changed.to(poses))


def tagn(poses: Tensor, keys: Array64, joints: JointSet, noise: Noise) -> Tensor:
    """Add noise to chunks of 2D poses, on their device.

    Args:
        poses: (B, T, J, 2) x, y in any unit, or (B, T, J, 3) with scores of 0 to 1.
        keys: (B,) int64; a chunk's noise depends on its key, and not on the other chunks.
        joints: the J joints.
        noise: what is done.

    Returns:
        A tensor like ``poses``. Scores fall with the displacement of their joint.
    """
    chosen, draws = _chosen(keys, noise.kept)
    places = _on(poses.device, chosen)
    rows = poses.permute(0, 3, 2, 1).index_select(0, places).float()
    changed = _disturbed(rows, draws, plan(joints, noise, poses.shape[1], poses.device))
    return poses.index_copy(0, places, changed.to(poses))


def _chosen(keys: Array64, kept: float) -> tuple[Array64, Draws]:
    """Return the places of the chunks that get noise, and their draws."""
    draws = Draws.of(keys)
    chosen = np.flatnonzero(draws.uniform(_OF_CHUNKS) >= np.float32(kept))
    return chosen, draws[chosen]


def _on(device: torch.device, array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(array).to(device, non_blocking=True)


def _disturbed(rows: Tensor, draws: Draws, planned: Plan) -> Tensor:
    """Return all poses (B, T, J, 2 or 3) with noise.

    Args:
        rows: (B, 2 or 3, J, T): torch is faster with rows of frames than with pairs of x and y.
        draws: of the B chunks.
        planned: for the T frames.
    """
    inside, points = _inside(draws, planned), rows[:, :2]
    size = _size(points)
    is_exchanged = inside.index_select(1, planned.limb)[:, None]
    exchanged = torch.where(is_exchanged, points.index_select(2, planned.mirror), points)
    offsets = _offsets(draws.normal(planned.of_moves), inside.float(), planned)
    moved = exchanged + offsets * size
    found = moved.permute(0, 3, 2, 1)
    if rows.shape[1] == 2:
        return found.contiguous()
    apart = ((moved - points) / size).permute(0, 3, 2, 1).contiguous()
    distance = torch.linalg.vector_norm(apart, dim=-1)
    draw = draws.normal(planned.of_scores)[:, 0].view_as(distance)
    scores = _scores(rows[:, 2].mT, distance, draw, planned.noise.scores)
    return torch.cat([found, scores[..., None]], dim=-1)


def _size(points: Tensor) -> Tensor:
    """Return the mean over all frames of `sizes`, (B, 1, 1, 1), of points (B, 2, J, T)."""
    sides = points.amax(dim=2) - points.amin(dim=2)
    return sides.amax(dim=1).clamp_min(SMALLEST).mean(dim=1).view(-1, 1, 1, 1)


def _inside(draws: Draws, planned: Plan) -> Tensor:
    """Return which frames are in which run, (B, R, T) bool."""
    numbers = draws.uniform(planned.of_runs).reshape(-1, 3, len(planned.share))
    has, length, place = numbers.swapaxes(0, 1)
    lengths = np.floor(length * planned.lengths) + planned.shortest
    # Each frame is as likely as another. A run that is not there has no length.
    starts = np.floor(place * (lengths + np.float32(len(planned.frames)))) - lengths
    lengths *= has < planned.share
    start, length = _on(planned.frames.device, np.stack([starts, lengths]))[..., None]
    after = planned.frames - start
    return torch.logical_and(after >= 0, after < length)


def _offsets(draws: Tensor, inside: Tensor, planned: Plan) -> Tensor:
    """Return the offsets (B, 2, J, T) in sizes. One draw has the variance of all jitter.

    Args:
        draws: (B, 2, 2 J + 1 + J T); is changed.
        inside: (B, R, T), 0 or 1.
        planned: what is done.
    """
    noise, number = planned.noise, len(planned.mirror)
    in_whole, in_single = inside[:, :1], inside[:, 1 : 1 + number]
    variance = (planned.carried @ in_single).mul_(noise.joints.jitter**2)
    variance.add_(noise.frames.jitter**2 * in_whole + noise.jitter**2)
    lasting, jitter = draws[..., : 2 * number + 1, None], draws[..., 2 * number + 1 :]
    bias, of_whole, of_single = torch.split(lasting * planned.strengths, [number, 1, number], dim=2)
    offsets = jitter.view(len(jitter), 2, *in_single.shape[1:]).mul_(variance.sqrt_()[:, None])
    offsets.add_(bias).add_(of_whole * in_whole[:, None])
    carried = (of_single.mT * planned.carried).flatten(1, 2)
    return offsets.add_((carried @ in_single).view_as(offsets))


def _scores(scores: Tensor, distance: Tensor, draw: Tensor, how: Scores) -> Tensor:
    """Return the scores (B, T, J) of joints that were moved so far, in sizes."""
    spread = torch.exp(how.spread * draw)
    lower = scores / (1 + (distance / how.half) ** how.power)
    return torch.where(distance > 0, lower * spread, scores).clamp(0, 1)
