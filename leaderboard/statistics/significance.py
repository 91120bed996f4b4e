"""Whether a paired difference is more than chance: a sign-flip test over takes, and Holm's rule."""

from __future__ import annotations

import numpy as np

from corruptbench.leaderboard.statistics.wide import Array

#: A difference is real if its p after Holm's correction is below this, as is usual.
LEVEL = 0.05
#: With at most so many takes all sign flips are counted, otherwise `FLIPS` random ones.
EXACT = 16
FLIPS = 2**16 - 1
_PHILOX_KEY = 0x666C6970  # an arbitrary constant; another one changes the p of many takes
_SLACK = 1e-9  # relative; sums of the same numbers in another order differ by rounding


def sign_flip(parts: Array) -> Array:
    """Compute the two-sided p value of sums of paired differences, (M,).

    If two lifters are equally good, a take's part of the difference is as likely to have the other
    sign. p is the share of sign flips whose sum is at least as far from 0 (Fisher, The Design of
    Experiments, 1935). Random flips count the given signs too, so p is never 0 (Phipson & Smyth,
    2010). The same parts give the same p on every machine.

    Args:
        parts: (T, M), the part of each of T takes in each of M differences.
    """
    signs = _signs(len(parts))
    sums = np.abs(signs @ parts)
    far = np.abs(parts.sum(axis=0)) * (1 - _SLACK)
    return np.asarray((sums >= far).mean(axis=0))


def _signs(takes: int) -> Array:
    """Return sign flips (N, T) of -1 and 1; the first row flips nothing."""
    if takes <= EXACT:
        rows = np.arange(2**takes, dtype=np.uint64)[:, None]
        bits = rows >> np.arange(takes, dtype=np.uint64)[None] & np.uint64(1)
    else:
        words = np.random.Philox(key=_PHILOX_KEY).random_raw(FLIPS * takes)
        random = (words >> np.uint64(63)).reshape(FLIPS, takes)
        bits = np.concatenate([np.zeros((1, takes), np.uint64), random])
    return 1.0 - 2.0 * bits.astype(np.float64)


def smallest_p(takes: int) -> float:
    """Return the smallest p that `sign_flip` can give: all takes with one sign."""
    return 2.0 ** (1 - takes) if takes <= EXACT else 1.0 / (FLIPS + 1)


def can_separate(takes: int, comparisons: int) -> bool:
    """Tell whether so many takes can give a p below `LEVEL`, corrected for the comparisons."""
    return smallest_p(takes) * comparisons < LEVEL


def holm(p: Array) -> Array:
    """Correct p values (M,) for the number of comparisons (Holm, Scand. J. Statist. 1979).

    The smallest is multiplied by M, the next by M - 1, and so on; none is below a smaller one.
    """
    order = np.argsort(p, kind="stable")
    factors = len(p) - np.arange(len(p))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected
