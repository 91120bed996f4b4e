"""What a data set in the open folder layout holds, lacks, or has otherwise; no video is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.clip import ClipId
from corruptbench.datasets.findings import (
    NOT_NEEDED,
    Finding,
    Item,
    Needs,
    labels_only,
    presence,
    some,
    unusable,
)
from corruptbench.datasets.headers import UnreadableError, video_header
from corruptbench.datasets.units import THIGH_MM, thighs
from corruptbench.errors import InputError

Labels = Mapping[str, NDArray[np.float64]]

_TABLE = "a table of 3D labels"


def findings(
    root: Path,
    clips: Sequence[ClipId],
    sizes: Mapping[str, tuple[int, int]],
    joints: str,
    read: Callable[[str], Labels],
    needs: Needs,
) -> Iterator[Finding]:
    """Labels, their units, and videos of each subject; raises nothing for a file that is amiss.

    Args:
        root: of the data set.
        clips: all that dataset.json lists.
        sizes: width and height in pixels of each camera.
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
            if joints == "h36m17" and labels:
                yield _units(subject, labels, path)
        yield from _videos(root, own, sizes, labels, needs)


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


def _units(subject: str, labels: Labels, path: Path) -> Finding:
    lengths = thighs(np.concatenate(list(labels.values())))
    lengths = lengths[np.isfinite(lengths)]
    low, high = THIGH_MM
    expected = f"a thigh of {low:g} to {high:g} mm"
    if not lengths.size:
        return Finding(
            "differs", subject, "units", "no frame with a valid right hip and knee", expected,
            "check the labels: NaN is a joint that is not valid", str(path),
        )  # fmt: skip
    thigh = float(np.median(lengths))
    if low <= thigh <= high:
        return Finding("ok", subject, "units", f"a thigh of {thigh:.0f} mm", expected)
    likely = "metres" if low <= thigh * 1000 <= high else "pixels"
    return Finding(
        "differs", subject, "units", f"a thigh of {thigh:.3g} ({likely}?)", expected,
        "give world coordinates in mm", str(path),
    )  # fmt: skip


def _videos(
    root: Path,
    clips: Sequence[ClipId],
    sizes: Mapping[str, tuple[int, int]],
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
        problem = _video(path, clip, sizes[clip.camera], frames, needs.clip(clip))
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
    enough = header.frames == 0 or header.frames >= frames  # 0: the header does not say
    if header.size == size and enough:
        return None
    return Finding(
        unusable(needed), clip.subject, "videos",
        f"{header.frames} frames of {header.size[0]}x{header.size[1]}", expected,
        "use the whole video at the size that dataset.json states", str(path),
    )  # fmt: skip
