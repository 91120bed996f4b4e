"""Ground truth in place of a detector: the labels, projected into the picture.

No picture is looked at. So no video is needed, the digest of the pixels is that of no pixels, and
nothing is hidden. The result is the "GT 2D" row of the lifting literature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.builder.clip_detector import ClipDetector, Tick
from corruptbench.builder.plan import boxes_of, clip_info
from corruptbench.datasets import Clip
from corruptbench.errors import InputError
from corruptbench.manifest import Cell, Manifest
from corruptbench.shards.ground_truth_scores import FAMILY, PROJECTED
from corruptbench.shards.records import NOTHING_SHA256, CellDetections, DetectorRecord
from corruptbench.video.writer import FrameWriter

#: What may follow the family; the pattern stands for files of measured noise.
VARIANTS = ("projected", "measured", "*.parquet")
#: (Frame, cell) pairs per second of one process, its shards written: measured.
RATE = 20_000.0


def load(variant: str, device: str, joints: str) -> ClipDetector:
    """Return ground truth as a detector.

    Args:
        variant: "projected"; "measured" for the noise of the studio set's training split; or the
            path of a file of measured noise.
        device: must be "cpu".
        joints: joint set of the labels.

    Raises:
        InputError: there is no such variant or device, or the noise cannot be used.
    """
    if device != "cpu":
        raise InputError(f"device '{device}': ground truth runs on none; expected cpu", "device")
    if variant == "projected":
        return Projected(joints)
    if variant != "measured" and not variant.endswith(".parquet"):
        raise InputError(
            f"detector '{FAMILY}:{variant}': there is no such ground truth; expected "
            f"{FAMILY}:projected, {FAMILY}:measured, or {FAMILY}: and a .parquet file of measured "
            "noise",
            "detector",
        )
    from corruptbench.builder.replay import load_replay  # needs torch, which takes a second

    return load_replay(None if variant == "measured" else Path(variant), joints)


@dataclass(frozen=True)
class Projected:
    """The labels, projected: the same in every cell.

    Attributes:
        joints: joint set of the labels.
    """

    joints: str
    runtime = "none: projected labels"
    reads_video = False

    @property
    def record(self) -> DetectorRecord:
        """Say what it is; there are no weights."""
        return DetectorRecord(
            name=f"{FAMILY}:projected",
            layout=self.joints,
            score_meaning=PROJECTED,
            weights_sha256=NOTHING_SHA256,
        )

    def notes(self, cells: Sequence[Cell]) -> tuple[str, ...]:  # noqa: ARG002
        """Say that the cells do not differ."""
        return (
            f"{FAMILY}:projected: no video is read, and corrupted cells hold the keypoints of the "
            f"clean one; only with measured noise ({FAMILY}:FILE.parquet) do cells differ",
        )

    def rate(self) -> float:
        """Return a rough constant."""
        return RATE

    def detect(
        self,
        clip: Clip,
        cells: Sequence[Cell],
        manifest: Manifest,
        tick: Tick,
        videos: Mapping[Cell, FrameWriter],  # noqa: ARG002
    ) -> list[CellDetections]:
        """Return the projected labels once for each cell."""
        keypoints = projected(clip, manifest)
        scores = valid(keypoints)
        return of_cells(clip, manifest, ((cell, keypoints, scores) for cell in cells), tick)


def projected(clip: Clip, manifest: Manifest) -> NDArray[np.float64]:
    """Return the labels in the picture, (F, J, 2) px, rounded as the boxes are.

    The lens is the camera's. A joint is NaN if its label is not valid, if it lies behind the
    camera, or if it is beyond the reach of a box.
    """
    joints = clip_info(clip, manifest).joints
    assert joints is not None, "the facts of a clip have its joints"
    return joints


def valid(keypoints: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which of the joints (F, J, 2) are known, (F, J)."""
    return np.asarray(np.isfinite(keypoints).all(axis=2))


def of_cells(
    clip: Clip,
    manifest: Manifest,
    found: Iterable[tuple[Cell, NDArray[np.floating], NDArray[np.generic]]],
    tick: Tick,
) -> list[CellDetections]:
    """Return the detections of cells that nobody looked at.

    Args:
        clip: with its labels.
        manifest: says which boxes the shards name.
        found: for each cell keypoints (F, J, 2) px and scores (F, J).
        tick: called with the number of frames of each cell.
    """
    boxes = boxes_of(clip, manifest).astype(np.float32)
    hidden, joints = np.zeros(len(boxes), np.float32), np.zeros(len(boxes), np.uint32)
    cells = []
    for cell, keypoints, scores in found:
        points, values = keypoints.astype(np.float32), scores.astype(np.float32)
        cells.append(CellDetections(cell, points, values, boxes, hidden, joints, NOTHING_SHA256))
        tick(len(boxes))
    return cells
