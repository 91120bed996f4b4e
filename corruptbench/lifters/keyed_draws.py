"""Random numbers that depend on what they are drawn for, and on nothing else.

Each number is a hash of a key and a counter: SplitMix64 (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014), in integers of 64 bits, which NumPy and torch on any
device compute alike. There is no state: neither the order of the draws nor what else is drawn
matters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array64 = NDArray[np.int64]
Array32 = NDArray[np.float32]
Integers = TypeVar("Integers", Tensor, Array64)


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


_GOLDEN = _signed(0x9E3779B97F4A7C15)
_FACTORS = _signed(0xBF58476D1CE4E5B9), _signed(0x94D049BB133111EB)


def mixed(x: Integers) -> Integers:
    """Return the hash of each integer, of an array or of a tensor of int64."""
    x = _folded(x, 30)
    x *= _FACTORS[0]
    x = _folded(x, 27)
    x *= _FACTORS[1]
    return _folded(x, 31)


def _folded(x: Integers, by: int) -> Integers:
    shifted = _shifted(x, by)
    shifted ^= x
    return shifted


def _shifted(x: Integers, by: int) -> Integers:
    """Shift to the right, and fill with zeros."""
    shifted = x >> by
    shifted &= 2 ** (64 - by) - 1
    return shifted


def counters(stream: int, *shape: int) -> Array64:
    """Return what numbers of this shape are drawn with. Streams are independent of each other."""
    first = 1 + (stream << 32)
    return (np.arange(first, first + math.prod(shape)) * _GOLDEN).reshape(shape)


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws for each of B identities.

    Attributes:
        hashes: of the identities, (B,) int64.
    """

    hashes: Array64

    @classmethod
    def of(cls, keys: Array64) -> Draws:
        """Take the identities, (B,) int64."""
        return cls(mixed(keys * _GOLDEN + 1))

    def __getitem__(self, places: Array64) -> Draws:
        """Return the draws of some identities."""
        return Draws(self.hashes[places])

    def uniform(self, counters: Array64) -> Array32:
        """Return numbers (B, N) of at least 0 and less than 1, by N counters.

        This is for few numbers, with which NumPy is faster than torch.
        """
        words = mixed(self.hashes[:, None] + counters)
        return _shifted(words, 40).astype(np.float32) * np.float32(2.0**-24)

    def normal(self, counters: Tensor) -> Tensor:
        """Return pairs of standard normal numbers (B, 2, N) float32, by N counters on any device.

        A word gives a pair (Box and Muller, 1958).
        """
        hashes = torch.from_numpy(self.hashes).to(counters.device, non_blocking=True)
        words = mixed(hashes[:, None] + counters)
        length = _shifted(words, 40).float().add_(0.5).mul_(2.0**-24).log_().mul_(-2).sqrt_()
        words &= 2**24 - 1
        angle = words.float().mul_(2.0**-24 * 2 * math.pi)
        return torch.stack([angle.cos(), angle.sin_()], dim=1).mul_(length[:, None])
