"""Tracks as VideoPose3D keeps them: a recording is a list with a track of each camera, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.convert.tracks import Track
from corruptbench.datasets import Dataset
from corruptbench.errors import InputError

#: A recording's tracks, one for each camera, in order.
Recording = tuple[Track, ...]


@dataclass(frozen=True)
class Part:
    """An entry of the files: a recording, or a chunk of one.

    Attributes:
        subject: as the files call it.
        name: of the recording or chunk.
        frames: of the tracks that belong to it.
        tracks: one for each camera, in order.
    """

    subject: str
    name: str
    frames: slice
    tracks: Recording

    @property
    def joints(self) -> NDArray[np.float64]:
        """(F, J, 3) world mm: the labels of its frames."""
        return self.tracks[0].clip.joints[self.frames]


def recordings(found: Sequence[Track], dataset: Dataset) -> tuple[list[Recording], list[str]]:
    """Return the recordings with all cameras, sorted, and in words those that lack one.

    The repositories' loaders know cameras by their place in the list, so none can be left out. A
    data set without an order of its own has the cameras of its tracks, by name.

    Raises:
        InputError: when no recording has them all.
    """
    cameras = dataset.cameras or tuple(sorted({t.key[2] for t in found}))
    seen: dict[tuple[str, str], dict[str, Track]] = {}
    for track in found:
        seen.setdefault(track.key[:2], {})[track.key[2]] = track
    complete, left_out = [], []
    for (subject, sequence), tracks in sorted(seen.items()):
        absent = [camera for camera in cameras if camera not in tracks]
        if absent:
            reason = f"not all {len(cameras)} cameras: no {', '.join(absent)}"
            left_out.append(f"{subject}/{sequence} ({reason})")
        else:
            complete.append(tuple(tracks[camera] for camera in cameras))
    if not complete:
        raise InputError(
            f"the shards: {left_out[0]}, and no other recording has them all; expected "
            f"{', '.join(cameras)}, which the repositories know by their places in a list: build "
            "with a manifest that has them"
        )
    return complete, left_out
