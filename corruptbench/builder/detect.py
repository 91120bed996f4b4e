"""Detect keypoints in every cell of a clip: decode once, corrupt the crops, run the detector."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from corruptbench.builder.area_means import resize_into
from corruptbench.builder.occlusion import Hidden, occlusions
from corruptbench.builder.plan import clip_info
from corruptbench.builder.render import CellRenderer, Crop, crops, renderer
from corruptbench.corruptions import ClipInfo, Region
from corruptbench.datasets import Clip
from corruptbench.detectors import Detector
from corruptbench.detectors.crops import to_frame
from corruptbench.manifest import Cell, Manifest
from corruptbench.shards.records import CellDetections
from corruptbench.skeleton import joint_set
from corruptbench.video.reader import Window, windows
from corruptbench.video.writer import FrameWriter

#: Detections are rounded to these steps, pixels and score. The steps are far below any detector's
#: accuracy and above the noise of its arithmetic, so that two machines almost always agree exactly.
KEYPOINT_STEP, SCORE_STEP = 1 / 64, 1 / 4096


def rounded(values: NDArray[np.float32], step: float) -> NDArray[np.float32]:
    """Return the nearest multiples of ``step``, in the same shape.

    Args:
        values: float32 of any shape.
        step: in the unit of the values, a power of two, so that the result is exact.
    """
    return np.asarray(np.rint(values / np.float32(step)) * np.float32(step), dtype=np.float32)


#: Boxes (F, 4) px, and what the detector sees of each frame.
Places = tuple[NDArray[np.float64], list[Crop | None]]


class _Lane:
    """One cell while its clip is decoded: crops wait here until a batch is full.

    The digest is the SHA-256 over the pixels that the detector is given, before they are resized.
    Two sites that built the same benchmark have equal digests with any detector.
    """

    def __init__(
        self,
        render: CellRenderer,
        places: Places,
        joints: int,
        detector: Detector,
        write: FrameWriter | None,
    ) -> None:
        self.boxes, self.crops = places
        frames, size = len(self.crops), detector.input_size
        self.render = render
        self.write = write
        self.digest = hashlib.sha256()
        self.waiting: list[tuple[int, Crop]] = []
        self.pixels = np.empty((min(detector.batch, frames), size, size, 3), dtype=np.uint8)
        self.keypoints = np.full((frames, joints, 2), np.nan, dtype=np.float32)
        self.scores = np.zeros((frames, joints), dtype=np.float32)

    def add(self, window: Window, t: int, whole: Region) -> None:
        picture, crop = None, self.crops[t]
        if self.write is not None:
            picture = self.render(window, t, whole)
            self.write(picture)
        if crop is None:
            return
        inside = crop.inside
        pixels = self.render(window, t, inside) if picture is None else picture[inside.slices]
        pixels = np.ascontiguousarray(pixels)
        where = np.array([t, inside.x0, inside.y0, inside.x1, inside.y1], dtype="<i4")
        self.digest.update(where.tobytes())
        self.digest.update(pixels.data)
        resize_into(self.pixels[len(self.waiting)], crop.pad(pixels))
        self.waiting.append((t, crop))

    def detect(self, detector: Detector) -> None:
        if not self.waiting:
            return
        found = detector(self.pixels[: len(self.waiting)])
        x0, y0, side = np.array([(s.x0, s.y0, s.side) for _, s in self.waiting]).T
        keypoints = to_frame(found.keypoints, x0, y0, side, detector.input_size)
        times = [t for t, _ in self.waiting]
        self.keypoints[times] = rounded(keypoints, KEYPOINT_STEP)
        self.scores[times] = rounded(found.scores, SCORE_STEP)
        self.waiting.clear()

    def result(self, hidden: Hidden) -> CellDetections:
        boxes, digest = self.boxes.astype(np.float32), self.digest.hexdigest()
        return CellDetections(
            self.render.cell, self.keypoints, self.scores, boxes, *hidden, pixels_sha256=digest
        )


def detect_clip(
    clip: Clip,
    cells: Sequence[Cell],
    manifest: Manifest,
    detector: Detector,
    tick: Callable[[int], None],
    videos: Mapping[Cell, FrameWriter],
    found: Mapping[Cell, NDArray[np.float64]] | None = None,
) -> list[CellDetections]:
    """Return the detections of every cell of a clip.

    The clip is decoded once. Only a window of its frames is in memory. The detector is given
    batches of consecutive frames of one cell, so that a cell's detections do not depend on which
    other cells are built.

    Args:
        clip: with its labels and video.
        cells: to build.
        manifest: defines the crops and the random keys.
        detector: loaded.
        tick: called with the number of (frame, cell) pairs done since the last call.
        videos: for cells whose video is wanted, a function that takes each whole frame. The
            detector is given the same pixels with and without.
        found: boxes (F, 4) px for each cell, around which its crops are cut; None: those of the
            labels. What is hidden is a share of the labels' boxes in both cases.

    Raises:
        InputError: the video does not fit its labels.
    """
    frames = len(clip.joints)
    info = clip_info(clip, manifest)
    key = partial(manifest.key, clip_id=clip.id)
    joints = len(joint_set(detector.layout))
    places = _places(info, cells, manifest.crop.padding, found)
    lanes = [
        _Lane(renderer(c, info, key), places[c], joints, detector, videos.get(c)) for c in cells
    ]
    reach = max(lane.render.reach for lane in lanes)
    size = (clip.camera.height, clip.camera.width)
    for t, window in enumerate(windows(clip.video, frames, size, reach, clip.first_frame)):
        for lane in lanes:
            lane.add(window, t, info.whole)
        if (t + 1) % detector.batch == 0 or t + 1 == frames:
            for lane in lanes:
                lane.detect(detector)
                tick(t % detector.batch + 1)
    hidden = occlusions([lane.render for lane in lanes], info)
    return [lane.result(of_cell) for lane, of_cell in zip(lanes, hidden, strict=True)]


def _places(
    info: ClipInfo,
    cells: Sequence[Cell],
    padding: float,
    found: Mapping[Cell, NDArray[np.float64]] | None,
) -> dict[Cell, Places]:
    """Return where each cell is looked at: all at the same places, unless boxes were found."""
    if found is None:
        return dict.fromkeys(cells, (info.boxes, crops(info, padding)))
    return {c: (found[c], crops(replace(info, boxes=found[c]), padding)) for c in cells}
