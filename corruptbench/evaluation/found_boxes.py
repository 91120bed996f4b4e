"""Measure how often a person detector found the person in each cell."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from corruptbench.manifest import Cell
from corruptbench.overlap import iou
from corruptbench.shards.shard_set import ShardSet

#: A box is that of the person if its IoU with the labels' box is at least this, as in Pascal VOC.
LEAST_IOU = 0.5


def found_boxes(shard_set: ShardSet) -> dict[Cell, float]:
    """Return the share of frames whose box is that of the person, for each cell, 0 to 1.

    Frames in which the labels have nobody are left out. A frame without a box counts as missed.
    """
    hits: dict[Cell, list[np.ndarray[tuple[int], np.dtype[np.bool_]]]] = defaultdict(list)
    for clip, detections in shard_set.clips():
        there = np.isfinite(clip.boxes).all(axis=1)
        for d in detections:
            overlap = iou(d.boxes.astype(np.float64), clip.boxes)
            hits[d.cell].append(overlap[there] >= LEAST_IOU)
    return {cell: float(np.concatenate(parts).mean()) for cell, parts in hits.items()}
