"""Human3.6M's labels as VideoPose3D packs them: ``data_3d_h36m.npz``, no original file needed.

It is all that evaluation reads: ``positions_3d`` holds subject -> recording -> (F, 32, 3) float32,
world meters. In float32 a coordinate of up to 8 m is off by at most 0.00024 mm. The file says
nothing of cameras; they come from the built-in table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.base import Clip, ClipId
from corruptbench.datasets.checks import report
from corruptbench.datasets.checks.plausibility import height_problem, size_problem
from corruptbench.datasets.checks.report import ALL_CLIPS, Finding, Needs
from corruptbench.datasets.human36m.cameras import camera_of
from corruptbench.datasets.human36m.files import clip_ids
from corruptbench.datasets.human36m.poses import JOINTS
from corruptbench.datasets.human36m.tables import CAMERAS, FPS, SUBJECTS, label_frames, official
from corruptbench.errors import InputError
from corruptbench.formats.videopose3d import check_poses, read_positions

_EXPECTED = (
    "data_3d_h36m.npz with positions_3d, the 32 joints in the world, in meters: make it again with "
    "VideoPose3D's prepare_data_h36m.py, or use the original files"
)


class LabelsOnly:
    """Human3.6M out of one file of labels of another repository."""

    name = "human36m"
    licensed = True
    publishes_boxes = True
    cameras = CAMERAS
    joints = "h36m17"

    def __init__(self, path: Path) -> None:
        self.path = path

    def clip(self, clip_id: ClipId, joints: NDArray[np.float64]) -> Clip:
        """Return a clip with labels (F, 17, 3) world mm; its video is a path below the file."""
        subject, sequence = clip_id.subject, clip_id.sequence
        return Clip(
            id=clip_id,
            video=self.path / subject / "Videos" / f"{sequence}.{clip_id.camera}.mp4",
            fps=FPS,
            camera=camera_of(official().w0, subject, clip_id.camera),
            joint_set=self.joints,
            joints=joints,
        )

    def check_lengths(
        self, lengths: Mapping[str, Mapping[str, int]], needs: Needs
    ) -> Iterator[Finding]:
        """Yield what the file holds; ``lengths`` are its frames by subject and recording."""
        yield Finding(
            level="ok", subject="", what="cameras", found="the built-in table", expected="that"
        )
        yield report.labels_only("", self.path)
        for subject in SUBJECTS:
            needed = {c.sequence for c in clip_ids(self.name, [subject]) if needs.clip(c)}
            if subject not in lengths:
                yield report.no_subject(subject, bool(needed), self.path)
                continue
            found = lengths[subject]
            items = [report.Item(s, s in found, s in needed) for s in official().frames[subject]]
            remedy = "take the whole file"
            yield report.presence(subject, "poses", "recordings", items, self.path, remedy)
            for name, frames in found.items():
                expected = label_frames(subject, name)
                if frames != expected:
                    yield Finding(
                        level="differs", subject=subject, what="labeled frames",
                        found=f"{name}: {frames}", expected=str(expected),
                        remedy="use an unaltered file", where=str(self.path),
                    )  # fmt: skip


class PackagedHuman36M(LabelsOnly):
    """Reader of ``data_3d_h36m.npz``. Raises `InputError` for all that is missing or wrong."""

    def __init__(self, path: Path) -> None:
        """Read the whole file."""
        super().__init__(path)
        self._poses = _read(path)

    def clip_ids(self) -> list[ClipId]:
        """Return all clips of the official data of the subjects that the file has, sorted."""
        return clip_ids(self.name, self._poses)

    def load(self, clip_id: ClipId) -> Clip:
        """Return the clip with its labels; its video is named as a path below the file."""
        subject, sequence = clip_id.subject, clip_id.sequence
        if sequence not in self._poses[subject]:
            raise InputError(
                f"{self.path}: positions_3d: no '{sequence}' of {subject}, which the benchmark "
                "uses; take the whole file, or a manifest that excludes the recording"
            )
        meters = self._poses[subject][sequence][:, JOINTS].astype(np.float64)
        return self.clip(clip_id, meters * 1000)

    def check(self, needs: Needs = ALL_CLIPS) -> Iterator[Finding]:
        """Yield recordings and their lengths, compared with the official data."""
        lengths = {s: {n: len(a) for n, a in poses.items()} for s, poses in self._poses.items()}
        return self.check_lengths(lengths, needs)


def _read(path: Path) -> dict[str, dict[str, NDArray[np.floating[Any]]]]:
    poses = read_positions(path, _EXPECTED)
    if not poses or not set(poses) <= set(SUBJECTS):
        raise InputError(
            f"{path}: positions_3d: subjects {', '.join(poses) or 'none'}; expected some of "
            f"{', '.join(SUBJECTS)}: is it another data set's file? Give data_3d_h36m.npz"
        )
    for subject, recordings in poses.items():
        for name, array in recordings.items():
            where = f"{path}: positions_3d: {subject}: {name}"
            check_poses(array, 32, where, _EXPECTED)
            if problem := size_problem(array, "m"):
                raise InputError(f"{where}: {problem}; expected {_EXPECTED}")
            if problem := height_problem(array, "m"):
                raise InputError(f"{where}: {problem} (camera space?); expected {_EXPECTED}")
            if name not in official().frames[subject]:
                raise InputError(
                    f"{path}: positions_3d: {subject}: '{name}' is no recording of this subject; "
                    "expected the canonical names, as 'Directions 1' or 'Photo': use "
                    "VideoPose3D's prepare_data_h36m.py, which renames them"
                )
    return poses
