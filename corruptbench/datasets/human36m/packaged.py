"""Human3.6M's labels as VideoPose3D packs them: ``data_3d_h36m.npz``, no original file needed.

It is all that evaluation reads: ``positions_3d`` holds subject -> recording -> (F, 32, 3) float32,
world metres. In float32 a coordinate of up to 8 m is off by at most 0.00024 mm. The file says
nothing of cameras; they come from the built-in table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.checks.plausibility import height_amiss, size_amiss
from corruptbench.datasets.checks.report import (
    ALL_CLIPS,
    Finding,
    Item,
    Needs,
    labels_only,
    no_subject,
    presence,
)
from corruptbench.datasets.clip import Clip, ClipId
from corruptbench.datasets.human36m.cameras import camera_of
from corruptbench.datasets.human36m.layout import clip_ids
from corruptbench.datasets.human36m.poses import JOINTS
from corruptbench.datasets.human36m.tables import FPS, SUBJECTS, label_frames, official
from corruptbench.errors import InputError
from corruptbench.formats.safe_pickle import load_npz

_EXPECTED = (
    "expected data_3d_h36m.npz with positions_3d, the 32 joints in the world, in metres: make it "
    "anew with VideoPose3D's prepare_data_h36m.py, or use the original files"
)


class PackagedHuman36M:
    """Reader of ``data_3d_h36m.npz``. Raises `InputError` for all that is amiss."""

    name = "human36m"

    def __init__(self, path: Path) -> None:
        """Reads the whole file."""
        self.path = path
        self._poses = _read(path)

    def clip_ids(self) -> list[ClipId]:
        """All clips of the official data of the subjects that the file has, sorted."""
        return clip_ids(self.name, self._poses)

    def load(self, clip_id: ClipId) -> Clip:
        """The clip with its labels; its video is named as a path below the file of labels."""
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

    def check(self, needs: Needs = ALL_CLIPS) -> Iterator[Finding]:
        """Recordings and their lengths, compared with the official data."""
        lengths = {s: {n: len(a) for n, a in poses.items()} for s, poses in self._poses.items()}
        yield from label_findings(self.path, lengths, needs)


def label_findings(
    path: Path, lengths: Mapping[str, Mapping[str, int]], needs: Needs
) -> Iterator[Finding]:
    """What a file of labels holds: ``lengths`` are its frames by subject and recording."""
    where = str(path)
    yield Finding("ok", "", "cameras", "the built-in table", "that")
    yield labels_only("", where)
    for subject in SUBJECTS:
        needed = {c.sequence for c in clip_ids("human36m", [subject]) if needs.clip(c)}
        if subject not in lengths:
            yield no_subject(subject, bool(needed), where)
            continue
        found = lengths[subject]
        items = [Item(s, s in found, s in needed) for s in official().frames[subject]]
        yield presence(subject, "poses", "recordings", items, where, "take the whole file")
        for name, frames in found.items():
            expected = label_frames(subject, name)
            if frames != expected:
                yield Finding(
                    "differs", subject, "labelled frames", f"{name}: {frames}", str(expected),
                    "use an unaltered file", where,
                )  # fmt: skip


def _read(path: Path) -> dict[str, dict[str, NDArray[np.floating[Any]]]]:
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
            f"of {', '.join(SUBJECTS)}: is it another data set's file? Give data_3d_h36m.npz"
        )
    for subject, recordings in poses.items():
        for name, array in recordings.items():
            _check(array, f"{path}: positions_3d: {subject}: {name}")
            if name not in official().frames[subject]:
                raise InputError(
                    f"{path}: positions_3d: {subject}: '{name}' is no recording of this subject; "
                    "expected the canonical names, as 'Directions 1' or 'Photo': use "
                    "VideoPose3D's prepare_data_h36m.py, which renames them"
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
    if amiss := size_amiss(array, "m"):
        raise InputError(f"{where}: {amiss}; {_EXPECTED}")
    if amiss := height_amiss(array, "m"):
        raise InputError(f"{where}: {amiss} (camera space?); {_EXPECTED}")
