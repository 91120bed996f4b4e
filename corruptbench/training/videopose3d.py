"""A temporal convolution lifter after VideoPose3D (Pavllo et al., CVPR 2019).

Written from the paper: dilated convolutions along time without padding, each followed by batch
normalization, ReLU and dropout, in residual blocks. The receptive field is the product of the
filter widths. The network is smaller than the paper's (256 channels instead of 1024, 27 frames
instead of 243).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def unit(inputs: int, outputs: int, width: int, dilation: int, dropout: float) -> nn.Sequential:
    """Return a convolution along time with batch normalization, ReLU and dropout."""
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, width, dilation=dilation, bias=False),
        nn.BatchNorm1d(outputs),
        nn.ReLU(),
        nn.Dropout(dropout),
    )


class _Block(nn.Module):
    """A dilated convolution and a pointwise one, with a skip connection over both."""

    def __init__(self, channels: int, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.trim = dilation * (width - 1) // 2
        self.convolve = unit(channels, channels, width, dilation, dropout)
        self.mix = unit(channels, channels, 1, 1, dropout)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.mix(self.convolve(x))
        return x[:, :, self.trim : -self.trim] + y


class VideoPose3D(nn.Module):
    """The network: (B, T, J, C) normalized keypoints -> (B, T - frames + 1, J, 3) meters.

    The output is relative to the root joint.

    Attributes:
        frames: number of frames of the receptive field.
    """

    def __init__(
        self,
        joints: int,
        channels: int,
        widths: tuple[int, ...] = (3, 3, 3),
        features: int = 256,
        dropout: float = 0.25,
    ) -> None:
        """Make a network of J ``joints``, C ``channels`` (2: x, y) and odd ``widths`` in time."""
        super().__init__()
        self.expand = unit(joints * channels, features, widths[0], 1, dropout)
        blocks, dilation = [], widths[0]
        for width in widths[1:]:
            blocks.append(_Block(features, width, dilation, dropout))
            dilation *= width
        self.blocks = nn.Sequential(*blocks)
        self.shrink = nn.Conv1d(features, joints * 3, 1)
        self.frames = dilation

    def forward(self, x: Tensor) -> Tensor:
        """Lift a batch; the class states the shapes."""
        joints = x.shape[2]
        y = self.shrink(self.blocks(self.expand(x.flatten(2).transpose(1, 2))))
        return torch.unflatten(y.transpose(1, 2), 2, (joints, 3))
