"""Families of lifters: a contract, a small network, and what the family's own evaluation computes.

A family is added to `FAMILIES`. What is computed by hand shares no code with the harness.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from tests.corruptbench.conformance.networks import (
    Aggregate,
    Attention,
    Center,
    Diffusion,
    Graph,
    Martinez,
    PStmo,
    Sampler,
    Temporal,
)

LEFT, RIGHT = [4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]
NO_NOSE = [i for i in range(17) if i != 9]


def run(network, x):
    """One pass on (T, K, C): adds and removes the batch."""
    with torch.no_grad():
        out = network(torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))[None])
    if isinstance(out, dict):
        return {name: value.double() for name, value in out.items()}
    return tuple(v.double() for v in out) if isinstance(out, tuple) else out.double()


def windows(x, before, after):
    """Yields the window of each frame, with the first and last frame repeated."""
    for t in range(len(x)):
        yield x[np.clip(np.arange(t - before, t + after + 1), 0, len(x) - 1)]


def blocks(x, frames):
    """Yields (first frame that counts, block): the last block ends with the clip."""
    if len(x) <= frames:
        yield 0, x[np.minimum(np.arange(frames), len(x) - 1)]
        return
    done = 0
    for start in [*range(0, len(x) - frames, frames), len(x) - frames]:
        yield done - start, x[start : start + frames]
        done = start + frames


def in_blocks(network, x, frames, pick=lambda y: y[0]):
    parts = [pick(run(network, b)).numpy()[new:] for new, b in blocks(x, frames)]
    return np.concatenate(parts)[: len(x)]


def flipped(x):
    y = x.copy()
    y[..., 0] *= -1
    y[..., LEFT + RIGHT, :] = y[..., RIGHT + LEFT, :]
    return y


def mean_in_32_bits(a, b):
    """As the families compute it, on tensors."""
    return torch.stack([torch.from_numpy(x).float() for x in (a, b)]).mean(dim=0).double().numpy()


def crop(xy, score):
    seen = xy[score > 0]
    low, high = seen.min(axis=0), seen.max(axis=0)
    size = max(high - low)
    return np.clip(2 * (xy - (low + high - size) / 2) / size - 1, -1, 1)


def with_score(xy, score):
    return np.concatenate([xy, score[..., None]], axis=-1)


@dataclass
class Family:
    """A convention: the contract's lines, a network, and what its own evaluation computes.

    `by_hand` is given the network and a namespace of one clip: xy (F, 17, 2) px, score (F, 17),
    screen (F, 17, 2), camera. It returns (F, 17, 3) mm, and NaN for joints that are not scored.
    """

    network: nn.Module
    fields: dict
    by_hand: object
    suffix: str = ".pt"
    joints: list = field(default_factory=lambda: list(range(17)))


def spread(y, kept):
    whole = np.full((len(y), 17, 3), np.nan)
    whole[:, 0] = 0
    whole[:, kept] = y
    return whole


MEAN2, STD2 = np.linspace(300, 700, 32), np.linspace(50, 90, 32)
MEAN3, STD3 = np.linspace(-300, 300, 48), np.linspace(80, 160, 48)
NO_HIP = list(range(1, 17))

FAMILIES = {
    "VideoPose3D": Family(
        Temporal(), {"window": "sequence", "frames": 5},
        lambda n, c: np.stack([run(n, w)[0, 0].numpy() for w in windows(c.screen, 2, 2)]) * 1000,
        ".pt2",
    ),
    "VideoPose3D, causal": Family(
        Temporal(), {"window": "sequence", "frames": 5, "target": "last"},
        lambda n, c: np.stack([run(n, w)[0, 0].numpy() for w in windows(c.screen, 4, 0)]) * 1000,
    ),
    "PoseFormer": Family(
        Center(), {"window": "centre", "frames": 7},
        lambda n, c: np.stack([run(n, w)[0, 0].numpy() for w in windows(c.screen, 3, 3)]) * 1000,
    ),
    "MHFormer": Family(
        Attention(), {"window": "centre", "frames": 7},
        lambda n, c: np.stack([run(n, w)[0, 3].numpy() for w in windows(c.screen, 3, 3)]) * 1000,
    ),
    "MixSTE": Family(
        Attention(), {"window": "block", "frames": 7, "flip": True},
        lambda n, c: 1000 * mean_in_32_bits(
            in_blocks(n, c.screen, 7), flipped(in_blocks(n, flipped(c.screen), 7))
        ),
    ),
    "P-STMO": Family(
        PStmo(),
        {"window": "centre", "frames": 5, "input": "b c t j 0", "output": "0: b c t j 0"},
        lambda n, c: np.stack([
            run(n, w.transpose(2, 0, 1)[..., None])[0][0, :, 0, :, 0].numpy().T
            for w in windows(c.screen, 2, 2)
        ]) * 1000,
    ),
    "MotionBERT": Family(
        Attention(3),
        {"window": "clip", "frames": 9, "channels": "xyc", "units": "none"},
        lambda n, c: in_blocks(n, with_score(c.screen, c.score), min(9, len(c.xy))),
    ),
    "MotionBERT, in the wild": Family(
        Attention(3),
        {"window": "clip", "frames": 300, "channels": "xyc", "units": "none", "normalize": "crop"},
        lambda n, c: run(n, with_score(crop(c.xy, c.score), c.score))[0].numpy(),
    ),
    "Modulated-GCN": Family(
        Graph(),
        {"window": "centre", "frames": 1, "joints": "h36m17 - neck_nose", "input": "b j c",
         "output": "b j c"},
        lambda n, c: 1000 * spread(
            np.stack([run(n, f)[0].numpy() for f in c.screen[:, NO_NOSE]]), NO_NOSE
        ),
        joints=NO_NOSE,
    ),
    "3d_pose_baseline": Family(
        Martinez(),
        {"window": "centre", "frames": 1, "keypoints": "h36m17 - neck_nose",
         "joints": "h36m17 - hip", "input": "b (j c)", "output": "b (j c)",
         "normalize": {"mean": MEAN2.tolist(), "std": STD2.tolist()},
         "units": {"mean": MEAN3.tolist(), "std": STD3.tolist(), "units": "mm"}},
        lambda n, c: spread(
            np.stack([
                run(n, (f.ravel() - MEAN2) / STD2)[0].numpy() * STD3 + MEAN3
                for f in c.xy[:, NO_NOSE]
            ]).reshape(-1, 16, 3), NO_HIP
        ),
    ),
    "D3DP": Family(
        Diffusion(), {"window": "block", "frames": 7, "output": "b -1 h t j c"},
        lambda n, c: 1000 * in_blocks(
            n, c.screen, 7, lambda y: y[0, -1].float().mean(dim=0).double()
        ),
    ),
    "own aggregate": Family(
        Aggregate(),
        {"window": "block", "frames": 7, "output": "pose: b t j c",
         "hypotheses": "hypotheses: b h t j c"},
        lambda n, c: 1000 * in_blocks(n, c.screen, 7, lambda y: y["pose"][0]),
    ),
    "stochastic": Family(
        Sampler(), {"window": "block", "frames": 7, "samples": 2},
        None,
    ),
    "rays": Family(
        Temporal(), {"window": "sequence", "frames": 5, "normalize": "rays", "units": "mm"},
        lambda n, c: np.stack([
            run(n, w)[0, 0].numpy()
            for w in windows((c.xy - c.camera.principal_point) / c.camera.focal_length, 2, 2)
        ]),
    ),
    "half the rate": Family(
        Temporal(), {"window": "sequence", "frames": 5, "fps": 25.0},
        lambda n, c: 1000 * np.stack([
            run(n, c.screen[t % 2 :: 2][np.clip(np.arange(t // 2 - 2, t // 2 + 3), 0,
                                                len(c.screen[t % 2 :: 2]) - 1)])[0, 0].numpy()
            for t in range(len(c.screen))
        ]),
    ),
}  # fmt: skip
