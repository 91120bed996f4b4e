"""Check a copy of Human3.6M: what is there, missing, or not as in the official data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.base import ClipId
from corruptbench.datasets.checks.plausibility import HIPS_M, THIGH_MM, median, thighs
from corruptbench.datasets.checks.projection import file_fault, labels_in_world, projection
from corruptbench.datasets.checks.report import Finding, Item, Needs, fault, no_subject, presence
from corruptbench.datasets.checks.videos import Wanted, check_videos
from corruptbench.datasets.human36m import cameras, files, poses, tables
from corruptbench.datasets.human36m.files import in_camera_space, label_file
from corruptbench.errors import InputError


def findings(root: Path, needs: Needs) -> Iterator[Finding]:
    """Yield a finding for each kind of thing of each subject, and for each file at fault."""
    finding, numbers = _cameras(root)
    yield finding
    present = files.subjects(root)
    for subject in tables.SUBJECTS:
        clips = files.clip_ids("human36m", [subject])
        if subject in present:
            yield from _Subject(root, subject, clips, needs, numbers).findings()
        else:
            similar = files.near_subject(root, subject)
            yield no_subject(subject, needs.any(clips), root / subject, similar)


def _cameras(root: Path) -> tuple[Finding, Sequence[float]]:
    """Return the finding on the cameras, and the numbers to use."""
    path, built_in = cameras.metadata_path(root), tables.official().w0
    about = {"subject": "", "what": "cameras", "expected": "metadata.xml or the built-in one"}
    if not path.is_file():
        return Finding(level="ok", found="the built-in table", **about), built_in
    remedy = "use the metadata.xml of the Human3.6M code"
    try:
        numbers = cameras.camera_numbers(root)
    except InputError as error:
        return fault(error, path, True, remedy=f"{remedy}, or none", **about), built_in
    if np.array_equal(numbers, built_in):
        found = "metadata.xml, equal to the built-in table"
        return Finding(level="ok", found=found, **about), numbers
    found = "metadata.xml, other numbers than the built-in table"
    return Finding(level="differs", found=found, remedy=remedy, where=str(path), **about), numbers


@dataclass
class _Subject:
    """Check of one subject; ``lengths`` maps files of labels to their numbers of frames."""

    root: Path
    subject: str
    clips: Sequence[ClipId]
    needs: Needs
    numbers: Sequence[float]
    lengths: dict[Path, int] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        """Yield all findings; that on poses comes first, as it fills ``lengths``."""
        yield from self._poses()
        yield from self._units()
        place = files.folder(self.root, self.subject, "Videos")
        wanted = {self._file("Videos", c): self._wanted(c) for c in self.clips}
        has_labels, remedy = bool(self.lengths), "fetch or unpack the rest"
        yield from check_videos(self.subject, place, wanted, has_labels, remedy)
        yield self._boxes()
        yield from projection(self.root, self.clips, self.numbers)

    def _poses(self) -> Iterator[Finding]:
        users: dict[Path, list[ClipId]] = {}
        for clip in self.clips:
            users.setdefault(label_file(self.root, clip), []).append(clip)
        for path, clips in users.items():
            if path.is_file():
                yield from self._pose_file(path, clips[0].sequence, self.needs.any(clips))
        place = next(iter(users)).parent
        items = [Item(p.name, p.is_file(), self.needs.any(clips)) for p, clips in users.items()]
        yield presence(self.subject, "poses", "files", items, place, "fetch or unpack the rest")
        lengths = {users[path][0].sequence: n for path, n in self.lengths.items()}
        counted = {c.sequence for c in self.clips if self.needs.clip(c)} or set(lengths)
        total = sum(n for sequence, n in lengths.items() if sequence in counted)
        wanted = sum(tables.label_frames(self.subject, sequence) for sequence in counted)
        space = ", camera space only" if in_camera_space(next(iter(users))) else ""
        yield Finding(
            level="ok" if total == wanted else "differs", subject=self.subject,
            what="labeled frames", found=f"{total} for each camera{space}", expected=f"{wanted}",
            remedy="" if total == wanted else "see this subject's poses", where=str(place),
        )  # fmt: skip

    def _pose_file(self, path: Path, sequence: str, needed: bool) -> Iterator[Finding]:
        """Yield what differs in a file of labels, and note its length."""
        frames = tables.label_frames(self.subject, sequence)
        name = files.stem(self.subject, sequence)
        about = partial(Finding, level="differs", subject=self.subject, where=str(path))
        try:
            self.lengths[path] = poses.frames(path)
        except InputError as error:
            yield file_fault(self.subject, "poses", needed, error, path)
            return
        if self.lengths[path] != frames:
            found, expected = f"{self.lengths[path]} frames", f"{frames} frames"
            remedy = "use the original file"
            yield about(what="poses", found=found, expected=expected, remedy=remedy)
        if path.stem != name and not in_camera_space(path):
            remedy = "nothing to do: both names are read"
            yield about(what="names", found=path.name, expected=f"{name}.cdf", remedy=remedy)

    def _units(self) -> Iterator[Finding]:
        """Read all files that are needed and readable, or the first where none is needed."""
        readable = {p: c for c in self.clips if (p := label_file(self.root, c)) in self.lengths}
        needed = {path: clip for path, clip in readable.items() if self.needs.clip(clip)}
        found: list[NDArray[np.float64]] = []
        for path, clip in (needed or dict(list(readable.items())[:1])).items():
            try:
                found.append(labels_in_world(clip, path, self.numbers))
            except InputError as error:
                yield file_fault(self.subject, "units", self.needs.clip(clip), error, path)
        if found:
            thigh = [median(thighs(joints)) for joints in found]
            hips = [median(joints[:, 0, 2]) / 1000 for joints in found]
            limits = "a thigh of {:g} to {:g} mm, hips {:g} to {:g} m above the floor"
            yield Finding(
                level="ok", subject=self.subject, what="units",
                found=f"a thigh of {min(thigh):.0f} to {max(thigh):.0f} mm, hips {min(hips):.2f} "
                f"to {max(hips):.2f} m above the floor, in {len(found)} files",
                expected=limits.format(*THIGH_MM, *HIPS_M),
                where=str(next(iter(readable)).parent),
            )  # fmt: skip

    def _file(self, kind: files.Kind, clip: ClipId) -> Path:
        return files.locate(self.root, self.subject, kind, clip.sequence, clip.camera)

    def _wanted(self, clip: ClipId) -> Wanted:
        """Return what a clip's video should be."""
        recording, size = (self.subject, clip.sequence), tables.size(self.subject, clip.camera)
        fewest = self.lengths.get(label_file(self.root, clip), tables.label_frames(*recording))
        count = tables.video_frames(*recording, clip.camera)
        words = "{} frames of {}x{}, and no fewer than the {} labels"
        return Wanted(
            size=size,
            ends=((fewest, self.needs.clip(clip)),),
            expected=words.format(count, *size, fewest),
            remedy="use the original video",
            frames=count,
            rate=tables.FPS,
            official=True,
        )

    def _boxes(self) -> Finding:
        paths = {
            self._file("ground_truth_bb", c): self.needs.published_boxes(c) for c in self.clips
        }
        items = [Item(path.name, path.is_file(), needed) for path, needed in paths.items()]
        place = files.folder(self.root, self.subject, "ground_truth_bb")
        if not any(i.needed for i in items):  # the official data itself lacks a few
            found, expected = f"{sum(i.there for i in items)} files", f"at most {len(items)} files"
            about = partial(Finding, level="ok", subject=self.subject, what="boxes")
            return about(found=f"{found}; not needed", expected=expected, where=str(place))
        remedy = "fetch the segments, or use a manifest with crop.boxes = 'ground-truth'"
        return presence(self.subject, "boxes", "files", items, place, remedy)
