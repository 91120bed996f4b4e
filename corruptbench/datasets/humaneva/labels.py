"""3D labels of a partition from one of three sources, the most trusted first.

1. ``converted_15j/<partition>/<subject>/<recording>.mat``: VideoPose3D's ConvertHumanEva.m, which
   runs the official MATLAB code: ``poses_3d`` (n, 15, 3) world mm, NaN in frames without a label.
2. ``data_3d_humaneva15.npz``: VideoPose3D's package, float32 world metres, only the stretches of
   valid frames ("Walking 1 chunk2"). It does not say which frames they are; see `chunks`.
3. ``Mocap_Data/``: derived here from the motion capture, experimental (see `mocap`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeGuard

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.humaneva import mocap
from corruptbench.datasets.humaneva.chunks import chunk_name, numbered, validity
from corruptbench.datasets.humaneva.files import converted_file, mocap_file, offset_file
from corruptbench.datasets.humaneva.partitions import Partition, Recording
from corruptbench.datasets.humaneva.sync import STREAMS, Clock, common_clock, read_offset
from corruptbench.errors import InputError
from corruptbench.formats.safe_pickle import load_npz

Array = NDArray[np.float64]
Source = Literal["converted_15j", "data_3d_humaneva15.npz", "motion capture (experimental)"]

PACKAGE = "data_3d_humaneva15.npz"

#: The median distance of pelvis and head must lie between these, mm: else the numbers are not mm
#: (or metres, in the package). Our own choice.
UPRIGHT = (300.0, 1200.0)
#: No joint of a person is farther from the pelvis in the median, mm. Our own choice.
REACH = 2000.0

#: What to do about labels of each source that are of no use.
_REMEDIES: dict[Source, str] = {
    "converted_15j": "convert them again with VideoPose3D's ConvertHumanEva.m",
    "data_3d_humaneva15.npz": (
        "make it anew with VideoPose3D's prepare_data_humaneva.py, which writes world metres, or "
        "use converted_15j"
    ),
    "motion capture (experimental)": "fetch Mocap_Data again, or use converted_15j",
}


def clock_of(root: Path, recording: Recording) -> Clock:
    """The clock of a recording from its seven .ofs files; raises `InputError` if one is amiss."""
    return common_clock(
        [read_offset(offset_file(root, recording.subject, recording.name, s)) for s in STREAMS]
    )


@dataclass(frozen=True)
class LabelFiles:
    """Reads the labels below a root."""

    root: Path

    def source(self, recording: Recording, partition: Partition) -> Source | None:
        """The source that would be read; None where there is none. Opens the package at most."""
        subject, name = recording.subject, recording.name
        if converted_file(self.root, partition, subject, name).is_file():
            return "converted_15j"
        if self._chunks(recording, partition):
            return "data_3d_humaneva15.npz"
        if mocap_file(self.root, subject, f"{name}.mat").is_file():
            return "motion capture (experimental)"
        return None

    def read(self, recording: Recording, partition: Partition) -> Array:
        """(F, 15, 3) float64 world mm of a partition's frames, NaN where there is no label.

        Raises:
            InputError: when there is no source, or it does not fit the partition.
        """
        source = self.source(recording, partition)
        match source:
            case "converted_15j":
                joints, path = self._converted(recording, partition)
            case "data_3d_humaneva15.npz":
                joints, path = self._packed(recording, partition), self.root / PACKAGE
            case "motion capture (experimental)":
                joints, path = self._derived(recording, partition)
            case _:
                wanted = converted_file(
                    self.root, partition, recording.subject, recording.name
                ).relative_to(self.root)
                raise InputError(
                    f"{self.root}: no 3D labels of {recording.subject} {recording.name}, "
                    f"{partition}; expected {wanted} (from VideoPose3D's ConvertHumanEva.m), "
                    f"{PACKAGE}, or the motion capture, "
                    f"{recording.subject}/Mocap_Data/{recording.name}.mat"
                )
        joints[~np.isfinite(joints).all(axis=(1, 2))] = np.nan
        _check_size(joints, path, _REMEDIES[source])
        return joints

    def _converted(self, recording: Recording, partition: Partition) -> tuple[Array, Path]:
        path = converted_file(self.root, partition, recording.subject, recording.name)
        remedy = _REMEDIES["converted_15j"]
        joints: Array = mocap.run_matlab("numbers", path, "poses_3d", remedy=remedy)
        expected = (recording.count(partition), 15, 3)
        if joints.shape != expected:
            first, last = recording.frames(partition)
            raise InputError(
                f"{path}: poses_3d of shape {joints.shape}, expected {expected}: 15 joints in the "
                f"frames {first} to {last} of the official partition; {remedy}"
            )
        return joints, path

    @cached_property
    def _package(self) -> Mapping[str, Any]:
        path = self.root / PACKAGE
        if not path.is_file():
            return {}
        content = load_npz(path).get("positions_3d")
        if not _is_package(content):
            raise InputError(
                f"{path}: no positions_3d of subjects and stretches; expected VideoPose3D's "
                f"package of HumanEva: {_REMEDIES['data_3d_humaneva15.npz']}"
            )
        return content

    @cached_property
    def _unlabelled(self) -> Mapping[str, Any]:
        """Stretches without labels, which VideoPose3D's packages of detections hold."""
        for path in sorted(self.root.glob("data_2d_humaneva15_*.npz")):
            content = load_npz(path).get("positions_2d")
            if _is_package(content) and any(k.startswith("Unlabeled/") for k in content):
                return content
        return {}

    def _chunks(self, recording: Recording, partition: Partition) -> dict[int, Any]:
        stretches = self._package.get(f"{partition}/{recording.subject}", {})
        return numbered(stretches, recording.name)

    def _packed(self, recording: Recording, partition: Partition) -> Array:
        path = self.root / PACKAGE
        chunks = self._chunks(recording, partition)
        for i, chunk in chunks.items():
            shape = chunk.shape if isinstance(chunk, np.ndarray) else ()
            if len(shape) != 3 or shape[1:] != (15, 3) or chunk.dtype.kind != "f":
                pixels = ": pixels?" if shape[2:] == (2,) else ""
                raise InputError(
                    f"{path}: {partition}/{recording.subject}, {chunk_name(recording.name, i)}: "
                    f"shape {shape}{pixels}, expected floats (frames, 15, 3); "
                    f"{_REMEDIES['data_3d_humaneva15.npz']}"
                )
        subject = f"Unlabeled/{partition}/{recording.subject}"
        unlabelled = numbered(self._unlabelled.get(subject, {}), recording.name)
        gaps = {
            i: max(len(a) for a in cameras if a is not None) for i, cameras in unlabelled.items()
        }
        count = recording.count(partition)
        valid = validity({i: len(a) for i, a in chunks.items()}, gaps, count)
        if valid is None:
            raise InputError(
                f"{path}: {partition}/{recording.subject}, {recording.action} 1: "
                f"{sum(map(len, chunks.values()))} labelled frames in stretches "
                f"{', '.join(map(str, sorted(chunks)))}; which of the partition's {count} frames "
                "they are is not stored in it. Put VideoPose3D's package of detections "
                "(data_2d_humaneva15_detectron_pt_coco.npz) beside it, which has the stretches "
                "between, or use converted_15j"
            )
        joints = np.full((count, 15, 3), np.nan)
        joints[valid] = np.concatenate([chunks[i] for i in sorted(chunks)]) * 1000.0
        return joints

    def _derived(self, recording: Recording, partition: Partition) -> tuple[Array, Path]:
        subject = recording.subject
        path = mocap_file(self.root, subject, f"{recording.name}.mat")
        clock = clock_of(self.root, recording)
        if clock.starts[:3] != recording.starts:
            raise InputError(
                f"{offset_file(self.root, subject, recording.name, 'C1')}: the seven .ofs files "
                f"start C1, C2, C3 at {clock.starts[:3]}, published are {recording.starts}; apply "
                "Critical_Update_OFS_files.zip, without which the motion capture is not in time"
            )
        joints = mocap.joints_of(
            mocap.read_capture(path),
            mocap.read_capture(mocap_file(self.root, subject, "Static.mat")),
            mocap.read_parameters(mocap_file(self.root, subject, f"{subject}.mp")),
            clock.mocap_positions(*recording.frames(partition)),
        )
        return joints, path


