"""Runs of frames, and their names in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Runs that a sentence names.
NAMED = 3


def runs(mask: NDArray[np.bool_]) -> list[range]:
    """Return the stretches of successive true values of a mask (F,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]))).tolist()
    return [range(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def frames_in(mask: NDArray[np.bool_], first: int = 0) -> str:
    """Return the frames of a mask (F,) in words, such as "3 frames: 4-5, 90".

    Args:
        mask: which frames.
        first: number of the first one.
    """
    count = int(mask.sum())
    return f"{count} frame{'s' * (count > 1)}: {listed(names(mask, first))}"


def names(mask: NDArray[np.bool_], first: int = 0) -> list[str]:
    """Return the runs of a mask (F,) as "7" or "100-130"; ``first`` as for `frames_in`."""
    ends = [(run[0] + first, run[-1] + first) for run in runs(mask)]
    return [f"{a}" if a == b else f"{a}-{b}" for a, b in ends]


def listed(items: Sequence[str]) -> str:
    """Return the first items, and how many more there are."""
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return ", ".join(items[:NAMED]) + more


def listed_all(items: Sequence[str]) -> str:
    """Return all items, such as "hip, knee and ankle"."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))
