"""Check a data set in open folders: what is there, missing, or not as dataset.json says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.datasets.base import ClipId
from corruptbench.datasets.checks import report
from corruptbench.datasets.checks.report import Finding, Needs
from corruptbench.datasets.checks.videos import Wanted, check_videos
from corruptbench.errors import InputError

if TYPE_CHECKING:
    from corruptbench.datasets.folder import FolderDataset

Labels = Mapping[str, NDArray[np.float64]]


def findings(dataset: FolderDataset, needs: Needs) -> Iterator[Finding]:
    """Yield findings on labels and videos of each subject."""
    clips = dataset.clip_ids()
    for subject in dict.fromkeys(c.subject for c in clips):
        own = [c for c in clips if c.subject == subject]
        records = dataset.record.cameras_of(subject)
        cameras = {name: record.camera(name) for name, record in records.items()}
        path = dataset.labels_path(subject)
        labels: Labels = {}
        try:
            labels = dataset.labels(subject).joints
        except InputError as error:
            yield _no_labels(subject, path, error, needs.any(own))
        else:
            yield from _labels(subject, own, labels, path, needs)
        wanted: dict[Path, Wanted] = {}
        folder = dataset.root / "videos" / subject
        for clip in own:
            try:
                path = dataset.video_path(clip)
            except InputError as error:
                yield _two_videos(clip, folder, error, needs.clip(clip))
            else:
                wanted[path] = _wanted(clip, cameras, labels, needs, dataset.record.fps)
        remedy = "add them, or remove the sequence from dataset.json"
        yield from check_videos(subject, folder, wanted, bool(labels), remedy)


def _no_labels(subject: str, path: Path, error: InputError, needed: bool) -> Finding:
    about = {"subject": subject, "what": "labels", "expected": "a table of 3D labels"}
    if not needed and not path.is_file():
        return Finding(level="ok", found=report.NOT_NEEDED, where=str(path), **about)
    remedy = "repair the table, or remove the subject from dataset.json"
    return report.fault(error, path, needed, remedy=remedy, **about)


def _two_videos(clip: ClipId, folder: Path, error: InputError, needed: bool) -> Finding:
    about = {"subject": clip.subject, "what": "videos", "expected": "one video of each clip"}
    return report.fault(error, folder, needed, remedy="remove or rename the other", **about)


def _labels(
    subject: str, clips: Sequence[ClipId], labels: Labels, path: Path, needs: Needs
) -> Iterator[Finding]:
    """Compare the sequences of the table with those of dataset.json."""
    names = list(dict.fromkeys(c.sequence for c in clips))
    needed = {c.sequence for c in clips if needs.clip(c)}
    items = [report.Item(n, n in labels, n in needed) for n in names]
    remedy = "add their labels, or remove them from dataset.json"
    yield report.presence(subject, "labels", "sequences", items, path, remedy)
    surplus = [n for n in labels if n not in names]
    if surplus:
        yield Finding(
            level="differs", subject=subject, what="labels",
            found=f"besides {report.some(surplus)}",
            expected=f"{len(names)} sequences, as dataset.json lists",
            remedy="list them in dataset.json if they are to be used", where=str(path),
        )  # fmt: skip


def _wanted(
    clip: ClipId, cameras: Mapping[str, Camera], labels: Labels, needs: Needs, fps: float
) -> Wanted:
    camera, frames = cameras[clip.camera], len(labels.get(clip.sequence, ()))
    return Wanted(
        size=(camera.width, camera.height),
        ends=((frames, needs.clip(clip)),),
        expected=f"at least {frames} frames of {camera.width}x{camera.height}",
        remedy="use the whole video at the size that dataset.json states",
        rate=fps,
        follows_labels=frames > 0,
    )
