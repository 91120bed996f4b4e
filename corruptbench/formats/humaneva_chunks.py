"""Chunks: how VideoPose3D's packages cut a partition of a recording, "Walking 1 chunk2".

A chunk is a run of frames that all have a label, or that all have none. Both kinds are numbered in
one go, from 0 at the partition's first frame. Only the labeled ones are stored with labels, so the
numbers in a package have gaps. Which frames a chunk holds is not stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


def recording_name(recording: str) -> str:
    """Return what a package calls a recording: "Walking 1" for "Walking_1"."""
    return recording.replace("_", " ")


def chunk_name(recording: str, number: int) -> str:
    """Return what a package calls a chunk of a recording ("Walking_1")."""
    return f"{recording_name(recording)} chunk{number}"


def labeled_chunks(valid: NDArray[np.bool_]) -> dict[int, slice]:
    """Return number to frames of the labeled chunks.

    Args:
        valid: (F,) which frames of the partition have a label.
    """
    bounds = [0, *(np.flatnonzero(valid[1:] != valid[:-1]) + 1).tolist(), len(valid)]
    runs = enumerate(pairwise(bounds))
    return {number: slice(start, end) for number, (start, end) in runs if valid[start:end].any()}


def numbered(stretches: Mapping[str, Any], recording: str) -> dict[int, Any]:
    """Return number to content of a recording's ("Walking_1") chunks in a package."""
    pattern = re.compile(rf"{re.escape(recording_name(recording))} chunk(\d+)")
    found = ((pattern.fullmatch(name), content) for name, content in stretches.items())
    return {int(match[1]): content for match, content in found if match}


def validity(
    chunks: Mapping[int, int], gaps: Mapping[int, int], count: int
) -> NDArray[np.bool_] | None:
    """Return which frames have a label (count,), or None where that cannot be known.

    The inverse of `labeled_chunks`. Labeled and unlabeled chunks alternate, so their places are
    certain when all frames are labeled, when only the first chunk is (the rest is one gap at the
    end), or when the lengths of the gaps are known as well.

    Args:
        chunks: number -> length of the labeled chunks.
        gaps: number -> length of the unlabeled chunks, as far as known.
        count: frames of the partition.
    """
    labeled = sum(chunks.values())
    lengths = {**gaps, **chunks}
    if set(chunks) == {0}:
        lengths = {0: labeled, 1: count - labeled}
    order = range(len(lengths))
    certain = (
        sorted(lengths) == [*order]
        and len({i % 2 for i in chunks}) == 1
        and not set(chunks) & set(gaps)
        and sum(lengths.values()) == count
        and min(lengths.values()) >= 0
    )
    if not certain:
        return None
    return np.concatenate([np.full(lengths[i], i in chunks) for i in order])
