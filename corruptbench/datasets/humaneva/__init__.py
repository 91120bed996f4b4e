"""HumanEva-I (Sigal, Balan and Black, IJCV 2010): three subjects before three color cameras.

The Validate and Train partitions of trial 1 are read, which has both video and motion capture. A
clip is one partition of a recording seen by one camera: sequence "Walking_1_Validate", action
"Walking". The expected tree (upper and lower case may differ)::

    ROOT/S1/Image_Data/Walking_1_(C1).avi         60 fps, 640 x 480
    ROOT/S1/Calibration_Data/C1.cal
    ROOT/S1/Sync_Data/Walking_1_(C1).ofs          for `check` and the motion capture
    ROOT/converted_15j/Validate/S1/Walking_1.mat  or another source of labels, see `labels`

Where a partition lies in a video is published with the data's common clock (`partitions`), so it
does not depend on which edition of the .ofs files a copy has; `check` compares them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.datasets.base import Clip, ClipId, LabelCounts, bounds
from corruptbench.datasets.checks import humaneva as checks
from corruptbench.datasets.checks.report import ALL_CLIPS, Finding, Needs
from corruptbench.datasets.humaneva import files, partitions
from corruptbench.datasets.humaneva.calibration import read_camera
from corruptbench.datasets.humaneva.labels import LabelFiles, Source
from corruptbench.datasets.humaneva.partitions import CAMERAS, OFFICIAL, Partition, Recording
from corruptbench.errors import InputError

FPS = 60.0


class HumanEva:
    """Reader of HumanEva-I. Raises `InputError` for all that is missing or wrong."""

    name = "humaneva"
    licensed = True
    publishes_boxes = False
    cameras = CAMERAS
    joints = "humaneva15"

    def __init__(
        self,
        root: Path,
        recordings: tuple[Recording, ...] = OFFICIAL,
        positions: Mapping[str, tuple[tuple[float, float, float], ...]] = partitions.POSITIONS,
    ) -> None:
        """Look for the subjects' folders only.

        Args:
            root: the folder that holds S1, S2, S3.
            recordings: the partition, the official one by default.
            positions: the cameras' centers that `check` expects, world mm.
        """
        there = files.check_root(root, sorted({r.subject for r in recordings}))
        self.root = root
        self.positions = positions
        self.recordings = tuple(r for r in recordings if r.subject in there)
        self.expected = recordings
        self.labels = LabelFiles(root)

    def clip_ids(self) -> list[ClipId]:
        """Return all clips of the subjects that are there, sorted."""
        return sorted(clip for recording in self.recordings for clip in recording.clips())

    def load(self, clip_id: ClipId) -> Clip:
        """Return the clip with its labels; the video is named, not opened."""
        recording, partition = self._part(clip_id)
        path = files.calibration_file(self.root, recording.subject, clip_id.camera)
        camera = read_camera(path, clip_id.camera)
        joints = self.labels.read(recording, partition)
        first, _ = recording.frames(partition)
        start = recording.starts[CAMERAS.index(clip_id.camera)]
        return Clip(
            id=clip_id,
            video=self._video(recording, clip_id.camera),
            fps=FPS,
            camera=camera,
            joint_set=self.joints,
            joints=joints,
            first_frame=(start - 1) + (first - 1),
            person_boxes=_person_boxes(joints, camera),
        )

    def label_source(self, clip_id: ClipId) -> Source | None:
        """Return where the labels of a clip come from; None where there are none."""
        return self.labels.source(*self._part(clip_id))

    def _part(self, clip_id: ClipId) -> tuple[Recording, Partition]:
        parts = ((r, p) for r in self.recordings for p in partitions.PARTITIONS)
        return next((r, p) for r, p in parts if r.clip(p, clip_id.camera) == clip_id)

    def _video(self, recording: Recording, camera: str) -> Path:
        path = files.video_file(self.root, recording.subject, recording.name, camera)
        pictures = files.pictures_of(path)
        if pictures.is_dir() and not path.is_file():
            raise InputError(
                f"{pictures}: a folder of pictures, expected the video {path.name}; make it, "
                "without loss and one frame for each picture, in their order: ffmpeg -framerate 60 "
                f"-pattern_type glob -i '{pictures.name}/*.bmp' -c:v ffv1 '{path.name}'"
            )
        return path

    def check(self, needs: Needs = ALL_CLIPS) -> Iterator[Finding]:
        """Yield what is there, missing, or other than published; see `checks.findings`."""
        return checks.findings(self, needs)


def _person_boxes(joints: NDArray[np.float64], camera: Camera) -> NDArray[np.float64]:
    """Return the bounds (F, 4) px of the projected joints.

    Where the labels have a gap the person is there all the same: the bounds are interpolated
    linearly in time, and repeated at the ends. All are NaN without a single valid label.
    """
    boxes = bounds(camera.project(camera.world_to_camera(joints)))
    seen = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    if not seen.size:
        return np.full_like(boxes, np.nan)
    frames = np.arange(len(boxes))
    return np.stack([np.interp(frames, seen, boxes[seen, i]) for i in range(4)], axis=1)


def open_root(root: Path | None) -> HumanEva:
    """Return the data set in ``root``, which must be given."""
    if root is None:
        raise InputError(
            "HumanEva-I is licensed, and does not come with this software: register at "
            "http://humaneva.is.tue.mpg.de, unpack the archives, and give the root, the folder "
            "that holds S1, S2, S3 (docs/datasets.md)",
            "root",
        )
    return HumanEva(root)


def expected_clips() -> dict[ClipId, LabelCounts]:
    """Return all clips of the official partition, with how many labeled frames they may have.

    Which frames have a label depends on the motion capture and its conversion: at least one, and
    at most all.
    """
    parts = ((r, p) for r in OFFICIAL for p in partitions.PARTITIONS)
    counts = ((r.clip(p, camera), r.count(p)) for r, p in parts for camera in CAMERAS)
    return {clip: LabelCounts(range(1, n + 1)) for clip, n in counts}
