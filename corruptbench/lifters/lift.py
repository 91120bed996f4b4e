"""Lift tracks: one pose for each frame of a clip, in millimeters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.errors import InputError
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.gaps import filled
from corruptbench.lifters.lifter import Lifter
from corruptbench.lifters.normalize import converted, mirrored, normalized
from corruptbench.lifters.statistics import OutputStatistics
from corruptbench.lifters.windows import BATCH_FRAMES, Strip, poses_of

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]

#: The rate of a clip may differ from a multiple of a lifter's rate by this fraction.
_RATE = 0.05


@dataclass(frozen=True)
class Track:
    """Successive frames of a clip in one cell, as the detector gave them.

    Attributes:
        name: of the clip, for messages.
        keypoints: (F, K, 2) px.
        scores: (F, K).
        joints: joint set of the keypoints.
        camera: camera of the clip.
        fps: frames per second.
    """

    name: str
    keypoints: NDArray[np.floating]
    scores: NDArray[np.floating]
    joints: str
    camera: Camera
    fps: float

    def __len__(self) -> int:
        return len(self.keypoints)


@dataclass(frozen=True)
class Lifted:
    """The poses of a track as the lifter gave them, in camera axes.

    Attributes:
        poses: (S, F, J, 3) float32, for S samples, in the unit of the contract.
        hypotheses: (S, H, F, J, 3) float32; H is 0 for a lifter that gives one pose.
        scale: mm in a unit; 1 for units "none".
    """

    poses: Array32
    hypotheses: Array32
    scale: float

    def in_mm(self, sample: int) -> Array:
        """Return the poses (F, J, 3) of a sample as float64 mm, or of unknown size.

        They are in C order: the last digit of a sum depends on the order in memory.
        """
        return self._in_mm(self.poses[sample])

    def hypotheses_in_mm(self, sample: int) -> Array:
        """Return the hypotheses (H, F, J, 3) of a sample likewise."""
        return self._in_mm(self.hypotheses[sample])

    @property
    def all(self) -> Array32:
        """(S, 1 + H, F, J, 3) the poses and the hypotheses."""
        return np.concatenate([self.poses[:, None], self.hypotheses], axis=1)

    def _in_mm(self, poses: Array32) -> Array:
        return np.multiply(poses, self.scale, dtype=np.float64, order="C")


def joined(lifted: Sequence[Lifted]) -> Lifted:
    """Return the poses of several tracks as those of one."""
    return Lifted(
        np.concatenate([x.poses for x in lifted], axis=1),
        np.concatenate([x.hypotheses for x in lifted], axis=2),
        lifted[0].scale,
    )


def lift(lifter: Lifter, tracks: Sequence[Track]) -> list[Lifted]:
    """Lift tracks of one cell.

    Args:
        lifter: a loaded lifter.
        tracks: tracks of several clips in the same cell, with keypoints of one joint set.

    Returns:
        The poses of the joints that the contract names, in its order.

    Raises:
        InputError: the lifter fails, gives another shape than its contract says, or the rate of a
            clip is no multiple of the lifter's; names the clip.
    """
    contract = lifter.contract
    ways = 2 if contract.flip else 1
    inputs = list(_inputs(tracks, contract))
    steps = [_step(track, contract) for track in tracks]
    strips = [
        Strip(tracks[i // ways].name, values[phase :: steps[i // ways]])
        for i, values in enumerate(inputs)
        for phase in range(min(steps[i // ways], len(values)))
    ]
    samples = [_sample(lifter, strips, seed) for seed in range(contract.samples)]
    lifted = []
    for sample in samples:
        parts = iter(sample)
        poses = [
            _interleaved([next(parts) for _ in range(min(step, len(track)))])
            for track, step in zip(tracks, steps, strict=True)
            for _ in range(ways)
        ]
        if contract.flip:
            poses = [_mean(a, b, contract) for a, b in zip(poses[::2], poses[1::2], strict=True)]
        lifted.append(poses)
    return [_lifted([sample[i] for sample in lifted], contract) for i in range(len(tracks))]


def _inputs(tracks: Sequence[Track], contract: Contract) -> Iterator[Array32]:
    """Yield the input of each track, and that of the mirrored person if the contract wants it."""
    joined_points, joined_scores = converted(
        np.concatenate([filled(t.keypoints.astype(np.float64), t.camera) for t in tracks]),
        np.concatenate([t.scores.astype(np.float64) for t in tracks]),
        tracks[0].joints,
        contract,
    )
    start = 0
    for track in tracks:
        part = slice(start, start := start + len(track))
        points, scores = joined_points[part], joined_scores[part]
        yield normalized(points, scores, track.camera, contract)
        if contract.flip:
            yield mirrored(points, scores, track.camera, contract)


def _step(track: Track, contract: Contract) -> int:
    """Return how many frames of the clip are one of the lifter."""
    if contract.fps is None:
        return 1
    ratio = track.fps / contract.fps
    step = max(1, round(ratio))
    if abs(ratio / step - 1) > _RATE:
        raise InputError(
            f"{track.name}: {track.fps:g} frames per second; expected a multiple of the lifter's "
            f"fps, {contract.fps:g}; correct the contract, or use a lifter of that rate"
        )
    return step


def _sample(lifter: Lifter, strips: Sequence[Strip], seed: int) -> list[Array32]:
    """Lift all strips with one seed."""
    most = BATCH_FRAMES["cpu" if lifter.device == "cpu" else "cuda"]

    def seeded(batch: Array32) -> Array32:
        lifter.seed(seed)
        return lifter.outputs(batch)

    forward = seeded if lifter.contract.samples > 1 else lifter.outputs
    return poses_of(forward, strips, lifter.contract, most)


def _interleaved(phases: Sequence[Array32]) -> Array32:
    """Return the poses (H, F, J, 3) of every n-th frame, of n phases, in the order of frames."""
    if len(phases) == 1:
        return phases[0]
    count = sum(p.shape[1] for p in phases)
    whole = np.empty((len(phases[0]), count, *phases[0].shape[2:]), dtype=np.float32)
    for phase, poses in enumerate(phases):
        whole[:, phase :: len(phases)] = poses
    return whole


def _mean(poses: Array32, of_mirrored: Array32, contract: Contract) -> Array32:
    """Average poses (H, F, J, 3) and those of the mirrored person, mirrored back."""
    back = of_mirrored[:, :, contract.lifted.mirror]
    back[..., 0] *= -1
    return np.asarray((poses + back) / 2, dtype=np.float32)


def scale_of(contract: Contract) -> float:
    """Return the size of a lifter's unit in mm; 1 for units "none"."""
    units = contract.units.units if isinstance(contract.units, OutputStatistics) else contract.units
    return 1000 if units == "m" else 1


def _lifted(samples: Sequence[Array32], contract: Contract) -> Lifted:
    found = np.stack(samples)
    return Lifted(found[:, 0], found[:, 1:], scale_of(contract))
