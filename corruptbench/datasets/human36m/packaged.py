"""Human3.6M's labels as VideoPose3D packs them: ``data_3d_h36m.npz``, no original file needed.

It is all that evaluation reads: ``positions_3d`` holds subject -> recording -> (F, 32, 3) float32,
world metres. In float32 a coordinate of up to 8 m is off by at most 0.00024 mm. The file says
nothing of cameras; they come from the built-in table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.clip import Clip, ClipId
from corruptbench.datasets.findings import Finding
from corruptbench.datasets.human36m.cameras import camera_of
from corruptbench.datasets.human36m.layout import action
from corruptbench.datasets.human36m.poses import JOINTS
from corruptbench.datasets.human36m.tables import CAMERAS, FPS, SUBJECTS, label_frames, official
from corruptbench.datasets.pickled import load_npz
from corruptbench.datasets.units import THIGH_MM, thighs
from corruptbench.errors import InputError

_EXPECTED = (
    "expected data_3d_h36m.npz as VideoPose3D's prepare_data_h36m.py writes it: positions_3d, the "
    "32 joints in the world, in metres"
)
#: Lengths of a thigh in metres within which labels are believed to be in metres.
_THIGH_M = tuple(mm / 1000 for mm in THIGH_MM)
#: Heights of the hips in metres that a person in the world has; the cameras are farther off.
_HIPS_M = (-0.2, 2.0)


class PackagedHuman36M:
    """Reader of ``data_3d_h36m.npz``. Raises `InputError` for all that is amiss."""

    name = "human36m"

    def __init__(self, path: Path) -> None:
        """Reads the whole file."""
        self.path = path
        self._poses = _read(path)

    def clip_ids(self) -> list[ClipId]:
        """All clips of the official data of the subjects that the file has, sorted."""
        return sorted(
            ClipId(self.name, subject, sequence, camera, action(sequence))
            for subject in self._poses
            for sequence in official().frames[subject]
            for camera in CAMERAS
        )

    def load(self, clip_id: ClipId) -> Clip:
        """The clip with its labels; its video is named as a path that does not exist."""
        subject, sequence = clip_id.subject, clip_id.sequence
        if sequence not in self._poses[subject]:
            raise InputError(
                f"{self.path}: positions_3d: no '{sequence}' of {subject}, which the benchmark "
                "uses; take the whole file, or a manifest that excludes the recording"
            )
        metres = self._poses[subject][sequence]
        return Clip(
            id=clip_id,
            video=self.path / subject / "Videos" / f"{sequence}.{clip_id.camera}.mp4",
            fps=FPS,
            camera=camera_of(official().w0, subject, clip_id.camera),
            joint_set="h36m17",
            joints=metres[:, JOINTS].astype(np.float64) * 1000,
        )

    def check(self) -> Iterator[Finding]:
        """Recordings and their lengths, compared with the official data."""
        where = str(self.path)
        yield Finding("ok", "", "cameras", "the built-in table", "that")
        yield Finding(
            "missing", "", "videos", "labels only", "videos, to build shards",
            "none needed to evaluate; to build, use the original data set", where,
        )  # fmt: skip
        for subject in SUBJECTS:
            if subject not in self._poses:
                yield Finding(
                    "missing", subject, "poses", "nothing", "its recordings",
                    "take the whole file if your manifest uses this subject", where,
                )  # fmt: skip
            else:
                yield from self._subject(subject, where)

    def _subject(self, subject: str, where: str) -> Iterator[Finding]:
        poses, wanted = self._poses[subject], official().frames[subject]
        absent = [name for name in wanted if name not in poses]
        # VideoPose3D leaves out S11's Directions, of which one video is damaged.
        usual = absent == (["Directions"] if subject == "S11" else [])
        yield Finding(
            "ok" if usual or not absent else "missing", subject, "poses",
            f"{len(poses)} recordings" + (f"; not {', '.join(absent)}" if absent else ""),
            f"{len(wanted)} recordings",
            "" if usual or not absent else "take the whole file", where,
        )  # fmt: skip
        for name, metres in poses.items():
            expected = label_frames(subject, name)
            if len(metres) != expected:
                yield Finding(
                    "differs", subject, "labelled frames", f"{name}: {len(metres)}",
                    str(expected), "use an unaltered file", where,
                )  # fmt: skip


def refuse_pickle(path: Path) -> None:
    """Raises `InputError`, with the reason, for the pickles of MotionBERT and its relatives."""
    with path.open("rb") as stream:
        start = stream.read(1)
    if start == b"\x80" or path.suffix in (".pkl", ".pickle"):
        raise InputError(
            f"{path}: a pickle. Those of MotionBERT hold labels in the picture's frame, pixels and "
            "scaled depth: a plane at the root's depth, not the camera space in which this "
            f"benchmark measures, and S9 in other lengths. {_EXPECTED}"
        )


def _read(path: Path) -> dict[str, dict[str, NDArray[np.floating[Any]]]]:
    refuse_pickle(path)
    content = load_npz(path)
    poses = content.get("positions_3d")
    if not isinstance(poses, dict):
        found = ", ".join(content) or "nothing"
        pixels = " (keypoints in pixels)" if "positions_2d" in content else ""
        raise InputError(f"{path}: holds {found}{pixels}, not labels; {_EXPECTED}")
    strange = [str(s) for s in poses if s not in SUBJECTS or not isinstance(poses[s], dict)]
    if strange or not poses:
        raise InputError(
            f"{path}: positions_3d: subjects {', '.join(map(str, poses)) or 'none'}; expected some "
            f"of {', '.join(SUBJECTS)}: is it another data set's file?"
        )
    for subject, recordings in poses.items():
        for name, array in recordings.items():
            _check(array, f"{path}: positions_3d: {subject}: {name}")
            if name not in official().frames[subject]:
                raise InputError(
                    f"{path}: positions_3d: {subject}: '{name}' is no recording of this subject; "
                    "expected the canonical names, as 'Directions 1' or 'Photo'"
                )
    return {str(s): recordings for s, recordings in poses.items()}


def _check(array: Any, where: str) -> None:
    """Raises `InputError` unless ``array`` is (F, 32, 3), metres."""
    is_poses = isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.ndim == 3
    if not is_poses or not len(array):
        kind = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else "none"
        raise InputError(f"{where}: no array of poses ({kind}); {_EXPECTED}")
    if array.shape[2] != 3:
        raise InputError(f"{where}: {array.shape[2]} coordinates a joint: pixels?; {_EXPECTED}")
    if array.shape[1] != 32:
        raise InputError(
            f"{where}: {array.shape[1]} joints, which do not say which of the 32 they are; "
            f"{_EXPECTED}"
        )
    thigh = float(np.median(thighs(array)))
    low, high = _THIGH_M
    if not low <= thigh <= high:
        likely = "millimetres?" if low <= thigh / 1000 <= high else "pixels?"
        raise InputError(
            f"{where}: the thigh is {thigh:.3g} long ({likely}), expected {low} to {high}; "
            f"{_EXPECTED}"
        )
    hips = float(np.median(array[:, 0, 2]))
    low, high = _HIPS_M
    if not low <= hips <= high:
        raise InputError(
            f"{where}: the hips are at z = {hips:.3g} (camera space?), expected {low} to {high} m "
            f"above the floor; {_EXPECTED}"
        )
