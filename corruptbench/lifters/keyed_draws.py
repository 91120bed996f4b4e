"""Random numbers on any device that depend on what they are drawn for, and on nothing else.

Each number is a hash of a key and a counter: SplitMix64 (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014), in integers of 64 bits, which a CPU and a GPU
compute alike. There is no state: neither the order of the draws nor what else is drawn matters.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def _shifted(x: Tensor, by: int) -> Tensor:
    """Shift to the right, and fill with zeros."""
    found: Tensor = (x >> by) & (2 ** (64 - by) - 1)
    return found


def mixed(x: Tensor) -> Tensor:
    """Return the hash of each integer, int64."""
    x = (x ^ _shifted(x, 30)) * _signed(0xBF58476D1CE4E5B9)
    x = (x ^ _shifted(x, 27)) * _signed(0x94D049BB133111EB)
    found: Tensor = x ^ _shifted(x, 31)
    return found


class Draws:
    """Draws for each of B identities. Draws of another ``stream`` are independent of each other."""

    def __init__(self, keys: Tensor) -> None:
        """Take the identities, (B,) int64."""
        self.device = keys.device
        self._keys = mixed(keys * _signed(_GOLDEN) + 1)

    def _words(self, stream: int, shape: tuple[int, ...]) -> Tensor:
        """Return hashes (B, *shape) int64."""
        count = math.prod(shape)
        counters = torch.arange(stream << 32, (stream << 32) + count, device=self.device)
        words = mixed(self._keys[:, None] + (counters + 1) * _signed(_GOLDEN))
        return words.reshape(len(self._keys), *shape)

    def uniform(self, stream: int, *shape: int) -> Tensor:
        """Return numbers (B, *shape) float32, at least 0 and less than 1."""
        return _shifted(self._words(stream, shape), 40).float() * 2.0**-24

    def normal(self, stream: int, *shape: int) -> Tensor:
        """Return pairs of standard normal numbers (B, *shape, 2) float32 (Box and Muller, 1958)."""
        words = self._words(stream, shape)
        length = torch.sqrt(-2 * torch.log((_shifted(words, 40).float() + 0.5) * 2.0**-24))
        angle = (words & (2**24 - 1)).float() * (2.0**-24 * 2 * math.pi)
        return length[..., None] * torch.stack([torch.cos(angle), torch.sin(angle)], dim=-1)
