"""Random numbers on any device that depend on what they are drawn for, and on nothing else.

Each number is a hash of a key and a counter: SplitMix64 (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014), in integers of 64 bits, which a CPU and a GPU
compute alike. There is no state: neither the order of the draws nor what else is drawn matters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def _shifted(x: Tensor, by: int) -> Tensor:
    """Shift to the right, and fill with zeros."""
    return (x >> by).bitwise_and_(2 ** (64 - by) - 1)


def mixed(x: Tensor) -> Tensor:
    """Return the hash of each integer, int64."""
    x = _shifted(x, 30).bitwise_xor_(x).mul_(_signed(0xBF58476D1CE4E5B9))
    x = _shifted(x, 27).bitwise_xor_(x).mul_(_signed(0x94D049BB133111EB))
    return _shifted(x, 31).bitwise_xor_(x)


class Draws:
    """Draws for each of B identities. Draws of another ``stream`` are independent of each other."""

    def __init__(self, keys: Tensor) -> None:
        """Take the identities, (B,) int64."""
        self.device = keys.device
        self._keys = mixed(keys * _signed(_GOLDEN) + 1)

    def uniform(self, stream: int, *shape: int) -> Tensor:
        """Return numbers (B, *shape) float32, at least 0 and less than 1."""
        return self.uniforms({stream: shape})[0]

    def normal(self, stream: int, *shape: int) -> Tensor:
        """Return pairs of standard normal numbers (B, *shape, 2) float32."""
        return self.normals({stream: shape})[0]

    def uniforms(self, shapes: Mapping[int, tuple[int, ...]]) -> list[Tensor]:
        """Return what `uniform` returns for each stream and shape, in less time."""
        numbers = _upper(self._words(shapes)).mul_(2.0**-24)
        return _divided(numbers, shapes)

    def normals(self, shapes: Mapping[int, tuple[int, ...]]) -> list[Tensor]:
        """Return what `normal` returns for each stream and shape, in less time.

        A word gives a pair (Box and Muller, 1958).
        """
        words = self._words(shapes)
        length = _upper(words).add_(0.5).mul_(2.0**-24).log_().mul_(-2).sqrt_()
        angle = words.bitwise_and_(2**24 - 1).float().mul_(2.0**-24 * 2 * math.pi)
        pairs = torch.complex(angle.cos().mul_(length), angle.sin().mul_(length))  # beats stack
        return _divided(torch.view_as_real(pairs), shapes)

    def _words(self, shapes: Mapping[int, tuple[int, ...]]) -> Tensor:
        """Return the hashes of all streams beside each other, (B, numbers) int64."""
        counters = torch.cat(
            [
                torch.arange(first, first + math.prod(shape), device=self.device)
                for first, shape in (
                    (1 + (stream << 32), shape) for stream, shape in shapes.items()
                )
            ]
        )
        return mixed(self._keys[:, None] + counters.mul_(_signed(_GOLDEN)))


def _upper(words: Tensor) -> Tensor:
    """Return the upper 24 bits as float32, which holds them exactly."""
    return _shifted(words, 40).float()


def _divided(numbers: Tensor, shapes: Mapping[int, tuple[int, ...]]) -> list[Tensor]:
    """Return the part (B, *shape, ...) of each stream."""
    parts = torch.split(numbers, [math.prod(shape) for shape in shapes.values()], dim=1)
    return [
        part.reshape(len(part), *shape, *part.shape[2:])
        for part, shape in zip(parts, shapes.values(), strict=True)
    ]
