"""3D labels of a partition from one of three sources, the most trusted first.

1. ``converted_15j/<partition>/<subject>/<recording>.mat``: VideoPose3D's ConvertHumanEva.m, which
   runs the official MATLAB code: ``poses_3d`` (n, 15, 3) world mm, NaN in frames without a label.
2. ``data_3d_humaneva15.npz``: VideoPose3D's package, float32 world meters, only the stretches of
   valid frames ("Walking 1 chunk2"). It does not say which frames they are; see `chunks`.
3. ``Mocap_Data/``: derived here from the motion capture, experimental (see `mocap`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.humaneva import mocap
from corruptbench.datasets.humaneva.files import converted_file, mocap_file, offset_file
from corruptbench.datasets.humaneva.partitions import Partition, Recording
from corruptbench.datasets.humaneva.sync import STREAMS, Clock, common_clock, read_offset
from corruptbench.datasets.near_misses import near_miss
from corruptbench.errors import InputError
from corruptbench.formats.humaneva_chunks import chunk_name, numbered, validity
from corruptbench.formats.videopose3d import Table, check_poses, read_detections, read_positions
from corruptbench.progress import short_number

Array = NDArray[np.float64]
Source = Literal["converted_15j", "data_3d_humaneva15.npz", "motion capture (experimental)"]

CONVERTED: Source = "converted_15j"
PACKAGE: Source = "data_3d_humaneva15.npz"
MOCAP: Source = "motion capture (experimental)"

#: The median distance of pelvis and head must lie between these, mm: else the numbers are not mm
#: (or meters, in the package). Our own choice.
UPRIGHT = (300.0, 1200.0)
#: No joint of a person is farther from the pelvis in the median, mm. Our own choice.
REACH = 2000.0

#: What to do about labels of each source that are of no use.
_REMEDIES: dict[Source, str] = {
    CONVERTED: "convert them again with VideoPose3D's ConvertHumanEva.m",
    PACKAGE: (
        "make it again with VideoPose3D's prepare_data_humaneva.py, which writes world meters, or "
        "use converted_15j"
    ),
    MOCAP: "fetch Mocap_Data again, or use converted_15j",
}

_EXPECTED = f"VideoPose3D's package of HumanEva: {_REMEDIES[PACKAGE]}"


def clock_of(root: Path, recording: Recording) -> Clock:
    """Return the clock of a recording from its seven .ofs files; raise `InputError` without one."""
    return common_clock(
        [read_offset(offset_file(root, recording.subject, recording.name, s)) for s in STREAMS]
    )


@dataclass(frozen=True)
class LabelFiles:
    """Reads the labels below a root."""

    root: Path

    def source(self, recording: Recording, partition: Partition) -> Source | None:
        """Return the source that would be read; None where there is none."""
        subject, name = recording.subject, recording.name
        if converted_file(self.root, partition, subject, name).is_file():
            return CONVERTED
        if self._chunks(recording, partition):
            return PACKAGE
        if mocap_file(self.root, subject, f"{name}.mat").is_file():
            return MOCAP
        return None

    def read(self, recording: Recording, partition: Partition) -> Array:
        """Return (F, 15, 3) float64 world mm of a partition's frames, NaN where there is no label.

        Raises:
            InputError: when there is no source, or it does not fit the partition.
        """
        source = self.source(recording, partition)
        if source is None:
            raise self._no_labels(recording, partition)
        readers = {CONVERTED: self._converted, PACKAGE: self._packed, MOCAP: self._derived}
        joints, path = readers[source](recording, partition)
        joints[~np.isfinite(joints).all(axis=(1, 2))] = np.nan
        _check_size(joints, path, _REMEDIES[source])
        return joints

    def _no_labels(self, recording: Recording, partition: Partition) -> InputError:
        subject, name = recording.subject, recording.name
        wanted = converted_file(self.root, partition, subject, name)
        package = self.root / PACKAGE
        similar = near_miss(wanted) or ("" if package.is_file() else near_miss(package))
        return InputError(
            f"{self.root}: no 3D labels of {subject} {name}, {partition}{similar}; expected "
            f"{wanted.relative_to(self.root)} (from VideoPose3D's ConvertHumanEva.m), {PACKAGE}, "
            f"or the motion capture, {subject}/Mocap_Data/{name}.mat"
        )

    def _converted(self, recording: Recording, partition: Partition) -> tuple[Array, Path]:
        path = converted_file(self.root, partition, recording.subject, recording.name)
        remedy = _REMEDIES[CONVERTED]
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
    def _package(self) -> Table:
        path = self.root / PACKAGE
        return read_positions(path, _EXPECTED) if path.is_file() else {}

    @cached_property
    def _unlabeled(self) -> Table:
        """Stretches without labels, which VideoPose3D's packages of detections hold."""
        for path in sorted(self.root.glob("data_2d_humaneva15_*.npz")):
            table = read_detections(path, "VideoPose3D's package of detections")
            if any(name.startswith("Unlabeled/") for name in table):
                return table
        return {}

    def _chunks(self, recording: Recording, partition: Partition) -> dict[int, Any]:
        stretches = self._package.get(f"{partition}/{recording.subject}", {})
        return numbered(stretches, recording.name)

    def _packed(self, recording: Recording, partition: Partition) -> tuple[Array, Path]:
        path = self.root / PACKAGE
        chunks = self._chunks(recording, partition)
        where = f"{path}: {partition}/{recording.subject}"
        for i, chunk in chunks.items():
            check_poses(chunk, 15, f"{where}, {chunk_name(recording.name, i)}", _EXPECTED)
        subject = f"Unlabeled/{partition}/{recording.subject}"
        unlabeled = numbered(self._unlabeled.get(subject, {}), recording.name)
        gaps = {i: max(len(a) for a in views if a is not None) for i, views in unlabeled.items()}
        count = recording.count(partition)
        valid = validity({i: len(a) for i, a in chunks.items()}, gaps, count)
        if valid is None:
            raise InputError(
                f"{where}, {recording.action} 1: "
                f"{sum(map(len, chunks.values()))} labeled frames in stretches "
                f"{', '.join(map(str, sorted(chunks)))}; which of the partition's {count} frames "
                "they are is not stored in it. Put VideoPose3D's package of detections "
                "(data_2d_humaneva15_detectron_pt_coco.npz) beside it, which has the stretches "
                "between, or use converted_15j"
            )
        joints = np.full((count, 15, 3), np.nan)
        joints[valid] = np.concatenate([chunks[i] for i in sorted(chunks)]) * 1000.0
        return joints, path

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


def _check_size(joints: Array, path: Path, remedy: str) -> None:
    """Raise `InputError` unless joints are as far apart as a person's (`UPRIGHT`, `REACH`)."""
    away = np.linalg.norm(joints - joints[:, :1], axis=2)
    away = away[np.isfinite(away).all(axis=1)]
    if not len(away):
        return
    head, farthest = float(np.median(away[:, 14])), float(np.median(away.max(axis=1)))
    low, high = UPRIGHT
    if not low <= head <= high:
        guess = "meters?" if low <= head * 1000 <= high else "pixels, or other joints?"
        if low <= head / 1000 <= high:
            guess = "millimeters, where meters belong?"
        raise InputError(
            f"{path}: pelvis and head are {short_number(head)} mm apart in the median ({guess}), "
            f"expected {low:g} to {high:g}; {remedy}"
        )
    if farthest > REACH:
        raise InputError(
            f"{path}: a joint is {short_number(farthest)} mm from the pelvis in the median (other "
            f"joints, or another order?), expected at most {REACH:g}; {remedy}"
        )
