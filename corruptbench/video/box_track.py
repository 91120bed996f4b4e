"""Follow one person through the boxes that a person detector finds. Pure functions over arrays.

The rules look at boxes, scores and times. Of the labels they take one box, which says whom to
follow, as a user points at somebody where several persons are in view.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corruptbench.overlap import generalized_iou
from corruptbench.video.track_changes import Seen, differs

#: A person who was not seen for so long is given up: then the surest person of the picture is
#: followed. Our own choice.
LOST = 1.0  # s

Boxes = NDArray[np.float64]


def followed(
    boxes: Boxes, scores: NDArray[np.float64], first: Boxes, fps: float, least: float
) -> Boxes:
    """Return the box of one person in each frame, (F, 4) float64 px.

    In each frame the box with the largest generalized IoU to the last one is the person's: the one
    that overlaps it most, or that lies nearest if none does. A box that leaps (see
    `video.track_changes`) is another person's. Frames without a box are interpolated, see `filled`.

    Args:
        boxes: (F, P, 4) px, of P persons.
        scores: (F, P).
        first: (4,) px, chooses the person before one is found; NaN: the surest person is followed.
        fps: frames per second.
        least: smaller scores do not count.
    """
    found = np.full((len(boxes), 4), np.nan)
    last: Seen | None = None
    for t, (each, sure) in enumerate(zip(boxes, scores, strict=True)):
        there = (sure >= least) & (each[:, 2:] > each[:, :2]).all(axis=1)
        seen = _chosen(t, t / fps, each[there], sure[there], last, first)
        if seen is not None:
            found[t], last = seen.box, seen
    return filled(found)


def filled(boxes: Boxes) -> Boxes:
    """Fill the frames without a box (F, 4): linear between neighbors, constant at the ends.

    VideoPose3D does so with the boxes of custom videos (data/prepare_data_2d_custom.py in
    facebookresearch/VideoPose3D). Without any box all stay NaN.
    """
    there = np.isfinite(boxes).all(axis=1)
    if not there.any():
        return boxes
    frames = np.arange(len(boxes))
    return np.stack([np.interp(frames, frames[there], edge[there]) for edge in boxes.T], axis=1)


def _chosen(
    t: int, seconds: float, boxes: Boxes, sure: NDArray[np.float64], last: Seen | None, first: Boxes
) -> Seen | None:
    """Return which of the persons (P, 4) in frame t is followed; None for nobody."""
    if not len(boxes):
        return None
    near = first if last is None else last.box
    if not np.isfinite(near).all() or (last is not None and seconds - last.seconds > LOST):
        return Seen(t, seconds, boxes[sure.argmax()], None)
    seen = Seen(t, seconds, boxes[generalized_iou(boxes, near).argmax()], None)
    return None if last is not None and differs([last], seen) else seen
