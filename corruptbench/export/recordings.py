"""Tracks as VideoPose3D has them: a recording is a list with a track of each camera, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.human36m import tables
from corruptbench.datasets.humaneva import partitions
from corruptbench.errors import InputError
from corruptbench.export.tracks import Track

#: A place in the list is a camera for the repositories' loaders, so none can be left out.
CAMERAS = {"human36m": tables.CAMERAS, "humaneva": partitions.CAMERAS}


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
    tracks: tuple[Track, ...]

    @property
    def joints(self) -> NDArray[np.float64]:
        """(F, J, 3) world mm: the labels of its frames."""
        return self.tracks[0].clip.joints[self.frames]


def recordings(found: Sequence[Track], dataset: str) -> tuple[list[tuple[Track, ...]], list[str]]:
    """Recordings with all cameras, sorted, and in words those that lack one.

    The cameras are the official ones; of other data sets all that there are, by name.

    Args:
        found: tracks.
        dataset: its name.

    Raises:
        InputError: when no recording has them all.
    """
    cameras = CAMERAS.get(dataset) or tuple(sorted({t.key[2] for t in found}))
    seen: dict[tuple[str, str], dict[str, Track]] = {}
    for track in found:
        seen.setdefault(track.key[:2], {})[track.key[2]] = track
    whole, left_out = [], []
    for (subject, sequence), tracks in sorted(seen.items()):
        lacking = [camera for camera in cameras if camera not in tracks]
        if lacking:
            reason = f"not all {len(cameras)} cameras: no {', '.join(lacking)}"
            left_out.append(f"{subject}/{sequence} ({reason})")
        else:
            whole.append(tuple(tracks[camera] for camera in cameras))
    if not whole:
        raise InputError(
            f"--shards: {left_out[0]}, nor has another recording; expected all of "
            f"{', '.join(cameras)}, which the repositories know by their places in a list: build "
            "with a manifest that has them"
        )
    return whole, left_out
