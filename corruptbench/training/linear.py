"""A lifter of single frames after Martinez et al., "A simple yet effective baseline", ICCV 2017.

Written from the paper: a layer that widens the keypoints of a frame, two residual blocks of two
layers, each with batch normalization, ReLU and dropout, and a layer that makes the pose. The
network is smaller than the paper's (512 features instead of 1024, and less dropout for it).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from corruptbench.training.videopose3d import unit


class _Block(nn.Module):
    """Two layers with a skip connection over both."""

    def __init__(self, features: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(unit(features, features, 1, 1, dropout) for _ in range(2)))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y


class Linear(nn.Module):
    """The network: (B, T + frames - 1, J, 2) normalized keypoints -> (B, T, J, 3) meters.

    The output is relative to the root joint. With ``frames`` 1 each pose comes from its own frame
    alone, as in the paper. With more, the first layer is a convolution over that many frames, and
    all others stay as they are.

    Attributes:
        frames: number of frames of the receptive field.
    """

    def __init__(
        self,
        joints: int,
        frames: int = 1,
        features: int = 512,
        blocks: int = 2,
        dropout: float = 0.25,
    ) -> None:
        """Make a network of J ``joints`` and an odd number of ``frames``."""
        super().__init__()
        self.expand = unit(joints * 2, features, frames, 1, dropout)
        self.blocks = nn.Sequential(*(_Block(features, dropout) for _ in range(blocks)))
        self.shrink = nn.Conv1d(features, joints * 3, 1)
        self.frames = frames

    def forward(self, x: Tensor) -> Tensor:
        """Lift a batch; the class states the shapes."""
        joints = x.shape[2]
        y: Tensor = self.shrink(self.blocks(self.expand(x.flatten(2).transpose(1, 2))))
        return torch.unflatten(y.transpose(1, 2), 2, (joints, 3))
