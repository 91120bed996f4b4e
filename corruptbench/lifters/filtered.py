"""Tracks whose keypoints went through a filter, and the name of a lifter that sees them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from corruptbench.errors import InputError
from corruptbench.leaderboard.records import LONGEST_NAME
from corruptbench.lifters.filters.registry import detector_of, get
from corruptbench.lifters.gaps import filled
from corruptbench.lifters.lift import Track


def filtered(track: Track, name: str) -> Track:
    """Filter the keypoints of a track after its gaps are filled. The scores stay.

    The filter sees the scores of a frame with a gap as 0.

    Args:
        track: successive frames of a clip.
        name: of the filter.

    Raises:
        InputError: there is no filter of that name.
    """
    seen = np.isfinite(track.keypoints).all(axis=(1, 2))
    whole = filled(track.keypoints.astype(np.float64), track.camera)
    scores = np.where(seen[:, None], track.scores.astype(np.float64), 0.0)
    return replace(track, keypoints=get(name)(whole, scores, track.fps))


def filter_doubt(name: str | None, detector: str) -> str | None:
    """Return a warning where a filter was made for the scores of another detector."""
    made_for = name and detector_of(name)
    if not made_for or made_for == detector:
        return None
    return (
        f"warning: the filter {name} learned from the scores of {made_for}; those of {detector} "
        "mean something else"
    )


def row_name(lifter: str, filter_name: str | None) -> str:
    """Return the name of a lifter with a filter, such as "mine+one_euro"; without one, its own.

    Raises:
        InputError: there is no filter of that name, or the name is too long.
    """
    if filter_name is None:
        return lifter
    get(filter_name)
    name = f"{lifter}+{filter_name}"
    if len(name) > LONGEST_NAME:
        raise InputError(
            f"{name}: {len(name)} characters, expected at most {LONGEST_NAME}; give the lifter a "
            "shorter name in its contract",
            "filter",
        )
    return name
