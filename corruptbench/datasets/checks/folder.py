"""What a data set in the open folder layout holds, lacks, or has otherwise; no video is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.datasets.checks.plausibility import THIGH_MM, THIGHS, likely, median, thighs
from corruptbench.datasets.checks.report import (
    NOT_NEEDED,
    Finding,
    Item,
    Needs,
    labels_only,
    presence,
    some,
    uncounted,
    unusable,
)
from corruptbench.datasets.checks.videos import UnreadableError, video_header
from corruptbench.datasets.clip import ClipId
from corruptbench.errors import InputError

Labels = Mapping[str, NDArray[np.float64]]

_TABLE = "a table of 3D labels"
#: Of the labelled frames, in how many the hips should be in the picture, or a camera is believed to
#: be described wrongly. Our own choice.
_SEEN = 0.5


def findings(
    root: Path,
    clips: Sequence[ClipId],
    cameras: Mapping[str, Camera],
    joints: str,
    read: Callable[[str], Labels],
    needs: Needs,
) -> Iterator[Finding]:
    """Labels, their units, cameras and videos of each subject; no file that is amiss raises.

    Args:
        root: of the data set.
        clips: all that dataset.json lists.
        cameras: by name.
        joints: name of the joint set.
        read: gives a subject's labels by sequence, (F, J, 3) mm; raises `InputError`.
        needs: of the benchmarks in question.
    """
    for subject in dict.fromkeys(c.subject for c in clips):
        own = [c for c in clips if c.subject == subject]
        path = root / "labels" / f"{subject}.parquet"
        needed = any(map(needs.clip, own))
        labels: Labels = {}
        try:
            labels = read(subject)
        except InputError as error:
            if needed or path.is_file():
                yield Finding(
                    unusable(needed), subject, "labels", str(error).removeprefix(f"{path}: "),
                    _TABLE, "mend the table, or remove the subject from dataset.json", str(path),
                )  # fmt: skip
            else:
                yield Finding("ok", subject, "labels", NOT_NEEDED, _TABLE, where=str(path))
        else:
            yield from _labels(subject, own, labels, path, needs)
            if labels and joints in THIGHS:
                units = _units(subject, joints, labels, path)
                yield units
                if units.level == "ok":
                    yield from _views(own, cameras, labels)
        yield from _videos(root, own, cameras, labels, needs)


def _labels(
    subject: str, clips: Sequence[ClipId], labels: Labels, path: Path, needs: Needs
) -> Iterator[Finding]:
    """Sequences of the table against those of dataset.json."""
    names = list(dict.fromkeys(c.sequence for c in clips))
    needed = {c.sequence for c in clips if needs.clip(c)}
    yield presence(
        subject, "labels", "sequences", [Item(n, n in labels, n in needed) for n in names],
        str(path), "add their labels, or remove them from dataset.json",
    )  # fmt: skip
    surplus = [n for n in labels if n not in names]
    if surplus:
        yield Finding(
            "differs", subject, "labels", f"besides {some(surplus)}",
            f"{len(names)} sequences, as dataset.json lists",
            "list them in dataset.json if they are to be used", str(path),
        )  # fmt: skip


def _units(subject: str, joints: str, labels: Labels, path: Path) -> Finding:
    thigh = median(thighs(np.concatenate(list(labels.values())), joints))
    low, high = THIGH_MM
    expected = f"a thigh of {low:g} to {high:g} mm"
    if np.isnan(thigh):
        return Finding(
            "differs", subject, "units", "no frame with a valid right hip and knee", expected,
            "check the labels: NaN is a joint that is not valid", str(path),
        )  # fmt: skip
    if low <= thigh <= high:
        return Finding("ok", subject, "units", f"a thigh of {thigh:.0f} mm", expected)
    return Finding(
        "differs", subject, "units", f"a thigh of {thigh:.3g}{likely(thigh)}", expected,
        "give world coordinates in mm", str(path),
    )  # fmt: skip


def _views(
    clips: Sequence[ClipId], cameras: Mapping[str, Camera], labels: Labels
) -> Iterator[Finding]:
    """Of one subject: whether the cameras look at it."""
    subject, well = clips[0].subject, []
    expected = f"the hips in the picture, in {_SEEN:.0%} of the labelled frames or more"
    for name in dict.fromkeys(c.camera for c in clips):
        camera = cameras[name]
        hips = np.concatenate(list(labels.values()))[:, 0]
        x, y = camera.project(camera.world_to_camera(hips[np.isfinite(hips).all(axis=1)])).T
        seen = (x >= 0) & (x <= camera.width) & (y >= 0) & (y <= camera.height)
        share = float(seen.mean()) if seen.size else 1.0
        if share >= _SEEN:
            well.append(name)
            continue
        yield Finding(
            "differs", subject, "cameras", f"{name} sees the hips in {share:.0%} of the frames",
            expected, "check dataset.json: rotation is from world to camera axes, position the "
            "camera's own place in the world, not the translation of OpenCV; units are mm",
        )  # fmt: skip
    if well:
        yield Finding("ok", subject, "cameras", f"{', '.join(well)} look at the person", expected)


def _videos(
    root: Path,
    clips: Sequence[ClipId],
    cameras: Mapping[str, Camera],
    labels: Labels,
    needs: Needs,
) -> Iterator[Finding]:
    subject = clips[0].subject
    folder = root / "videos" / subject
    files = {folder / f"{c.sequence}.{c.camera}.mp4": c for c in clips}
    present = {path: clip for path, clip in files.items() if path.is_file()}
    if labels and not present and any(map(needs.clip, clips)):
        yield labels_only(subject, str(folder))
        return
    for path, clip in present.items():
        frames = len(labels.get(clip.sequence, ()))
        size = cameras[clip.camera].width, cameras[clip.camera].height
        problem = _video(path, clip, size, frames, needs.clip(clip))
        if problem is not None:
            yield problem
    items = [Item(path.name, path in present, needs.clip(clip)) for path, clip in files.items()]
    yield presence(
        subject, "videos", "files", items, str(folder),
        "add them, or remove the sequence from dataset.json",
    )  # fmt: skip


def _video(
    path: Path, clip: ClipId, size: tuple[int, int], frames: int, needed: bool
) -> Finding | None:
    """What is amiss with a video by its header, if anything; ``frames``: number of labels."""
    expected = f"at least {frames} frames of {size[0]}x{size[1]}"
    try:
        header = video_header(path)
    except UnreadableError as error:
        return Finding(
            unusable(needed), clip.subject, "videos", f"no readable video ({error})", expected,
            "encode or copy it again", str(path),
        )  # fmt: skip
    if header.size == size and not header.frames:
        return uncounted(clip.subject, expected, str(path))
    if header.size == size and header.frames >= frames:
        return None
    return Finding(
        unusable(needed), clip.subject, "videos",
        f"{header.frames} frames of {header.size[0]}x{header.size[1]}", expected,
        "use the whole video at the size that dataset.json states", str(path),
    )  # fmt: skip
