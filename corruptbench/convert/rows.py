"""Rows of the label files that have one for each frame: which clip's frame each of them is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.convert.tracks import Key, Track
from corruptbench.errors import InputError

#: Labels of a row and of its frame agree in the median of a clip within this, px. Lens distortion
#: that is left out makes up to 3 px, at the border; another camera is tens of pixels off. Our own
#: choice.
AGREEMENT_PX = 4.0

#: The clip and the frame of a row; None where it belongs to no clip.
Row = tuple[Key, int] | None


def rows_of(
    where: str, rows: Sequence[Row], labels: NDArray[np.floating[Any]], found: Sequence[Track]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the rows of a label file for which there are detections, and the detections.

    Args:
        where: the file, and the part of it, for messages.
        rows: N of them.
        labels: (N, 17, 2 or more) px, the projected joints as the file has them.
        found: tracks.

    Returns:
        Indices (M,) and detections (M, 17, 3) float32: x, y px and score. M may be 0.

    Raises:
        InputError: when the file's labels are not those of the frames.
    """
    tracks = {track.key: track for track in found}
    members: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    for i, row in enumerate(rows):
        if row is not None and row[0] in tracks:
            members[row[0]].append((i, row[1]))
    kept = np.zeros(len(rows), dtype=bool)
    values = np.empty((len(rows), 17, 3), dtype=np.float32)
    for key, pairs in members.items():
        track = tracks[key]
        inside = [(i, t) for i, t in pairs if 0 <= t < len(track.keypoints)]
        indices, frames = np.array(inside, dtype=np.intp).reshape(-1, 2).T
        _check_labels(where, track, labels[indices, :, :2], frames)
        kept[indices] = True
        values[indices, :, :2] = track.keypoints[frames]
        values[indices, :, 2] = track.scores[frames]
    return np.flatnonzero(kept), values[kept]


def no_row(where: str, rows: Sequence[Row], found: Sequence[Track]) -> InputError:
    """Return the error that a label file has nothing of the shards."""
    theirs = sorted({row[0][0] for row in rows if row is not None})
    ours = sorted({track.key[0] for track in found})
    return InputError(
        f"{where}: no row of it belongs to a clip of the shards: it holds "
        f"{', '.join(theirs) or 'no clip of Human3.6M'}, the shards {', '.join(ours)}; wrong "
        "split? expected the annotations of the subjects that the shards hold"
    )


def _check_labels(
    where: str, track: Track, labels: NDArray[np.floating[Any]], frames: NDArray[np.intp]
) -> None:
    distance = np.linalg.norm(labels - track.clip.keypoints[frames], axis=-1)
    if distance.size and not np.nanmedian(distance) <= AGREEMENT_PX:
        raise InputError(
            f"{where}: {track.clip.id}: its labels lie {np.nanmedian(distance):.0f} px from those "
            f"of the data set in the median, expected at most {AGREEMENT_PX:g}; its rows are not "
            "this clip's frames one after the other: take the original, unsampled file"
        )
