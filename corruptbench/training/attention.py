"""An attention lifter after the temporal encoder of PoseFormer (Zheng et al., ICCV 2021).

Written from the paper: a token for each frame, a learned embedding of its position in the window,
and blocks of self-attention over the frames and a perceptron, each behind a layer normalization and
with a skip connection over it. PoseFormer lifts the middle frame of its window. This network lifts
all of them, which costs the same. Its tokens come from a convolution over a few frames instead of
PoseFormer's encoder over joints, so that it trains on a CPU.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class _Block(nn.Module):
    """Self-attention over the frames and a perceptron of each frame."""

    def __init__(self, features: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.LayerNorm(features)
        self.ask = nn.Linear(features, 3 * features)
        self.mix = nn.Sequential(nn.Linear(features, features), nn.Dropout(dropout))
        self.perceptron = nn.Sequential(
            nn.LayerNorm(features),
            nn.Linear(features, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, features),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Take and return (B, T, features)."""
        asked: Tensor = self.ask(self.before_attention(x))
        heads = torch.unflatten(asked, 2, (3, self.heads, -1))
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind(0)
        found = nn.functional.scaled_dot_product_attention(query, key, value)
        x = x + self.mix(found.transpose(1, 2).flatten(2))
        y: Tensor = self.perceptron(x)
        return x + y


class Attention(nn.Module):
    """The network: (B, frames, J, 2) normalized keypoints -> (B, frames, J, 3) meters.

    The output is relative to the root joint.
    """

    def __init__(
        self,
        joints: int,
        frames: int = 27,
        width: int = 9,
        features: int = 128,
        blocks: int = 4,
        heads: int = 8,
        dropout: float = 0.1,
    ) -> None:
        """Make a network with random weights.

        Args:
            joints: J.
            frames: of a window.
            width: odd number of frames that a token comes from. The frames at the ends of the
                window are repeated.
            features: size of a token.
            blocks: their number.
            heads: of the attention; a divisor of ``features``.
            dropout: share of the features that is left out in training.
        """
        super().__init__()
        self.margin = width // 2
        self.embed = nn.Conv1d(joints * 2, features, width)
        self.position = nn.Parameter(0.02 * torch.randn(1, frames, features))
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            _Block(features, heads, 2 * features, dropout) for _ in range(blocks)
        )
        self.shrink = nn.Sequential(nn.LayerNorm(features), nn.Linear(features, joints * 3))

    def forward(self, x: Tensor) -> Tensor:
        """Lift a batch; the class states the shapes."""
        joints = x.shape[2]
        tokens = self.embed(self._padded(x).flatten(2).transpose(1, 2))
        y: Tensor = self.dropout(tokens.transpose(1, 2) + self.position)
        for block in self.blocks:
            y = block(y)
        return torch.unflatten(self.shrink(y), 2, (joints, 3))

    def _padded(self, x: Tensor) -> Tensor:
        """Repeat the first and the last frame; unlike torch's padding, repeatable on a GPU."""
        first, last = (x[:, i, None].expand(-1, self.margin, -1, -1) for i in (0, -1))
        return torch.cat([first, x, last], dim=1)
