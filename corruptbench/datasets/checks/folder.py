"""Check a data set in open folders: what is there, missing, or not as dataset.json says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.datasets.base import ClipId
from corruptbench.datasets.checks import report
from corruptbench.datasets.checks.plausibility import THIGH_MM, THIGHS, likely, median, thighs
from corruptbench.datasets.checks.report import Finding, Needs
from corruptbench.datasets.checks.videos import Wanted, check_videos
from corruptbench.errors import InputError

if TYPE_CHECKING:
    from corruptbench.datasets.folder import FolderDataset

Labels = Mapping[str, NDArray[np.float64]]

#: In this share of the labeled frames the hips should be in the picture. Otherwise a camera is
#: believed to be described wrongly. Our own choice.
_SEEN = 0.5


def findings(dataset: FolderDataset, needs: Needs) -> Iterator[Finding]:
    """Yield findings on labels, their units, cameras and videos of each subject."""
    clips, joints = dataset.clip_ids(), dataset.joints
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
            if labels and joints in THIGHS:
                units = _units(subject, joints, labels, path)
                yield units
                if units.level == "ok":
                    yield from _views(own, cameras, labels)
        wanted: dict[Path, Wanted] = {}
        folder = dataset.root / "videos" / subject
        for clip in own:
            try:
                wanted[dataset.video_path(clip)] = _wanted(clip, cameras, labels, needs)
            except InputError as error:
                yield _two_videos(clip, folder, error, needs.clip(clip))
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


def _units(subject: str, joints: str, labels: Labels, path: Path) -> Finding:
    thigh = median(thighs(np.concatenate(list(labels.values())), joints))
    low, high = THIGH_MM
    about = partial(
        Finding, subject=subject, what="units", expected=f"a thigh of {low:g} to {high:g} mm",
        where=str(path),
    )  # fmt: skip
    if low <= thigh <= high:
        return about(level="ok", found=f"a thigh of {thigh:.0f} mm")
    found, remedy = f"a thigh of {thigh:.3g}{likely(thigh)}", "give world coordinates in mm"
    if np.isnan(thigh):
        found = "no frame with a valid right hip and knee"
        remedy = "check the labels: NaN is a joint that is not valid"
    return about(level="differs", found=found, remedy=remedy)


def _views(
    clips: Sequence[ClipId], cameras: Mapping[str, Camera], labels: Labels
) -> Iterator[Finding]:
    """Check that the cameras look at a subject."""
    about = partial(
        Finding, subject=clips[0].subject, what="cameras",
        expected=f"the hips in the picture, in {_SEEN:.0%} of the labeled frames or more",
    )  # fmt: skip
    hips = np.concatenate(list(labels.values()))[:, 0]
    hips = hips[np.isfinite(hips).all(axis=1)]
    seen = {name: _seen(cameras[name], hips) for name in dict.fromkeys(c.camera for c in clips)}
    for name, share in seen.items():
        if share < _SEEN:
            yield about(
                level="differs", found=f"{name} sees the hips in {share:.0%} of the frames",
                remedy="check dataset.json: rotation is from world to camera axes, position the "
                "camera's own place in the world, not the translation of OpenCV; units are mm",
            )  # fmt: skip
    good = [name for name, share in seen.items() if share >= _SEEN]
    if good:
        yield about(level="ok", found=f"{', '.join(good)} look at the person")


def _seen(camera: Camera, points: NDArray[np.float64]) -> float:
    """Return in which share of the frames a point (F, 3), world mm, is in the picture."""
    x, y = camera.project(camera.world_to_camera(points)).T
    inside = (x >= 0) & (x <= camera.width) & (y >= 0) & (y <= camera.height)
    return float(inside.mean()) if inside.size else 1.0


def _wanted(clip: ClipId, cameras: Mapping[str, Camera], labels: Labels, needs: Needs) -> Wanted:
    camera, frames = cameras[clip.camera], len(labels.get(clip.sequence, ()))
    return Wanted(
        size=(camera.width, camera.height),
        ends=((frames, needs.clip(clip)),),
        expected=f"at least {frames} frames of {camera.width}x{camera.height}",
        remedy="use the whole video at the size that dataset.json states",
    )
