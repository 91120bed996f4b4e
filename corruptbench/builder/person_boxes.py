"""Find the person in the whole pictures of every cell of a clip, in place of the labels' boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from corruptbench.builder.plan import clip_info
from corruptbench.builder.render import CellRenderer, renderer
from corruptbench.corruptions import ClipInfo
from corruptbench.datasets import Clip
from corruptbench.detectors.people import PersonDetector, fitted, to_picture
from corruptbench.manifest import Cell, Manifest
from corruptbench.video.box_track import followed
from corruptbench.video.reader import Window, windows

#: Boxes are rounded to this step, px, as those of the labels are.
BOX_STEP = 1 / 64

Boxes = NDArray[np.float64]


class _Lane:
    """One cell while its clip is decoded: pictures wait here until a batch is full."""

    def __init__(self, render: CellRenderer, info: ClipInfo) -> None:
        self.render, self.info = render, info
        self.waiting: list[NDArray[np.uint8]] = []
        self.boxes: list[Boxes] = []
        self.scores: list[NDArray[np.float64]] = []

    def add(self, window: Window, t: int, size: int) -> None:
        self.waiting.append(fitted(self.render(window, t, self.info.whole), size))

    def detect(self, people: PersonDetector) -> None:
        found = people(np.stack(self.waiting))
        size = (self.info.width, self.info.height)
        self.boxes.append(to_picture(found.boxes, *size, people.input_size))
        self.scores.append(found.scores.astype(np.float64))
        self.waiting.clear()

    def followed(self, least: float) -> Boxes:
        boxes, scores = np.concatenate(self.boxes), np.concatenate(self.scores)
        track = followed(boxes, scores, _first(self.info.boxes), self.info.fps, least)
        return np.round(track / BOX_STEP) * BOX_STEP


def person_boxes(
    clip: Clip,
    cells: Sequence[Cell],
    manifest: Manifest,
    people: PersonDetector,
    tick: Callable[[int], None],
) -> Mapping[Cell, Boxes]:
    """Return the boxes of the person in each cell of a clip, (F, 4) px; NaN if nobody is found.

    A person detector sees every whole corrupted picture, and one person is followed
    (`video.box_track`). The first box of the labels says whom. Nothing else is taken from the
    labels. The detector is given batches of consecutive frames of one cell, so that a cell's boxes
    do not depend on which other cells are built.

    Args:
        clip: with its labels and video.
        cells: to look at.
        manifest: defines the random keys.
        people: loaded.
        tick: called with 0 after each batch: no crop is done, but the work goes on.

    Raises:
        InputError: the video does not fit its labels.
    """
    frames = len(clip.joints)
    info = clip_info(clip, manifest)
    key = partial(manifest.key, clip_id=clip.id)
    lanes = [_Lane(renderer(c, info, key), info) for c in cells]
    reach = max(lane.render.reach for lane in lanes)
    size = (info.height, info.width)
    for t, window in enumerate(windows(clip.video, frames, size, reach, clip.first_frame)):
        for lane in lanes:
            lane.add(window, t, people.input_size)
        if (t + 1) % people.batch == 0 or t + 1 == frames:
            for lane in lanes:
                lane.detect(people)
                tick(0)
    return {lane.render.cell: lane.followed(people.least_score) for lane in lanes}


def _first(boxes: Boxes) -> Boxes:
    """Return the first box (4,) of those (F, 4) that are there; NaN without one."""
    there = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    return np.asarray(boxes[there[0]] if len(there) else np.full(4, np.nan))
