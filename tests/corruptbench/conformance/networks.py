"""Small networks that read and give what families of lifters do, in their order of axes."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn


def weights(*shape):
    """In double precision, so that the size of a batch does not show in the sixth digit."""
    return torch.from_numpy(np.random.default_rng(len(shape)).normal(0, 0.02, shape))


class Temporal(nn.Module):
    """(B, T, K, C) -> (B, T - 4, J, 3): a valid convolution over five frames."""

    def __init__(self, joints=17, channels=2, out=17):
        super().__init__()
        self.out = out
        self.weight = nn.Parameter(weights(out * 3, joints * channels, 5))

    def forward(self, x):
        y = nn.functional.conv1d(x.double().flatten(2).transpose(1, 2), self.weight).tanh()
        return y.float().transpose(1, 2).unflatten(2, (self.out, 3))


class Attention(nn.Module):
    """(B, T, K, C) -> (B, T, J, 3): every frame sees every other one of the input."""

    def __init__(self, channels=2):
        super().__init__()
        self.mix = nn.Parameter(weights(17 * channels, 51))

    def forward(self, x):
        y = x.double().flatten(2)
        share = torch.softmax(y @ y.transpose(1, 2), dim=-1)
        return ((share @ y) @ self.mix).float().unflatten(2, (17, 3))


class Center(nn.Module):
    """The middle pose of a window, as (B, 1, J, 3)."""

    def __init__(self):
        super().__init__()
        self.inner = Attention()

    def forward(self, x):
        return self.inner(x)[:, x.shape[1] // 2 : x.shape[1] // 2 + 1]


class PStmo(nn.Module):
    """(B, C, F, J, 1) -> a tuple: the middle pose and all poses, each (B, 3, F', J, 1)."""

    def __init__(self):
        super().__init__()
        self.inner = Attention()

    def forward(self, x):
        y = self.inner(x[..., 0].permute(0, 2, 3, 1)).permute(0, 3, 1, 2)[..., None]
        return y[:, :, 2:3], y


class Graph(nn.Module):
    """(B, 16, 2) -> (B, 16, 3): a frame by itself, without the nose."""

    def __init__(self):
        super().__init__()
        self.mix = nn.Parameter(weights(32, 48))

    def forward(self, x):
        return (x.double().flatten(1) @ self.mix).tanh().float().unflatten(1, (16, 3))


class Martinez(nn.Module):
    """(B, 32) z-scored -> (B, 48) z-scored: no nose in the input, no hip in the output."""

    def __init__(self):
        super().__init__()
        self.mix = nn.Parameter(weights(32, 48))

    def forward(self, x):
        return (x.double() @ self.mix).tanh().float()


class Diffusion(nn.Module):
    """(B, F, J, 2) -> (B, steps, H, F, J, 3)."""

    def __init__(self):
        super().__init__()
        self.inner = Attention()

    def forward(self, x):
        y = self.inner(x)
        each = torch.stack([y * 0.8, y * 1.1, y + 0.05], dim=1)
        return torch.stack([each * 0, each], dim=1)


class Aggregate(nn.Module):
    """A dictionary of the model's own aggregate and its hypotheses."""

    def __init__(self):
        super().__init__()
        self.inner = Attention()

    def forward(self, x):
        y = self.inner(x)
        return {"hypotheses": torch.stack([y * 0.8, y * 1.1], dim=1), "pose": y}


class Sampler(nn.Module):
    """Draws: (B, F, J, 2) -> (B, F, J, 3)."""

    def __init__(self):
        super().__init__()
        self.inner = Attention()

    def forward(self, x):
        return self.inner(x) + 0.05 * torch.randn(17, 3)
