"""What a copy of HumanEva-I holds, lacks, or has other than published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from corruptbench.datasets.findings import Finding, Level
from corruptbench.datasets.headers import UnreadableError, video_header
from corruptbench.datasets.humaneva.calibration import HEIGHT, WIDTH, read_camera
from corruptbench.datasets.humaneva.files import (
    calibration_file,
    child,
    offset_file,
    video_file,
)
from corruptbench.datasets.humaneva.labels import LabelFiles, clock_of
from corruptbench.datasets.humaneva.partitions import CAMERAS, DAMAGED, PARTITIONS, Recording
from corruptbench.errors import InputError

#: A camera this far from its published place is another calibration, mm. Our own choice: rounding
#: in the files makes up for about 0.01.
CAMERA_TOLERANCE = 1.0

_UPDATE = "apply Critical_Update_OFS_files.zip, which replaces Sync_Data"
_COPY = "complete the data set: download and unpack it again"


def check(
    root: Path,
    recordings: Sequence[Recording],
    positions: Mapping[str, tuple[tuple[float, float, float], ...]],
    labels: LabelFiles,
) -> Iterator[Finding]:
    """Findings for each subject: cameras, videos, synchronisation, labels.

    Of videos only the headers are read, labels (a few megabytes) whole. One finding where all is
    well, one for each thing that is not.

    Args:
        root: the folder that holds S1, S2, S3.
        recordings: what to expect.
        positions: the cameras' published centres by subject, world mm.
        labels: below the root.
    """
    for subject in dict.fromkeys(r.subject for r in recordings):
        own = [r for r in recordings if r.subject == subject]
        folder = child(root, subject)
        if not folder.is_dir():
            yield Finding(
                "missing", subject, "subject", "no folder", "the subject's folder", _COPY,
                str(folder),
            )  # fmt: skip
            continue
        yield from _or_well(
            _cameras(root, subject, positions.get(subject, ())),
            Finding("ok", subject, "cameras", "C1, C2, C3 where published", "the same"),
        )
        yield from _or_well(
            (f for r in own for f in _videos(root, r)),
            Finding(
                "ok", subject, "videos",
                f"{len(own) * len(CAMERAS)} videos, long enough", "all of trial 1",
            ),
        )  # fmt: skip
        yield from _or_well(
            (f for r in own for f in _sync(root, r)),
            Finding(
                "ok", subject, "synchronisation",
                f"the 7 .ofs files of {len(own)} recordings give the published starts", "the same",
            ),
        )  # fmt: skip
        for recording in own:
            yield from _labels(labels, recording)


def _or_well(problems: Iterator[Finding], well: Finding) -> Iterator[Finding]:
    found = list(problems)
    yield from found or [well]


def _amiss(subject: str, what: str, error: InputError, expected: str) -> Finding:
    return Finding("missing", subject, what, str(error), expected, _COPY)


def _cameras(
    root: Path, subject: str, positions: Sequence[tuple[float, float, float]]
) -> Iterator[Finding]:
    for i, name in enumerate(CAMERAS):
        path = calibration_file(root, subject, name)
        try:
            camera = read_camera(path, name)
        except InputError as error:
            yield _amiss(subject, "cameras", error, "22 numbers")
            continue
        if i < len(positions):
            away = float(np.linalg.norm(camera.position - positions[i]))
            if away > CAMERA_TOLERANCE:
                yield Finding(
                    "differs", subject, "cameras", f"{name} is {away:.1f} mm from where it should",
                    f"at {positions[i]}, as published", "use the calibration files of HumanEva-I",
                    str(path),
                )  # fmt: skip


def _videos(root: Path, recording: Recording) -> Iterator[Finding]:
    last = max(recording.validate[1], recording.train[1])
    for name, start in zip(CAMERAS, recording.starts, strict=True):
        path = video_file(root, recording.subject, recording.name, name)
        for level, found, expected, remedy in _video_problems(path, start - 1 + last):
            yield Finding(level, recording.subject, "videos", found, expected, remedy, str(path))


def _video_problems(path: Path, needed: int) -> Iterator[tuple[Level, str, str, str]]:
    """Level, found, expected, remedy; ``needed``: number of frames up to the partitions' end."""
    if not path.is_file():
        if child(path.parent, path.stem).is_dir():
            remedy = "make one with ffmpeg; build prints the command"
            yield "missing", "a folder of pictures instead", "an avi", remedy
        else:
            yield "missing", "no such file", "an avi", _COPY
        return
    try:
        header = video_header(path)
    except UnreadableError as error:
        yield "missing", f"not a readable video ({error})", "an avi", _COPY
        return
    if header.size != (WIDTH, HEIGHT):
        remedy = "use the original video, not a resized copy"
        yield (
            "missing",
            f"pictures of {header.size[0]}x{header.size[1]}",
            f"{WIDTH}x{HEIGHT}",
            remedy,
        )
    if abs(header.rate - 60) > 0.1:
        yield "differs", f"{header.rate:.2f} fps", "60 fps", "use the original video"
    if 0 < header.frames < needed:  # 0: the header does not say
        yield (
            "missing",
            f"{header.frames} frames",
            f"at least {needed}: the partitions end there",
            _COPY,
        )


def _sync(root: Path, recording: Recording) -> Iterator[Finding]:
    subject, name = recording.subject, recording.name
    folder = offset_file(root, subject, name, "C1").parent
    there = len(list(folder.glob(f"{name}_(*).ofs"))) if folder.is_dir() else 0
    if there != 7:
        yield Finding(
            "differs", subject, "synchronisation", f"{name}: {there} .ofs files",
            "7 (C1 to C3, BW1 to BW4); only labels derived from the motion capture need them",
            _COPY, str(folder),
        )  # fmt: skip
        return
    try:
        starts = clock_of(root, recording).starts[:3]
    except InputError as error:
        yield Finding("differs", subject, "synchronisation", str(error), "3 numbers", _UPDATE)
        return
    if starts != recording.starts:
        yield Finding(
            "differs", subject, "synchronisation", f"{name}: C1, C2, C3 start at {starts}",
            f"{recording.starts}, as published (and used here all the same)", _UPDATE,
            str(folder),
        )  # fmt: skip


def _labels(labels: LabelFiles, recording: Recording) -> Iterator[Finding]:
    subject = recording.subject
    for partition in PARTITIONS:
        what = f"{recording.name} {partition}"
        damaged = (subject, recording.action) in DAMAGED
        try:
            source = labels.source(recording, partition)
            if source is None and damaged:
                yield Finding(
                    "ok", subject, "labels", f"{what}: none", "none: its motion capture is damaged"
                )
                continue
            joints = labels.read(recording, partition)
        except InputError as error:
            yield Finding(
                "missing", subject, "labels", f"{what}: {error}", "3D labels",
                "convert them with VideoPose3D's ConvertHumanEva.m, into converted_15j",
            )  # fmt: skip
            continue
        valid = int(np.isfinite(joints).all(axis=(1, 2)).sum())
        found = f"{what}: {valid} of {len(joints)} frames valid, from {source}"
        expected = f"{recording.count(partition)} frames of the official partition"
        if source == "motion capture (experimental)":
            yield Finding(
                "differs", subject, "labels", found,
                f"{expected}, converted by the official code: this derivation has not been "
                "compared with it on real recordings",
                "convert them with VideoPose3D's ConvertHumanEva.m, into converted_15j",
            )  # fmt: skip
        else:
            yield Finding("ok", subject, "labels", found, expected)
