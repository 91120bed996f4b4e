"""Training samples: keypoints from shards with their 3D labels, cut into chunks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from corruptbench.datasets import Clip
from corruptbench.errors import InputError
from corruptbench.evaluation import metrics
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.measured_noise import Episode, MeasuredNoise, replayed
from corruptbench.lifters.normalize import lifter_input
from corruptbench.manifest import CLEAN
from corruptbench.shards.shard_set import ShardSet
from corruptbench.skeleton import JointSet, convert

Array32 = NDArray[np.float32]

#: Output frames of a chunk. They are few, so that a batch mixes many clips.
CHUNK = 16


@dataclass(frozen=True)
class Span:
    """The frames of a clip that a chunk reads. Frames outside the clip repeat its first or last.

    Attributes:
        clip: its name.
        start: first frame; negative before the clip.
        stop: the frame after the last one.
        frames: number of frames of the clip.
    """

    clip: str
    start: int
    stop: int
    frames: int


@dataclass(frozen=True)
class Samples:
    """Training data of N chunks.

    Attributes:
        inputs: (N, T, K, 3) float32 x, y in the contract's convention, and scores.
        targets: (N, T', J, 3) float32 meters, in camera axes, root-relative.
        spans: the N places in clips that the inputs are of.
        keypoints: joint set of the inputs.
        joints: joint set of the targets.
    """

    inputs: Tensor
    targets: Tensor
    spans: tuple[Span, ...]
    keypoints: JointSet
    joints: JointSet

    def __len__(self) -> int:
        return len(self.inputs)

    def rows(self, rows: Sequence[int]) -> Samples:
        """Return these chunks."""
        index = torch.tensor(rows, dtype=torch.int64)
        return replace(
            self,
            inputs=self.inputs[index],
            targets=self.targets[index],
            spans=tuple(self.spans[i] for i in rows),
        )

    def corrupted(self, noise: MeasuredNoise) -> Samples:
        """Return the chunks as the detector saw them in the episodes of their own clips.

        Each chunk is there once for each episode of its clip. The poses are those that the noise
        was measured on, but for rounding.

        Raises:
            InputError: no episode is of one of the clips, an episode has another number of frames
                than its clip, or the noise has another joint set.
        """
        return self.pairs(noise)[0]

    def pairs(self, noise: MeasuredNoise) -> tuple[Samples, Samples]:
        """Return the chunks of `corrupted`, and the same ones without corruption."""
        noise.check_joints(self.keypoints.name)
        of_clip: dict[str, list[Episode]] = {}
        for episode in noise.episodes:
            of_clip.setdefault(episode.clip, []).append(episode)
        pairs = [(i, e) for i, s in enumerate(self.spans) for e in of_clip.get(s.clip, ())]
        if not pairs:
            raise InputError(
                f"noise of {noise.source.benchmark}: no episode of a clip of the samples; expected "
                "noise that was measured on these clips",
                "noise",
            )
        chosen = self.rows([i for i, _ in pairs])
        stretches = np.stack([_stretch(e, self.spans[i]) for i, e in pairs])
        seen = replace(chosen, inputs=replayed(chosen.inputs, torch.from_numpy(stretches)))
        return seen, chosen


def joined(*parts: Samples) -> Samples:
    """Return the chunks of several parts that have the same joints and lengths."""
    return replace(
        parts[0],
        inputs=torch.cat([p.inputs for p in parts]),
        targets=torch.cat([p.targets for p in parts]),
        spans=tuple(s for p in parts for s in p.spans),
    )


def _stretch(episode: Episode, span: Span) -> Array32:
    """Return offsets and factors (T, J, 3) of an episode at the frames of a span."""
    if len(episode.factors) != span.frames:
        raise InputError(
            f"noise of {episode.clip}: {len(episode.factors)} frames, the clip has {span.frames}; "
            "measure the noise on these clips",
            "noise",
        )
    at = np.arange(span.start, span.stop).clip(0, len(episode.factors) - 1)
    return np.asarray(episode.values[at])


def load_samples(
    shard_set: ShardSet,
    contract: Contract,
    subjects: Collection[str] | None = None,
    margin: int = 0,
) -> Samples:
    """Cut the clean cells into chunks; the last chunk of a clip overlaps the one before it.

    Chunks with a frame without a valid label are left out. For window "sequence" a chunk has
    `CHUNK` output frames. For "block" it has as many as the contract says, and each frame is in two
    chunks, at different places.

    Args:
        shard_set: shards with a clean cell.
        contract: conventions of the lifter. Scores are loaded whatever its channels are.
        subjects: names of the people; None for all.
        margin: frames that the inputs have before and after those of the contract, for what stands
            in front of the lifter.

    Raises:
        InputError: there is no clean cell, the contract has another window, the labels' joint set
            cannot be converted, or no chunk is left.
    """
    chunk, step, half = _lengths(contract)
    before = half + margin
    if CLEAN not in shard_set.cells:
        raise InputError(
            f"{shard_set.folder}: no clean cell that all clips have; expected one: build the clean "
            "cell of each clip"
        )
    joints, root = shard_set.lock.detector.layout, shard_set.manifest.scoring.root_joint
    with_scores = contract.model_copy(update={"channels": "xyc"})
    inputs, targets, spans = [], [], []
    for clip, (clean,) in shard_set.clips([CLEAN]):
        if subjects is not None and clip.id.subject not in subjects:
            continue
        seen = lifter_input(clean.keypoints, clean.scores, joints, clip.camera, with_scores)
        pose = _pose(clip, root, contract)
        for start, target in _chunks(pose, chunk, step):
            span = Span(str(clip.id), start - before, start + chunk + before, len(seen))
            inputs.append(seen[np.arange(span.start, span.stop).clip(0, len(seen) - 1)])
            targets.append(target)
            spans.append(span)
    if not inputs:
        people = "" if subjects is None else f" of {', '.join(sorted(subjects))}"
        raise InputError(
            f"{shard_set.folder}: no {chunk} successive frames with valid labels{people}; expected "
            "some in the clean cells: build clips with labels"
        )
    return Samples(
        inputs=torch.from_numpy(np.stack(inputs)),
        targets=torch.from_numpy(np.stack(targets)),
        spans=tuple(spans),
        keypoints=contract.given.base,
        joints=contract.lifted.base,
    )


def _lengths(contract: Contract) -> tuple[int, int, int]:
    """Return frames of a chunk, from one chunk to the next, and read before and after a chunk."""
    if contract.window == "sequence":
        return CHUNK, CHUNK, (contract.frames - 1) // 2
    if contract.window == "block":
        return contract.frames, max(1, contract.frames // 2), 0
    raise InputError(
        f'{contract.name}: window "{contract.window}", expected "sequence" or "block": train the '
        "network for one of them",
        "window",
    )


def _pose(clip: Clip, root: int, contract: Contract) -> Array32:
    """Return the labels (F, J, 3) in meters, relative to the root."""
    pose = metrics.root_relative(clip.joints_camera, root) / 1000
    pose, _ = convert(pose, np.ones(pose.shape[:2]), clip.joint_set, contract.lifted.base.name)
    return pose.astype(np.float32)


def _chunks(pose: Array32, chunk: int, step: int) -> Iterator[tuple[int, Array32]]:
    """Yield the first frame and the labels of each chunk whose labels are all valid."""
    frames = max(len(pose), chunk)
    pose = np.pad(pose, ((0, frames - len(pose)), (0, 0), (0, 0)), mode="edge")
    for start in sorted({*range(0, frames - chunk + 1, step), frames - chunk}):
        target = pose[start : start + chunk]
        if np.isfinite(target).all():
            yield start, target


def mirrored(poses: Tensor, joints: JointSet) -> Tensor:
    """Mirror poses or keypoints (..., J, C): negate x, exchange left and right."""
    flipped = poses[..., joints.mirror, :].clone()
    flipped[..., 0] *= -1
    return flipped
