"""Compute once what TAGN needs for a joint set, a noise, a number of frames and a device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from corruptbench.lifters.keyed_draws import Array32, Array64, counters
from corruptbench.lifters.noise import Noise
from corruptbench.skeleton import JointSet


@dataclass(frozen=True, eq=False)
class Plan:
    """Hold what chunks of T frames of J joints have in common. Do not change it.

    A chunk can have R = 1 + J + L runs: of the whole pose, of each joint, and of each of L limbs.
    Arrays are for the host, and tensors for the device.

    Attributes:
        noise: what is done.
        of_runs: (3 R,) counters: whether a chunk has a run, its length, its place.
        share: (R,) of the chunks that have the run.
        shortest: (R,) frames.
        lengths: (R,) how many lengths there are.
        of_moves: (2 J + 1 + J T,) counters: offsets that last, which are a bias of each joint and
            the offsets of the runs of the whole pose and of each joint, and jitter.
        of_scores: (T J,) counters.
        strengths: (2 J + 1, 1) standard deviations of the offsets that last.
        frames: (T,) their numbers.
        mirror: (J,) indices that exchange left and right.
        limb: (J,) index of the run that exchanges the joint.
        carried: (J, J) which joints (rows) move with which (columns): a wrist with its elbow.
    """

    noise: Noise
    of_runs: Array64
    share: Array32
    shortest: Array32
    lengths: Array32
    of_moves: Tensor
    of_scores: Tensor
    strengths: Tensor
    frames: Tensor
    mirror: Tensor
    limb: Tensor
    carried: Tensor


@lru_cache(maxsize=16)
@torch.inference_mode(mode=False)
def plan(joints: JointSet, noise: Noise, frames: int, device: torch.device) -> Plan:
    """Plan the noise of chunks. What is copied to a device takes time, so it is done once.

    A plan is kept, so it must not depend on the modes of torch in which it was first needed.
    """
    number, limbs = len(joints), _limbs(joints)
    exchanges = 1 + max(limbs)
    runs = [noise.frames, *[noise.joints] * number, *[noise.exchanges] * exchanges]
    strengths = [*[noise.bias] * number, noise.frames.offset, *[noise.joints.offset] * number]
    of_runs = [counters(stream, 3, n) for stream, n in ((1, 1), (2, number), (7, exchanges))]
    lasting = [counters(stream, n) for stream, n in ((4, number), (5, 1), (6, number))]
    jitter = counters(3, frames, number).T.ravel()
    return Plan(
        noise=noise,
        of_runs=np.concatenate(of_runs, axis=1).ravel(),
        share=np.array([run.share for run in runs], np.float32),
        shortest=np.array([run.shortest for run in runs], np.float32),
        lengths=np.array([run.longest - run.shortest + 1 for run in runs], np.float32),
        of_moves=torch.from_numpy(np.concatenate([*lasting, jitter])).to(device),
        of_scores=torch.from_numpy(counters(8, frames * number)).to(device),
        strengths=torch.tensor(strengths, dtype=torch.float32, device=device)[:, None],
        frames=torch.arange(frames, dtype=torch.float32, device=device),
        mirror=torch.tensor(joints.mirror, device=device),
        limb=torch.tensor([1 + number + limb for limb in limbs], device=device),
        carried=_carried(joints).to(device),
    )


def _limbs(joints: JointSet) -> list[int]:
    """Return the limb of each joint: both arms are one, and the legs. Others have the last one.

    A joint without another side stays where it is, whichever limb is exchanged.
    """
    limbs: dict[int, int] = {}
    for left, right in zip(joints.left, joints.right, strict=True):
        near = {joint for bone in joints.bones for joint in bone if left in bone}
        known = [limbs[joint] for joint in near & {*joints.left} if joint in limbs]
        limbs[left] = limbs[right] = min(known, default=len({*limbs.values()}))
    return [limbs.get(joint, -1) for joint in range(len(joints))]


def _carried(joints: JointSet) -> Tensor:
    """Return which joints (rows) move with which (columns), (J, J) of 0 and 1."""
    parents = {
        child: parent
        for parent, child in joints.bones
        for side in (joints.left, joints.right)
        if parent in side and child in side
    }
    found = torch.zeros(len(joints), len(joints), dtype=torch.float32, device="cpu")
    for joint in range(len(joints)):
        found[joint, [*_chain(joint, parents)]] = 1
    return found


def _chain(joint: int, parents: dict[int, int]) -> Iterator[int]:
    """Yield a joint and those that it hangs on."""
    yield joint
    if joint in parents:
        yield from _chain(parents[joint], parents)
