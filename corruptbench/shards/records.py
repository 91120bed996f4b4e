"""What a shard holds: the detections of a clip's cells, and what the file says about itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import SerializerFunctionWrapHandler, model_serializer

from corruptbench.datasets import ClipId
from corruptbench.detectors import Detector
from corruptbench.detectors.people import PersonDetector
from corruptbench.manifest import Cell, Manifest
from corruptbench.records import Record, Sha256
from corruptbench.storage import AnyPath

#: The SHA-256 of no bytes: of pixels where none were looked at (ground truth; nobody in view), of
#: weights where there are none.
NOTHING_SHA256 = hashlib.sha256().hexdigest()


@dataclass(frozen=True)
class CellDetections:
    """The detections of one cell of one clip; NaN keypoints of score 0 where nobody is in view.

    Attributes:
        cell: corruption and severity.
        keypoints: (F, K, 2) float32, pixels of the full frame, multiples of 1/64.
        scores: (F, K) float32, multiples of 1/4096.
        boxes: (F, 4) float32 px, the boxes that the crops were cut around.
        hidden: (F,) float32, the share of the part of the person's box in the picture that the
            corruption hides, 0 to 1.
        hidden_joints: (F,) uint32, a bit mask of the labels' joints that it hides, joint 0 in the
            lowest bit, in the order of the labels' joint set.
        pixels_sha256: digest of the pixels that the detector was given; `NOTHING_SHA256` if none.
    """

    cell: Cell
    keypoints: NDArray[np.float32]
    scores: NDArray[np.float32]
    boxes: NDArray[np.float32]
    hidden: NDArray[np.float32]
    hidden_joints: NDArray[np.uint32]
    pixels_sha256: str

    @property
    def saw_pixels(self) -> bool:
        """Tell whether a detector looked at any picture: not where nobody is in view."""
        return self.pixels_sha256 != NOTHING_SHA256

    @property
    def detections_sha256(self) -> str:
        """Return the SHA-256 of keypoints and scores, little-endian."""
        return _sha256((self.keypoints, "<f4"), (self.scores, "<f4"))

    @property
    def occlusion_sha256(self) -> str:
        """Return the SHA-256 of hidden shares and hidden joints, little-endian."""
        return _sha256((self.hidden, "<f4"), (self.hidden_joints, "<u4"))


def _sha256(*arrays: tuple[NDArray[Any], str]) -> str:
    """Return the SHA-256 of arrays, one after the other, each as numbers of a type."""
    digest = hashlib.sha256()
    for array, kind in arrays:
        digest.update(np.ascontiguousarray(array, dtype=kind).data)
    return digest.hexdigest()


class BenchmarkRecord(Record):
    """The benchmark that a shard belongs to."""

    id: str
    version: int
    manifest_sha256: Sha256

    @classmethod
    def of(cls, manifest: Manifest) -> BenchmarkRecord:
        """Return the record of a manifest."""
        return cls(id=manifest.id, version=manifest.version, manifest_sha256=manifest.sha256)

    def __str__(self) -> str:
        return f"{self.id} version {self.version} (manifest {self.manifest_sha256[:12]})"


class BoxesRecord(Record):
    """The person detector that found the boxes of the crops."""

    name: str
    weights_sha256: Sha256


class DetectorRecord(Record):
    """What identifies a detector's keypoints and scores.

    ``boxes`` is left out where the crops were cut around the boxes of the labels.
    """

    name: str
    layout: str
    score_meaning: str
    weights_sha256: Sha256
    boxes: BoxesRecord | None = None

    @classmethod
    def of(cls, detector: Detector, people: PersonDetector | None = None) -> DetectorRecord:
        """Return the record of a loaded detector, and of the person detector if there is one."""
        boxes = None
        if people is not None:
            boxes = BoxesRecord(name=people.name, weights_sha256=people.weights_sha256)
        return cls(
            name=detector.name,
            layout=detector.layout,
            score_meaning=detector.score_meaning,
            weights_sha256=detector.weights_sha256,
            boxes=boxes,
        )

    def __str__(self) -> str:
        return f"{self.name}, boxes by {self.boxes.name}" if self.boxes else self.name

    @model_serializer(mode="wrap")
    def _without_missing(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out missing boxes, so that files of the labels' boxes keep their bytes."""
        record: dict[str, Any] = serialize(self)
        return {name: value for name, value in record.items() if value is not None}


class CellRecord(Record):
    """One row group."""

    corruption: str
    severity: int
    frames: int
    pixels_sha256: Sha256
    detections_sha256: Sha256
    occlusion_sha256: Sha256

    @property
    def cell(self) -> Cell:
        """Corruption and severity."""
        return Cell(self.corruption, self.severity)

    def describes(self, detections: CellDetections) -> bool:
        """Tell whether detections of this cell have the frames and the digests of this record."""
        return (
            self.frames == len(detections.keypoints)
            and self.detections_sha256 == detections.detections_sha256
            and self.occlusion_sha256 == detections.occlusion_sha256
        )

    @classmethod
    def of(cls, detections: CellDetections) -> CellRecord:
        """Return the record of a cell's detections."""
        return cls(
            corruption=detections.cell.corruption,
            severity=detections.cell.severity,
            frames=len(detections.keypoints),
            pixels_sha256=detections.pixels_sha256,
            detections_sha256=detections.detections_sha256,
            occlusion_sha256=detections.occlusion_sha256,
        )


class ShardRecord(Record):
    """All that a shard says about itself."""

    format: Literal["corruptbench-shard/2"]
    benchmark: BenchmarkRecord
    clip: ClipId
    detector: DetectorRecord
    fingerprint: Sha256
    cells: tuple[CellRecord, ...]


def shard_path(out: AnyPath, clip_id: ClipId) -> AnyPath:
    """Return where a clip's shard lies below the output folder."""
    return out / "keypoints" / f"{clip_id}.parquet"
