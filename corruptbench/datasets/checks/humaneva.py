"""What a copy of HumanEva-I holds, lacks, or has other than published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from corruptbench.datasets.checks.report import (
    NOT_NEEDED,
    Finding,
    Item,
    Needs,
    labels_only,
    no_subject,
    presence,
    some,
    uncounted,
    unusable,
)
from corruptbench.datasets.checks.videos import UnreadableError, video_header
from corruptbench.datasets.humaneva.calibration import HEIGHT, WIDTH, read_camera
from corruptbench.datasets.humaneva.files import (
    calibration_file,
    child,
    offset_file,
    video_file,
)
from corruptbench.datasets.humaneva.labels import LabelFiles, clock_of
from corruptbench.datasets.humaneva.partitions import CAMERAS, PARTITIONS, Recording
from corruptbench.datasets.humaneva.sync import UPDATE
from corruptbench.errors import InputError

#: A camera this far from its published place is another calibration, mm. Our own choice: rounding
#: in the files makes up for about 0.01.
CAMERA_TOLERANCE = 1.0

_COPY = "complete the data set: download and unpack it again"
_CONVERT = "convert them with VideoPose3D's ConvertHumanEva.m, into converted_15j"

Positions = Sequence[tuple[float, float, float]]


def check(
    root: Path,
    recordings: Sequence[Recording],
    positions: Mapping[str, Positions],
    labels: LabelFiles,
    needs: Needs,
) -> Iterator[Finding]:
    """Findings for each subject: cameras, videos, synchronisation, labels.

    Of videos only the headers are read, labels (a few megabytes) whole. One finding where all is
    well, one for each thing that is not.

    Args:
        root: the folder that holds S1, S2, S3.
        recordings: what to expect.
        positions: the cameras' published centres by subject, world mm.
        labels: below the root.
        needs: of the benchmarks in question.
    """
    for subject in dict.fromkeys(r.subject for r in recordings):
        own = [r for r in recordings if r.subject == subject]
        needed = any(needs.clip(c) for r in own for c in r.clips())
        folder = child(root, subject)
        if not folder.is_dir():
            yield no_subject(subject, needed, str(folder))
            continue
        about_labels = list(_labels(labels, own, needs))
        videos = {video_file(root, subject, r.name, c): (r, c) for r in own for c in CAMERAS}
        yield from _cameras(root, own, positions.get(subject, ()), needs)
        if (
            needed
            and all(f.level != "missing" for f in about_labels)
            and not any(path.is_file() or _pictures(path).is_dir() for path in videos)
        ):
            yield labels_only(subject, str(next(iter(videos)).parent))
        else:
            yield from _videos(videos, needs)
        yield from _sync(root, own, needs)
        yield from about_labels


def _cameras(
    root: Path, recordings: Sequence[Recording], positions: Positions, needs: Needs
) -> list[Finding]:
    """Of one subject."""
    subject = recordings[0].subject
    problems, well = [], []
    for i, name in enumerate(CAMERAS):
        path = calibration_file(root, subject, name)
        needed = any(needs.clip(r.clip(p, name)) for r in recordings for p in PARTITIONS)
        if not needed and not path.is_file():
            continue
        try:
            camera = read_camera(path, name)
        except InputError as error:
            found = str(error).removeprefix(f"{path}: ")
            problems.append(
                Finding(
                    unusable(needed), subject, "cameras", f"{name}: {found}", "22 numbers", _COPY,
                    str(path),
                )
            )  # fmt: skip
            continue
        away = float(np.linalg.norm(camera.position - positions[i])) if positions else 0.0
        if away <= CAMERA_TOLERANCE:
            well.append(name)
        else:
            problems.append(
                Finding(
                    "differs", subject, "cameras", f"{name} is {away:.1f} mm from where it should",
                    f"at {positions[i]}, as published", "use the calibration files of HumanEva-I",
                    str(path),
                )
            )  # fmt: skip
    found = f"{', '.join(well)} where published" if well else NOT_NEEDED
    return problems or [Finding("ok", subject, "cameras", found, "C1, C2, C3 where published")]


def _videos(videos: Mapping[Path, tuple[Recording, str]], needs: Needs) -> Iterator[Finding]:
    """Of one subject: the path of each recording by each camera."""
    items, remedy = [], _COPY
    for path, (recording, camera) in videos.items():
        needed = any(needs.clip(recording.clip(p, camera)) for p in PARTITIONS)
        items.append(Item(path.name, path.is_file(), needed))
        if path.is_file():
            yield from _video(path, recording, camera, needs)
        elif needed and _pictures(path).is_dir():
            remedy = "make videos of the folders of pictures with ffmpeg: build prints the command"
    place, (recording, _) = next(iter(videos.items()))
    yield presence(recording.subject, "videos", "files", items, str(place.parent), remedy)


def _pictures(video: Path) -> Path:
    """The folder that some copies have in place of a video."""
    return child(video.parent, video.stem)


def _video(path: Path, recording: Recording, camera: str, needs: Needs) -> Iterator[Finding]:
    """What is amiss with a video by its header."""
    subject, where = recording.subject, str(path)
    usable = unusable(any(needs.clip(recording.clip(p, camera)) for p in PARTITIONS))
    try:
        header = video_header(path)
    except UnreadableError as error:
        found = f"not a readable video ({error})"
        yield Finding(usable, subject, "videos", found, "an avi", _COPY, where)
        return
    if header.size != (WIDTH, HEIGHT):
        yield Finding(
            usable, subject, "videos", f"pictures of {header.size[0]}x{header.size[1]}",
            f"{WIDTH}x{HEIGHT}", "use the original video, not a resized copy", where,
        )  # fmt: skip
    if abs(header.rate - 60) > 0.1:
        yield Finding(
            "differs", subject, "videos", f"{header.rate:.2f} fps", "60 fps",
            "use the original video", where,
        )  # fmt: skip
    before = recording.starts[CAMERAS.index(camera)] - 1
    ends = {p: before + recording.frames(p)[1] for p in PARTITIONS}
    cut = [p for p in PARTITIONS if header.frames < ends[p]]
    if not header.frames:
        needed_ones = ", ".join(f"{ends[p]} for {p}" for p in PARTITIONS)
        yield uncounted(subject, f"at least {needed_ones}", where)
    elif cut:
        yield Finding(
            unusable(any(needs.clip(recording.clip(p, camera)) for p in cut)), subject, "videos",
            f"{header.frames} frames",
            "at least " + ", ".join(f"{ends[p]} for {p}" for p in cut), _COPY, where,
        )  # fmt: skip


def _sync(root: Path, recordings: Sequence[Recording], needs: Needs) -> list[Finding]:
    """Of one subject."""
    chosen = [r for r in recordings if any(map(needs.clip, r.clips())) or _offsets(root, r)]
    problems = [f for r in chosen if (f := _clock(root, r)) is not None]
    found = f"the 7 .ofs files of {len(chosen)} recordings give the published starts"
    return problems or [
        Finding(
            "ok", recordings[0].subject, "synchronisation", found if chosen else NOT_NEEDED,
            "the same",
        )
    ]  # fmt: skip


def _offsets(root: Path, recording: Recording) -> list[Path]:
    folder = offset_file(root, recording.subject, recording.name, "C1").parent
    return sorted(folder.glob(f"{recording.name}_(*).ofs"))


def _clock(root: Path, recording: Recording) -> Finding | None:
    """What is amiss with the synchronisation of a recording."""
    subject, name = recording.subject, recording.name
    where = str(offset_file(root, subject, name, "C1").parent)
    there = len(_offsets(root, recording))
    if there != 7:
        return Finding(
            "differs", subject, "synchronisation", f"{name}: {there} .ofs files",
            "7 (C1 to C3, BW1 to BW4); only labels derived from the motion capture need them",
            _COPY, where,
        )  # fmt: skip
    try:
        starts = clock_of(root, recording).starts[:3]
    except InputError as error:
        return Finding(
            "differs", subject, "synchronisation", str(error), "3 numbers", UPDATE, where
        )
    if starts == recording.starts:
        return None
    return Finding(
        "differs", subject, "synchronisation", f"{name}: C1, C2, C3 start at {starts}",
        f"{recording.starts}, as published (and used here all the same)", UPDATE, where,
    )  # fmt: skip


def _labels(labels: LabelFiles, recordings: Sequence[Recording], needs: Needs) -> Iterator[Finding]:
    """Of one subject."""
    subject = recordings[0].subject
    spared = []
    for recording in recordings:
        for partition in PARTITIONS:
            what = f"{recording.name} {partition}"
            needed = any(needs.clip(recording.clip(partition, c)) for c in CAMERAS)
            try:
                source = labels.source(recording, partition)
                if source is None and not needed:
                    spared.append(what)
                    continue
                joints = labels.read(recording, partition)
            except InputError as error:
                yield Finding(
                    unusable(needed), subject, "labels", f"{what}: {error}", "3D labels", _CONVERT
                )
                continue
            valid = int(np.isfinite(joints).all(axis=(1, 2)).sum())
            found = f"{what}: {valid} of {len(joints)} frames valid, from {source}"
            expected = f"{recording.count(partition)} frames of the official partition"
            if source == "motion capture (experimental)":
                yield Finding(
                    "differs", subject, "labels", found,
                    f"{expected}, converted by the official code: this derivation has not been "
                    "compared with it on real recordings", _CONVERT,
                )  # fmt: skip
            else:
                yield Finding("ok", subject, "labels", found, expected)
    if spared:
        yield Finding("ok", subject, "labels", f"{some(spared)}: {NOT_NEEDED}", "3D labels")