def _is_package(content: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether it maps names to mappings of names."""
    tables = [content, *content.values()] if isinstance(content, Mapping) else [None]
    return all(isinstance(t, Mapping) and all(isinstance(name, str) for name in t) for t in tables)


def _check_size(joints: Array, path: Path, remedy: str) -> None:
    """Raises `InputError` unless joints are as far apart as a person's (`UPRIGHT`, `REACH`)."""
    away = np.linalg.norm(joints - joints[:, :1], axis=2)
    away = away[np.isfinite(away).all(axis=1)]
    if not len(away):
        return
    head, farthest = float(np.median(away[:, 14])), float(np.median(away.max(axis=1)))
    low, high = UPRIGHT
    if not low <= head <= high:
        guess = "metres?" if low <= head * 1000 <= high else "pixels, or other joints?"
        if low <= head / 1000 <= high:
            guess = "millimetres, where metres belong?"
        raise InputError(
            f"{path}: pelvis and head are {head:.4g} mm apart in the median ({guess}), expected "
            f"{low:g} to {high:g}; {remedy}"
        )
    if farthest > REACH:
        raise InputError(
            f"{path}: a joint is {farthest:.4g} mm from the pelvis in the median (other joints, or "
            f"another order?), expected at most {REACH:g}; {remedy}"
        )
