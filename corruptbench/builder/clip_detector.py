"""Give the detections of a clip: by a detector that sees its video, or from its labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from corruptbench.builder.detect import detect_clip
from corruptbench.builder.outlook import detector_rate
from corruptbench.builder.person_boxes import person_boxes
from corruptbench.datasets import Clip
from corruptbench.detectors import Detector
from corruptbench.detectors.people import PersonDetector
from corruptbench.manifest import Cell, Manifest
from corruptbench.shards.records import CellDetections, DetectorRecord
from corruptbench.video.writer import FrameWriter

Tick = Callable[[int], None]

#: Cells in whose pictures persons are found at once. Our own choice: few pictures wait, and
#: progress is seen. Decoding the clip twice for every eight cells adds little to the time.
AT_ONCE = 8


class ClipDetector(Protocol):
    """Gives the detections of clips. Create one in each process."""

    @property
    def record(self) -> DetectorRecord:
        """Identify its detections."""

    @property
    def runtime(self) -> str:
        """Name what computes them."""

    @property
    def reads_video(self) -> bool:
        """Tell whether it looks at the pixels of a clip. If not, labels are enough."""

    def notes(self, cells: Sequence[Cell]) -> tuple[str, ...]:
        """Return what a user should know before a build of these cells, in sentences.

        Raises:
            InputError: it cannot give one of the cells.
        """

    def rate(self) -> float:
        """Return about how many (frame, cell) pairs it does per second."""

    def detect(
        self,
        clip: Clip,
        cells: Sequence[Cell],
        manifest: Manifest,
        tick: Tick,
        videos: Mapping[Cell, FrameWriter],
    ) -> list[CellDetections]:
        """Return the detections of every cell of a clip; see `corruptbench.builder.detect`."""


@dataclass(frozen=True)
class CropDetector:
    """A detector that sees the crops of a clip's video.

    Attributes:
        detector: loaded.
        people: finds the boxes of the crops; None: they are those of the labels.
    """

    detector: Detector
    people: PersonDetector | None = None
    reads_video = True

    @property
    def record(self) -> DetectorRecord:
        """Identify the detector, and the person detector."""
        return DetectorRecord.of(self.detector, self.people)

    @property
    def runtime(self) -> str:
        """Name what runs its network."""
        return self.detector.runtime

    def notes(self, cells: Sequence[Cell]) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing: it can give every cell."""
        return ()

    def rate(self) -> float:
        """Measure its speed, with that of the person detector."""
        rate = detector_rate(self.detector)
        return rate if self.people is None else 1 / (1 / rate + 1 / detector_rate(self.people))

    def detect(
        self,
        clip: Clip,
        cells: Sequence[Cell],
        manifest: Manifest,
        tick: Tick,
        videos: Mapping[Cell, FrameWriter],
    ) -> list[CellDetections]:
        """Decode the clip, corrupt its crops and detect in them."""
        if self.people is None:
            return detect_clip(clip, cells, manifest, self.detector, tick, videos)
        found: list[CellDetections] = []
        for part in (cells[i : i + AT_ONCE] for i in range(0, len(cells), AT_ONCE)):
            boxes = person_boxes(clip, part, manifest, self.people, tick)
            found += detect_clip(clip, part, manifest, self.detector, tick, videos, boxes)
        return found
