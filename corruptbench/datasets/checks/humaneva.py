"""Check a copy of HumanEva-I: what is there, missing, or not as in the published data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from corruptbench.datasets.checks import report
from corruptbench.datasets.checks.report import NOT_NEEDED, Finding, Needs
from corruptbench.datasets.checks.videos import Wanted, check_videos
from corruptbench.datasets.humaneva import files
from corruptbench.datasets.humaneva.calibration import HEIGHT, WIDTH, read_camera
from corruptbench.datasets.humaneva.labels import MOCAP, clock_of
from corruptbench.datasets.humaneva.partitions import CAMERAS, PARTITIONS, Partition, Recording
from corruptbench.datasets.humaneva.sync import STREAMS, UPDATE
from corruptbench.datasets.near_misses import near_miss
from corruptbench.errors import InputError

if TYPE_CHECKING:
    from corruptbench.datasets.humaneva import HumanEva

#: A camera this far from its published place is another calibration, mm. Rounding in the files
#: makes about 0.01. Our own choice.
CAMERA_TOLERANCE = 1.0

_COPY = "complete the data set: download and unpack it again"
_CONVERT = "convert them with VideoPose3D's ConvertHumanEva.m, into converted_15j"


def findings(dataset: HumanEva, needs: Needs) -> Iterator[Finding]:
    """Yield findings on cameras, videos, synchronization and labels of each subject.

    Videos are not decoded. All labels are read (a few megabytes). There is one finding
    where all is well, and one for each thing that is not.
    """
    for subject in dict.fromkeys(r.subject for r in dataset.expected):
        own = [r for r in dataset.expected if r.subject == subject]
        check = _Subject(dataset, subject, own, needs)
        if files.child(dataset.root, subject).is_dir():
            yield from check.findings()
        else:
            folder = dataset.root / subject
            yield report.no_subject(subject, check.needed, folder, near_miss(folder / "Image_Data"))


@dataclass
class _Subject:
    """Check of one subject."""

    dataset: HumanEva
    subject: str
    recordings: Sequence[Recording]
    needs: Needs

    @property
    def needed(self) -> bool:
        """Tell whether anything of the subject is."""
        return any(self.needs.any(r.clips()) for r in self.recordings)

    def findings(self) -> Iterator[Finding]:
        """Yield all findings."""
        about_labels = list(self._labels())
        yield from self._cameras()
        yield from self._videos(all(f.level != "missing" for f in about_labels))
        yield from self._sync()
        yield from about_labels

    def _cameras(self) -> Iterator[Finding]:
        about = {"subject": self.subject, "what": "cameras"}
        positions = self.dataset.positions.get(self.subject)
        good, spared = [], []
        for i, name in enumerate(CAMERAS):
            path = files.calibration_file(self.dataset.root, self.subject, name)
            clips = [r.clip(p, name) for r in self.recordings for p in PARTITIONS]
            needed = self.needs.any(clips)
            if not needed and not path.is_file():
                spared.append(name)
                continue
            try:
                camera = read_camera(path, name)
            except InputError as error:
                yield report.fault(
                    error, path, needed, f"{name}: ", expected="22 numbers", remedy=_COPY, **about
                )
                continue
            published = positions[i] if positions else camera.position
            distance = float(np.linalg.norm(camera.position - published))
            if distance <= CAMERA_TOLERANCE:
                good.append(name)
                continue
            yield Finding(
                level="differs", found=f"{name} is {distance:.1f} mm from where it should be",
                expected=f"at {published}, as published", where=str(path),
                remedy="use the calibration files of HumanEva-I", **about,
            )  # fmt: skip
        if len(good + spared) == len(CAMERAS):
            found = f"{', '.join(good)} where published" if good else NOT_NEEDED
            yield Finding(level="ok", found=found, expected="C1, C2, C3 where published", **about)

    def _videos(self, has_labels: bool) -> Iterator[Finding]:
        wanted = {
            files.video_file(self.dataset.root, self.subject, r.name, camera): self._wanted(
                r, camera
            )
            for r in self.recordings
            for camera in CAMERAS
        }
        pictures = [path for path in wanted if files.pictures_of(path).is_dir()]
        remedy = _COPY
        if any(wanted[path].needed and not path.is_file() for path in pictures):
            remedy = "make videos of the folders of pictures with ffmpeg: build prints the command"
        folder = next(iter(wanted)).parent
        yield from check_videos(self.subject, folder, wanted, has_labels and not pictures, remedy)

    def _wanted(self, recording: Recording, camera: str) -> Wanted:
        """Return what a video should be; a recording's clock starts in the midst of it."""
        before = recording.starts[CAMERAS.index(camera)] - 1
        ends = {p: before + recording.frames(p)[1] for p in PARTITIONS}
        each = ", ".join(f"{end} for {partition}" for partition, end in ends.items())
        return Wanted(
            size=(WIDTH, HEIGHT),
            ends=tuple((e, self.needs.clip(recording.clip(p, camera))) for p, e in ends.items()),
            expected=f"at least {each} of {WIDTH}x{HEIGHT}",
            remedy="use the original video: download and unpack it again",
            rate=60.0,
            official=True,
        )

    def _sync(self) -> Iterator[Finding]:
        chosen = [r for r in self.recordings if self.needs.any(r.clips()) or self._offsets(r)]
        problems = [f for r in chosen if (f := self._clock(r)) is not None]
        found = f"the 7 .ofs files of {len(chosen)} recordings give the published starts"
        yield from problems or [
            Finding(
                level="ok", subject=self.subject, what="synchronization",
                found=found if chosen else NOT_NEEDED, expected="the same",
            )
        ]  # fmt: skip

    def _offsets(self, recording: Recording) -> list[Path]:
        paths = (
            files.offset_file(self.dataset.root, self.subject, recording.name, s) for s in STREAMS
        )
        return [path for path in paths if path.is_file()]

    def _clock(self, recording: Recording) -> Finding | None:
        """Return what is wrong with the synchronization of a recording, if anything is."""
        name = recording.name
        place = files.offset_file(self.dataset.root, self.subject, name, "C1").parent
        about = partial(
            Finding, level="differs", subject=self.subject, what="synchronization", where=str(place)
        )
        there = len(self._offsets(recording))
        if there != len(STREAMS):
            return about(
                found=f"{name}: {there} .ofs files", remedy=_COPY,
                expected="7 (C1 to C3, BW1 to BW4); only labels derived from the motion capture "
                "need them",
            )  # fmt: skip
        try:
            starts = clock_of(self.dataset.root, recording).starts[:3]
        except InputError as error:
            return about(found=str(error), expected="3 numbers", remedy=UPDATE)
        if starts == recording.starts:
            return None
        return about(
            found=f"{name}: C1, C2, C3 start at {starts}", remedy=UPDATE,
            expected=f"{recording.starts}, as published (they are used here all the same)",
        )  # fmt: skip

    def _labels(self) -> Iterator[Finding]:
        about = {"subject": self.subject, "what": "labels"}
        parts = [(r, p) for r in self.recordings for p in PARTITIONS]
        found = {f"{r.name} {p}": self._part(r, p) for r, p in parts}
        yield from filter(None, found.values())
        spared = [name for name, finding in found.items() if finding is None]
        if spared:
            absent = f"{report.some(spared)}: {NOT_NEEDED}"
            yield Finding(level="ok", found=absent, expected="3D labels", **about)

    def _part(self, recording: Recording, partition: Partition) -> Finding | None:
        """Return what there is of a partition's labels; None where they are absent, not needed."""
        what = f"{recording.name} {partition}"
        about = {"subject": self.subject, "what": "labels"}
        needed = self.needs.any([recording.clip(partition, c) for c in CAMERAS])
        try:
            source = self.dataset.labels.source(recording, partition)
            if source is None and not needed:
                return None
            joints = self.dataset.labels.read(recording, partition)
        except InputError as error:
            found, about["expected"] = f"{what}: {error}", "3D labels"
            return Finding(level=report.unusable(needed), found=found, remedy=_CONVERT, **about)
        valid = int(np.isfinite(joints).all(axis=(1, 2)).sum())
        found = f"{what}: {valid} of {len(joints)} frames valid, from {source}"
        expected = f"{recording.count(partition)} frames of the official partition"
        if source != MOCAP:
            return Finding(level="ok", found=found, expected=expected, **about)
        expected += ", converted by the official code: this derivation has not been compared with "
        expected += "it on real recordings"
        return Finding(level="differs", found=found, expected=expected, remedy=_CONVERT, **about)
