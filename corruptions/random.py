"""Counter-based random numbers, whose key says what they are drawn for.

Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011)
is a pure function of a 64-bit key and a 128-bit counter. The key is the SHA-256 of *what* the
numbers are drawn for (benchmark, corruption, version, severity, clip). The counter says *where*
(frame, row, ...). So a value does not depend on the order of the work, on the region, on the number
of workers, or on the machine. All arithmetic is on unsigned integers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from statistics import NormalDist

import numba
import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel

M0, M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
W0, W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
LOW = np.uint64(0xFFFFFFFF)
S32 = np.uint64(32)


@numba.njit(inline="always")
def philox(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
    """Return four random words: ten rounds of Philox 4x32 on uint64 that hold 32-bit words."""
    for _ in range(10):
        p0 = M0 * c0
        p1 = M1 * c2
        c0, c1, c2, c3 = (
            ((p1 >> S32) ^ c1 ^ k0) & LOW,
            p1 & LOW,
            ((p0 >> S32) ^ c3 ^ k1) & LOW,
            p0 & LOW,
        )
        k0 = (k0 + W0) & LOW
        k1 = (k1 + W1) & LOW
    return c0, c1, c2, c3


@kernel
def row_words(k0, k1, t, y, block, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (8 N,) uint16 with the random words of N successive blocks of one row.

    Block b, counter (t, y, b, 0), gives the words of the row's samples 8 b to 8 b + 7: the lower,
    then the upper half of each of its four 32-bit words. ``block`` is the first block. In compiled
    code several blocks are computed at a time.
    """
    k0, k1 = np.uint64(k0) & LOW, np.uint64(k1) & LOW
    low, high = np.uint64(0xFFFF), np.uint64(16)
    for i in range(out.size // 8):
        a, b, c, d = philox(np.uint64(t), np.uint64(y), np.uint64(block + i), np.uint64(0), k0, k1)
        out[8 * i], out[8 * i + 1] = a & low, a >> high
        out[8 * i + 2], out[8 * i + 3] = b & low, b >> high
        out[8 * i + 4], out[8 * i + 5] = c & low, c >> high
        out[8 * i + 6], out[8 * i + 7] = d & low, d >> high


@kernel
def _words(k0, k1, counters, out):  # type: ignore[no-untyped-def]
    for i in range(counters.shape[0]):
        c = counters[i]
        a, b, d, e = philox(
            np.uint64(c[0]), np.uint64(c[1]), np.uint64(c[2]), np.uint64(c[3]), k0, k1
        )
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = a, b, d, e


@dataclass(frozen=True)
class Key:
    """A 64-bit Philox key: two 32-bit words."""

    k0: int
    k1: int

    @classmethod
    def of(cls, *identity: str | int) -> Key:
        """Return the key of an identity, such as ``Key.of("studio-c", 1, "erase", 1, 3, "walk")``.

        It is the first 8 bytes, little-endian, of the SHA-256 of the identity as compact JSON.
        """
        text = json.dumps(identity, separators=(",", ":"), ensure_ascii=True)
        digest = hashlib.sha256(text.encode("ascii")).digest()
        return cls(int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little"))

    def words(self, counters: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return four random 32-bit words for each counter.

        Args:
            counters: (N, 4) uint32.

        Returns:
            (N, 4) uint32, uniform.
        """
        counters = np.ascontiguousarray(counters, dtype=np.uint32)
        out = np.empty_like(counters)
        _words(np.uint64(self.k0), np.uint64(self.k1), counters, out)
        return out

    def uniform(self, stream: int, *where: int) -> float:
        """Return a 32-bit number in [0, 1) for a stream (what is drawn) and up to 3 indices."""
        counter = np.zeros((1, 4), dtype=np.uint32)
        counter[0, 0] = stream
        counter[0, 1 : 1 + len(where)] = where
        return int(self.words(counter)[0, 0]) / 2**32


#: Fixed-point scale of NORMAL_16: a value of 4096 is one standard deviation.
NORMAL_SCALE = 4096


def _normal_table() -> NDArray[np.int16]:
    quantile = NormalDist().inv_cdf
    half = [round(NORMAL_SCALE * quantile((i + 0.5) / 65536)) for i in range(32768)]
    return np.array(half + [-v for v in reversed(half)], dtype=np.int16)


#: Standard normal quantiles of the 65536 midpoints (i + 0.5) / 65536, times NORMAL_SCALE: a
#: uniform 16-bit word indexes a normal deviate (|z| <= 4.33, symmetric, integer).
NORMAL_16: NDArray[np.int16] = _normal_table()
